"""Waits with people who gave up: held against a known law, and against the plain figures where nobody left."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue_app.domain.survival import FEW, curve, summary


def test_the_textbook_example() -> None:
    """Six weeks of remission under 6-MP (Freireich 1963), as every textbook works it out."""
    ends = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    left = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    steps = dict(curve([(float(each), True) for each in ends] + [(float(each), False) for each in left]).steps)
    assert [round(steps[week], 3) for week in (6, 7, 10, 13, 16, 22, 23)] == [
        0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448,
    ]  # fmt: skip


def test_a_law_is_found_again_though_half_of_the_people_gave_up() -> None:
    """Waits exponential with mean 20, patience too: the plain median of those called is 7 minutes, the true one 13.9."""
    rng = Random(20270329)
    pairs = [(rng.expovariate(1 / 20), rng.expovariate(1 / 20)) for _ in range(4000)]
    found = summary((min(wait, patience), wait <= patience) for wait, patience in pairs)
    called = sorted(wait for wait, patience in pairs if wait <= patience)
    assert found.median == pytest.approx(13.86, rel=0.08)
    assert found.p90 == pytest.approx(46.1, rel=0.10)
    assert called[len(called) // 2] < 8


@given(st.lists(st.integers(0, 90), min_size=FEW, max_size=60))
def test_without_anybody_leaving_it_is_the_plain_count(waits: list[int]) -> None:
    found = summary((float(wait), True) for wait in waits)
    assert found.mean == pytest.approx(sum(waits) / len(waits))
    assert found.median == sorted(waits)[(len(waits) - 1) // 2]


@given(st.lists(st.tuples(st.integers(0, 90), st.booleans()), max_size=60))
def test_nothing_is_told_about_fewer_than_five_and_nothing_falls(people: list[tuple[int, bool]]) -> None:
    found = summary((float(wait), ended) for wait, ended in people)
    ends = sum(ended for _, ended in people)
    assert (found.people, found.left) == (len(people), len(people) - ends)
    assert (found.mean is None) == (ends < FEW)
    shares = [share for _, share in curve((float(wait), ended) for wait, ended in people).steps]
    assert shares == sorted(shares, reverse=True)
