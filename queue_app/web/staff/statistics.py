"""Statistics for managers and admins: waits, services, bookings, how estimates held. Also as CSV and Excel.

Decides what can be asked for and how codes become words. A chart, its table and its CSV are one `Report`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.discipline import VisitClass
from queue_app.domain.errors import NotFound
from queue_app.domain.office import Office, label_in
from queue_app.domain.ticket import StageKind
from queue_app.domain.written_day import written_day
from queue_app.services.past import Span
from queue_app.services.reports import Report, reports
from queue_app.services.statistics import LONGEST
from queue_app.store.database import reading
from queue_app.store.statistics_tables import HistoryMark
from queue_app.web.auth import needs
from queue_app.web.charts import bars, heat, lines
from queue_app.web.context import house
from queue_app.web.i18n import has_text, reader_language, t
from queue_app.web.sheets import CSV_TYPE, EXCEL_TYPE, Sheet, csv_of, excel_of
from queue_app.web.staff.frame import blueprint, my_office, show

WEEKS_SHOWN = timedelta(days=27)
PRESETS = (("today", 0), ("week", 6), ("month", 27), ("quarter", 90))
SHARES = {"coverage", "transfers", "show_rate", "refused_share"}


@dataclass
class Asked:
    """What the address asks for; whatever cannot be read is said in `error` and left out."""

    span: Span
    error: str = ""
    query: dict[str, str] = field(default_factory=dict)


@blueprint.get("/statistics")
@needs(Right.SEE_STATISTICS, page=True)
def statistics_page() -> ResponseReturnValue:
    with reading() as session:
        office = my_office(session)
        asked = _asked(office)
        tables = [_in_words(each, office) for each in reports(session, office, asked.span)]
        read_at = _read_at(session, office)
    return show(
        "staff/statistics.html",
        office,
        asked=asked,
        tables=tables,
        is_empty=not any(table["report"] for table in tables if table["id"] != "bookings"),
        read_at=read_at,
        presets=_presets(office, asked),
        choices=_choices(office),
        excel_url=f"{url_for('staff.statistics_excel')}?{urlencode(asked.query)}",
    )


@blueprint.get("/statistics.csv")
@needs(Right.SEE_STATISTICS, page=True)
def statistics_csv() -> ResponseReturnValue:
    """One table of the page."""
    with reading() as session:
        office = my_office(session)
        asked = _asked(office)
        found = {each.id: each for each in reports(session, office, asked.span)}
    wanted = found.get(request.args.get("report", "services"))
    if wanted is None:
        raise NotFound()
    sheet = _sheet(wanted, office)
    return _file(csv_of(sheet.heads, sheet.rows).encode(), CSV_TYPE, f"{_name(office, asked)}-{wanted.id}.csv")


@blueprint.get("/statistics.xlsx")
@needs(Right.SEE_STATISTICS, page=True)
def statistics_excel() -> ResponseReturnValue:
    """All tables of the page, one on each sheet."""
    with reading() as session:
        office = my_office(session)
        asked = _asked(office)
        sheets = [_sheet(each, office) for each in reports(session, office, asked.span)]
    return _file(excel_of(sheets), EXCEL_TYPE, f"{_name(office, asked)}.xlsx")


def _asked(office: Office) -> Asked:
    today = office.today(house().ports.clock())
    wrong = ""
    days = []
    for name, default in (("from", today - WEEKS_SHOWN), ("to", today)):
        text = request.args.get(name, "")
        try:
            days.append(written_day(text) if text else default)
        except ValueError:
            days.append(default)
            wrong = t("statistics.wrong_day")
    if days[1] < days[0] or days[1] - days[0] > LONGEST:
        wrong = t("statistics.wrong_span", days=LONGEST.days)
        days = [today - WEEKS_SHOWN, today]
    known = {"service": [*office.services], "kind": [str(kind) for kind in StageKind], "class": [*map(str, VisitClass)]}
    said = {name: request.args.get(name, "") for name in known}
    said = {name: value if value in known[name] else "" for name, value in said.items()}
    span = Span(days[0], days[1], service=said["service"], kind=said["kind"], visit_class=said["class"])
    query = {"from": days[0].isoformat(), "to": days[1].isoformat(), **{n: v for n, v in said.items() if v}}
    return Asked(span, wrong, query)


def _in_words(report: Report, office: Office) -> dict[str, Any]:
    """A table for the page, with its chart where a chart says more."""
    sheet = _sheet(report, office)
    title = t(f"statistics.{report.id}.title")
    chart: dict[str, Any] | None = None
    if report and report.id in ("services", "classes"):
        chart = {"bars": bars(report, [row[0] for row in sheet.rows], ("first_median", "first_p90"))}
    elif report and report.id == "days":
        chart = {"lines": lines(report, ("first_median", "first_p90"))}
    elif report and report.id == "hours":
        chart = {"heat": heat(report)}
    return {
        "id": report.id,
        "report": report,
        "title": title,
        "note": t(f"statistics.{report.id}.note") if has_text(f"statistics.{report.id}.note") else "",
        "head_cells": [
            {"label": head} if place < report.labels else {"label": head, "align": "end"}
            for place, head in enumerate(sheet.heads)
        ],
        "labels": report.labels,
        "rows": [list(map(_cell, row, report.columns)) for row in sheet.rows],
        "chart": chart,
    }


def _sheet(report: Report, office: Office) -> Sheet:
    rows = [
        [
            _label(office, column, value) if place < report.labels else _number(value)
            for place, (column, value) in enumerate(zip(report.columns, row, strict=True))
        ]
        for row in report.rows
    ]
    heads = [t(f"statistics.columns.{column}") for column in report.columns]
    return Sheet(t(f"statistics.{report.id}.title"), heads, rows)


def _label(office: Office, column: str, code: Any) -> str:
    if column == "service":
        found = office.services.get(code)
        return label_in(found.label, reader_language()) if found else str(code)
    if column in ("stage", "class", "weekday"):
        key = f"statistics.{column}.{code}"
        return t(key) if has_text(key) else str(code)
    return t("statistics.hour_of", hour=code) if column == "hour" else str(code)


def _number(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else value


def _cell(value: Any, column: str) -> str:
    if value is None:
        return t("statistics.too_few")
    if column in SHARES:
        return f"{value:.0%}"
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def _choices(office: Office) -> dict[str, list[dict[str, str]]]:
    everything = {"value": "", "label": t("statistics.all")}
    known = {"service": ("service", office.services), "kind": ("stage", StageKind), "class": ("class", VisitClass)}
    return {
        name: [everything, *({"value": str(code), "label": _label(office, column, code)} for code in codes)]
        for name, (column, codes) in known.items()
    }


def _presets(office: Office, asked: Asked) -> list[dict[str, Any]]:
    today = office.today(house().ports.clock())
    presets = []
    for name, back in PRESETS:
        days = {"from": (today - timedelta(days=back)).isoformat(), "to": today.isoformat()}
        is_this = days == {key: asked.query[key] for key in days}
        url = f"{url_for('staff.statistics_page')}?{urlencode(asked.query | days)}"
        presets.append({"label": t(f"statistics.presets.{name}"), "url": url, "current": is_this})
    return presets


def _read_at(session: Session, office: Office) -> datetime | None:
    return session.scalar(select(HistoryMark.read_at).where(HistoryMark.office_id == office.id))


def _name(office: Office, asked: Asked) -> str:
    return f"{office.code}-{asked.span.first.isoformat()}-{asked.span.last.isoformat()}"


def _file(body: bytes, kind: str, name: str) -> Response:
    response = Response(body, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response
