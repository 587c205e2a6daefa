"""How many clerks a load needs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue_app.domain.errors import Refusal
from queue_app.domain.planning.staffing import Goal, clerks_for, late_share, square_root_rule, staffing_table


@given(st.floats(0.01, 40), st.floats(2, 30))
def test_the_number_keeps_the_goal_and_one_less_would_not(load: float, minutes: float) -> None:
    clerks = clerks_for(load, minutes)
    assert late_share(clerks, load, minutes, 5.0) <= 0.1
    assert late_share(clerks - 1, load, minutes, 5.0) > 0.1


@given(st.floats(0.5, 15))
def test_the_rule_of_thumb_is_never_far_off(load: float) -> None:
    assert abs(clerks_for(load, 10.0) - square_root_rule(load)) <= 1


def test_no_load_needs_nobody() -> None:
    assert clerks_for(0.0, 10.0) == 0


def test_a_table_looks_at_the_worst_five_minutes_of_each_half_hour() -> None:
    load = np.zeros(12)
    load[3] = 4.0
    table = staffing_table(load, 10.0, Goal(0.1, 5.0))
    assert [(need.from_min, need.clerks) for need in table] == [(0.0, clerks_for(4.0, 10.0)), (30.0, 0)]


@pytest.mark.parametrize(("load", "minutes"), [(-1.0, 10.0), (float("nan"), 10.0), (float("inf"), 10.0), (1.0, 0.0)])
def test_an_impossible_load_is_refused(load: float, minutes: float) -> None:
    with pytest.raises(Refusal) as refused:
        clerks_for(load, minutes)
    assert refused.value.code == "load_impossible"
