# ruff: noqa: DTZ001, DTZ901 - wall clocks and the bounds of drawn times have no zone on purpose.
"""Opening hours against a second calculation that walks through the day minute by minute."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queue_app.domain.calendar import (
    ClosedReason,
    Hours,
    is_open,
    local_instant,
    no_holidays,
    office_day,
    open_intervals,
    opens_next,
    parse_hours,
    takes_tickets,
    tickets_next,
    why_closed,
)
from queue_app.domain.errors import Invalid

TOKYO, BERLIN = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin")
ST_JOHNS, LORD_HOWE = ZoneInfo("America/St_Johns"), ZoneInfo("Australia/Lord_Howe")
ZONES = [TOKYO, BERLIN, ST_JOHNS, LORD_HOWE]
CLOCK_CHANGES = [
    (BERLIN, date(2027, 3, 28), -60),
    (BERLIN, date(2027, 10, 31), 60),
    (ST_JOHNS, date(2027, 3, 14), -60),
    (ST_JOHNS, date(2027, 11, 7), 60),
    (LORD_HOWE, date(2027, 10, 3), -30),
    (LORD_HOWE, date(2027, 4, 4), 30),
]
ODD_DAYS = [date(2028, 2, 29), date(2027, 12, 31), date(2028, 1, 1), date(2026, 5, 6), date(2026, 9, 22)]
EDGES = [(zone, day) for zone, day, _ in CLOCK_CHANGES] + [(zone, day) for zone in ZONES for day in ODD_DAYS]

Walls = list[tuple[int, int]]
Implementation = Callable[[Walls, date, ZoneInfo], list[tuple[datetime, datetime]]]


# --- The second calculation --------------------------------------------------------------------------------------


def open_minutes_by_walking(walls: Walls, day: date, zone: ZoneInfo) -> set[datetime]:
    """Walks through three days of UTC minutes with a wall clock that is never turned back."""
    midnight = datetime.combine(day, time())
    at = midnight.replace(tzinfo=UTC) - timedelta(hours=30)
    furthest = datetime.min
    found = set()
    for _ in range(78 * 60):
        furthest = max(furthest, at.astimezone(zone).replace(tzinfo=None))
        since_midnight = (furthest - midnight) / timedelta(minutes=1)
        if any(start <= since_midnight < end for start, end in walls):
            found.add(at)
        at += timedelta(minutes=1)
    return found


def minutes_of(spans: list[tuple[datetime, datetime]]) -> set[datetime]:
    return set(_each_minute(spans))


def _each_minute(spans: list[tuple[datetime, datetime]]) -> Iterator[datetime]:
    for start, end in spans:
        yield from (start + timedelta(minutes=minute) for minute in range((end - start) // timedelta(minutes=1)))


def hours_on(day: date, walls: Walls) -> Hours:
    return parse_hours({"dates": {day.isoformat(): [f"{a // 60}:{a % 60:02}-{b // 60}:{b % 60:02}" for a, b in walls]}})


def real(walls: Walls, day: date, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    return open_intervals(hours_on(day, walls), day, zone, no_holidays)


# --- Clock changes -----------------------------------------------------------------------------------------------


@st.composite
def wall_intervals(draw: st.DrawFn) -> Walls:
    marks = sorted(draw(st.sets(st.integers(0, 96).map(lambda quarter: quarter * 15), min_size=2, max_size=8)))
    return list(zip(marks[::2], marks[1::2], strict=False))


EVERYWHERE = st.one_of(
    st.sampled_from(EDGES),
    st.tuples(st.sampled_from(ZONES), st.dates(date(2024, 1, 1), date(2036, 12, 31))),
)


@settings(deadline=None, max_examples=60)
@given(EVERYWHERE, wall_intervals())
def test_open_intervals_agree_with_a_walk_through_every_minute(place: tuple[ZoneInfo, date], walls: Walls) -> None:
    zone, day = place
    spans = real(walls, day, zone)
    assert minutes_of(spans) == open_minutes_by_walking(walls, day, zone)
    assert all(start < end and start.tzinfo is UTC and end.tzinfo is UTC for start, end in spans)
    assert all(earlier[1] < later[0] for earlier, later in pairwise(spans))


@pytest.mark.parametrize(("zone", "day", "longer_by"), CLOCK_CHANGES)
def test_a_whole_day_is_as_long_as_the_clock_change_makes_it(zone: ZoneInfo, day: date, longer_by: int) -> None:
    [(start, end)] = open_intervals(Hours(always=True), day, zone, no_holidays)
    assert end - start == timedelta(minutes=24 * 60 + longer_by)


NIGHT_SHIFTS: list[Walls] = [[(60, 150)], [(120, 180)], [(135, 165)], [(150, 300)], [(0, 1440)], [(510, 1035)]]


def disagreements(implementation: Implementation) -> list[tuple[str, date, Walls]]:
    return [
        (zone.key, day, walls)
        for zone, day, _ in CLOCK_CHANGES
        for walls in NIGHT_SHIFTS
        if minutes_of(implementation(walls, day, zone)) != open_minutes_by_walking(walls, day, zone)
    ]


def twin_that_ignores_the_missing_hour(walls: Walls, day: date, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    def instant(minute: int) -> datetime:
        wall = datetime.combine(day, time()) + timedelta(minutes=minute)
        return wall.replace(tzinfo=zone).astimezone(UTC)

    return [(instant(start), instant(end)) for start, end in walls]


def twin_that_counts_from_midnight(walls: Walls, day: date, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    midnight = datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
    return [(midnight + timedelta(minutes=start), midnight + timedelta(minutes=end)) for start, end in walls]


def twin_that_closes_at_the_second_showing(walls: Walls, day: date, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    def closing(minute: int) -> datetime:
        wall = datetime.combine(day, time()) + timedelta(minutes=minute)
        return max(local_instant(day, minute, zone), wall.replace(tzinfo=zone, fold=1).astimezone(UTC))

    return [(local_instant(day, start, zone), closing(end)) for start, end in walls]


def test_the_walk_agrees_on_the_nights_of_clock_changes() -> None:
    assert disagreements(real) == []


@pytest.mark.parametrize(
    "twin",
    [
        twin_that_ignores_the_missing_hour,
        twin_that_counts_from_midnight,
        twin_that_closes_at_the_second_showing,
    ],
)
def test_the_walk_catches_each_broken_twin(twin: Implementation) -> None:
    assert disagreements(twin)


# --- Which hours a day has ---------------------------------------------------------------------------------------

CITY_HALL = parse_hours(
    {
        **{day: ["08:30-12:00", "13:00-17:15"] for day in ("mon", "tue", "wed", "thu", "fri")},
        "closed": ["holidays", "12-29..01-03", "2027-06-10..2027-06-11", "02-29"],
        "dates": {"2027-03-28": ["09:00-12:00"], "2027-12-30": ["10:00-11:00"], "2027-07-01": []},
    }
)
HOLIDAYS = {date(2027, 5, 3): "憲法記念日", date(2027, 1, 1): "元日", date(2027, 3, 28): "創作の日"}


def expected_walls(day: date) -> Walls:
    """The same rules written out by hand for 2026 to 2028."""
    by_hand: dict[date, Walls] = {date(2027, 3, 28): [(540, 720)], date(2027, 12, 30): [(600, 660)]}
    if day in by_hand:
        return by_hand[day]
    new_year = (day.month == 12 and day.day >= 29) or (day.month == 1 and day.day <= 3)
    once = day in (date(2027, 6, 10), date(2027, 6, 11), date(2027, 7, 1), date(2028, 2, 29))
    if new_year or once or day in HOLIDAYS or day.isoweekday() > 5:
        return []
    return [(510, 720), (780, 1035)]


def test_three_years_of_days_follow_the_rules_written_out_by_hand() -> None:
    for number in range(date(2026, 1, 1).toordinal(), date(2029, 1, 1).toordinal()):
        day = date.fromordinal(number)
        midnight = datetime.combine(day, time(), tzinfo=TOKYO)
        spans = [(midnight + timedelta(minutes=a), midnight + timedelta(minutes=b)) for a, b in expected_walls(day)]
        assert open_intervals(CITY_HALL, day, TOKYO, HOLIDAYS.get) == spans, day
        assert (why_closed(CITY_HALL, day, HOLIDAYS.get) is None) == bool(spans), day


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        (date(2027, 5, 3), ClosedReason.HOLIDAY),
        (date(2027, 12, 29), ClosedReason.CLOSURE),
        (date(2027, 6, 10), ClosedReason.CLOSURE),
        (date(2027, 7, 1), ClosedReason.CLOSURE),
        (date(2028, 2, 29), ClosedReason.CLOSURE),
        (date(2027, 5, 8), ClosedReason.WEEKDAY),
        (date(2027, 1, 1), ClosedReason.HOLIDAY),
        (date(2027, 3, 28), None),
        (date(2027, 5, 10), None),
    ],
)
def test_a_closed_day_says_why(day: date, reason: ClosedReason | None) -> None:
    assert why_closed(CITY_HALL, day, HOLIDAYS.get) is reason


def test_always_is_open_around_the_clock_on_holidays_too() -> None:
    always = parse_hours("always")
    assert is_open(always, datetime(2027, 1, 1, 3, 4, tzinfo=TOKYO), TOKYO, HOLIDAYS.get)
    assert why_closed(always, date(2027, 1, 1), HOLIDAYS.get) is None


def test_the_first_instant_is_open_and_the_last_is_closed() -> None:
    def at(hour: int, minute: int, second: int = 0) -> bool:
        return is_open(CITY_HALL, datetime(2027, 5, 10, hour, minute, second, tzinfo=TOKYO), TOKYO, HOLIDAYS.get)

    assert [at(8, 29, 59), at(8, 30), at(11, 59, 59), at(12, 0), at(13, 0), at(17, 14, 59), at(17, 15)] == [
        False, True, True, False, True, True, False,
    ]  # fmt: skip


def test_touching_intervals_are_one_stretch_without_a_break() -> None:
    day = date(2027, 5, 10)
    assert len(real([(540, 720), (720, 780)], day, TOKYO)) == 1


def test_a_counter_is_open_only_while_its_building_is() -> None:
    counter = parse_hours({"mon": ["08:00-12:30"], "sun": ["09:00-10:00"]}).narrowed_to(CITY_HALL)
    [(start, end)] = open_intervals(counter, date(2027, 5, 10), TOKYO, HOLIDAYS.get)
    assert (start, end) == (datetime(2027, 5, 10, 8, 30, tzinfo=TOKYO), datetime(2027, 5, 10, 12, tzinfo=TOKYO))
    assert open_intervals(counter, date(2027, 5, 9), TOKYO, HOLIDAYS.get) == []
    assert why_closed(counter, date(2027, 5, 3), HOLIDAYS.get) is ClosedReason.HOLIDAY


def test_numbers_end_before_the_days_last_closing_and_not_before_the_lunch_break() -> None:
    hours = parse_hours({"mon": ["09:00-12:00", "13:00-17:00"], "tue": ["09:00-09:20"], "last_ticket_min": 30})

    def at(day: int, hour: int, minute: int) -> bool:
        return takes_tickets(hours, datetime(2027, 5, day, hour, minute, tzinfo=TOKYO), TOKYO, no_holidays)

    assert [at(10, 11, 59), at(10, 16, 29), at(10, 16, 30), at(11, 9, 0)] == [True, True, False, False]
    after = datetime(2027, 5, 10, 16, 30, tzinfo=TOKYO)
    assert opens_next(hours, after, TOKYO, no_holidays) == after
    assert tickets_next(hours, after, TOKYO, no_holidays) == datetime(2027, 5, 17, 9, tzinfo=TOKYO)


# --- The next opening --------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(ZONES), st.datetimes(datetime(2027, 3, 26), datetime(2027, 3, 31)))
def test_the_next_opening_is_the_first_open_minute(zone: ZoneInfo, at: datetime) -> None:
    after = at.replace(second=0, microsecond=0, tzinfo=UTC)
    found = opens_next(CITY_HALL, after, zone, HOLIDAYS.get)
    walk = after
    while not is_open(CITY_HALL, walk, zone, HOLIDAYS.get):
        walk += timedelta(minutes=1)
    assert found == walk


def test_the_next_opening_passes_over_new_year() -> None:
    after = datetime(2028, 12, 28, 17, 15, tzinfo=TOKYO)
    assert opens_next(CITY_HALL, after, TOKYO, HOLIDAYS.get) == datetime(2029, 1, 4, 8, 30, tzinfo=TOKYO)


def test_hours_that_never_open_have_no_next_opening() -> None:
    assert opens_next(parse_hours({"mon": []}), datetime(2027, 5, 10, tzinfo=TOKYO), TOKYO, no_holidays) is None


def test_the_edges_of_the_calendar_are_closed_and_do_not_break_anything() -> None:
    always = Hours(always=True)
    for day in (date.min, date.max):
        assert open_intervals(always, day, ST_JOHNS, no_holidays) == []
    assert opens_next(always, datetime(9999, 12, 30, tzinfo=UTC), LORD_HOWE, no_holidays) is None


def test_the_day_belongs_to_the_office_not_to_utc() -> None:
    at = datetime(2027, 12, 31, 15, 0, tzinfo=UTC)
    assert office_day(at, TOKYO) == date(2028, 1, 1)
    assert office_day(at - timedelta(microseconds=1), TOKYO) == date(2027, 12, 31)


# --- Reading and writing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        "always",
        {},
        {"mon": ["08:30-17:15"]},
        {"sat": ["00:00-24:00"], "closed": ["holidays", "12-29..01-03", "05-01", "2027-02-01..2027-02-03"]},
        {"dates": {"2027-03-28": ["09:00-12:00", "13:00-15:00"], "2027-04-04": []}, "last_ticket_min": 30},
    ],
)
def test_hours_are_written_as_they_were_read(value: object) -> None:
    assert parse_hours(value).to_value() == value


def test_a_date_that_yaml_already_understood_is_read_like_its_text() -> None:
    day = date(2027, 3, 28)
    assert parse_hours({"closed": [day], "dates": {day: ["9:00-12:00"]}}).to_value() == {
        "closed": ["2027-03-28"],
        "dates": {"2027-03-28": ["09:00-12:00"]},
    }


@settings(deadline=None)
@given(st.fixed_dictionaries({}, optional={day: wall_intervals() for day in ("mon", "wed", "sun")}))
def test_any_weekly_hours_survive_being_written_and_read(week: dict[str, Walls]) -> None:
    value = {day: [f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in w] for day, w in week.items()}
    hours = parse_hours(value)
    assert hours.to_value() == value
    assert parse_hours(hours.to_value()) == hours


@pytest.mark.parametrize(
    ("value", "path", "code"),
    [
        (None, "", "not_hours"),
        ("Always", "", "not_hours"),
        ([], "", "not_hours"),
        ({"monday": []}, "monday", "unknown_key"),
        ({True: []}, "True", "unknown_key"),
        ({"mon": "08:30-17:15"}, "mon", "not_a_list"),
        ({"mon": None}, "mon", "not_a_list"),
        ({"mon": ["8.30-17.15"]}, "mon[0]", "not_a_time_range"),
        ({"mon": [830]}, "mon[0]", "not_a_time_range"),
        ({"mon": ["０８:30-17:15"]}, "mon[0]", "not_a_time_range"),
        ({"mon": ["09:00-12:00", "13:60-14:00"]}, "mon[1]", "time_out_of_range"),
        ({"mon": ["24:00-24:00"]}, "mon[0]", "time_out_of_range"),
        ({"mon": ["17:15-08:30"]}, "mon[0]", "reversed"),
        ({"mon": ["12:00-12:00"]}, "mon[0]", "empty_interval"),
        ({"mon": ["22:00-02:00"]}, "mon[0]", "crosses_midnight"),
        ({"mon": ["22:00-26:00"]}, "mon[0]", "crosses_midnight"),
        ({"mon": ["13:00-15:00", "09:00-13:01"]}, "mon", "overlap"),
        ({"closed": "holidays"}, "closed", "not_a_list"),
        ({"closed": ["12-29..2027-01-03"]}, "closed[0]", "not_a_closure"),
        ({"closed": ["02-30"]}, "closed[0]", "not_a_closure"),
        ({"closed": ["2027-02-29"]}, "closed[0]", "not_a_closure"),
        ({"closed": ["holiday"]}, "closed[0]", "not_a_closure"),
        ({"closed": ["2027-03-02..2027-03-01"]}, "closed[0]", "reversed"),
        ({"dates": []}, "dates", "not_a_mapping"),
        ({"dates": {"2027-02-29": []}}, "dates.2027-02-29", "not_a_date"),
        ({"dates": {"03-28": []}}, "dates.03-28", "not_a_date"),
        ({"dates": {datetime(2027, 3, 28): []}}, "dates.2027-03-28 00:00:00", "not_a_date"),
        ({"dates": {"2027-03-28": [], date(2027, 3, 28): []}}, "dates.2027-03-28", "repeated_date"),
        ({"dates": {"2027-03-28": ["12:00-09:00"]}}, "dates.2027-03-28[0]", "reversed"),
        ({"last_ticket_min": True}, "last_ticket_min", "not_minutes"),
        ({"last_ticket_min": -1}, "last_ticket_min", "not_minutes"),
        ({"last_ticket_min": "30"}, "last_ticket_min", "not_minutes"),
    ],
)
def test_wrong_hours_are_refused_with_the_place_and_a_code(value: object, path: str, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_hours(value)
    [error] = refusal.value.errors
    assert (error.field, error.code) == (path, code)
    assert dict(error.facts)["message"]


def test_midnight_is_refused_with_the_way_to_write_it() -> None:
    with pytest.raises(Invalid) as refusal:
        parse_hours({"fri": ["20:00-01:00"]})
    assert "00:00-02:00" in str(dict(refusal.value.errors[0].facts)["message"])


def test_everything_wrong_is_named_at_once() -> None:
    with pytest.raises(Invalid) as refusal:
        parse_hours({"mon": ["12:00-09:00"], "tues": [], "closed": ["x"], "dates": {"y": []}, "last_ticket_min": None})
    assert len(refusal.value.errors) == 5
