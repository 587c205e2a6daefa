"""Erlang's formula and what we do beyond it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue_app.domain.planning.congestion import POINTS, SATURATION, STEP, congestion, erlang_c, mean_queue, table


def test_one_clerk_is_waited_for_as_often_as_busy() -> None:
    assert erlang_c(1, 0.7) == pytest.approx(0.7)


def test_two_clerks_with_one_erlang_make_a_third_wait() -> None:
    assert erlang_c(2, 1.0) == pytest.approx(1 / 3)
    assert mean_queue(2, 1.0) == pytest.approx(1 / 3)


def test_beyond_saturation_everybody_waits_and_the_queue_has_no_mean() -> None:
    assert erlang_c(3, 3.0) == 1.0
    assert mean_queue(3, 3.2) == float("inf")


@given(st.integers(0, 20))
def test_the_price_rises_ever_faster_and_stays_finite(clerks: int) -> None:
    phi = table(clerks)
    assert len(phi) == POINTS
    steps = np.diff(phi)
    assert np.isfinite(phi).all()
    assert (steps >= 0).all()
    assert (np.diff(steps) > -1e-6).all()


@given(st.integers(1, 15), st.floats(0.05, 0.96))
def test_below_saturation_the_price_is_erlangs_queue(clerks: int, use: float) -> None:
    found = congestion(np.array([use * clerks]), np.array([float(clerks)]))[0]
    assert found == pytest.approx(mean_queue(clerks, use * clerks), rel=0.02, abs=1e-3)


def test_the_price_goes_on_without_a_jump_where_erlang_ends() -> None:
    joint = int(SATURATION * 6 / STEP)
    phi = table(6)
    assert phi[joint + 1] - phi[joint] == pytest.approx(phi[joint] - phi[joint - 1], rel=0.1)


def test_nobody_on_duty_is_dear_but_not_impossible() -> None:
    assert congestion(np.array([0.5]), np.array([0.0]))[0] > congestion(np.array([0.5]), np.array([1.0]))[0] + 10
