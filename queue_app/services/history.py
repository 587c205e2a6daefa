"""From the events to the records of visits: read on as the history grows, or all over again.

Both ways make a visit's record from all events of that visit (`domain.history`), so they agree by construction; what
`catch_up` must not do is overlook a visit, and it goes by the office's version, which has no gaps. Runs beside the
deeds, never inside one: issuing a number does not wait for statistics.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from queue_app.domain.events import Event
from queue_app.domain.history import Happened, Stop, Visit, visit_of
from queue_app.services.ports import Ports
from queue_app.store.database import reading, writing
from queue_app.store.office_tables import OfficeLog
from queue_app.store.queue_tables import EventRow
from queue_app.store.statistics_tables import HistoryMark, StopRecord, VisitRecord

AT_ONCE = 400
"""Events read in one transaction: some tens of milliseconds in which nobody else can write on the embedded set-up."""


def catch_up(ports: Ports, office_id: int) -> int:
    """Read what has happened since the last time; how many visits were looked at."""
    looked_at = 0
    while _is_behind(office_id):
        looked_at += writing(lambda session: _read_on(session, ports, office_id))
    return looked_at


def rebuild(office_id: int) -> Iterator[tuple[date, int]]:
    """Every recorded visit again, day by day from the first event that is kept; each day with its visits.

    Days before that stay as they were recorded.
    """
    with reading() as session:
        days = list(
            session.scalars(
                select(EventRow.day)
                .where(EventRow.office_id == office_id, EventRow.name == Event.ISSUED)
                .group_by(EventRow.day)
                .order_by(EventRow.day)
            )
        )
    for day in days:
        yield day, writing(lambda session, day=day: _again(session, office_id, day))  # type: ignore[misc]


def mark_of(session: Session, office_id: int) -> HistoryMark:
    """The office's mark; made when it is first asked for."""
    mark = session.get(HistoryMark, office_id, with_for_update=True)
    if mark is None:
        mark = HistoryMark(office_id=office_id, version=0, usual={})
        session.add(mark)
        session.flush()
    return mark


def _is_behind(office_id: int) -> bool:
    """Asked without a writer's turn, because mostly nothing has happened."""
    with reading() as session:
        version = session.scalar(select(OfficeLog.version).where(OfficeLog.office_id == office_id)) or 0
        mark = session.scalar(select(HistoryMark.version).where(HistoryMark.office_id == office_id)) or 0
    return version > mark


def _read_on(session: Session, ports: Ports, office_id: int) -> int:
    mark = mark_of(session, office_id)
    newer = (
        select(EventRow.version, EventRow.ticket_id)
        .where(EventRow.office_id == office_id, EventRow.version > mark.version)
        .order_by(EventRow.version)
        .limit(AT_ONCE)
    )
    rows = session.execute(newer).all()
    if rows:
        mark.version = rows[-1].version
    mark.read_at = ports.clock()
    touched = {row.ticket_id for row in rows if row.ticket_id is not None}
    return _record(session, office_id, touched)


def _again(session: Session, office_id: int, day: date) -> int:
    mark_of(session, office_id)
    issued = select(EventRow.ticket_id).where(
        EventRow.office_id == office_id, EventRow.day == day, EventRow.name == Event.ISSUED
    )
    recorded = select(VisitRecord.ticket_id).where(
        VisitRecord.office_id == office_id, VisitRecord.day == day, VisitRecord.ticket_id > 0
    )
    _forget(session, office_id, set(session.scalars(recorded)))
    return _record(session, office_id, {ticket for ticket in session.scalars(issued) if ticket is not None})


def _record(session: Session, office_id: int, tickets: set[int]) -> int:
    if not tickets:
        return 0
    _forget(session, office_id, tickets)
    visits = list(_visits(session, tickets))
    write(session, office_id, visits)
    return len(visits)


def write(session: Session, office_id: int, visits: Iterable[tuple[date, Visit]]) -> None:
    """Put down these visits; whatever was recorded of them before is gone already."""
    rows = list(visits)
    stops = [_stop_row(office_id, day, visit, stop) for day, visit in rows for stop in visit.stops.values()]
    if rows:
        session.execute(insert(VisitRecord), [_visit_row(office_id, day, visit) for day, visit in rows])
    if stops:
        session.execute(insert(StopRecord), stops)


def _forget(session: Session, office_id: int, tickets: set[int]) -> None:
    for table in (StopRecord, VisitRecord):
        gone = delete(table).where(table.office_id == office_id, table.ticket_id.in_(tickets))
        session.execute(gone, execution_options={"synchronize_session": False})


def _visits(session: Session, tickets: set[int]) -> Iterator[tuple[date, Visit]]:
    rows = session.execute(
        select(
            EventRow.id,
            EventRow.at,
            EventRow.name,
            EventRow.ticket_id,
            EventRow.stage_id,
            EventRow.service,
            EventRow.counter,
            EventRow.reason,
            EventRow.undoes,
            EventRow.data,
            EventRow.day,
        )
        .where(EventRow.ticket_id.in_(tickets))
        .order_by(EventRow.ticket_id, EventRow.id)
    )
    for _, group in groupby(rows, key=lambda row: row.ticket_id):
        events = list(group)
        visit = visit_of([Happened(*event[:-1]) for event in events])
        if visit is not None:
            yield events[0].day, visit


def _visit_row(office_id: int, day: date, visit: Visit) -> dict[str, Any]:
    return {
        "office_id": office_id,
        "ticket_id": visit.ticket,
        "day": day,
        "service": visit.service,
        "visit_class": visit.visit_class,
        "arrived_at": visit.arrived_at,
        "counts_from": visit.counts_from,
        "first_called_at": visit.first_called_at,
        "ended_at": visit.ended_at,
        "end": visit.end,
        "with_clerk_s": visit.with_clerk_s,
        "idle_s": visit.idle_s,
        "postponed": visit.postponed,
        "procedures": list(visit.procedures),
        "told": dict(visit.told),
    }


def _stop_row(office_id: int, day: date, visit: Visit, stop: Stop) -> dict[str, Any]:
    row = asdict(stop)
    del row["since"], row["last_call_at"]
    row["stage_id"] = row.pop("stage")
    return {
        **row,
        "office_id": office_id,
        "ticket_id": visit.ticket,
        "day": day,
        "visit_class": visit.visit_class,
    }
