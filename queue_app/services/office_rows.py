"""An office file's values written over the tables, with what is in use protected.

Decides what may not be taken away while people stand at it. Takes the office's log row first, like every deed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from queue_app.domain.calendar import office_day
from queue_app.domain.events import Event
from queue_app.domain.ticket import LIVE
from queue_app.services import offices
from queue_app.services.navigator_source import Source
from queue_app.services.office_values import Columns, OfficeValues
from queue_app.store import office_log
from queue_app.store.office_log import Log
from queue_app.store.office_tables import CounterRow, CounterState, OfficeLog, OfficeRow, ServiceRow
from queue_app.store.queue_tables import EventRow, Stage
from queue_app.store.rows import append


def check_in_use(session: Session, source: Source, values: OfficeValues) -> None:
    """Adds a finding for everything the file takes away while people wait for it or stand at it."""
    office = session.scalars(select(OfficeRow).where(OfficeRow.code == values.office["code"])).first()
    if office is None:
        return
    office_log.locked(session, office.id)
    if office.zone != values.office["zone"] and _is_live(session, office.id):
        source.add(("zone",), "in_use", "The time zone cannot change while tickets of today are open")
    for row in _gone(session, ServiceRow, office.id, values.services):
        _protect(session, source, "services", row, Stage.service == row.code)
    for row in _gone(session, CounterRow, office.id, values.counters):
        _protect(session, source, "counters", row, or_(Stage.counter == row.code, Stage.only_counter == row.code))


def write_office(session: Session, values: OfficeValues, now: datetime) -> None:
    """Adds or updates, after `check_in_use` has found nothing."""
    office_id = session.scalar(select(OfficeRow.id).where(OfficeRow.code == values.office["code"]))
    if office_id is None:
        _add(session, values)
    else:
        with session.no_autoflush:  # what was flushed would no longer show that it is a change
            _update(session, office_id, values, now)


def _add(session: Session, values: OfficeValues) -> None:
    office = OfficeRow(**values.office)
    session.add(office)
    session.flush()
    session.add(OfficeLog(office_id=office.id, version=0, setup_version=1))
    session.add_all(ServiceRow(office_id=office.id, paused=False, active=True, **each) for each in values.services)
    session.add_all(CounterRow(office_id=office.id, active=True, **each) for each in values.counters)
    session.flush()


def _update(session: Session, office_id: int, values: OfficeValues, now: datetime) -> None:
    log = office_log.locked(session, office_id)
    office = session.get_one(OfficeRow, office_id)
    _set(office, values.office)
    for row in _gone(session, ServiceRow, office_id, values.services):
        row.active = False
    for row in _gone(session, CounterRow, office_id, values.counters):
        row.active = False
        _close(session, row, now)
    _merge(session, ServiceRow, office_id, values.services)
    _merge(session, CounterRow, office_id, values.counters)
    if _has_changed(session):
        offices.setup_changed(session, office_id)
        _record(session, log, office, now)
        session.flush()


def _gone(session: Session, table: type[Any], office_id: int, wanted: Iterable[Columns]) -> list[Any]:
    """Rows in use that the file no longer names."""
    named = [columns["code"] for columns in wanted]
    query = select(table).where(table.office_id == office_id, table.active, table.code.not_in(named))
    return list(session.scalars(query))


def _merge(session: Session, table: type[Any], office_id: int, wanted: Iterable[Columns]) -> None:
    """Rows added, changed and switched on as the file says."""
    held = {row.code: row for row in session.scalars(select(table).where(table.office_id == office_id))}
    for columns in wanted:
        row = held.get(columns["code"])
        if row is None:
            session.add(table(office_id=office_id, active=True, **columns))
        else:
            _set(row, {**columns, "active": True})


def _set(row: Any, columns: Columns) -> None:
    """Only what differs: an export that is loaded again must not look like a change."""
    for name, value in columns.items():
        if getattr(row, name) != value:
            setattr(row, name, value)


def _protect(session: Session, source: Source, part: str, row: Any, stands_there: ColumnElement[bool]) -> None:
    if _is_live(session, row.office_id, stands_there):
        message = f"{row.code} is missing here while people wait for it or are at it; take it out after closing"
        source.add((part,), "in_use", message)


def _is_live(session: Session, office_id: int, *conditions: ColumnElement[bool]) -> bool:
    query = select(Stage.id).where(Stage.office_id == office_id, Stage.state.in_(LIVE), *conditions)
    return session.scalar(query.limit(1)) is not None


def _has_changed(session: Session) -> bool:
    rows = (OfficeRow, ServiceRow, CounterRow)
    touched = [*session.new, *(row for row in session.dirty if session.is_modified(row))]
    return any(isinstance(row, rows) for row in touched)


def _close(session: Session, counter: CounterRow, now: datetime) -> None:
    state = session.get(CounterState, (counter.office_id, counter.code))
    if state is not None and state.state != "closed":
        state.state, state.since, state.clerk = "closed", now, None


def _record(session: Session, log: Log, office: OfficeRow, now: datetime) -> None:
    log.version += 1
    office_log.write(session, log)
    append(
        session,
        EventRow(
            office_id=office.id,
            version=log.version,
            at=now,
            day=office_day(now, ZoneInfo(office.zone)),
            name=Event.SETUP_CHANGED,
            actor="command",
            data={"by": "office file"},
        ),
    )
