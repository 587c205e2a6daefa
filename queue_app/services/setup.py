"""Changing services and counters in the browser. A change names the version it was made from; a later one is kept.

Leaves whole offices to `office_file`, which writes the same tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.errors import Conflict, FieldError, Invalid, NotFound
from queue_app.domain.events import Event
from queue_app.domain.ticket import StageKind
from queue_app.services import offices
from queue_app.services.deed import Deed
from queue_app.store.office_tables import CounterRow, OfficeLog, ServiceRow

LONGEST_LABEL = 200
MINUTES = (1, 480)


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
    walk_ins: str = "",
    switches: Mapping[str, bool],
) -> None:
    """Refuses `stale` when anybody changed the set-up meanwhile, and wrong values by field."""
    row = deed.session.get(ServiceRow, (deed.office.id, code))
    if row is None or not row.active:
        raise NotFound("unknown_service", service=code)
    _check_version(deed, made_from)
    errors = _label_errors(label)
    if not minutes.isascii() or not minutes.isdecimal() or not MINUTES[0] <= int(minutes) <= MINUTES[1]:
        errors.append(FieldError("minutes", "invalid"))
    if walk_ins and not (walk_ins.isascii() and walk_ins.isdecimal() and len(walk_ins) < 6):
        errors.append(FieldError("walk_ins_per_day", "invalid"))
    _refuse(errors)
    row.label, row.minutes = _kept(label), int(minutes)
    guessed = {"walk_ins_per_day": int(walk_ins)} if walk_ins else {}
    kept = {key: value for key, value in row.settings.items() if key != "walk_ins_per_day"}
    row.settings = {**kept, **switches, **guessed}
    _changed(deed, "service", code)


def change_counter(
    deed: Deed, code: str, made_from: int, *, label: Mapping[str, str], services: Sequence[str], stages: Sequence[str]
) -> None:
    """Refuses `stale` when anybody changed the set-up meanwhile, and wrong values by field."""
    row = deed.session.get(CounterRow, (deed.office.id, code))
    if row is None or not row.active:
        raise NotFound("unknown_counter", counter=code)
    _check_version(deed, made_from)
    errors = _label_errors(label)
    if not services or any(each not in deed.office.services for each in services):
        errors.append(FieldError("services", "too_few" if not services else "unknown_service"))
    if not stages or any(each not in list(StageKind) for each in stages):
        errors.append(FieldError("stages", "too_few"))
    _refuse(errors)
    row.label = _kept(label)
    row.services = [each for each in deed.office.services if each in services]
    row.stages = [str(each) for each in StageKind if each in stages]
    _changed(deed, "counter", code)


def _check_version(deed: Deed, made_from: int) -> None:
    if deed.log.setup_version != made_from:
        raise Conflict("stale", version=deed.log.setup_version)


def _label_errors(label: Mapping[str, str]) -> list[FieldError]:
    errors = [] if label.get("ja", "").strip() else [FieldError("label_ja", "missing")]
    return errors + [
        FieldError(f"label_{language}", "too_long") for language, text in label.items() if len(text) > LONGEST_LABEL
    ]


def _kept(label: Mapping[str, str]) -> dict[str, Any]:
    return {language: text.strip() for language, text in label.items() if text.strip()}


def _refuse(errors: Sequence[FieldError]) -> None:
    if errors:
        raise Invalid(errors)


def _changed(deed: Deed, part: str, code: str) -> None:
    """Only what differs counts as a change: a form that was sent as it came leaves no trace."""
    if deed.session.dirty and any(deed.session.is_modified(row) for row in deed.session.dirty):
        offices.setup_changed(deed.session, deed.office.id)
        deed.record(Event.SETUP_CHANGED, part=part, code=code)
