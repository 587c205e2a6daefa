"""The rota of an office as its file says it: clerks of a counter group, their hours and their lunch.

Decides what `rota` may look like. Needs no numpy, because every office file is read. A group is named by any of its
counters (`office_day.pools_of`); one that the rota does not name has a clerk at every counter and lunch in three waves.
Entries of a group add up; entries for a date replace those of the week on that day. Times are the office's wall clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from queue_app.domain.errors import FieldError, Invalid
from queue_app.domain.hours import WEEKDAYS
from queue_app.domain.written_day import written_day

MOST_CLERKS: Final = 99
LUNCH_MIN: Final = 60
_KEYS: Final = ("group", "clerks", "from", "to", "lunch", "days", "date")
_CLOCK: Final = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Shift:
    """So many clerks of a group for some hours. Minutes after midnight; without `begins` and `ends` the whole day."""

    group: str
    clerks: int
    begins: int | None = None
    ends: int | None = None
    lunch: tuple[int, ...] = ()
    days: tuple[int, ...] = ()
    on: date | None = None

    def to_value(self) -> dict[str, object]:
        """What `parse_rota` reads back to the same shift."""
        value: dict[str, object] = {"group": self.group, "clerks": self.clerks}
        if self.begins is not None:
            value["from"] = clock(self.begins)
        if self.ends is not None:
            value["to"] = clock(self.ends)
        if self.lunch:
            value["lunch"] = [clock(start) for start in self.lunch]
        if self.days:
            value["days"] = [WEEKDAYS[day] for day in self.days]
        if self.on is not None:
            value["date"] = self.on.isoformat()
        return value

    def holds_on(self, day: date) -> bool:
        return self.on == day if self.on is not None else not self.days or day.weekday() in self.days


def parse_rota(value: object) -> tuple[Shift, ...]:
    """Reads `rota`. Refuses with `Invalid`, one error for each wrong key."""
    if not isinstance(value, list | tuple):
        raise Invalid([_error("", "not_a_list", "write a list of entries like {group: '1', clerks: 2}")])
    errors: list[FieldError] = []
    shifts = [_shift(f"[{place}]", entry, errors) for place, entry in enumerate(value)]
    if errors:
        raise Invalid(errors)
    return tuple(shift for shift in shifts if shift is not None)


def clock(minutes: float) -> str:
    """570 is 09:30."""
    whole = round(minutes)
    return f"{whole // 60:02d}:{whole % 60:02d}"


def minutes_of(text: object) -> int | None:
    """09:30 is 570; None for whatever is no time of day."""
    match = _CLOCK.fullmatch(text) if isinstance(text, str) else None
    minutes = int(match[1]) * 60 + int(match[2]) if match else None
    return minutes if minutes is not None and minutes <= 24 * 60 else None


def _shift(path: str, entry: object, errors: list[FieldError]) -> Shift | None:
    if not isinstance(entry, Mapping):
        errors.append(_error(path, "not_a_mapping", "write an entry like {group: '1', clerks: 2}"))
        return None
    before = len(errors)
    errors += [
        _error(f"{path}.{key}", "unknown_key", f"the keys are {', '.join(_KEYS)}") for key in entry if key not in _KEYS
    ]
    shift = Shift(
        group=_group(path, entry.get("group"), errors),
        clerks=_clerks(path, entry.get("clerks"), errors),
        begins=_time(f"{path}.from", entry.get("from"), errors),
        ends=_time(f"{path}.to", entry.get("to"), errors),
        lunch=tuple(_lunch(path, entry.get("lunch", ()), errors)),
        days=tuple(_days(path, entry.get("days", ()), errors)),
        on=_date(path, entry.get("date"), errors),
    )
    if len(errors) == before:
        _check_fits(path, shift, errors)
    return shift


def _check_fits(path: str, shift: Shift, errors: list[FieldError]) -> None:
    """A shift that nobody could keep: over before it begins, more lunches than clerks, lunch outside it."""
    begins, ends = shift.begins or 0, 24 * 60 if shift.ends is None else shift.ends
    if begins >= ends:
        errors.append(_error(f"{path}.to", "ends_before_it_begins", "the shift ends before it begins"))
    elif len(shift.lunch) > shift.clerks:
        errors.append(_error(f"{path}.lunch", "more_lunches_than_clerks", "there are more breaks than clerks"))
    elif any(start < begins or start + LUNCH_MIN > ends for start in shift.lunch):
        errors.append(_error(f"{path}.lunch", "lunch_outside_shift", "each break of 60 minutes lies inside the shift"))
    if shift.on is not None and shift.days:
        errors.append(_error(f"{path}.date", "date_or_days", "write either days or a date"))


def _group(path: str, value: object, errors: list[FieldError]) -> str:
    if isinstance(value, str | int) and not isinstance(value, bool) and str(value):
        return str(value)
    errors.append(_error(f"{path}.group", "missing", "name a counter of the group"))
    return ""


def _clerks(path: str, value: object, errors: list[FieldError]) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_CLERKS:
        return value
    text = f"write a whole number from 0 to {MOST_CLERKS}"
    errors.append(FieldError(f"{path}.clerks", "not_between", (("message", text), ("least", 0), ("most", MOST_CLERKS))))
    return 0


def _time(path: str, value: object, errors: list[FieldError]) -> int | None:
    found = minutes_of(value)
    if value is not None and found is None:
        errors.append(_error(path, "not_a_time", "write a time of day like '09:30'"))
    return found


def _lunch(path: str, value: object, errors: list[FieldError]) -> Iterable[int]:
    times = [minutes_of(each) for each in value] if isinstance(value, list | tuple) else [None]
    if None in times:
        errors.append(_error(f"{path}.lunch", "not_a_time", "write the beginnings like ['11:30', '12:30']"))
    return sorted(time for time in times if time is not None)


def _days(path: str, value: object, errors: list[FieldError]) -> Iterable[int]:
    if not isinstance(value, list | tuple) or any(day not in WEEKDAYS for day in value):
        errors.append(_error(f"{path}.days", "not_a_weekday", f"write a list of {', '.join(WEEKDAYS)}"))
        return ()
    return sorted({WEEKDAYS.index(day) for day in value})


def _date(path: str, value: object, errors: list[FieldError]) -> date | None:
    if value is None or (isinstance(value, date) and not hasattr(value, "hour")):
        return value
    try:
        return written_day(str(value))
    except ValueError:
        errors.append(_error(f"{path}.date", "not_a_date", "write a day like '2027-03-29'"))
        return None


def _error(path: str, code: str, message: str) -> FieldError:
    return FieldError(path, code, (("message", message),))
