"""The table of transitions, the state of a visit, and how a number looks."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue_app.domain.errors import NotAllowed
from queue_app.domain.ticket import (
    TRANSITIONS,
    Action,
    StageKind,
    State,
    fits,
    format_number,
    next_state,
    normalise_number,
    ticket_state,
)

PUBLISHED = {
    ("waiting", "call"): "called",
    ("waiting", "take_up"): "serving",
    ("waiting", "cancel"): "cancelled",
    ("called", "recall"): "called",
    ("called", "start"): "serving",
    ("called", "miss"): "missed",
    ("missed", "requeue"): "waiting",
    ("missed", "cancel"): "cancelled",
    ("serving", "hold"): "held",
    ("serving", "forward"): "done",
    ("serving", "finish"): "done",
    ("held", "resume"): "serving",
    ("held", "call"): "called",
    ("held", "cancel"): "cancelled",
}
"""The public table, written out a second time: a change of the code alone is caught."""


def test_the_table_is_the_published_one() -> None:
    assert {(str(s), str(a)): str(after) for (s, a), after in TRANSITIONS.items()} == PUBLISHED


@pytest.mark.parametrize(("state", "action", "kind"), list(product(State, Action, StageKind)))
def test_every_pair_leads_where_the_table_says_or_is_refused(state: State, action: Action, kind: StageKind) -> None:
    if (state, action) in PUBLISHED and fits(action, kind):
        assert next_state(state, action, kind) == PUBLISHED[state, action]
    else:
        with pytest.raises(NotAllowed) as refused:
            next_state(state, action, kind)
        assert refused.value.facts == {"state": state, "action": action}


def test_nobody_is_called_to_a_back_office_and_nothing_else_is_taken_up() -> None:
    assert not fits(Action.CALL, StageKind.BACK_OFFICE)
    assert fits(Action.TAKE_UP, StageKind.BACK_OFFICE)
    assert not fits(Action.TAKE_UP, StageKind.RECEPTION)


def test_nothing_leads_out_of_an_end() -> None:
    assert {state for state, _ in TRANSITIONS} & {State.DONE, State.CANCELLED} == set()


STAGES = st.lists(st.tuples(st.sampled_from(StageKind), st.sampled_from(State)), min_size=1, max_size=6)


@given(STAGES)
def test_the_visit_shows_the_state_of_one_of_its_stages(stages: list[tuple[StageKind, State]]) -> None:
    assert ticket_state(stages) in {state for _, state in stages}


@given(STAGES)
def test_the_order_of_the_stages_does_not_matter(stages: list[tuple[StageKind, State]]) -> None:
    assert ticket_state(stages) == ticket_state(stages[::-1])


def test_somebody_who_waits_to_be_called_waits_even_while_papers_are_examined() -> None:
    parallel = [(StageKind.BACK_OFFICE, State.SERVING), (StageKind.RECEPTION, State.WAITING)]
    assert ticket_state(parallel) is State.WAITING


def test_work_behind_the_counter_shows_when_nothing_else_is_ready() -> None:
    behind = [(StageKind.RECEPTION, State.DONE), (StageKind.BACK_OFFICE, State.SERVING)]
    assert ticket_state(behind) is State.SERVING


def test_letters_have_three_digits_and_grow_past_999() -> None:
    assert [format_number("A", n) for n in (1, 23, 999, 1000)] == ["A001", "A023", "A999", "A1000"]


def test_bands_count_from_their_own_hundred() -> None:
    assert [format_number("200", n) for n in (1, 2, 99)] == ["201", "202", "299"]


@given(st.integers(1, 3_000), st.integers(1, 3_000))
def test_neighbouring_bands_never_give_the_same_number(low: int, high: int) -> None:
    assert format_number("200", low, width=199) != format_number("400", high, width=199)


@given(st.integers(1, 30_000), st.integers(1, 30_000))
def test_a_band_never_repeats_itself(one: int, other: int) -> None:
    same = format_number("200", one, width=199) == format_number("200", other, width=199)
    assert same == (one == other)


@pytest.mark.parametrize("typed", ["a023", "Ａ０２３", "A-023", " A 023 ", "Ａ－０２３"])
def test_a_number_is_understood_however_it_is_typed(typed: str) -> None:
    assert normalise_number(typed) == "A023"
