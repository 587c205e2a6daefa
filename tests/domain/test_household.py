"""Birthdays and the law: who is a pupil, who is a senior, and when an age alone does not say."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queue_app.domain.household import (
    AgeGroup,
    count_groups,
    days_since_move,
    group_of,
    groups_of_age,
    reaches_age_on,
    school_year_end,
)

BIRTHS = st.dates(date(1920, 1, 1), date(2026, 12, 31))
DAYS = st.dates(date(2024, 1, 1), date(2030, 12, 31))


@pytest.mark.parametrize(
    ("born_on", "years", "reached_on"),
    [
        (date(2020, 4, 1), 6, date(2026, 3, 31)),
        (date(2020, 4, 2), 6, date(2026, 4, 1)),
        (date(2000, 1, 1), 20, date(2019, 12, 31)),
        (date(1952, 2, 29), 75, date(2027, 2, 28)),
        (date(1952, 2, 29), 76, date(2028, 2, 28)),
        (date(1951, 3, 1), 77, date(2028, 2, 29)),
    ],
)
def test_an_age_is_reached_on_the_eve_of_the_birthday(born_on: date, years: int, reached_on: date) -> None:
    assert reaches_age_on(born_on, years) == reached_on


@pytest.mark.parametrize(
    ("born_on", "on", "group"),
    [
        # A child of 1 April goes to school a year before one of 2 April.
        (date(2020, 4, 1), date(2026, 3, 31), AgeGroup.PRESCHOOL),
        (date(2020, 4, 1), date(2026, 4, 1), AgeGroup.ELEM_JHS),
        (date(2020, 4, 2), date(2026, 4, 1), AgeGroup.PRESCHOOL),
        (date(2020, 4, 2), date(2027, 3, 31), AgeGroup.PRESCHOOL),
        (date(2020, 4, 2), date(2027, 4, 1), AgeGroup.ELEM_JHS),
        # Junior high ends with the school year in which the child becomes 15.
        (date(2011, 4, 1), date(2026, 3, 31), AgeGroup.ELEM_JHS),
        (date(2011, 4, 1), date(2026, 4, 1), AgeGroup.HIGH),
        (date(2011, 4, 2), date(2026, 4, 1), AgeGroup.ELEM_JHS),
        # Allowance and medical card end on the 31 March after the 18th birthday, or on its eve.
        (date(2008, 4, 1), date(2026, 3, 31), AgeGroup.HIGH),
        (date(2008, 4, 1), date(2026, 4, 1), AgeGroup.ADULT),
        (date(2008, 4, 2), date(2027, 3, 31), AgeGroup.HIGH),
        (date(2008, 4, 2), date(2027, 4, 1), AgeGroup.ADULT),
        # Care insurance begins on the eve of the 65th birthday, 75+ medical on the 75th birthday itself.
        (date(1961, 11, 24), date(2026, 11, 22), AgeGroup.ADULT),
        (date(1961, 11, 24), date(2026, 11, 23), AgeGroup.SENIOR_65_74),
        (date(1951, 11, 24), date(2026, 11, 23), AgeGroup.SENIOR_65_74),
        (date(1951, 11, 24), date(2026, 11, 24), AgeGroup.SENIOR_75),
        (date(1952, 2, 29), date(2027, 2, 28), AgeGroup.SENIOR_65_74),
        (date(1952, 2, 29), date(2027, 3, 1), AgeGroup.SENIOR_75),
        (date(2026, 11, 24), date(2026, 11, 24), AgeGroup.PRESCHOOL),
        (date(2026, 11, 25), date(2026, 11, 24), None),
    ],
)
def test_groups_change_on_the_day_the_law_says(born_on: date, on: date, group: AgeGroup | None) -> None:
    assert group_of(born_on, on) is group


@settings(deadline=None)
@given(BIRTHS, st.integers(0, 40_000))
def test_nobody_ever_goes_back_to_a_younger_group(born_on: date, days: int) -> None:
    order = list(AgeGroup)
    today, later = (
        group_of(born_on, born_on + timedelta(days=days)),
        group_of(born_on, born_on + timedelta(days=days + 1)),
    )
    assert today is not None
    assert later is not None
    assert order.index(today) <= order.index(later)


@settings(deadline=None)
@given(BIRTHS)
def test_school_years_change_on_the_first_of_april_only(born_on: date) -> None:
    for years in (6, 15, 18):
        last = school_year_end(reaches_age_on(born_on, years))
        assert (last.month, last.day) == (3, 31)
        assert group_of(born_on, last) is not group_of(born_on, last + timedelta(days=1))


@settings(deadline=None)
@given(BIRTHS, DAYS)
def test_the_group_of_a_birth_date_is_among_the_groups_of_its_age(born_on: date, on: date) -> None:
    group = group_of(born_on, on)
    if group is not None and (born_on.month, born_on.day) != (2, 29):
        age = on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))
        assert group in groups_of_age(age, on)


def test_most_ages_say_enough_and_six_fifteen_and_eighteen_do_not() -> None:
    on = date(2026, 11, 23)
    unclear = {age for age in range(100) if len(groups_of_age(age, on)) > 1}
    assert unclear == {6, 15, 18, 64}  # 64: tomorrow's birthday already counts as 65.


def test_a_household_is_counted_by_birth_dates_and_ages_together() -> None:
    people = [date(2024, 5, 5), 8, 13, 16, 40, 70, date(1940, 1, 1), 6]
    counted = count_groups(people, date(2026, 11, 23))
    assert counted.answers == {
        "children_preschool": 1,
        "children_elem_jhs": 2,
        "children_high": 1,
        "seniors_65_74": 1,
        "seniors_75": 1,
    }
    assert counted.unclear == (7,)


@pytest.mark.parametrize("age", [-1, 0, 129, 130, 10**9])
def test_impossible_ages_do_not_break_the_count(age: int) -> None:
    assert len(groups_of_age(age, date(2026, 11, 23))) == 1


def test_days_since_the_move_are_negative_before_it() -> None:
    assert days_since_move(date(2026, 4, 1), date(2026, 4, 15)) == 14
    assert days_since_move(date(2026, 4, 1), date(2026, 3, 31)) == -1
