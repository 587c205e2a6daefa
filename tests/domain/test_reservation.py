"""Reservations: the table of states, holds to the microsecond, the arrival window, codes and second factors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue_app.domain.errors import Conflict, Invalid, NotAllowed, Refusal
from queue_app.domain.reservation import (
    HOLD_EXTENSION,
    HOLD_EXTENSIONS,
    Action,
    Arrival,
    State,
    admit,
    check_arrival,
    expired,
    extended_hold,
    format_code,
    hold_until,
    new_code,
    new_pin,
    next_state,
    parse_code,
    require_live_hold,
    second_factor,
    second_factor_matches,
    takes_place,
)

START = datetime(2026, 12, 2, 0, 40, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

ALLOWED = """
held extend held
held confirm booked
held expire expired
held cancel cancelled
booked reschedule booked
booked check_in arrived
booked miss no_show
booked cancel cancelled
no_show check_in arrived
"""


# --- States --------------------------------------------------------------------------------------------------------


def test_every_pair_of_state_and_action_does_what_the_list_says_and_nothing_else() -> None:
    listed = {(a, b): c for a, b, c in (line.split() for line in ALLOWED.split("\n") if line)}
    for state, action in product(State, Action):
        if (state.value, action.value) in listed:
            assert next_state(state, action) == listed[state.value, action.value]
        else:
            with pytest.raises(Conflict):
                next_state(state, action)


@pytest.mark.parametrize(
    ("state", "action", "code"),
    [
        (State.ARRIVED, Action.CHECK_IN, "already_checked_in"),
        (State.CANCELLED, Action.CHECK_IN, "cancelled"),
        (State.EXPIRED, Action.CONFIRM, "hold_expired"),
        (State.EXPIRED, Action.EXTEND, "hold_expired"),
        (State.HELD, Action.CHECK_IN, "not_allowed"),
        (State.ARRIVED, Action.CANCEL, "not_allowed"),
    ],
)
def test_a_refused_action_has_its_public_code(state: State, action: Action, code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        next_state(state, action)
    assert refusal.value.code == code
    assert refusal.value.facts == {"state": state, "action": action}


def test_what_is_not_in_the_table_is_not_allowed() -> None:
    with pytest.raises(NotAllowed):
        next_state(State.CANCELLED, Action.CONFIRM)


def test_a_place_is_given_back_by_cancelling_and_expiry_only() -> None:
    assert {state for state in State if not takes_place(state)} == {State.CANCELLED, State.EXPIRED}


# --- Holds ---------------------------------------------------------------------------------------------------------


def confirms_only_before_expiry(is_expired: Callable[[datetime, datetime], bool]) -> bool:
    """Tries every microsecond near the expiry and every tenth of a millisecond up to 50 ms away, in whole numbers."""
    offsets = [*range(-20, 21), *range(-50_000, 50_001, 100)]
    return all(is_expired(START, START + timedelta(microseconds=us)) == (us >= 0) for us in offsets)


def test_a_hold_confirms_strictly_before_its_expiry() -> None:
    assert confirms_only_before_expiry(expired)


@pytest.mark.parametrize(
    "twin",
    [
        lambda expires_at, now: now > expires_at,
        lambda expires_at, now: now.replace(microsecond=0) >= expires_at + timedelta(seconds=1),
        lambda expires_at, now: now >= expires_at + timedelta(milliseconds=50),
    ],
    ids=["one instant late", "whole seconds", "with grace"],
)
def test_the_microseconds_catch_a_hold_that_lives_too_long(twin: Callable[[datetime, datetime], bool]) -> None:
    assert not confirms_only_before_expiry(twin)


def test_an_expired_hold_is_refused_even_before_it_is_cleared_away() -> None:
    expires_at = hold_until(START, 10)
    assert expires_at == START + timedelta(minutes=10)
    require_live_hold(expires_at, expires_at - MICROSECOND)
    with pytest.raises(Conflict) as refusal:
        require_live_hold(expires_at, expires_at)
    assert refusal.value.code == "hold_expired"


def test_a_hold_can_be_lengthened_ten_times_by_five_minutes_and_not_for_ever() -> None:
    expires_at = hold_until(START, 10)
    for extensions in range(HOLD_EXTENSIONS):
        expires_at = extended_hold(expires_at, START, extensions=extensions)
    assert HOLD_EXTENSIONS >= 10
    assert expires_at == START + timedelta(minutes=10) + HOLD_EXTENSIONS * timedelta(minutes=5)
    with pytest.raises(Conflict) as refusal:
        extended_hold(expires_at, START, extensions=HOLD_EXTENSIONS)
    assert refusal.value.code == "hold_not_extendable"


def test_an_expired_hold_does_not_come_back_by_being_lengthened() -> None:
    assert extended_hold(START, START - MICROSECOND, extensions=0) == START + HOLD_EXTENSION
    with pytest.raises(Conflict) as refusal:
        extended_hold(START, START, extensions=0)
    assert refusal.value.code == "hold_expired"


# --- Arrival -------------------------------------------------------------------------------------------------------

Window = Callable[[datetime, datetime, int, int], Arrival]


def window_is_right(check: Window) -> bool:
    """Counts whole seconds around windows of several lengths."""
    for early, late in product((0, 1, 10), (0, 1, 10)):
        for seconds in range(-700, 701):
            expected = (
                Arrival.EARLY if seconds < -60 * early else Arrival.LATE if seconds > 60 * late else Arrival.ON_TIME
            )
            if check(START, START + timedelta(seconds=seconds), early, late) is not expected:
                return False
    return True


def test_early_on_time_and_late_meet_at_the_ends_of_the_window() -> None:
    assert window_is_right(check_arrival)


def twin_with_the_ends_swapped(start: datetime, now: datetime, early_min: int, late_min: int) -> Arrival:
    return check_arrival(start, now, late_min, early_min)


def twin_that_is_late_a_second_too_soon(start: datetime, now: datetime, early_min: int, late_min: int) -> Arrival:
    return (
        Arrival.LATE if now >= start + timedelta(minutes=late_min) else check_arrival(start, now, early_min, late_min)
    )


def twin_that_counts_whole_minutes(start: datetime, now: datetime, early_min: int, late_min: int) -> Arrival:
    return check_arrival(start, now.replace(second=0), early_min, late_min)


@pytest.mark.parametrize(
    "twin", [twin_with_the_ends_swapped, twin_that_is_late_a_second_too_soon, twin_that_counts_whole_minutes]
)
def test_the_seconds_catch_each_broken_window(twin: Window) -> None:
    assert not window_is_right(twin)


def test_too_early_is_refused_with_the_instant_from_which_it_works() -> None:
    with pytest.raises(Conflict) as refusal:
        admit(START, START - timedelta(minutes=11), 10, 10)
    assert refusal.value.code == "too_early"
    opens_at = refusal.value.facts["opens_at"]
    assert isinstance(opens_at, datetime)
    assert admit(START, opens_at, 10, 10) is Arrival.ON_TIME


def test_a_late_person_is_let_in_and_marked() -> None:
    assert admit(START, START + timedelta(hours=3), 10, 10) is Arrival.LATE


# --- Codes ---------------------------------------------------------------------------------------------------------


@given(st.integers(0, 9 * 10**7 - 1))
def test_a_new_code_has_eight_digits_and_reads_back_from_its_written_form(drawn: int) -> None:
    def random_below(limit: int) -> int:
        assert limit == 9 * 10**7
        return drawn

    code = new_code(random_below)
    assert len(code) == 8
    assert code[0] != "0"
    assert parse_code(format_code(code)) == code


def test_every_drawn_number_gives_its_own_code() -> None:
    assert len({new_code(lambda _limit, drawn=drawn: drawn) for drawn in range(1000)}) == 1000  # type: ignore[misc]


@pytest.mark.parametrize(
    "typed",
    [
        "4827-3150",
        "48273150",
        " 4827 3150 ",
        "４８２７－３１５０",
        "4827ー3150",
        "4827−3150",
        "4827‐3150",
        "４８２７　３１５０",
        "4 8 2 7 3 1 5 0",
        "4827–3150\n",
        "\u202d4827-3150\u202c",
    ],
)
def test_a_code_is_read_however_it_was_typed(typed: str) -> None:
    assert parse_code(typed) == "48273150"


@pytest.mark.parametrize(
    "typed", ["", "4827-315", "4827-31500", "4827-315O", "٤٨٢٧٣١٥٠", "四八二七三一五〇", "1" * 10_000, "\ud800"]
)
def test_what_is_no_code_is_refused(typed: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_code(typed)
    assert refusal.value.errors[0].code == "not_a_code"


# --- Second factor -------------------------------------------------------------------------------------------------


def test_the_second_factor_is_the_end_of_the_phone_number_or_else_the_pin() -> None:
    assert second_factor("+819000001234", "5678") == "1234"
    assert second_factor(None, "5678") == "5678"
    assert second_factor("", "0042") == "0042"


@pytest.mark.parametrize("drawn", [0, 42, 9999])
def test_a_pin_keeps_its_leading_zeros(drawn: int) -> None:
    pin = new_pin(lambda _limit: drawn)
    assert len(pin) == 4
    assert int(pin) == drawn


@pytest.mark.parametrize(("typed", "matches"), [("1234", True), ("１２３４", True), (" 12 34 ", True), ("1235", False)])
def test_a_second_factor_is_compared_as_digits(typed: str, matches: bool) -> None:
    assert second_factor_matches(typed, "1234") is matches


@given(st.text(alphabet="12４3 ー-x", max_size=8), st.sampled_from(["1234", "1111", "----", ""]))
def test_nothing_but_the_right_four_digits_passes(typed: str, expected: str) -> None:
    left = "".join({"４": "4", " ": "", "ー": "", "-": ""}.get(char, char) for char in typed)
    assert second_factor_matches(typed, expected) is (len(left) == 4 and left == expected)
