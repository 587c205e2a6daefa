"""How many people come unannounced, from the days that were recorded."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue_app.domain.planning.forecast import (
    DECLARED,
    ENOUGH_DAYS,
    PLAN_ABOVE,
    Past,
    Season,
    Source,
    expected,
    season_of,
    weights,
)

HOLIDAYS = {date(2026, 11, 3), date(2026, 11, 23)}


def is_open(day: date) -> bool:
    return day.weekday() < 5 and day not in HOLIDAYS


def season(day: date) -> Season:
    return season_of(day, is_open, range(5))


def past(days: int, per_day: int, until: date = date(2026, 9, 20), **more: int) -> Past:
    found: dict[date, dict[str, int]] = {}
    day = until
    while len(found) < days:
        day -= timedelta(days=1)
        if is_open(day):
            found[day] = {"moving": per_day, **more}
    return Past(found, {})


@pytest.mark.parametrize(
    ("day", "wanted"),
    [
        (date(2026, 11, 4), Season.AFTER_HOLIDAY),
        (date(2026, 11, 24), Season.AFTER_HOLIDAY),
        (date(2026, 11, 30), Season.MONTH_END),
        (date(2026, 11, 26), Season.MONTH_END),
        (date(2026, 11, 25), Season.NORMAL),
        (date(2026, 11, 9), Season.NORMAL),
        (date(2027, 3, 25), Season.MOVING),
        (date(2027, 4, 10), Season.MOVING),
        (date(2027, 4, 12), Season.NORMAL),
    ],
)
def test_every_open_day_has_its_season(day: date, wanted: Season) -> None:
    assert season(day) is wanted


def test_until_enough_days_are_recorded_the_declared_numbers_hold() -> None:
    found = expected(past(ENOUGH_DAYS - 1, 99), date(2026, 9, 21), ["moving"], season, {"moving": 10.0})
    assert (found.source, found.per_service["moving"]) == (Source.DECLARED, 10.0)
    busy = expected(Past({}, {}), date(2027, 4, 1), ["moving"], season, {"moving": 10.0})
    assert busy.per_service["moving"] == 10.0 * DECLARED[Season.MOVING]


def test_days_of_the_same_kind_are_smoothed_and_planned_above_the_mean() -> None:
    found = expected(past(60, 40), date(2026, 9, 21), ["moving"], season, {})
    assert found.source is Source.RECORDED
    assert found.per_service["moving"] == pytest.approx(40 * PLAN_ABOVE)


def test_a_rare_season_takes_the_usual_day_times_what_the_season_brings() -> None:
    found = expected(past(60, 40), date(2027, 4, 1), ["moving"], season, {})
    assert found.per_service["moving"] == pytest.approx(40 * PLAN_ABOVE * DECLARED[Season.MOVING])


def test_a_weekday_that_is_fuller_is_forecast_fuller() -> None:
    days = past(60, 40).days
    mondays = Past({day: {"moving": 80 if day.weekday() == 0 else 40} for day in days}, {})
    monday, tuesday = date(2026, 10, 5), date(2026, 10, 6)
    counts = [expected(mondays, day, ["moving"], season, {}).per_service["moving"] for day in (monday, tuesday)]
    assert counts == [pytest.approx(80 * PLAN_ABOVE), pytest.approx(40 * PLAN_ABOVE)]


def test_a_service_nobody_ever_came_for_is_forecast_as_nobody() -> None:
    assert expected(past(60, 40), date(2026, 9, 21), ["tax"], season, {"tax": 9}).per_service == {"tax": 0.0}


def test_arrivals_are_even_until_enough_have_come() -> None:
    assert weights(Past({}, {"moving": [0] * 48}), "moving", 510, 525) == (*[1.0] * 17, 0.5)


def test_arrivals_follow_the_recorded_half_hours() -> None:
    counts = [0] * 48
    counts[18], counts[28] = 300, 100
    found = weights(Past({}, {"moving": counts}), "moving", 510, 525)
    assert (found[1], found[11], sum(found)) == (300, 100, 400)


@given(st.lists(st.integers(0, 500), min_size=48, max_size=48), st.integers(0, 1200), st.floats(30, 600))
def test_weights_are_never_negative_and_never_all_zero(counts: list[int], opens: int, day_min: float) -> None:
    found = weights(Past({}, {"moving": counts}), "moving", opens, day_min)
    assert min(found) >= 0
    assert sum(found) > 0
