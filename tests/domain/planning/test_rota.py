"""Who is on duty, and when people eat."""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
import pytest

from queue_app.domain.errors import Refusal
from queue_app.domain.planning.congestion import congestion
from queue_app.domain.planning.rota import best_lunch, first_wave, lunch_by_load, on_duty, rota_of, standard_rota
from queue_app.domain.planning.workload import SW1_HELPERS, SW1_PEAK


def test_the_standard_waves_leave_somebody_in_every_pool_of_two_or_more() -> None:
    duty = on_duty(standard_rota(SW1_PEAK.clerks), tuple(SW1_PEAK.clerks), 105)
    assert (duty.min(axis=1) == [4, 5, 3, 4, 2]).all()
    assert (duty.max(axis=1) == [7, 8, 5, 6, 3]).all()


def test_absent_clerks_are_missing_all_day() -> None:
    rota = standard_rota(SW1_PEAK.clerks, absent=["M1", "B1", "M1"])
    assert [sum(duty.pool == pool for duty in rota) for pool in "CMBHK"] == [7, 7, 4, 6, 3]


@pytest.mark.parametrize("name", ["X1", "M9", "M0", "M", "1", ""])
def test_an_absent_clerk_who_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(Refusal) as refused:
        standard_rota(SW1_PEAK.clerks, absent=[name])
    assert refused.value.code == "rota_unknown_clerk"


def test_a_negative_number_of_clerks_is_refused() -> None:
    with pytest.raises(Refusal):
        rota_of({"M": -1}, {})


def test_as_many_clerks_help_elsewhere_as_are_trained() -> None:
    rota = standard_rota(SW1_PEAK.clerks, SW1_HELPERS)
    assert [sum(helped in duty.helps for duty in rota) for helped in "BMKH"] == [3, 2, 2, 1]


def test_the_best_lunch_is_the_best_of_all_combinations() -> None:
    load = 2.0 + np.sin(np.arange(105) / 12.0)
    starts = (150.0, 180.0, 210.0, 240.0)

    def cost(combo: tuple[float, ...]) -> float:
        duty = on_duty(rota_of({"M": 4}, {"M": combo}), ("M",), 105)[0]
        return float("inf") if duty.min() < 2 else float(congestion(load, duty).sum())

    found = best_lunch(load, 4, starts)
    assert cost(found) == pytest.approx(min(cost(combo) for combo in combinations_with_replacement(starts, 4)))


def test_lunch_is_not_taken_in_the_rush() -> None:
    load = np.full(105, 1.0)
    load[36:48] = 3.5
    assert 180.0 not in best_lunch(load, 4, (120.0, 180.0, 240.0))


def test_half_of_the_clerks_stay_even_when_there_is_nothing_to_do() -> None:
    found = best_lunch(np.zeros(105), 7, tuple(150.0 + 30 * step for step in range(7)))
    assert on_duty(rota_of({"C": 7}, {"C": found}), ("C",), 105).min() >= 3


def test_lunch_by_load_keeps_to_the_hours_around_noon_in_an_office_that_never_closes() -> None:
    load = np.full(288, 1.0)
    load[120:132] = 3.5
    assert set(lunch_by_load(load, 4, first_wave(0, 1440.0))) <= {660.0 + 30 * step for step in range(7)}


@pytest.mark.parametrize(("clerks", "starts", "staying"), [(0, (180.0,), 0), (2, (), 0), (2, (180.0,), 2)])
def test_a_lunch_that_cannot_be_is_refused(clerks: int, starts: tuple[float, ...], staying: int) -> None:
    with pytest.raises(Refusal) as refused:
        best_lunch(np.ones(105), clerks, starts, at_least=staying)
    assert refused.value.code == "rota_impossible"
