"""How many people come unannounced: the walk-in forecast of a day from the days that were recorded.

Decides the kind of a day (weekday, and whether it is a month's end, the moving season or follows a holiday) and what
the recorded days of that kind say. Until enough days are recorded the office's own numbers hold, and without them a
customary share of the clerks' time (`office_day.usual_walk_ins`).

Source: queueing study of the project, section 6.1 (smoothing over days of one kind; plan above the mean).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

ENOUGH_DAYS: Final = 20
"""Open days that must be recorded before they are believed."""

ENOUGH_OF_A_KIND: Final = 3
ENOUGH_ARRIVALS: Final = 200
SMOOTHING: Final = 0.3
PLAN_ABOVE: Final = 1.1
"""Planning with somewhat more than the mean hurts nobody, with less those who wait (study, finding 8)."""

MONTH_END_DAYS: Final = 3
LOOK_BACK_DAYS: Final = 14
HALF_HOUR_MIN: Final = 30

IsOpen = Callable[[date], bool]


class Season(StrEnum):
    """What makes a day unlike others of its weekday. The first that fits holds."""

    MOVING = "moving"
    AFTER_HOLIDAY = "after_holiday"
    MONTH_END = "month_end"
    NORMAL = "normal"


DECLARED: Final[Mapping[Season, float]] = {
    Season.MOVING: 1.6,
    Season.AFTER_HOLIDAY: 1.2,
    Season.MONTH_END: 1.15,
    Season.NORMAL: 1.0,
}
"""How much fuller such a day is, until the office's own days tell."""


class Source(StrEnum):
    """Where the numbers of a forecast come from."""

    RECORDED = "recorded"
    DECLARED = "declared"
    CUSTOMARY = "customary"


@dataclass(frozen=True, slots=True)
class Past:
    """What was recorded: walk-ins per open day and service, and per service how many came in each half hour."""

    days: Mapping[date, Mapping[str, int]]
    profiles: Mapping[str, Sequence[int]]

    @property
    def is_enough(self) -> bool:
        return len(self.days) >= ENOUGH_DAYS


NOTHING: Final = Past({}, {})


@dataclass(frozen=True, slots=True)
class Expected:
    """People expected to come unannounced on a day, per service, and why."""

    per_service: Mapping[str, float]
    season: Season
    source: Source
    days_recorded: int


def season_of(day: date, is_open: IsOpen, usual: Iterable[int]) -> Season:
    """The season of an open day. `usual` are the weekdays on which the office is open in a common week."""
    if (3, 25) <= (day.month, day.day) <= (4, 10):
        return Season.MOVING
    if _follows_holiday(day, is_open, set(usual)):
        return Season.AFTER_HOLIDAY
    return Season.MONTH_END if _is_month_end(day, is_open) else Season.NORMAL


def expected(
    past: Past, day: date, services: Iterable[str], season: Callable[[date], Season], declared: Mapping[str, float]
) -> Expected:
    """The forecast of a day. `declared` are the office's own numbers for a common day, or the customary ones."""
    now = season(day)
    if not past.is_enough:
        numbers = {service: declared.get(service, 0.0) * DECLARED[now] for service in services}
        return Expected(numbers, now, Source.DECLARED, len(past.days))
    kinds = {each: season(each) for each in sorted(past.days)}
    numbers = {service: PLAN_ABOVE * _of_service(past, service, day, now, kinds) for service in services}
    return Expected(numbers, now, Source.RECORDED, len(past.days))


def weights(past: Past, service: str, opens: int, day_min: float) -> tuple[float, ...]:
    """When people come: a weight for each half hour from opening, never all zero. Even until enough have come."""
    count = -(-int(day_min) // HALF_HOUR_MIN)
    last = (day_min % HALF_HOUR_MIN or HALF_HOUR_MIN) / HALF_HOUR_MIN
    even = (*(1.0 for _ in range(count - 1)), last)
    counts = past.profiles.get(service, ())
    if sum(counts) < ENOUGH_ARRIVALS:
        every = [sum(column) for column in zip(*past.profiles.values(), strict=True)]
        counts = every if sum(every) >= ENOUGH_ARRIVALS else ()
    shaped = [_between(counts, opens + HALF_HOUR_MIN * half) for half in range(count)] if counts else []
    return tuple(shaped) if sum(shaped) > 0 else even


def _between(counts: Sequence[int], minute: int) -> float:
    """Arrivals in the half hour from a minute of the day; an opening at 8:45 takes half of two half hours."""
    half, rest = divmod(minute, HALF_HOUR_MIN)
    at = [counts[each] if each < len(counts) else 0 for each in (half, half + 1)]
    return at[0] * (1 - rest / HALF_HOUR_MIN) + at[1] * rest / HALF_HOUR_MIN


def _of_service(past: Past, service: str, day: date, now: Season, kinds: Mapping[date, Season]) -> float:
    counts = {each: float(past.days[each].get(service, 0)) for each in kinds}
    alike = [count for each, count in counts.items() if kinds[each] is now and each.weekday() == day.weekday()]
    if len(alike) >= ENOUGH_OF_A_KIND:
        return _smoothed(alike)
    normal = {each: count for each, count in counts.items() if kinds[each] is Season.NORMAL} or counts
    base = _usual(normal, day.weekday())
    return base if now is Season.NORMAL else base * _factor(normal, counts, now, kinds)


def _usual(normal: Mapping[date, float], weekday: int) -> float:
    same = [count for each, count in normal.items() if each.weekday() == weekday]
    return _smoothed(same if len(same) >= ENOUGH_OF_A_KIND else list(normal.values()))


def _factor(
    normal: Mapping[date, float], counts: Mapping[date, float], now: Season, kinds: Mapping[date, Season]
) -> float:
    """How much fuller days of this season were than common days of their weekdays."""
    those = [each for each in counts if kinds[each] is now]
    usual = sum(_usual(normal, each.weekday()) for each in those)
    if len(those) < ENOUGH_OF_A_KIND or usual <= 0:
        return DECLARED[now]
    return sum(counts[each] for each in those) / usual


def _smoothed(values: Sequence[float]) -> float:
    """Newer days count more."""
    level = values[0]
    for value in values[1:]:
        level += SMOOTHING * (value - level)
    return level


def _follows_holiday(day: date, is_open: IsOpen, usual: set[int]) -> bool:
    for back in range(1, LOOK_BACK_DAYS):
        before = day - timedelta(days=back)
        if is_open(before):
            return False
        if before.weekday() in usual:
            return True
    return False


def _is_month_end(day: date, is_open: IsOpen) -> bool:
    left = 0
    after = day + timedelta(days=1)
    while after.month == day.month:
        left += is_open(after)
        if left >= MONTH_END_DAYS:
            return False
        after += timedelta(days=1)
    return True
