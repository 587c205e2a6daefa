"""Figures of the past days, as JSON and as a table for spreadsheets."""

from __future__ import annotations

from typing import Any

from queue_app.domain.access import Right, check_office
from queue_app.services import offices
from queue_app.services.statistics import span_asked_for, statistics
from queue_app.web.api.endpoint import Call, Reply, read
from queue_app.web.api.models import StatisticsQuery, StatisticsShown
from queue_app.web.sheets import CSV_TYPE, csv_of


@read("/offices/<office>/statistics", right=Right.SEE_STATISTICS, answer=StatisticsShown, query=StatisticsQuery)
def show_statistics(call: Call, office: str, query: StatisticsQuery) -> Reply:
    """Counted from the history, undone deeds left out."""
    return Reply(_figures(call, office, query))


@read("/offices/<office>/statistics.csv", right=Right.SEE_STATISTICS, answer=None, query=StatisticsQuery)
def statistics_csv(call: Call, office: str, query: StatisticsQuery) -> Reply:
    """The same as CSV with a byte order mark, so that spreadsheets read the characters right."""
    figures = _figures(call, office, query)
    columns = [query.by, *(name for name in figures["totals"])]
    rows = ([row.get(name) for name in columns] for row in figures["rows"])
    return Reply(text=csv_of(columns, rows), content_type=CSV_TYPE)


def _figures(call: Call, code: str, query: StatisticsQuery) -> dict[str, Any]:
    office = offices.office_by_code(call.session, code)
    check_office(call.identity, Right.SEE_STATISTICS, office.id)
    first, last = span_asked_for(query.from_, query.to, office.today(call.ports.clock()))
    return statistics(call.session, office, first, last, query.by)
