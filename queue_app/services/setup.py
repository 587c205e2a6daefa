"""Changing services, counters and booking rules in the browser.

A change names the version it was made from; a later one is kept.
Leaves whole offices to `office_file`, which writes the same tables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.errors import Conflict, FieldError, Invalid, NotFound
from queue_app.domain.events import Event
from queue_app.domain.planning.shift_rules import parse_rota
from queue_app.domain.slot_plan import parse_slot_plan
from queue_app.domain.ticket import StageKind
from queue_app.services import offices, regrid
from queue_app.services.deed import Deed
from queue_app.store.office_tables import CounterRow, OfficeLog, OfficeRow, ServiceRow
from queue_app.store.queue_tables import EventRow

LONGEST_LABEL = 200
MINUTES, TARGETS = (1, 480), (1, 240)
BOOKING_LIMITS = {
    "ahead_days": (0, 366),
    "cutoff_min": (0, 20_160),
    "hold_min": (1, 60),
    "early_min": (0, 240),
    "late_min": (0, 240),
}
_SLOT_FIELDS = ("length_min", "capacity", "walk_in_share", "start_offsets", "opens_at")
DIRECTIONS = ("", "left", "straight", "right")
_ZONE = re.compile(r"[A-Za-z0-9_-]{0,40}", re.ASCII)


def setup_version(session: Session, office_id: int) -> int:
    """What a form remembers of the set-up it was made from."""
    return session.scalars(select(OfficeLog.setup_version).where(OfficeLog.office_id == office_id)).one()


def change_service(
    deed: Deed,
    code: str,
    made_from: int,
    *,
    label: Mapping[str, str],
    minutes: str,
    wait_target: str,
    walk_ins: str = "",
    switches: Mapping[str, bool],
) -> None:
    """Refuses `stale` when anybody changed the set-up meanwhile, and wrong values by field."""
    row = deed.session.get(ServiceRow, (deed.office.id, code))
    if row is None or not row.active:
        raise NotFound("unknown_service", service=code)
    check_version(deed, made_from)
    errors = _label_errors(label)
    errors += [FieldError("minutes", "invalid")] * (not _is_number(minutes, MINUTES))
    errors += [FieldError("wait_target", "invalid")] * (not _is_number(wait_target, TARGETS))
    if walk_ins and not (walk_ins.isascii() and walk_ins.isdecimal() and len(walk_ins) < 6):
        errors.append(FieldError("walk_ins_per_day", "invalid"))
    _refuse(errors)
    row.label, row.minutes = _kept(label), int(minutes)
    guessed = {"walk_ins_per_day": int(walk_ins)} if walk_ins else {}
    target = {} if int(wait_target) == row.settings.get("wait_target", 20) else {"wait_target": int(wait_target)}
    kept = {key: value for key, value in row.settings.items() if key != "walk_ins_per_day"}
    row.settings = {**kept, **switches, **guessed, **target}
    changed(deed, "service", code)


def change_counter(
    deed: Deed,
    code: str,
    made_from: int,
    *,
    label: Mapping[str, str],
    services: Sequence[str],
    stages: Sequence[str],
    place: Mapping[str, str],
) -> None:
    """Refuses `stale` when anybody changed the set-up meanwhile, and wrong values by field.

    `place` has the waiting area (zone) and the way there (direction: left, straight, right); empty takes it away.
    """
    row = deed.session.get(CounterRow, (deed.office.id, code))
    if row is None or not row.active:
        raise NotFound("unknown_counter", counter=code)
    check_version(deed, made_from)
    errors = _label_errors(label)
    if not services or any(each not in deed.office.services for each in services):
        errors.append(FieldError("services", "too_few" if not services else "unknown_service"))
    if not stages or any(each not in list(StageKind) for each in stages):
        errors.append(FieldError("stages", "too_few"))
    errors += _place_errors(place)
    _refuse(errors)
    row.label = _kept(label)
    row.services = [each for each in deed.office.services if each in services]
    row.stages = [str(each) for each in StageKind if each in stages]
    row.settings = {name: value for name, value in {**row.settings, **place}.items() if value or name not in place}
    changed(deed, "counter", code)


def change_booking(deed: Deed, made_from: int, policy: Mapping[str, Any]) -> None:
    """The office's rules for bookings: days ahead, cut-off, early and late grace; keys as in the office file."""
    check_version(deed, made_from)
    row = deed.session.get_one(OfficeRow, deed.office.id)
    _refuse([FieldError(key, "invalid") for key, value in policy.items() if not _may_be(key, value)])
    row.settings = {**row.settings, "booking": {**row.settings.get("booking", {}), **policy}}
    changed(deed, "booking", deed.office.code)


