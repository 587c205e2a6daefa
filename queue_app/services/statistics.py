"""Counts from the history: what was issued, called, done and missed. Undone deeds are left out.

Counts are asked of the events each time; waits come from the records of visits, which are made from the same events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.errors import Invalid
from queue_app.domain.events import Event
from queue_app.domain.figures import PastVisit, first_calls, idle_on_site
from queue_app.domain.office import Office
from queue_app.domain.survival import Summary
from queue_app.domain.written_day import written_day
from queue_app.services.past import Span, past_visits
from queue_app.store.queue_tables import EventRow

COLUMNS: dict[str, Event] = {
    "issued": Event.ISSUED,
    "called": Event.CALLED,
    "recalled": Event.RECALLED,
    "started": Event.STARTED,
    "done": Event.FINISHED,
    "cancelled": Event.CANCELLED,
    "missed": Event.MISSED,
    "forwarded": Event.FORWARDED,
    "reservations": Event.RESERVED,
    "check_ins": Event.CHECKED_IN,
}
LONGEST = timedelta(days=400)
WAIT_COLUMNS = (
    *("wait_median_min", "wait_p90_min", "wait_mean_min", "idle_median_min", "idle_p90_min", "idle_mean_min"),
    "left_unserved",
)
NO_WAITS: dict[str, Any] = {**dict.fromkeys(WAIT_COLUMNS), "left_unserved": 0}


def statistics(session: Session, office: Office, first: date, last: date, by: str) -> dict[str, Any]:
    """Rows by service, day or hour of the office's clock, and their totals. Days are both included.

    `done` counts visits that ended, `finished_stages` every stage that did.
    """
    if last < first:
        raise Invalid.field("to", "before_from")
    if last - first > LONGEST:
        raise Invalid.field("to", "too_long_span", days=LONGEST.days)
    rows: dict[str, dict[str, Any]] = {}
    totals = _empty()
    waited = _waits(session, office, first, last, by)
    for name, service, at, day, closes in _standing_events(session, office, first, last):
        key = _key(by, office, service, at, day)
        row = rows.setdefault(key, {by: key, **_empty()})
        for each in (row, totals):
            _count(each, name, ends_visit=closes)
    if by == "service":
        for code in office.services:
            rows.setdefault(code, {by: code, **_empty()})
    rows = {key: row | waited.get(key, NO_WAITS) for key, row in rows.items()}
    totals |= waited.get(None, NO_WAITS)
    return {"from": first, "to": last, "by": by, "rows": [rows[key] for key in sorted(rows)], "totals": totals}


def span_asked_for(first: str | None, last: str | None, today: date) -> tuple[date, date]:
    """The days somebody asked for; today when nothing was said. Refuses what is not a date, by field."""
    return _day(first, "from", today), _day(last, "to", today)


def _waits(session: Session, office: Office, first: date, last: date, by: str) -> dict[str | None, dict[str, Any]]:
    """Waits of the recorded visits by the same keys, and of all of them under None; minutes, None where too few."""
    visits = list(past_visits(session, office, Span(first, last)))
    keys: dict[str, Callable[[PastVisit], str | None]] = {
        "service": lambda each: each.service,
        "day": lambda each: each.day.isoformat(),
        "hour": lambda each: f"{each.hour:02d}",
    }
    found: dict[str | None, dict[str, Any]] = {}
    for key in (keys[by], lambda _each: None):
        waits, idle = first_calls(visits, key), idle_on_site(visits, key)
        for each in {*waits, *idle}:
            found[each] = _wait_columns(waits.get(each, Summary(0, 0)), idle.get(each, Summary(0, 0)))
    return found


def _wait_columns(wait: Summary, idle: Summary) -> dict[str, Any]:
    figures = (wait.median, wait.p90, wait.mean, idle.median, idle.p90, idle.mean)
    rounded = [None if figure is None else round(figure, 1) for figure in figures]
    return dict(zip(WAIT_COLUMNS, [*rounded, wait.left], strict=True))


def _standing_events(
    session: Session, office: Office, first: date, last: date
) -> Iterable[tuple[str, str | None, datetime, date, bool]]:
    """Events that were not undone, with whether they ended their visit."""
    within = (EventRow.office_id == office.id, EventRow.day >= first, EventRow.day <= last)
    undone = select(EventRow.undoes).where(*within, EventRow.undoes.is_not(None))
    rows = session.execute(
        select(EventRow.name, EventRow.service, EventRow.at, EventRow.day, EventRow.data["ends_visit"].as_boolean())
        .where(*within, EventRow.name.in_([*COLUMNS.values()]), EventRow.id.not_in(undone))
        .order_by(EventRow.id)
    )
    for name, service, at, day, ends in rows:
        yield name, service, at, day, bool(ends)


def _count(row: dict[str, Any], name: str, *, ends_visit: bool) -> None:
    for column, event in COLUMNS.items():
        if event == name and (event is not Event.FINISHED or ends_visit):
            row[column] += 1
    if name == Event.FINISHED:
        row["finished_stages"] += 1


def _key(by: str, office: Office, service: str | None, at: datetime, day: date) -> str:
    if by == "day":
        return day.isoformat()
    if by == "hour":
        return f"{at.astimezone(office.zone).hour:02d}"
    return service or ""


def _empty() -> dict[str, int]:
    return dict.fromkeys((*COLUMNS, "finished_stages"), 0)


def _day(text: str | None, field: str, today: date) -> date:
    if text is None:
        return today
    try:
        return written_day(text)
    except ValueError:
        raise Invalid.field(field, "not_a_date") from None
