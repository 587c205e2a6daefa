"""The judge of histories is judged: good days pass, twenty seeded mistakes do not. Then it judges the product."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Callable

import pytest
from flask import Flask

from tests.races.arena import Arena, Pressed, together
from tests.races.history import EMPTY, UNKNOWN, Op, interval_faults, is_linearizable
from tests.world import Clock, World

WINDOWS = int(os.environ.get("WINDOWS", "2000"))


def good_day(seed: int, length: int = 14, *, lost: float = 0.0) -> list[Op]:
    """A history of a correct queue: effects in one order, each press stretched around its effect."""
    dice = random.Random(seed)
    waiting: list[str] = []
    history: list[Op] = []
    numbers = (f"B{n:03d}" for n in itertools.count(1))
    for moment in range(length):
        asked, answered = moment - dice.uniform(0, 2.5), moment + dice.uniform(0, 2.5)
        if dice.random() < 0.55:
            waiting.append(next(numbers))
            kind, result = "issue", waiting[-1]
        else:
            kind, result = "call", waiting.pop(0) if waiting else EMPTY
        history.append(Op(kind, asked, answered, UNKNOWN if dice.random() < lost else result))
    return history


def is_wrong(history: list[Op]) -> bool:
    return bool(interval_faults(history)) or not is_linearizable(history)


@pytest.mark.parametrize("seed", range(60))
def test_a_good_day_passes(seed: int) -> None:
    history = good_day(seed)
    assert interval_faults(history) == []
    assert is_linearizable(history)


@pytest.mark.parametrize("seed", range(20))
def test_answers_that_were_lost_are_no_fault(seed: int) -> None:
    history = good_day(seed, lost=0.2)
    assert is_linearizable(history)


def seq(*ops: tuple[str, str]) -> list[Op]:
    """Presses one strictly after the other."""
    return [Op(kind, 2.0 * n, 2.0 * n + 1, result) for n, (kind, result) in enumerate(ops)]


def i(number: str) -> tuple[str, str]:
    return "issue", number


def c(number: str) -> tuple[str, str]:
    return "call", number


SEEDED = {
    "called twice": seq(i("1"), c("1"), c("1")),
    "called twice, much later": seq(i("1"), i("2"), c("1"), c("2"), c("1")),
    "called twice at the same instant": [Op("issue", 0, 1, "1"), Op("call", 2, 4, "1"), Op("call", 2, 4, "1")],
    "number given twice": seq(i("1"), i("1"), c("1")),
    "number given twice at the same instant": [Op("issue", 0, 2, "1"), Op("issue", 0, 2, "1")],
    "number given again after its call": seq(i("1"), c("1"), i("1")),
    "called without a number": seq(i("1"), c("7")),
    "called before it was asked for": seq(c("1"), i("1")),
    "two swapped": seq(i("1"), i("2"), c("2"), c("1")),
    "first passed by and never called": seq(i("1"), i("2"), i("3"), c("2"), c("3")),
    "last in, first out": seq(i("1"), i("2"), i("3"), c("3"), c("2"), c("1")),
    "passed by two": seq(i("1"), i("2"), i("3"), c("2"), c("3"), c("1")),
    "nobody waits, though one does": seq(i("1"), c(EMPTY)),
    "nobody waits, though one is called later": seq(i("1"), c(EMPTY), c("1")),
    "nobody waits, between two calls": seq(i("1"), i("2"), c("1"), c(EMPTY), c("2")),
    "lost after a crash": seq(i("1"), i("2"), c("1"), i("3"), c("3")),
    "cyclic among three": [
        Op("issue", 0, 10, "1"), Op("issue", 0, 1, "2"), Op("issue", 2, 3, "3"),
        Op("call", 11, 12, "3"), Op("call", 13, 14, "1"), Op("call", 15, 16, "2"),
    ],
    "overlapping issues, calls before the earlier one": [
        Op("issue", 0, 5, "1"), Op("issue", 1, 2, "2"), Op("issue", 3, 4, "3"), Op("call", 6, 7, "3"), Op("call", 8, 9, "2"),
    ],
    "empty while one waits and one comes": [
        Op("issue", 0, 1, "1"), Op("issue", 2, 5, "2"), Op("call", 3, 4, EMPTY), Op("call", 6, 7, "1"),
    ],
    "explained only by an effect after its answer": [
        Op("call", 0, 1, "1"), Op("issue", 0, 0.5, "2"), Op("issue", 2, 3, "1"), Op("call", 4, 5, "2"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("history", SEEDED.values(), ids=SEEDED)
def test_a_seeded_mistake_is_found(history: list[Op]) -> None:
    assert is_wrong(history)


def test_there_are_twenty_seeded_mistakes() -> None:
    assert len(SEEDED) == 20


def window(arena: Arena) -> list[Op]:
    """Two kiosks and every counter press three times at once; then the hall is empty again."""

    def door() -> list[tuple[str, Pressed]]:
        return [("issue", arena.press_issue()) for _ in range(3)]

    def counter(code: str) -> Callable[[], list[tuple[str, Pressed]]]:
        return lambda: [("call", arena.press_call(code)) for _ in range(3)]

    done = together([door, door, *(counter(code) for code in arena.codes)])
    while arena.press_call(arena.codes[0]).status == 201:
        pass
    return [
        Op(kind, press.asked, press.answered, press.number or EMPTY)
        for presses in done
        if isinstance(presses, list)
        for kind, press in presses
    ]


def judge_windows(arena: Arena, count: int) -> None:
    for _ in range(count):
        history = window(arena)
        assert len(history) == 15
        assert interval_faults(history) == []
        assert is_linearizable(history)


def test_kiosks_and_clerks_at_once_leave_a_history_that_one_order_explains(app: Flask, clock: Clock) -> None:
    judge_windows(Arena(World(app, clock), 3), 2)


@pytest.mark.storm
@pytest.mark.timeout(7200)
def test_two_thousand_windows_are_each_explained_by_one_order(app: Flask, clock: Clock) -> None:
    judge_windows(Arena(World(app, clock), 3), WINDOWS)
