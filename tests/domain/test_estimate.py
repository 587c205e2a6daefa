"""The range shown to a waiting person."""

import math
import subprocess
import sys
from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from queue_app.domain.estimate import (
    Ahead,
    Calibration,
    Clerk,
    Coming,
    LiveState,
    Range,
    Running,
    Spread,
    calibrated,
    estimate,
    quick_estimate,
    quick_spread,
    sampled_waits,
    shown,
    spread_of,
    spreads_in_line,
)
from queue_app.domain.planning.lognormal import Duration, draw_remaining, remaining_mean

TEN = Duration(10, 0.5)
SURE = Duration(10, 0.0)


def queue(people: int, *clerks: Clerk) -> LiveState:
    return LiveState("intake", ahead=tuple(Ahead("intake", SURE) for _ in range(people)), clerks=clerks)


def likely(state: LiveState) -> float | None:
    spread = quick_spread(state)
    return None if spread is None else spread.p50


def test_a_free_clerk_and_an_empty_queue_mean_at_once() -> None:
    assert quick_estimate(queue(0, Clerk())) == Range(0, 0, 5)


def test_the_people_ahead_are_shared_by_the_clerks() -> None:
    assert likely(queue(4, Clerk(), Clerk())) == 20


def test_nobody_on_duty_gives_no_number() -> None:
    gone = Clerk(away=((0.0, math.inf),))
    assert quick_estimate(queue(1, gone)) is None
    assert quick_estimate(queue(0)) is None
    assert estimate(queue(1, gone), Random(1)) is None


def test_a_clerk_of_another_stage_is_nobody() -> None:
    assert quick_estimate(queue(1, Clerk(frozenset({"insurance"})))) is None


def test_a_clerk_at_lunch_takes_nobody_until_the_return() -> None:
    assert likely(queue(1, Clerk(away=((0, 30),)))) == 40


def test_a_running_service_is_finished_before_lunch_and_lunch_keeps_its_length() -> None:
    clerk = Clerk(running=Running(SURE, 2), away=((5, 65),))
    assert likely(queue(0, clerk)) == 68


def test_a_break_that_is_due_begins_when_the_running_service_ends() -> None:
    clerk = Clerk(running=Running(SURE, 2), away=((-3, 57),))
    assert likely(queue(0, clerk)) == 68


def test_a_break_is_taken_once() -> None:
    assert likely(queue(3, Clerk(away=((15, 75),)))) == 90


def test_a_clerk_leaving_for_good_leaves_the_work_to_the_others() -> None:
    assert likely(queue(2, Clerk(), Clerk(away=((5, math.inf),)))) == 10
    assert likely(queue(4, Clerk(), Clerk(away=((5, math.inf),)))) == 30


def test_a_booking_with_an_earlier_order_time_passes_when_it_arrives_in_time() -> None:
    booked = Coming("intake", SURE, ready_in_min=5, order_min=-10)
    state = LiveState("intake", ahead=(Ahead("intake", SURE),), coming=(booked,), clerks=(Clerk(),))
    assert likely(state) == 20


def test_a_booking_with_a_later_order_time_never_passes() -> None:
    booked = Coming("intake", SURE, ready_in_min=5, order_min=1)
    state = LiveState("intake", ahead=(Ahead("intake", SURE),), coming=(booked,), clerks=(Clerk(),))
    assert likely(state) == 10


def test_a_returning_household_passes_within_its_head_start_only() -> None:
    def wait(ready: float) -> float | None:
        back = Coming("intake", SURE, ready_in_min=ready, head_start_min=20)
        return likely(LiveState("intake", ahead=(Ahead("intake", SURE),) * 3, coming=(back,), clerks=(Clerk(),)))

    assert (wait(15), wait(25)) == (40, 30)


def test_somebody_who_gave_up_is_not_waited_for() -> None:
    state = LiveState("intake", ahead=(Ahead("intake", SURE, stays=0.0),), clerks=(Clerk(),))
    assert likely(state) == 0


def test_a_clerk_of_two_stages_works_through_both_in_order() -> None:
    both = Clerk(frozenset({"intake", "delivery"}))
    state = LiveState("intake", ahead=(Ahead("delivery", SURE), Ahead("intake", SURE)), clerks=(both,))
    assert likely(state) == 20


