"""How a service is cut into slots, as the office file says it, and what follows from that alone.

Decides the length of a booking, the places of a slot with a fixed capacity, and when within a slot each place is asked
to come. Leaves the grid and the window to `slots`, and planned capacities to `planning`.

Source: interface version 1, section 7 (`slots` of a service); the further keys are this project's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from queue_app.domain.errors import FieldError, Invalid

PLANNED = "planned"
_DAY_MIN = 24 * 60


@dataclass(frozen=True, slots=True)
class SlotPlan:
    """How a service is cut into slots.

    `capacity` None means planned from staffing. `walk_in_share` of a fixed capacity is kept for people without a
    booking. `start_offsets` spread the places of one slot over its minutes. `person_min` is what each further person
    adds; None adds half of what the first one needs. `weekend_ok` False keeps the service out of extra openings.
    `opens_at`, on the office's wall clock, is when booking begins, or begins again; None means that it has.
    """

    length_min: int
    capacity: int | None
    start_offsets: tuple[int, ...] = (0,)
    walk_in_share: float = 0.0
    person_min: int | None = None
    weekend_ok: bool = True
    opens_at: str | None = None

    def to_value(self) -> dict[str, object]:
        """What `parse_slot_plan` reads back to the same plan; keys at their defaults are left out."""
        value: dict[str, object] = {
            "length_min": self.length_min,
            "capacity": PLANNED if self.capacity is None else self.capacity,
        }
        for key in fields(self)[2:]:
            held = getattr(self, key.name)
            if held != key.default:
                value[key.name] = list(held) if isinstance(held, tuple) else held
        return value


def parse_slot_plan(value: object) -> SlotPlan:
    """Reads `slots` of one service. Refuses with `Invalid`, one error for each wrong key."""
    if not isinstance(value, Mapping):
        raise Invalid([_error("", "not_a_mapping", "write a mapping like {length_min: 15, capacity: 2}")])
    known = ", ".join(_CHECKS)
    errors = [_error(str(key), "unknown_key", f"the keys are {known}") for key in value if key not in _CHECKS]
    for key, (accepts, hint) in _CHECKS.items():
        if not accepts(value.get(key, _DEFAULTS.get(key)), value):
            errors.append(_error(key, "wrong_value", hint))
    if errors:
        raise Invalid(errors)
    held = {**_DEFAULTS, **value}
    capacity = None if held["capacity"] == PLANNED else held["capacity"]
    return SlotPlan(**{**held, "capacity": capacity, "start_offsets": tuple(held["start_offsets"])})


def length_for(minutes_needed: int, people: int, plan: SlotPlan) -> int:
    """Minutes one booking takes for so many people."""
    further = -(-minutes_needed // 2) if plan.person_min is None else plan.person_min
    return max(1, minutes_needed + further * (max(1, people) - 1))


def fixed_places(plan: SlotPlan) -> int:
    """The plan's number less the walk-in share; one place stays bookable while there is any at all."""
    # Whole percents, because 10 places less 0.9 of them is 0.999... in binary fractions.
    for_booking = (plan.capacity or 0) * (100 - round(plan.walk_in_share * 100)) // 100
    return max(for_booking, min(1, plan.capacity or 0))


def invited_at(start: datetime, place: int, plan: SlotPlan) -> datetime:
    """When the holder of a place is asked to come; places count from 0."""
    return start + timedelta(minutes=plan.start_offsets[place % len(plan.start_offsets)])


def wall_instant(text: str) -> datetime | None:
    """2026-12-07 8:30 as the office's clocks show it; None for anything else."""
    if not _MINUTE.fullmatch(text):
        return None
    day, _, clock = text.replace("T", " ").partition(" ")
    try:
        return datetime.fromisoformat(f"{day} {clock:0>5}")
    except ValueError:
        return None


_Accepts = Callable[[object, Mapping[str, object]], bool]
_DEFAULTS: dict[str, object] = {
    "start_offsets": (0,),
    "walk_in_share": 0.0,
    "person_min": None,
    "weekend_ok": True,
    "opens_at": None,
}
_MINUTE = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{1,2}:\d{2}", re.ASCII)


def _is_length(value: object, _plan: Mapping[str, object]) -> bool:
    return _is_whole(value, 1, _DAY_MIN)


def _is_capacity(value: object, _plan: Mapping[str, object]) -> bool:
    return value == PLANNED or _is_whole(value, 0, 1000)


def _are_offsets(value: object, plan: Mapping[str, object]) -> bool:
    """The last one still lies inside the slot."""
    length = plan.get("length_min")
    limit = length - 1 if isinstance(length, int) and length > 0 else _DAY_MIN
    return isinstance(value, list | tuple) and bool(value) and all(_is_whole(offset, 0, limit) for offset in value)


def _is_share(value: object, _plan: Mapping[str, object]) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _is_person_min(value: object, _plan: Mapping[str, object]) -> bool:
    return value is None or _is_whole(value, 0, _DAY_MIN)


def _is_instant(value: object, _plan: Mapping[str, object]) -> bool:
    return value is None or (isinstance(value, str) and wall_instant(value) is not None)


def _is_yes_or_no(value: object, _plan: Mapping[str, object]) -> bool:
    return isinstance(value, bool)


_CHECKS: dict[str, tuple[_Accepts, str]] = {
    "length_min": (_is_length, "write whole minutes from 1 to 1440"),
    "capacity": (_is_capacity, "write the number of places from 0 to 1000, or `planned`"),
    "start_offsets": (_are_offsets, "write a list of whole minutes inside the slot, like [0, 5, 10]"),
    "walk_in_share": (_is_share, "write a number from 0 to 1"),
    "person_min": (_is_person_min, "write the whole minutes that each further person adds"),
    "weekend_ok": (_is_yes_or_no, "write true or false"),
    "opens_at": (_is_instant, 'write a day and a time like "2026-12-07 08:30"'),
}


def _is_whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _error(path: str, code: str, message: str) -> FieldError:
    return FieldError(path, code, (("message", message),))
