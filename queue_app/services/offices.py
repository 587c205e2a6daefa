"""The office as a value: read from the tables once per change of the set-up, then shared.

Leaves reading and writing of office files to `office_file`.
"""

from __future__ import annotations

import threading
from typing import Any
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, join, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from queue_app.domain.calendar import parse_hours
from queue_app.domain.discipline import HeadStarts
from queue_app.domain.errors import NotFound
from queue_app.domain.estimate import UNCALIBRATED, Calibration
from queue_app.domain.office import BookingPolicy, Counter, Learnt, Office, Service, Slide, Slots
from queue_app.domain.planning.lognormal import Duration
from queue_app.domain.ticket import StageKind
from queue_app.domain.voice_plan import parse_voice
from queue_app.store import office_log
from queue_app.store.database import engine_of, table_of
from queue_app.store.office_tables import CounterRow, CounterState, OfficeLog, OfficeRow, ServiceRow
from queue_app.store.prepared import Prepared
from queue_app.store.statistics_tables import QueueLaw

_cache: WeakKeyDictionary[Engine, dict[int, tuple[int, Office]]] = WeakKeyDictionary()
_lock = threading.Lock()


def office_by_code(session: Session, code: str) -> Office:
    """The office by its code, as it is set up now. `not_found` otherwise."""
    row = _BY_CODE.first(session, {"code": code})
    if row is None:
        raise NotFound("unknown_office", office=code)
    office_id, setup_version = row
    return office_at(session, office_id, setup_version)


def office_by_id(session: Session, office_id: int) -> Office:
    """The office by its id, as it is set up now."""
    row = _BY_ID.first(session, {"office": office_id})
    if row is None:
        raise NotFound("unknown_office")
    return office_at(session, office_id, row[0])


_LOG, _OFFICE = table_of(OfficeLog).c, table_of(OfficeRow).c
_BY_ID = Prepared(select(_LOG.setup_version).where(_LOG.office_id == bindparam("office")))
_BY_CODE = Prepared(
    select(_LOG.office_id, _LOG.setup_version)
    .select_from(join(table_of(OfficeLog), table_of(OfficeRow)))
    .where(_OFFICE.code == bindparam("code"))
)


def office_codes(session: Session) -> list[str]:
    """Codes of all offices, oldest first."""
    return list(session.scalars(select(OfficeRow.code).order_by(OfficeRow.id)))


def setup_changed(session: Session, office_id: int) -> None:
    """Say that the set-up is no longer what others have read. In the transaction of the change."""
    log = office_log.locked(session, office_id)
    log.setup_version += 1
    office_log.write(session, log)


def office_at(session: Session, office_id: int, setup_version: int) -> Office:
    """The office at a known version of its set-up. Keyed by the database too: tests and tools open more than one."""
    with _lock:
        known = _cache.setdefault(engine_of(session), {})
        held = known.get(office_id)
    if held is None or held[0] != setup_version:
        held = (setup_version, _load(session, office_id))
        known[office_id] = held
    return held[1]


def office_as_written(session: Session, office_id: int) -> Office:
    """The office as this transaction has written it so far; nobody else is told, it may yet be rolled back."""
    return _load(session, office_id)


def _load(session: Session, office_id: int) -> Office:
    row = session.get_one(OfficeRow, office_id, populate_existing=True)
    settings = row.settings
    hours = parse_hours(settings.get("hours", "always"))
    services = session.scalars(
        select(ServiceRow).where(ServiceRow.office_id == office_id, ServiceRow.active).order_by(ServiceRow.position)
    )
    counters = session.scalars(
        select(CounterRow).where(CounterRow.office_id == office_id, CounterRow.active).order_by(CounterRow.position)
    )
    states = session.scalars(select(CounterState).where(CounterState.office_id == office_id))
    helps = {state.counter: state.helps for state in states}
    return Office(
        id=row.id,
        code=row.code,
        name=row.name,
        zone=ZoneInfo(row.zone),
        hours=hours,
        services={service.code: _service(service) for service in services},
        counters={counter.code: _counter(counter, helps.get(counter.code, [])) for counter in counters},
        booking=_booking(settings.get("booking", {})),
        head_starts=HeadStarts(**settings.get("head_starts", {})),
        languages=tuple(settings.get("languages", ("ja", "en"))),
        needs=settings.get("needs", {}),
        phone=settings.get("phone", ""),
        tickets_from_home=bool(settings.get("tickets_from_home", False)),
        navigator=settings.get("navigator", ""),
        from_home_share=settings.get("from_home_share", 50),
        voice=parse_voice(settings.get("voice", [])),
        pane=tuple(Slide(slide.get("text", {}), slide.get("image", "")) for slide in settings.get("pane", [])),
        learnt=_learnt(session, office_id),
        extra={key: value for key, value in settings.items() if key not in _KNOWN},
    )


def _learnt(session: Session, office_id: int) -> dict[tuple[str, str], Learnt]:
    """What the nights taught (`learning`); nothing in a new office."""
    rows = session.scalars(select(QueueLaw).where(QueueLaw.office_id == office_id))
    return {
        (row.service, row.kind): Learnt(
            law=None if row.mean_min is None or row.cv is None else Duration(row.mean_min, row.cv),
            leaves_per_min=row.leaves_per_min,
            calibration=UNCALIBRATED if row.scale is None else Calibration(row.scale, row.low_z, row.high_z),
        )
        for row in rows
    }


_KNOWN = {
    "hours", "booking", "head_starts", "languages", "needs", "phone", "tickets_from_home", "navigator", "voice", "pane",
}  # fmt: skip


def _service(row: ServiceRow) -> Service:
    settings = row.settings
    own_hours = settings.get("hours")
    return Service(
        code=row.code,
        series=row.series,
        label=row.label,
        minutes=row.minutes,
        stages=tuple(StageKind(kind) for kind in row.stages),
        slots=_slots(row.slots),
        hours=parse_hours(own_hours) if own_hours is not None else None,
        area=settings.get("area", {}),
        group=settings.get("group", {}),
        icon=settings.get("icon", ""),
        paused=row.paused,
        walk_in=settings.get("walk_in", True),
        from_home=settings.get("from_home", True),
        wait_target=settings.get("wait_target", 20),
        extra=settings,
    )


def _slots(value: dict[str, Any] | None) -> Slots | None:
    if value is None:
        return None
    capacity = value.get("capacity", 1)
    return Slots(value["length_min"], None if capacity == "planned" else capacity, value)


def _counter(row: CounterRow, helps: list[str]) -> Counter:
    settings = row.settings
    more = tuple(code for code in helps if code not in row.services)
    return Counter(
        code=row.code,
        label=row.label,
        services=(*row.services, *more),
        helps=more,
        stages=tuple(StageKind(kind) for kind in row.stages),
        floor=str(settings.get("floor", "")),
        zone=settings.get("zone", ""),
        direction=settings.get("direction", ""),
        extra=settings,
    )


def _booking(value: dict[str, Any]) -> BookingPolicy:
    known = ("ahead_days", "cutoff_min", "hold_min", "early_min", "late_min")
    return BookingPolicy(**{key: value[key] for key in known if key in value}, extra=value)
