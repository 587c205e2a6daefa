"""From dates and ages to the numbers that the navigator's rules read.

Decides which school, care or medical group a person belongs to on the day of the visit. Birth dates are used for that
and dropped; nothing here keeps them.

Source: 年齢計算ニ関する法律 with Civil Code article 143 (an age is reached at the end of the day before the birthday);
学校教育法 articles 17 and 59 with the school year of 1 April to 31 March, so that a child born on 1 April is in the
year above one born on 2 April; 介護保険法 article 9 (65, from the day on which the age is reached, the eve of the
birthday); 高齢者の医療の確保に関する法律 article 52 (75, in practice from the birthday).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class AgeGroup(StrEnum):
    """The groups that the questions ask for, youngest first; named like the questions."""

    PRESCHOOL = "children_preschool"
    ELEM_JHS = "children_elem_jhs"
    HIGH = "children_high"
    ADULT = "adults"
    SENIOR_65_74 = "seniors_65_74"
    SENIOR_75 = "seniors_75"


COUNTED = tuple(group for group in AgeGroup if group is not AgeGroup.ADULT)
OLDEST = 130


@dataclass(frozen=True, slots=True)
class Counted:
    """`answers` has a number for every group that is a question. `unclear` are the places, from 0, of people whose age
    alone leaves two groups open: ask for the birth date or the school. They are in no number."""

    answers: Mapping[str, int]
    unclear: tuple[int, ...]


def days_since_move(moved_on: date, visit_on: date) -> int:
    """Negative before the move."""
    return (visit_on - moved_on).days


def count_groups(people: Sequence[date | int], on: date) -> Counted:
    """Count people given by birth date or by age in years on a day. People not born yet are nobody."""
    possible = [groups_of_age(person, on) if isinstance(person, int) else (group_of(person, on),) for person in people]
    certain = [groups[0] for groups in possible if len(groups) == 1]
    unclear = tuple(place for place, groups in enumerate(possible) if len(groups) > 1)
    return Counted({group.value: certain.count(group) for group in COUNTED}, unclear)


def group_of(born_on: date, on: date) -> AgeGroup | None:
    """The group of somebody born on a day; None before the birth."""
    if on < born_on:
        return None
    if on >= reaches_age_on(born_on, 75) + timedelta(days=1):
        return AgeGroup.SENIOR_75
    if on >= reaches_age_on(born_on, 65):
        return AgeGroup.SENIOR_65_74
    for years, group in ((6, AgeGroup.PRESCHOOL), (15, AgeGroup.ELEM_JHS), (18, AgeGroup.HIGH)):
        if on <= school_year_end(reaches_age_on(born_on, years)):
            return group
    return AgeGroup.ADULT


def groups_of_age(age: int, on: date) -> tuple[AgeGroup, ...]:
    """The groups that somebody of this age can be in on a day, youngest first; usually one.

    `age` is what people say: it grows on the birthday.
    """
    age = min(max(age, 0), OLDEST)
    youngest = _same_day(on, -age)
    oldest = min(_same_day(on, -age - 1) + timedelta(days=1), youngest)
    first, last = group_of(youngest, on), group_of(oldest, on)
    order = list(AgeGroup)
    assert first is not None
    assert last is not None
    return tuple(order[order.index(first) : order.index(last) + 1])


def reaches_age_on(born_on: date, years: int) -> date:
    """The day at whose end the age is reached: the eve of the birthday, 28 February for people born on the 29th."""
    if (born_on.month, born_on.day) == (2, 29):
        return date(born_on.year + years, 2, 28)
    return date(born_on.year + years, born_on.month, born_on.day) - timedelta(days=1)


def school_year_end(day: date) -> date:
    """The first 31 March on or after a day."""
    this_year = date(day.year, 3, 31)
    return this_year if day <= this_year else date(day.year + 1, 3, 31)


def _same_day(day: date, years: int) -> date:
    """The same day of another year; 29 February becomes the 28th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 2, 28)
