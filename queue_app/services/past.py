"""The recorded past as values for counting: visits and stops of some days, by the office's own clock.

Decides which waits can be told: of whoever was called, and as "at least so long" of whoever gave up. A day that was
closed over somebody, a stop that was taken out and a visit that still goes on tell nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.estimate import ESTIMATOR, Spread
from queue_app.domain.figures import PastStop, PastVisit, Told
from queue_app.domain.history import End
from queue_app.domain.office import Office
from queue_app.domain.service_times import Served
from queue_app.domain.survival import Observation
from queue_app.store.statistics_tables import StopRecord, VisitRecord

GAVE_UP = (End.LEFT, End.BROKEN_OFF, End.MISSED)


@dataclass(frozen=True, slots=True)
class Span:
    """Days, both included, and what of them is wanted; empty means everything."""

    first: date
    last: date
    service: str = ""
    kind: str = ""
    visit_class: str = ""


def past_visits(session: Session, office: Office, span: Span) -> Iterator[PastVisit]:
    """The visits of these days, in no order."""
    table = VisitRecord
    query = select(
        table.day,
        table.counts_from,
        table.service,
        table.visit_class,
        table.end,
        table.first_called_at,
        table.ended_at,
        table.idle_s,
        table.postponed,
        table.told,
        table.arrived_at,
    ).where(table.office_id == office.id, table.day >= span.first, table.day <= span.last)
    if span.service:
        query = query.where(table.service == span.service)
    if span.visit_class:
        query = query.where(table.visit_class == span.visit_class)
    for row in session.execute(query):
        yield PastVisit(
            day=row.day,
            hour=row.counts_from.astimezone(office.zone).hour,
            service=row.service,
            visit_class=row.visit_class,
            end=row.end,
            wait=_wait(row.counts_from, row.first_called_at, row.ended_at, row.end),
            idle_min=None if row.idle_s is None else row.idle_s / 60,
            told=_told(row.told) if row.visit_class != "booked" and not row.postponed else None,
        )


def past_stops(session: Session, office: Office, span: Span) -> Iterator[PastStop]:
    """The stops of these days, in no order."""
    table = StopRecord
    query = select(
        table.day,
        table.counts_from,
        table.service,
        table.kind,
        table.visit_class,
        table.end,
        table.called_at,
        table.ended_at,
        table.counter,
        table.served_s,
        table.calls,
        table.recalls,
        table.misses,
    ).where(table.office_id == office.id, table.day >= span.first, table.day <= span.last)
    for column, wanted in (
        (table.service, span.service),
        (table.kind, span.kind),
        (table.visit_class, span.visit_class),
    ):
        if wanted:
            query = query.where(column == wanted)
    for row in session.execute(query):
        yield PastStop(
            day=row.day,
            hour=row.counts_from.astimezone(office.zone).hour,
            service=row.service,
            kind=row.kind,
            visit_class=row.visit_class,
            end=row.end,
            wait=_wait(row.counts_from, row.called_at, row.ended_at, row.end),
            served=_served(row),
            calls=row.calls,
            recalls=row.recalls,
            misses=row.misses,
        )


def _wait(counts_from: datetime, called_at: datetime | None, ended_at: datetime | None, end: str) -> Observation | None:
    if called_at is not None:
        return max(0.0, _minutes(counts_from, called_at)), True
    if ended_at is not None and end in GAVE_UP:
        return max(0.0, _minutes(counts_from, ended_at)), False
    return None


def _served(row: Any) -> Served | None:
    if row.end not in (End.DONE, End.FORWARDED) or row.served_s <= 0 or row.counter is None:
        return None
    return Served((row.service, row.kind), row.counter, row.ended_at.timestamp() / 60, row.served_s / 60)


def _told(told: dict[str, Any]) -> Told | None:
    if "shown" not in told:
        return None
    raw = Spread(*told["raw"]) if told.get("raw") and told.get("by") == ESTIMATOR else None
    low, likely, high = told["shown"]
    return Told(low, likely, high, bool(told.get("busy")), raw)


def _minutes(earlier: datetime, later: datetime) -> float:
    return (later - earlier).total_seconds() / 60
