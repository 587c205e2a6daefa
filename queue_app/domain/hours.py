"""Opening hours as the office file says them: read, checked, and written back.

Decides what a value for `hours` may look like and names everything that is wrong with one at once. Leaves to `calendar`
what the hours mean on a given day. Times are minutes after midnight on the office's wall clock, half-open.

Source: interface version 1, section 7 (the office file).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import pairwise

from queue_app.domain.errors import FieldError, Invalid

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALWAYS = "always"
HOLIDAYS = "holidays"
DAY_MIN = 24 * 60

Interval = tuple[int, int]
"""Opening and closing minute of the wall clock; the closing minute itself is closed, 1440 is the end of the day."""

_KEYS = (*WEEKDAYS, "closed", "dates", "last_ticket_min")
_RANGE = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})", re.ASCII)
_ENDPOINT = re.compile(r"(?:(\d{4})-)?(\d{2})-(\d{2})", re.ASCII)
_EVENING, _MORNING = 18 * 60, 6 * 60


@dataclass(frozen=True, slots=True)
class Closure:
    """Closed days from `first` to `last`, both included: every year (MM-DD, may pass new year) or once (YYYY-MM-DD)."""

    first: str
    last: str

    def covers(self, day: date) -> bool:
        text = day.isoformat()[-len(self.first) :]
        if self.first <= self.last:
            return self.first <= text <= self.last
        return text >= self.first or text <= self.last

    def __str__(self) -> str:
        return self.first if self.first == self.last else f"{self.first}..{self.last}"


@dataclass(frozen=True, slots=True)
class Hours:
    """When something is open. `within` narrows it to somebody else's hours, as a counter's to the building's."""

    always: bool = False
    weekly: tuple[tuple[Interval, ...], ...] = ((),) * 7
    closed_on_holidays: bool = False
    closures: tuple[Closure, ...] = ()
    dates: tuple[tuple[date, tuple[Interval, ...]], ...] = ()
    last_ticket_min: int = 0
    within: Hours | None = None

    def narrowed_to(self, outer: Hours) -> Hours:
        """These hours, and only while `outer` is open too."""
        return replace(self, within=outer)

    def to_value(self) -> str | dict[str, object]:
        """What `parse_hours` reads back to the same hours. `within` belongs to the other's own entry."""
        if self.always:
            return ALWAYS
        value: dict[str, object] = {
            name: _written(intervals) for name, intervals in zip(WEEKDAYS, self.weekly, strict=True) if intervals
        }
        closed = [HOLIDAYS] * self.closed_on_holidays + [str(closure) for closure in self.closures]
        if closed:
            value["closed"] = closed
        if self.dates:
            value["dates"] = {day.isoformat(): _written(intervals) for day, intervals in self.dates}
        if self.last_ticket_min:
            value["last_ticket_min"] = self.last_ticket_min
        return value


def parse_hours(value: object) -> Hours:
    """Reads one `hours` value. Refuses with `Invalid`: each error has its path, a code and `message` in its facts."""
    if value == ALWAYS:
        return Hours(always=True)
    errors: list[FieldError] = []
    hours = _mapping(value, errors)
    if errors:
        raise Invalid(errors)
    return hours


def _mapping(value: object, errors: list[FieldError]) -> Hours:
    if not isinstance(value, Mapping):
        errors.append(_error("", "not_hours", 'write `always`, or a mapping of weekdays like mon: ["08:30-17:15"]'))
        return Hours()
    known = f"the keys are {', '.join(_KEYS)}"
    errors.extend(_error(str(key), "unknown_key", known) for key in value if key not in _KEYS)
    closures = _closures(value.get("closed", []), errors)
    return Hours(
        weekly=tuple(_intervals(value.get(name, []), name, errors) for name in WEEKDAYS),
        closed_on_holidays=HOLIDAYS in closures,
        closures=tuple(closure for closure in closures if isinstance(closure, Closure)),
        dates=_dates(value.get("dates", {}), errors),
        last_ticket_min=_minutes(value.get("last_ticket_min", 0), errors),
    )


def _intervals(value: object, path: str, errors: list[FieldError]) -> tuple[Interval, ...]:
    """In order of time. Touching intervals are fine, they share no minute."""
    if not isinstance(value, list):
        errors.append(_error(path, "not_a_list", 'write a list like ["08:30-12:00", "13:00-17:15"], or [] for closed'))
        return ()
    read = [_interval(entry, f"{path}[{index}]", errors) for index, entry in enumerate(value)]
    intervals = sorted(interval for interval in read if interval)
    for earlier, later in pairwise(intervals):
        if later[0] < earlier[1]:
            both = f"{_written_one(earlier)} and {_written_one(later)}"
            errors.append(_error(path, "overlap", f"{both} share time; join them or move one"))
    return tuple(intervals)


