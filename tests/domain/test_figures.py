"""Figures of past days: a recount by hand comes to the same, whatever the order, and nothing is told of too few."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue_app.domain.estimate import Spread
from queue_app.domain.figures import (
    PastStop,
    PastVisit,
    Told,
    estimate_figures,
    first_calls,
    idle_on_site,
    lessons,
    service_figures,
    striking_halves,
)
from queue_app.domain.history import End
from queue_app.domain.service_times import Served

MONDAY = date(2026, 11, 30)


def visit(wait: float | None = 10.0, *, called: bool = True, **facts: object) -> PastVisit:
    plain = {
        "day": MONDAY,
        "hour": 10,
        "service": "moving",
        "visit_class": "walk_in",
        "end": End.DONE,
        "idle_min": wait,
    }
    return PastVisit(**{**plain, "wait": None if wait is None else (wait, called), **facts})  # type: ignore[arg-type]


VISITS = st.lists(
    st.builds(
        visit,
        st.one_of(st.none(), st.integers(0, 90).map(float)),
        called=st.booleans(),
        service=st.sampled_from(["moving", "tax"]),
        end=st.sampled_from(list(End)),
    ),
    max_size=60,
)


@given(visits=VISITS)
def test_the_parts_add_up_and_their_order_does_not_matter(visits: list[PastVisit]) -> None:
    found = first_calls(visits, lambda each: each.service)
    assert found == first_calls(reversed(visits), lambda each: each.service)
    for service, one in found.items():
        own = [each.wait for each in visits if each.service == service and each.wait is not None]
        assert (one.people, one.left) == (len(own), sum(1 for _, called in own if not called))
        if one.mean is not None and one.left == 0:
            assert one.mean == pytest.approx(sum(minutes for minutes, _ in own) / len(own))
    assert sum(each.people for each in found.values()) == sum(1 for each in visits if each.wait is not None)


def test_people_who_gave_up_make_the_waits_longer_not_shorter() -> None:
    called = [visit(float(minutes)) for minutes in range(10, 30)]
    gave_up = [visit(15.0, called=False, end=End.LEFT) for _ in range(20)]
    alone, together = (first_calls(each, lambda _: "")[""] for each in (called, called + gave_up))
    assert (together.people, together.left) == (40, 20)
    assert alone.median is not None and together.median is not None
    assert together.median >= alone.median


def test_a_visit_that_was_broken_off_was_idle_at_least_so_long() -> None:
    visits = [visit(20.0) for _ in range(6)] + [visit(5.0, end=End.BROKEN_OFF)]
    assert idle_on_site(visits, lambda _: "")[""].median == 20.0


def test_late_ends_are_counted_and_kept_out_of_the_service_times() -> None:
    def stop(number: int, took: float) -> PastStop:
        served = Served(("moving", "reception"), "1", 100.0 * number + took, took)
        return PastStop(MONDAY, 10, "moving", "reception", "walk_in", End.DONE, (3.0, True), served)

    stops = [stop(number, 10.0 + number % 5) for number in range(60)] + [stop(60, 95.0)]
    found = service_figures(stops, lambda each: each.kind)["reception"]
    assert (found.services, found.late, found.mean) == (61, 1, 12.0)


def test_estimates_are_judged_by_people_who_had_to_wait() -> None:
    told = Told(10, 15, 20, True, Spread(9, 15, 21))
    visits = [visit(float(minutes), told=told) for minutes in (12, 14, 16, 25, 18)]
    visits += [visit(0.0, told=Told(0, 0, 5, False)), visit(40.0, called=False, told=told)]
    found = estimate_figures(visits, lambda each: each.service)["moving"]
    assert (found.told, found.coverage, found.width) == (5, 0.8, 10.0)
    assert found.bias == pytest.approx(-2.0)
    assert found.error == pytest.approx(3.6)
    assert [each.wait_min for each in lessons(visits)["moving"]] == [12, 14, 16, 25, 18]


def test_a_monday_morning_that_stands_out_is_named() -> None:
    full = [visit(40.0) for _ in range(10)]
    rest = [
        visit(8.0, day=MONDAY + timedelta(days=day), hour=hour)
        for day in range(1, 5)
        for hour in (10, 14)
        for _ in "12345"
    ]
    busiest, quietest = striking_halves(full + rest)
    assert busiest is not None
    assert (busiest.weekday, busiest.is_morning, busiest.minutes) == (0, True, 40.0)
    assert quietest is not None and quietest.minutes == 8.0


def test_a_week_like_any_other_is_not_spoken_of() -> None:
    same = [
        visit(10.0, day=MONDAY + timedelta(days=day), hour=hour)
        for day in range(5)
        for hour in (9, 15)
        for _ in "12345"
    ]
    assert striking_halves(same) == (None, None)
    assert striking_halves([]) == (None, None)
