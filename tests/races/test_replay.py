"""The judge of mixed days is judged: a played day passes, and each of twenty seeded mistakes in it is found."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests.races.replay import Happened, Press, impossible, out_of_time, unexplained

History = list[Happened]


def day() -> History:
    rows = [
        ("issued", 1, None), ("issued", 2, None), ("issued", 3, None), ("called", 1, "1"), ("recalled", 1, "1"),
        ("started", 1, "1"), ("called", 2, "2"), ("missed", 2, "2"), ("held", 1, "1"), ("called", 3, "1"),
        ("requeued", 2, None), ("started", 3, "1"), ("called", 2, "2"), ("forwarded", 3, "1"), ("resumed", 1, "1"),
        ("finished", 1, "1"), ("started", 2, "2"), ("finished", 2, "2"), ("called", 3, "1"),
    ]  # fmt: skip
    made = [Happened(n, n, name, ticket, counter, "moving") for n, (name, ticket, counter) in enumerate(rows, 1)]
    in_order = {4, 7, 10}
    made = [one._replace(why="in_order") if one.version in in_order else one for one in made]
    return [
        *made,
        Happened(20, 20, "undone", 3, "1", "moving", undoes=19),
        Happened(21, 21, "cancelled", 3, None, "moving"),
    ]


def without(*versions: int) -> Callable[[History], History]:
    return lambda history: [one for one in history if one.version not in versions]


def swapped(one: int, other: int) -> Callable[[History], History]:
    places = {one: other, other: one}
    return lambda history: [row._replace(version=places.get(row.version, row.version)) for row in history]


def but(version: int, **facts: object) -> Callable[[History], History]:
    return lambda history: [row._replace(**facts) if row.version == version else row for row in history]  # type: ignore[arg-type]


def again(version: int) -> Callable[[History], History]:
    return lambda history: [*history, history[version - 1]._replace(id=99, version=99)]


SEEDED = {
    "an issue is lost": without(1),
    "a call is lost": without(4),
    "a start is lost": without(6),
    "a miss is lost": without(8),
    "a requeue is lost": without(11),
    "a hold is lost": without(9),
    "a forward is lost": without(14),
    "a number is given twice": again(1),
    "a person is called who is done": again(4),
    "finished twice": again(16),
    "undone twice": again(20),
    "cancelled twice": again(21),
    "an undo of nothing": but(20, undoes=77),
    "two at one counter": but(7, counter="1"),
    "resumed where somebody is": but(15, counter="2"),
    "the second is called first": lambda h: but(4, ticket=2)(without(5, 6, 7, 8, 9, 11, 13, 14, 15, 16, 17, 18)(h)),
    "called before the number was given": swapped(1, 4),
    "started before it was called": swapped(4, 6),
    "requeued before it was missed": swapped(8, 11),
    "held before it was started": swapped(6, 9),
}


def test_a_played_day_is_possible() -> None:
    assert impossible(day()) == []


@pytest.mark.parametrize("broken", SEEDED.values(), ids=SEEDED)
def test_a_seeded_mistake_in_a_day_is_found(broken: Callable[[History], History]) -> None:
    assert impossible(broken(day())) != []


def presses() -> list[Press]:
    """Each event as somebody's press, stretched around its moment."""
    dice = random.Random(3)
    what = {"called": "call", "issued": "issue", "recalled": "recall", "started": "start", "missed": "miss"}
    return [
        Press(
            e.version - dice.random() * 2,
            e.version + dice.random() * 2,
            what[e.name],
            200,
            e.version,
            e.ticket,
            "",
            None,
        )
        for e in day()
        if e.name in what
    ]


def test_presses_around_their_events_are_in_time_and_explained() -> None:
    assert out_of_time(presses()) == []
    assert unexplained(day(), presses()) == []


def test_a_press_that_stands_before_an_older_answer_is_found() -> None:
    late = presses()[0]._replace(asked=50.0, answered=51.0)
    assert out_of_time([*presses()[1:], late]) != []


def test_an_answer_without_an_event_and_two_for_one_are_found() -> None:
    assert unexplained(day()[1:], presses()) != []
    assert unexplained(day(), [*presses(), presses()[0]]) != []
    assert unexplained(day(), [presses()[0]._replace(ticket=2)]) != []
