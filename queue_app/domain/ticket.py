"""One arrival = one ticket = one number, carried through stages; and the one table of what may happen to a stage.

Decides which action leads from which state to which, what a ticket's state is when its stages differ, and how a
number looks. Leaves the choice of the next person to `discipline` and of the next stage to `itinerary`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum

from queue_app.domain.errors import NotAllowed

UNDO_WINDOW = timedelta(seconds=10)
"""How long the last action on a ticket can be taken back."""


class State(StrEnum):
    """Where a stage stands. A ticket shows the state of the stage that matters most to its holder."""

    WAITING = "waiting"
    CALLED = "called"
    SERVING = "serving"
    HELD = "held"
    MISSED = "missed"
    DONE = "done"
    CANCELLED = "cancelled"


class Action(StrEnum):
    """What a person does to a stage."""

    CALL = "call"
    TAKE_UP = "take_up"
    RECALL = "recall"
    START = "start"
    MISS = "miss"
    REQUEUE = "requeue"
    HOLD = "hold"
    RESUME = "resume"
    FORWARD = "forward"
    FINISH = "finish"
    CANCEL = "cancel"


class StageKind(StrEnum):
    """What is done at a stage. Nobody is called to a back office."""

    RECEPTION = "reception"
    BACK_OFFICE = "back_office"
    HANDOVER = "handover"


LIVE = (State.WAITING, State.CALLED, State.SERVING, State.HELD, State.MISSED)
AT_A_COUNTER = (State.CALLED, State.SERVING)

TRANSITIONS: dict[tuple[State, Action], State] = {
    (State.WAITING, Action.CALL): State.CALLED,
    (State.WAITING, Action.TAKE_UP): State.SERVING,
    (State.WAITING, Action.CANCEL): State.CANCELLED,
    (State.CALLED, Action.RECALL): State.CALLED,
    (State.CALLED, Action.START): State.SERVING,
    (State.CALLED, Action.MISS): State.MISSED,
    (State.MISSED, Action.REQUEUE): State.WAITING,
    (State.MISSED, Action.CANCEL): State.CANCELLED,
    (State.SERVING, Action.HOLD): State.HELD,
    (State.SERVING, Action.FORWARD): State.DONE,
    (State.SERVING, Action.FINISH): State.DONE,
    (State.HELD, Action.RESUME): State.SERVING,
    (State.HELD, Action.CALL): State.CALLED,
    (State.HELD, Action.CANCEL): State.CANCELLED,
}
"""The whole table. After forward and finish the *stage* is done; the ticket waits again if a stage is left."""


def next_state(state: State, action: Action, kind: StageKind) -> State:
    """The state after the action, or `NotAllowed`. Back-office work is taken up, everything else is called."""
    after = TRANSITIONS.get((state, action))
    if after is None or not fits(action, kind):
        raise NotAllowed(state, action)
    return after


def fits(action: Action, kind: StageKind) -> bool:
    """Nobody is called to a back office, and nothing else is taken up."""
    if kind is StageKind.BACK_OFFICE:
        return action is not Action.CALL
    return action is not Action.TAKE_UP


_MATTERS_MOST = (State.CALLED, State.SERVING, State.MISSED, State.HELD, State.WAITING)


def ticket_state(stages: Iterable[tuple[StageKind, State]]) -> State:
    """The state of the whole visit, from the stages that are ready or over (a later stage says nothing yet).

    A stage with the resident present outranks back-office work: somebody who waits to be called is `waiting` even
    while the papers are examined. With nothing live left, one finished stage makes the visit `done`.
    """
    listed = list(stages)
    in_person = {state for kind, state in listed if kind is not StageKind.BACK_OFFICE}
    behind = {state for kind, state in listed if kind is StageKind.BACK_OFFICE}
    for group in (in_person, behind):
        for state in _MATTERS_MOST:
            if state in group:
                return state
    return State.DONE if State.DONE in in_person | behind else State.CANCELLED


def format_number(series: str, number: int, *, width: int | None = None) -> str:
    """The number as printed: a letter and three digits (`A001`), or the bare number of a band (`201`).

    A series is a letter, or a number band named by the number before its first one (`200` gives 201, 202, ...).
    `width` is how many numbers fit before the next band; a band that is used up goes on with 10 000 added, so that
    it never runs into its neighbour. After 999 comes 1000: nothing is cut off.
    """
    if not series.isdecimal():
        return f"{series}{number:03d}"
    lap, offset = divmod(number - 1, width) if width else (0, number - 1)
    return str(int(series) + offset + 1 + 10_000 * lap)


def normalise_number(text: str) -> str:
    """What somebody typed for a number: full-width digits, small letters and hyphens are all right."""
    plain = unicodedata.normalize("NFKC", text).upper()
    return "".join(char for char in plain if char.isalnum())
