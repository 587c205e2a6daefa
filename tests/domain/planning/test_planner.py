"""When a place is offered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from queue_app.domain.errors import Refusal
from queue_app.domain.planning.appointments import appointments, day_plan
from queue_app.domain.planning.footprint import footprint
from queue_app.domain.planning.planner import (
    DayPlan,
    Level,
    level_of,
    released_at,
    released_share,
    replay,
    table_of_places,
)
from queue_app.domain.planning.policies import FULL, NAIVE, PlannerRule, Route
from queue_app.domain.planning.rota import Duty, standard_rota
from queue_app.domain.planning.workload import SW1_PEAK, draw_day

WORKLOAD = replace(SW1_PEAK, booking_share=0.7)
ROTA = standard_rota(WORKLOAD.clerks)
VISIT = footprint(WORKLOAD.types[1].stages, Route.EVERY_COUNTER, WORKLOAD.punctuality)
STARTS = st.integers(0, 96).map(lambda step: step * 5.0)


def empty_day() -> DayPlan:
    return day_plan(WORKLOAD, ROTA, FULL)


def test_three_times_are_recommended_and_all_are_in_order() -> None:
    offers = empty_day().offers(VISIT, 60.0)
    assert sum(offer.recommended for offer in offers) == 3
    assert [offer.start_min for offer in offers] == sorted(offer.start_min for offer in offers)
    assert all(offer.level is not Level.FULL for offer in offers)


def test_the_recommended_times_are_near_the_wish_and_not_in_the_crowd() -> None:
    plan = empty_day()
    for _ in range(12):
        plan.add(VISIT, 60.0)
    best = [offer.start_min for offer in plan.offers(VISIT, 60.0) if offer.recommended]
    assert all(start != 60.0 for start in best)
    assert all(abs(start - 60.0) <= 120 for start in best)


def test_a_time_costs_more_where_clerks_are_at_lunch() -> None:
    no_walk_ins = replace(WORKLOAD, types=tuple(replace(kind, per_day=0.0) for kind in WORKLOAD.types))
    quiet = day_plan(no_walk_ins, ROTA, FULL)
    for start in np.arange(0.0, 480.0, 5.0):
        quiet.add(VISIT, float(start))
    costs = dict(zip(quiet.starts, quiet.costs(VISIT), strict=True))
    assert costs[250.0] > 1.5 * costs[420.0]


@settings(max_examples=25, deadline=None)
@given(st.lists(STARTS, max_size=20), STARTS)
@example([340.0] * 15, 340.0)  # where the load is beyond saturation
def test_a_booking_never_makes_any_time_cheaper(booked: list[float], one_more: float) -> None:
    plan = replay(empty_day(), [(VISIT, start) for start in booked])
    before = plan.costs(VISIT)
    plan.add(VISIT, one_more)
    assert (plan.costs(VISIT) >= before - 1e-6).all()


@settings(max_examples=25, deadline=None)
@given(st.lists(STARTS, max_size=20), st.randoms(use_true_random=False))
def test_the_load_is_the_same_whatever_the_order_of_the_rows(booked: list[float], rng: object) -> None:
    mixed = list(booked)
    rng.shuffle(mixed)  # type: ignore[attr-defined]
    one = replay(empty_day(), [(VISIT, start) for start in booked])
    other = replay(empty_day(), [(VISIT, start) for start in mixed])
    assert np.allclose(one.day_load, other.day_load)


def test_costs_agree_with_the_difference_of_two_whole_days() -> None:
    plan = replay(empty_day(), [(VISIT, 60.0), (VISIT, 65.0), (VISIT, 300.0)])

    def total(of: DayPlan) -> float:
        from queue_app.domain.planning.congestion import congestion
        from queue_app.domain.planning.rota import on_duty

        weights = np.array([1.5 if pool in "BHK" else 1.0 for pool in of.pools])
        clerks = np.rint(on_duty(ROTA, of.pools, of.day_load.shape[1]))
        return float(5 * (weights @ congestion(of.day_load, clerks)).sum())

    before = total(plan)
    cost = float(plan.costs(VISIT)[plan.starts.tolist().index(60.0)])
    plan.add(VISIT, 60.0)
    assert total(plan) - before == pytest.approx(cost, rel=0.02, abs=0.3)


def test_everything_full_offers_nothing_rather_than_something_bad() -> None:
    plan = empty_day()
    for start in plan.starts:
        for _ in range(4):
            plan.add(VISIT, float(start))
    assert plan.offers(VISIT, 60.0) == []


def test_levels_are_plain_words_for_a_cost() -> None:
    assert [level_of(cost) for cost in (0.0, 29.9, 30.0, 199.9, 200.0)] == [
        Level.FREE,
        Level.FREE,
        Level.FEW,
        Level.FEW,
        Level.FULL,
    ]


def test_places_are_released_in_three_steps() -> None:
    assert [released_share(days) for days in (29, 28, 2.1, 2, 0.1, 0, -0.1)] == [0.0, 0.7, 0.7, 0.9, 0.9, 1.0, 1.0]
    assert [sum(released_at(start, 1, days) for start in range(100)) for days in (40, 10, 1, 0)] == [0, 70, 90, 100]
    assert released_at(3, 0, 0) == 0


@given(st.integers(0, 200), st.integers(0, 40), st.floats(0, 28), st.floats(0, 28))
def test_a_place_that_is_out_stays_out(start: int, places: int, one: float, other: float) -> None:
    """Neither waiting nor more room takes back what was released."""
    early, late = max(one, other), min(one, other)
    assert 0 <= released_at(start, places, early) <= released_at(start, places, late) <= places
    assert released_at(start, places, early) <= released_at(start, places + 1, early) <= places + 1


@given(st.lists(st.integers(0, 8), min_size=16, max_size=40))
def test_about_the_stated_share_of_a_day_is_out(budget: list[int]) -> None:
    for days, share in ((28.0, 0.7), (2.0, 0.9)):
        out = sum(released_at(start, places, days) for start, places in enumerate(budget))
        assert abs(out - share * sum(budget)) <= 0.12 * sum(budget) + 4


def test_a_fixed_table_has_as_many_places_as_asked() -> None:
    places = table_of_places(empty_day(), VISIT, 40)
    assert sum(places.values()) == 40
    assert max(places.values()) <= WORKLOAD.clerks["M"]


def test_a_day_without_a_rota_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        DayPlan(("M",), [], np.zeros((1, 129)), day_min=525, rule=PlannerRule())
    assert refused.value.code == "rota_nobody"


def test_a_booking_outside_the_day_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        empty_day().add(VISIT, 700.0)
    assert refused.value.code == "start_outside_day"


def test_a_pool_with_nobody_on_duty_makes_every_time_full() -> None:
    only_m = [Duty("M")] * 8
    plan = DayPlan(tuple(WORKLOAD.clerks), only_m, np.zeros((5, 129)), day_min=525, rule=PlannerRule())
    assert plan.offers(VISIT) == []


def test_planned_appointments_are_spread_better_than_the_customary_half_hours() -> None:
    visitors = draw_day(WORKLOAD, 1003)

    planned = appointments(visitors, WORKLOAD, ROTA, FULL)
    naive = appointments(visitors, WORKLOAD, ROTA, NAIVE)
    assert set(planned) == {visitor.number for visitor in visitors if visitor.books}
    assert len(set(planned.values())) > 2 * len(set(naive.values()))
