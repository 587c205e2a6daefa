"""Opening hours and slots of four years in four zones, minute by minute, against a calculation that shares no code.

`make storm` walks every day of 2026 to 2029; the ordinary suite the days on which calendars go wrong: both changes of the
clock, 29 February, the turn of the year, substitute holidays and the days between two holidays. The holidays themselves
are worked out here from the law's text, so that a wrong package would be noticed too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import pytest

from queue_app.adapters.holidays import japanese_holiday
from queue_app.domain.calendar import no_holidays, open_intervals, parse_hours
from queue_app.domain.slots import Offer, SlotPlan, grid, parse_slot_plan
from tests.storm.town import say

YEARS = (2026, 2027, 2028, 2029)
ZONES = ("Asia/Tokyo", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe")
WALLS = [(8 * 60 + 30, 12 * 60), (13 * 60, 17 * 60 + 15)]
NIGHT = [(0, 6 * 60)]
"""Where clocks change; an office for night-shift workers is as right as any other."""

HOURS = parse_hours(
    {
        **{day: ["08:30-12:00", "13:00-17:15"] for day in ("mon", "tue", "wed", "thu", "fri")},
        "sun": ["00:00-06:00"],
        "closed": ["holidays", "12-29..01-03"],
    }
)
PLAN: SlotPlan = parse_slot_plan({"length_min": 15, "capacity": 1, "weekend_ok": True})
Rule = Callable[[date], bool]


def law(day: date) -> bool:
    """Act on National Holidays, articles 2 and 3, as in force from 2026 to 2029."""
    return _named(day) or _substitute(day) or _between(day)


def _named(day: date) -> bool:
    fixed = {(1, 1), (2, 11), (2, 23), (4, 29), (5, 3), (5, 4), (5, 5), (8, 11), (11, 3), (11, 23)}
    mondays = {1: 2, 7: 3, 9: 3, 10: 2}
    nth = (day.day - 1) // 7 + 1
    if (day.month, day.day) in fixed or (day.weekday() == 0 and mondays.get(day.month) == nth):
        return True
    return (day.month, day.day) in ((3, _equinox(day.year, 20.8431)), (9, _equinox(day.year, 23.2488)))


def _equinox(year: int, base: float) -> int:
    """The usual approximation for 1980 to 2099; the observatory announces the day in the February before."""
    return int(base + 0.242194 * (year - 1980) - (year - 1980) // 4)


def _substitute(day: date) -> bool:
    """Article 3 (2): when a holiday is a Sunday, the next day that is none."""
    before = day - timedelta(days=1)
    while _named(before):
        if before.weekday() == 6:
            return not _named(day)
        before -= timedelta(days=1)
    return False


def _between(day: date) -> bool:
    """Article 3 (3): a day between two holidays."""
    return not _named(day) and _named(day - timedelta(days=1)) and _named(day + timedelta(days=1))


def open_minutes(zone: ZoneInfo, day: date, is_holiday: Rule) -> set[datetime]:
    """The open minutes of a day, found by asking the wall clock at each minute of the world around it."""
    walls = _walls(day, is_holiday)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    found = set()
    for step in range(-16 * 60, 40 * 60):
        at = midnight + timedelta(minutes=step)
        wall = at.astimezone(zone)
        if wall.date() == day and any(opens <= wall.hour * 60 + wall.minute < closes for opens, closes in walls):
            found.add(at)
    return found


def _walls(day: date, is_holiday: Rule) -> list[tuple[int, int]]:
    if is_holiday(day) or (day.month, day.day) >= (12, 29) or (day.month, day.day) <= (1, 3):
        return []
    return NIGHT if day.weekday() == 6 else WALLS if day.weekday() < 5 else []


def slots_of(minutes: set[datetime]) -> list[tuple[datetime, datetime]]:
    """Quarters of an hour, from each minute that has no open one before it, as long as they are wholly open."""
    quarter, found = timedelta(minutes=15), []
    for opening in sorted(at for at in minutes if at - timedelta(minutes=1) not in minutes):
        start = opening
        while all(start + timedelta(minutes=n) in minutes for n in range(15)):
            found.append((start, start + quarter))
            start += quarter
    return found


def faults(zone: str, days: Iterable[date], is_holiday: Rule) -> list[str]:
    """Days on which the product and the walk differ."""
    here, holidays = ZoneInfo(zone), japanese_holiday if zone == "Asia/Tokyo" else no_holidays
    offer = Offer("moving", PLAN, HOURS, here, holidays)
    wrong = []
    for day in days:
        minutes = open_minutes(here, day, is_holiday)
        product = {
            start + timedelta(minutes=n)
            for start, end in open_intervals(HOURS, day, here, holidays)
            for n in range(int((end - start).total_seconds()) // 60)
        }
        if product != minutes:
            wrong.append(f"{zone} {day}: hours")
        if [(cell.start, cell.end) for cell in grid(offer, day)] != slots_of(minutes):
            wrong.append(f"{zone} {day}: slots")
    return wrong


def rule_of(zone: str) -> Rule:
    return law if zone == "Asia/Tokyo" else lambda _day: False


def days_of(year: int) -> Iterator[date]:
    day = date(year, 1, 1)
    while day.year == year:
        yield day
        day += timedelta(days=1)


@lru_cache(maxsize=8)
def edges(zone: str) -> tuple[date, ...]:
    """Days around which calendars go wrong."""
    here, found = ZoneInfo(zone), {date(2028, 2, 29), date(2027, 12, 31), date(2028, 1, 1), date(2028, 1, 4)}
    noon = [datetime(day.year, day.month, day.day, 12, tzinfo=UTC) for year in (2027, 2028) for day in days_of(year)]
    found |= {
        at.date()
        for at in noon
        if at.astimezone(here).utcoffset() != (at - timedelta(days=1)).astimezone(here).utcoffset()
    }
    if zone == "Asia/Tokyo":
        found |= {day for year in YEARS for day in days_of(year) if _substitute(day) or _between(day)}
    return tuple(sorted(day + timedelta(days=n) for day in found for n in (-1, 0, 1)))


@pytest.mark.parametrize("zone", ZONES)
def test_hours_and_slots_are_right_on_the_days_on_which_calendars_go_wrong(zone: str) -> None:
    assert len(edges(zone)) >= 12
    assert faults(zone, edges(zone), rule_of(zone)) == []


def test_the_package_names_the_holidays_that_the_law_does() -> None:
    wrong = [day for year in YEARS for day in days_of(year) if (japanese_holiday(day) is not None) != law(day)]
    assert wrong == []
    assert {date(2026, 5, 6), date(2026, 9, 22), date(2027, 3, 22)} <= {d for y in YEARS for d in days_of(y) if law(d)}


@pytest.mark.parametrize(
    "broken", [_named, lambda day: _named(day) or _between(day), lambda day: _named(day) or _substitute(day)]
)
def test_a_calendar_without_substitute_or_in_between_holidays_would_be_noticed(broken: Rule) -> None:
    assert faults("Asia/Tokyo", edges("Asia/Tokyo"), broken) != []


@pytest.mark.parametrize("zone", ZONES[1:])
def test_an_office_that_keeps_one_offset_all_year_would_be_noticed(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual mistake: the zone's offset is read once and added to every day."""
    from queue_app.domain import calendar

    here = ZoneInfo(zone)
    offset = datetime(2027, 1, 15, tzinfo=UTC).astimezone(here).utcoffset()
    assert offset is not None

    def fixed(day: date, minute: int, _zone: ZoneInfo) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=UTC) - offset + timedelta(minutes=minute)

    monkeypatch.setattr(calendar, "local_instant", fixed)
    grid.cache_clear()
    assert faults(zone, edges(zone), rule_of(zone)) != []
    grid.cache_clear()


@pytest.mark.storm
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("zone", ZONES)
def test_every_minute_of_four_years_is_right(zone: str, capsys: pytest.CaptureFixture[str]) -> None:
    days = [day for year in YEARS for day in days_of(year)]
    found = faults(zone, days, rule_of(zone))
    say(capsys, f"{zone}: {len(days)} days minute by minute, {len(found)} differ")
    assert found == []
