"""What a visit asks of the clerks."""

from __future__ import annotations

import numpy as np
import pytest

from queue_app.domain.errors import Refusal
from queue_app.domain.planning.footprint import BIN_MIN, BINS_BEFORE, footprint, needing, walk_in_load
from queue_app.domain.planning.lognormal import Duration
from queue_app.domain.planning.policies import Route
from queue_app.domain.planning.workload import SW1_PEAK, Punctuality, StagePlan

MOVING = SW1_PEAK.types[1]
POOLS = tuple(SW1_PEAK.clerks)


def test_a_footprint_holds_the_mean_minutes_of_every_stage_times_the_chance_to_come() -> None:
    minutes = footprint(MOVING.stages, Route.EVERY_COUNTER, Punctuality()).minutes
    expected = {"M": 19.0, "B": 12.0, "H": 7.2, "K": 4.5}
    assert minutes == {pool: pytest.approx(0.92 * value, rel=0.05) for pool, value in expected.items()}


def test_counters_taken_one_behind_the_other_are_needed_later() -> None:
    def middle(route: Route) -> float:
        found = footprint(MOVING.stages, route)
        row = found.busy[found.pools.index("H")]
        return float((np.arange(len(row)) * row).sum() / row.sum())

    assert middle(Route.SERIAL) > middle(Route.EVERY_COUNTER) + 2


def test_nobody_is_busy_before_a_punctual_visitor_comes() -> None:
    assert footprint(MOVING.stages, Route.SERIAL).busy[:, :BINS_BEFORE].sum() == 0


def test_needs_known_at_booking_leave_the_other_counters_free() -> None:
    only_moving = needing(MOVING, [True, True, True, False, False])
    found = footprint(only_moving, Route.EVERY_COUNTER)
    assert found.pools == ("B", "M")
    assert found.minutes["B"] == pytest.approx(12, rel=0.05)


def test_the_walk_in_load_holds_all_the_work_that_is_forecast() -> None:
    load = walk_in_load(SW1_PEAK.types, [500, 45, 80, 25], POOLS, SW1_PEAK.day_min, Route.EVERY_COUNTER)
    minutes = dict(zip(POOLS, load.sum(axis=1) * BIN_MIN, strict=True))
    assert minutes["C"] == pytest.approx(2500, rel=0.05)
    assert minutes["H"] == pytest.approx((45 * 0.6 + 80) * 12, rel=0.05)


def test_a_forecast_of_nobody_is_a_load_of_zero() -> None:
    assert walk_in_load(SW1_PEAK.types, [0, 0, 0, 0], POOLS, SW1_PEAK.day_min, Route.SERIAL).sum() == 0


@pytest.mark.parametrize("forecast", [[], [1, 2, 3], [-1, 0, 0, 0], [float("nan"), 0, 0, 0]])
def test_an_impossible_forecast_is_refused(forecast: list[float]) -> None:
    with pytest.raises(Refusal) as refused:
        walk_in_load(SW1_PEAK.types, forecast, POOLS, SW1_PEAK.day_min, Route.SERIAL)
    assert refused.value.code == "forecast_impossible"


def test_stages_that_wait_for_each_other_are_refused() -> None:
    circle = (StagePlan("M", Duration(5), after=(1,)), StagePlan("B", Duration(5), after=(0,)))
    with pytest.raises(Refusal) as refused:
        footprint(circle, Route.EVERY_COUNTER)
    assert refused.value.code == "stage_graph_circular"
