"""Service times from a history with forgotten buttons: the law is found again, and the late ends are named."""

from __future__ import annotations

import math
from random import Random

import pytest

from queue_app.domain.planning.lognormal import Duration, draw
from queue_app.domain.service_times import ENOUGH, Served, late_ends, law_of, laws_of, longest_believed

TRUE = Duration(12.0, 0.5)
QUEUE = ("moving", "reception")


def services(count: int, *, forgotten_every: int = 0, seed: int = 1) -> list[Served]:
    rng, now, made = Random(seed), 0.0, []
    for number in range(count):
        took = draw(TRUE, rng)
        if forgotten_every and number % forgotten_every == 0:
            took += 90
        now += took
        made.append(Served(QUEUE, "1", now, took))
    return made


def test_forgotten_buttons_do_not_move_the_law() -> None:
    served = services(600, forgotten_every=20)
    plain = sum(each.took_min for each in served) / len(served)
    law = law_of(each.took_min for each in served)
    assert law is not None
    assert law.mean_min == pytest.approx(12, rel=0.08)
    assert law.cv == pytest.approx(0.5, rel=0.2)
    assert plain > 16


def test_late_ends_are_found_and_honest_ones_believed() -> None:
    served = services(600, forgotten_every=20)
    late = late_ends(served, laws_of(served))
    forgotten = set(range(0, 600, 20))
    assert forgotten <= late
    assert len(late - forgotten) <= 12  # one in a hundred of an honest law is longer than its 99 %


def test_an_end_that_reaches_into_the_next_service_is_late() -> None:
    served = [
        Served(QUEUE, "1", 10, 8),
        Served(QUEUE, "1", 12, 5),
        Served(QUEUE, "2", 12, 5),
        Served(QUEUE, "1", 20, 8),
    ]
    assert late_ends(served, {}) == {0}


def test_few_services_teach_nothing_and_two_quick_presses_are_none() -> None:
    assert law_of([10.0] * (ENOUGH - 1)) is None
    assert law_of([10.0] * (ENOUGH - 1) + [0.01] * 50) is None
    assert law_of([]) is None


def test_the_longest_believed_is_the_99_percent_point() -> None:
    rng = Random(3)
    longest = longest_believed(TRUE)
    share = sum(draw(TRUE, rng) > longest for _ in range(20_000)) / 20_000
    assert share == pytest.approx(0.01, abs=0.004)
    assert math.isfinite(longest)