def _interval(entry: object, path: str, errors: list[FieldError]) -> Interval | None:
    match = _RANGE.fullmatch(entry.strip()) if isinstance(entry, str) else None
    if not match:
        errors.append(_error(path, "not_a_time_range", f'{entry!r} is not a time range like "08:30-17:15"'))
        return None
    start_hour, start_minute, end_hour, end_minute = map(int, match.groups())
    interval = start_hour * 60 + start_minute, end_hour * 60 + end_minute
    problem = _interval_problem(interval, max(start_minute, end_minute))
    if problem:
        errors.append(_error(path, problem, _INTERVAL_HINTS[problem].format(entry=entry)))
        return None
    return interval


_SPLIT = 'write the part after midnight under the next day ("22:00-24:00", then "00:00-02:00")'
_INTERVAL_HINTS = {
    "time_out_of_range": "{entry} names a time that no clock shows; the last one is 24:00",
    "crosses_midnight": "{entry} passes midnight: " + _SPLIT,
    "reversed": "{entry} closes before it opens; turn it round, or if it passes midnight, " + _SPLIT,
    "empty_interval": "{entry} closes as it opens; for the whole day write 00:00-24:00",
}


def _interval_problem(interval: Interval, latest_minute: int) -> str | None:
    start, end = interval
    if latest_minute > 59 or start >= DAY_MIN or end > 2 * DAY_MIN:
        return "time_out_of_range"
    if end > DAY_MIN or (end < start and start >= _EVENING and end <= _MORNING):
        return "crosses_midnight"
    if end < start:
        return "reversed"
    return "empty_interval" if end == start else None


def _closures(value: object, errors: list[FieldError]) -> list[Closure | str]:
    if not isinstance(value, list):
        errors.append(_error("closed", "not_a_list", 'write a list like [holidays, "12-29..01-03"]'))
        return []
    read = [_closure(entry, f"closed[{index}]", errors) for index, entry in enumerate(value)]
    return [closure for closure in read if closure]


def _closure(entry: object, path: str, errors: list[FieldError]) -> Closure | str | None:
    text = str(entry).strip()
    if text == HOLIDAYS:
        return HOLIDAYS
    first, _, last = text.partition("..")
    closure = Closure(first.strip(), (last or first).strip())
    if not (_is_day(closure.first) and _is_day(closure.last)) or len(closure.first) != len(closure.last):
        form = 'holidays, "MM-DD", "MM-DD..MM-DD" or the same with years'
        errors.append(_error(path, "not_a_closure", f"{text!r} is not one of {form}"))
        return None
    if len(closure.first) == len("YYYY-MM-DD") and closure.last < closure.first:
        errors.append(_error(path, "reversed", f"{text} ends before it begins"))
        return None
    return closure


def _dates(value: object, errors: list[FieldError]) -> tuple[tuple[date, tuple[Interval, ...]], ...]:
    if not isinstance(value, Mapping):
        errors.append(_error("dates", "not_a_mapping", 'write a mapping like {"2027-03-28": ["09:00-12:00"]}'))
        return ()
    read: dict[date, tuple[Interval, ...]] = {}
    for key, entries in value.items():
        path = f"dates.{key}"
        day = _date(key)
        if day is None:
            errors.append(_error(path, "not_a_date", f"{key!r} is not a day of the calendar like 2027-03-28"))
        elif day in read:
            errors.append(_error(path, "repeated_date", f"{day} stands here twice"))
        else:
            read[day] = _intervals(entries, path, errors)
    return tuple(sorted(read.items()))


def _minutes(value: object, errors: list[FieldError]) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < DAY_MIN:
        return value
    errors.append(_error("last_ticket_min", "not_minutes", f"{value!r} is no whole number of minutes from 0 to 1439"))
    return 0


def _date(key: object) -> date | None:
    """YAML hands an unquoted date over as a date, a quoted one as text; both are meant."""
    if isinstance(key, date) and not isinstance(key, datetime):
        return key
    if not isinstance(key, str) or len(key) != len("YYYY-MM-DD") or not _is_day(key):
        return None
    return date.fromisoformat(key)


def _is_day(text: str) -> bool:
    match = _ENDPOINT.fullmatch(text)
    if not match:
        return False
    year, month, day = match.groups()
    try:
        # A yearly closure may name 29 February, so it is checked against a leap year.
        date(int(year or 2000), int(month), int(day))
    except ValueError:
        return False
    return True


def _written(intervals: Iterable[Interval]) -> list[str]:
    return [_written_one(interval) for interval in intervals]


def _written_one(interval: Interval) -> str:
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in interval)


def _error(path: str, code: str, message: str) -> FieldError:
    return FieldError(path, code, (("message", message),))
