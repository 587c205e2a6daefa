"""What must be put right when tables of an earlier moment come back.

Screens drop whatever is older than what they show, and a printed number must never be given twice. So an office's
version goes on above everything that was ever sent, and today's series go on above everything that was printed, as far
as the replaced database could still say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from queue_app.domain.calendar import office_day
from queue_app.domain.events import Event
from queue_app.store import office_log
from queue_app.store.database import reading
from queue_app.store.office_tables import OfficeLog, OfficeRow
from queue_app.store.queue_tables import EventRow, SeriesRow
from queue_app.store.rows import append

LEAP = 1_000_000
"""More events than an office has in years: what was lost with the replaced database lies below."""


@dataclass(frozen=True, slots=True)
class Reached:
    """How far the database that is replaced had come, by office code."""

    versions: dict[str, int] = field(default_factory=dict)
    numbers: dict[tuple[str, date, str], int] = field(default_factory=dict)


def reached_so_far() -> Reached:
    """Read before the restore. A database that cannot be read says nothing; the leap covers its versions."""
    try:
        with reading() as session:
            codes = {row.id: row.code for row in session.execute(select(OfficeRow.id, OfficeRow.code))}
            logs = session.execute(select(OfficeLog.office_id, OfficeLog.version)).all()
            series = session.scalars(select(SeriesRow)).all()
            return Reached(
                {codes[office_id]: version for office_id, version in logs},
                {(codes[row.office_id], row.day, row.name): row.last_number for row in series},
            )
    except DBAPIError:
        return Reached()


def go_on_after(session: Session, reached: Reached, now: datetime) -> None:
    """Lift versions and today's series above what was reached, and write the restore into each office's history."""
    for office in session.scalars(select(OfficeRow).order_by(OfficeRow.id)):
        _record_restore(session, office, reached.versions.get(office.code, 0), now)
        for (code, day, name), last in reached.numbers.items():
            if code == office.code:
                _lift_series(session, office.id, day, name, last)


def _record_restore(session: Session, office: OfficeRow, reached: int, now: datetime) -> None:
    log = office_log.locked(session, office.id)
    log.version = max(log.version, reached) + LEAP
    log.setup_version += 1
    office_log.write(session, log)
    day = office_day(now, ZoneInfo(office.zone))
    append(
        session,
        EventRow(
            office_id=office.id,
            version=log.version,
            at=now,
            day=day,
            name=Event.SETUP_CHANGED,
            actor="command",
            data={"by": "restore"},
        ),
    )


def _lift_series(session: Session, office_id: int, day: date, name: str, last: int) -> None:
    row = session.get(SeriesRow, (office_id, day, name))
    if row is None:
        session.add(SeriesRow(office_id=office_id, day=day, name=name, last_number=last))
    else:
        row.last_number = max(row.last_number, last)
