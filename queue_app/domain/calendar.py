"""When the office is open: days, opening intervals, the next opening, and why a day is closed.

Decides how hours written for a wall clock become instants, also on the two nights when the clock is changed. Leaves
the form of hours to `hours`, the list of public holidays to an adapter, and what happens in an open hour to the rest.

The rule for clock changes: a time of opening or closing means the first instant at which the wall clock of that day has
come to it or passed it. So a missing hour is skipped, a doubled hour is lived through twice, and no minute of a day
belongs to two intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from queue_app.domain.hours import DAY_MIN, Closure, Hours, Interval, parse_hours

__all__ = [
    "ClosedReason",
    "Closure",
    "Holidays",
    "Hours",
    "Interval",
    "Open",
    "is_open",
    "local_instant",
    "no_holidays",
    "office_day",
    "open_intervals",
    "opens_next",
    "parse_hours",
    "takes_tickets",
    "ticket_intervals",
    "tickets_next",
    "why_closed",
]

Holidays = Callable[[date], str | None]
"""The name of a public holiday, or None on an ordinary day."""

Open = tuple[datetime, datetime]
"""From the first open instant up to, not including, the first closed one. Both in UTC."""

SEARCH_DAYS = 400
"""How far the next opening is looked for: a whole year and the longest closure after it."""


class ClosedReason(StrEnum):
    """Why nobody is here on a day."""

    HOLIDAY = "holiday"
    CLOSURE = "closure"
    WEEKDAY = "weekday"


def no_holidays(_day: date) -> str | None:
    """A calendar without public holidays."""
    return None


def office_day(at: datetime, zone: ZoneInfo) -> date:
    """The day on the office's own calendar."""
    return at.astimezone(zone).date()


def open_intervals(hours: Hours, day: date, zone: ZoneInfo, holidays: Holidays) -> list[Open]:
    """The open stretches of a day in order of time; touching ones are joined, so that only real breaks are breaks."""
    if not 2 <= day.year <= 9998:
        return []  # The edges of the calendar have no neighbouring day in every zone.
    spans = (_open(interval, day, zone) for interval in wall_intervals(hours, day, holidays))
    own = _joined(span for span in spans if span[0] < span[1])
    if hours.within is None:
        return own
    return _common(own, open_intervals(hours.within, day, zone, holidays))


def wall_intervals(hours: Hours, day: date, holidays: Holidays) -> tuple[Interval, ...]:
    """Opening and closing minutes of the wall clock on that day, in order; `within` is not asked."""
    if hours.always:
        return ((0, DAY_MIN),)
    for dated, intervals in hours.dates:
        if dated == day:
            return intervals
    if _closed_by_calendar(hours, day, holidays):
        return ()
    return hours.weekly[day.weekday()]


def ticket_intervals(hours: Hours, day: date, zone: ZoneInfo, holidays: Holidays) -> list[Open]:
    """When numbers are given: the open stretches, ending `last_ticket_min` before the day's last closing."""
    spans = open_intervals(hours, day, zone, holidays)
    if not spans or not _last_ticket_min(hours):
        return spans
    last = spans[-1][1] - timedelta(minutes=_last_ticket_min(hours))
    return [(start, min(end, last)) for start, end in spans if start < last]


def is_open(hours: Hours, at: datetime, zone: ZoneInfo, holidays: Holidays) -> bool:
    return _inside(open_intervals(hours, office_day(at, zone), zone, holidays), at)


def takes_tickets(hours: Hours, at: datetime, zone: ZoneInfo, holidays: Holidays) -> bool:
    """Like `is_open`, but no longer true shortly before closing. Whoever holds a number by then is still served."""
    return _inside(ticket_intervals(hours, office_day(at, zone), zone, holidays), at)


def opens_next(
    hours: Hours, after: datetime, zone: ZoneInfo, holidays: Holidays, *, search_days: int = SEARCH_DAYS
) -> datetime | None:
    """The first open instant not before `after`: `after` itself while open, None if the search finds none."""
    return _first_in(open_intervals, hours, after, zone, holidays, search_days=search_days)


def tickets_next(
    hours: Hours, after: datetime, zone: ZoneInfo, holidays: Holidays, *, search_days: int = SEARCH_DAYS
) -> datetime | None:
    """The first instant not before `after` at which numbers are given."""
    return _first_in(ticket_intervals, hours, after, zone, holidays, search_days=search_days)


def why_closed(hours: Hours, day: date, holidays: Holidays) -> ClosedReason | None:
    """None on a day with opening hours. A holiday is named before a closure, a closure before the day of the week."""
    reason = _own_reason(hours, day, holidays)
    if reason is None and hours.within is not None:
        return why_closed(hours.within, day, holidays)
    return reason


def local_instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """The first instant, in UTC, at which the wall clock of `day` has come to `minute` or passed it."""
    days, minute = divmod(minute, DAY_MIN)
    wall = datetime.combine(day + timedelta(days=days), time(minute // 60, minute % 60), tzinfo=zone)
    instant = wall.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return instant
    # The clock jumps over this time. Read with the offset after the jump (fold 1) it lies before the jump.
    return _jump_between(wall.replace(fold=1).astimezone(UTC), instant, zone)


def _closed_by_calendar(hours: Hours, day: date, holidays: Holidays) -> ClosedReason | None:
    if hours.closed_on_holidays and holidays(day) is not None:
        return ClosedReason.HOLIDAY
    return ClosedReason.CLOSURE if any(closure.covers(day) for closure in hours.closures) else None


def _own_reason(hours: Hours, day: date, holidays: Holidays) -> ClosedReason | None:
    if wall_intervals(hours, day, holidays):
        return None
    if any(dated == day for dated, _ in hours.dates):
        return ClosedReason.CLOSURE
    return _closed_by_calendar(hours, day, holidays) or ClosedReason.WEEKDAY


def _open(interval: Interval, day: date, zone: ZoneInfo) -> Open:
    return local_instant(day, interval[0], zone), local_instant(day, interval[1], zone)


def _joined(spans: Iterable[Open]) -> list[Open]:
    joined: list[Open] = []
    for span in spans:
        if joined and joined[-1][1] == span[0]:
            joined[-1] = joined[-1][0], span[1]
        else:
            joined.append(span)
    return joined


def _common(ours: list[Open], theirs: list[Open]) -> list[Open]:
    both = ((max(a[0], b[0]), min(a[1], b[1])) for a in ours for b in theirs)
    return [span for span in both if span[0] < span[1]]


def _last_ticket_min(hours: Hours) -> int:
    return hours.last_ticket_min or (_last_ticket_min(hours.within) if hours.within else 0)


def _inside(spans: list[Open], at: datetime) -> bool:
    return any(start <= at < end for start, end in spans)


def _first_in(
    intervals: Callable[[Hours, date, ZoneInfo, Holidays], list[Open]],
    hours: Hours,
    after: datetime,
    zone: ZoneInfo,
    holidays: Holidays,
    *,
    search_days: int,
) -> datetime | None:
    for day in _days_from(office_day(after, zone), search_days):
        for start, end in intervals(hours, day, zone, holidays):
            if after < end:
                return max(start, after.astimezone(UTC))
    return None


def _days_from(day: date, count: int) -> Iterator[date]:
    last = min(day.toordinal() + count, date.max.toordinal())
    return (date.fromordinal(ordinal) for ordinal in range(day.toordinal(), last + 1))


def _jump_between(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The second at which the offset changes, by halving."""
    low, high = int(before.timestamp()), int(after.timestamp())
    old = before.astimezone(zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == old:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)