def test_the_random_waits_lie_around_the_quick_one() -> None:
    busy = tuple(Clerk(running=Running(TEN, elapsed)) for elapsed in (1, 4, 8))
    state = LiveState("intake", ahead=(Ahead("intake", TEN),) * 12, clerks=busy)
    waits = sampled_waits(state, Random(4), paths=400)
    assert abs(waits[200] - (likely(state) or 0)) < 4


@given(st.integers(0, 40), st.integers(1, 6), st.floats(0, 60))
def test_the_shown_range_is_in_steps_of_five_and_holds_the_likely_value(people: int, clerks: int, past: float) -> None:
    state = LiveState("x", ahead=(Ahead("x", TEN),) * people, clerks=(Clerk(running=Running(TEN, past)),) * clerks)
    for answer in (quick_estimate(state), estimate(state, Random(1), paths=10)):
        assert answer is not None
        assert answer.low_min % 5 == answer.high_min % 5 == 0
        assert 0 <= answer.low_min <= answer.likely_min <= answer.high_min
        assert answer.low_min < answer.high_min


@given(st.floats(0, 100), st.floats(0, 50), st.floats(0, 50), st.floats(0.3, 3), st.floats(-2, 1), st.floats(-1, 2))
def test_a_calibrated_spread_stays_in_order(
    p10: float, up: float, more: float, scale: float, a: float, b: float
) -> None:
    raw = Spread(p10, p10 + up, p10 + up + more, p10 + up / 4)
    for calibration in (Calibration(scale, min(a, b), max(a, b)), Calibration(scale)):
        spread = calibrated(raw, calibration)
        assert spread.p20 is not None
        assert 0 <= spread.p10 <= spread.p50 <= spread.p90
        assert spread.p10 - 1e-9 <= spread.p20 <= spread.p50 + 1e-9


def test_the_moment_to_leave_home_is_a_point_of_the_passes_themselves() -> None:
    """One pass in five is shorter. No formula finds it from the ends of the range: here half of the passes are short."""
    waits = [5.0] * 3 + [20.0] * 48 + [90.0] * 50
    assert spread_of(waits) == Spread(20.0, 20.0, 90.0, 20.0)
    assert spread_of([5.0] * 15 + [20.0] * 86).p20 == 20.0
    assert spread_of([5.0] * 25 + [20.0] * 76).p20 == 5.0
    busy = tuple(Clerk(running=Running(TEN, elapsed)) for elapsed in (1, 8))
    state = LiveState("intake", ahead=(Ahead("intake", TEN),) * 6, clerks=busy)
    in_line = spreads_in_line(state, Random(5), paths=400)[-1]
    sampled = sampled_waits(replace(state, ahead=state.ahead[:-1]), Random(6), paths=400)
    assert in_line.p20 is not None
    assert abs(sum(wait < in_line.p20 for wait in sampled) / 400 - 0.2) < 0.06
    assert calibrated(in_line, Calibration(2.0)).p20 == 2 * in_line.p20


def test_a_sure_wait_has_one_moment_and_one_pass_has_one_too() -> None:
    assert calibrated(Spread(5.0, 5.0, 5.0, 5.0), Calibration(1.0, -2.0, 2.0)) == Spread(3.0, 5.0, 7.0, 3.0)
    quick = quick_spread(LiveState("intake", ahead=(Ahead("intake", TEN),) * 4, clerks=(Clerk(),)))
    assert quick is not None
    assert quick.p20 is not None
    assert quick.p10 < quick.p20 < quick.p50


def test_the_range_is_rounded_outwards() -> None:
    assert shown(Spread(9.9, 14.2, 20.1)) == Range(5, 14, 25)


def test_the_mean_rest_agrees_with_drawn_rests() -> None:
    rng = Random(7)
    drawn = sum(draw_remaining(TEN, 12, rng) for _ in range(20_000)) / 20_000
    assert abs(drawn - remaining_mean(TEN, 12)) < 0.15


def test_an_endless_service_does_not_make_the_wait_endless() -> None:
    assert remaining_mean(TEN, 500) <= 20
    assert draw_remaining(TEN, 1e6, Random(1)) <= 40


def test_the_estimate_needs_no_numpy() -> None:
    code = "import sys, queue_app.domain.estimate; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