def change_slots(deed: Deed, code: str, made_from: int, slots: Mapping[str, Any] | None) -> None:
    """How a service can be booked; None takes no more bookings, and those there are stay. Refuses by field."""
    row = deed.session.get(ServiceRow, (deed.office.id, code))
    if row is None or not row.active:
        raise NotFound("unknown_service", service=code)
    check_version(deed, made_from)
    kept = {key: value for key, value in (row.slots or {}).items() if key not in _SLOT_FIELDS}
    plan = None if slots is None else parse_slot_plan({**kept, **slots})
    row.slots = None if plan is None else plan.to_value()
    if changed(deed, "slots", code):
        regrid.lay_again(deed.session, deed.office.id, deed.ports)


def change_rota(deed: Deed, made_from: int, entries: Sequence[Mapping[str, object]]) -> None:
    """The office's rota, all of it. Refuses `stale`, and by field (`[0].lunch`) what nobody could keep."""
    check_version(deed, made_from)
    shifts = parse_rota(list(entries))
    errors = [
        FieldError(f"[{place}].group", "unknown_counter")
        for place, shift in enumerate(shifts)
        if shift.group not in deed.office.counters
    ]
    _refuse(errors)
    row = deed.session.get_one(OfficeRow, deed.office.id)
    row.settings = {**row.settings, "rota": [shift.to_value() for shift in shifts]}
    changed(deed, "rota", deed.office.code)


def check_version(deed: Deed, made_from: int) -> None:
    """Refuses `stale` when the set-up is no longer the one that a form was made from."""
    if deed.log.setup_version != made_from:
        raise Conflict("stale", version=deed.log.setup_version)


def _may_be(key: str, value: Any) -> bool:
    if isinstance(value, bool):
        return True
    return isinstance(value, int) and BOOKING_LIMITS[key][0] <= value <= BOOKING_LIMITS[key][1]


def _is_number(text: str, limits: tuple[int, int]) -> bool:
    return text.isascii() and text.isdecimal() and limits[0] <= int(text) <= limits[1]


def _label_errors(label: Mapping[str, str]) -> list[FieldError]:
    errors = [] if label.get("ja", "").strip() else [FieldError("label_ja", "missing")]
    return errors + [
        FieldError(f"label_{language}", "too_long") for language, text in label.items() if len(text) > LONGEST_LABEL
    ]


def _place_errors(place: Mapping[str, str]) -> list[FieldError]:
    errors = [] if _ZONE.fullmatch(place.get("zone", "")) else [FieldError("zone", "not_a_zone")]
    return errors + ([] if place.get("direction", "") in DIRECTIONS else [FieldError("direction", "not_an_option")])


def _kept(label: Mapping[str, str]) -> dict[str, Any]:
    return {language: text.strip() for language, text in label.items() if text.strip()}


def _refuse(errors: Sequence[FieldError]) -> None:
    if errors:
        raise Invalid(errors)


def changed(deed: Deed, part: str, code: str) -> EventRow | None:
    """Only what differs counts as a change: a form that was sent as it came leaves no trace."""
    if not any(deed.session.is_modified(row) for row in deed.session.dirty):
        return None
    offices.setup_changed(deed.session, deed.office.id)
    return deed.record(Event.SETUP_CHANGED, part=part, code=code)
