"""Whether a condition can come true at all, over the answers that a file declares.

Decides by search with three-valued logic: numbers are tried around every number that the condition compares with, so
the search is complete. Made for the checker; evaluating answers does not need it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from queue_app.domain.navigator.answers import COMPUTE
from queue_app.domain.navigator.conditions import (
    Answer,
    AtLeast,
    AtMost,
    Condition,
    Is,
    Leaf,
    OneOf,
    leaves,
    open_questions,
)

MOST_STEPS = 20_000
"""A condition that is not settled by then is taken for possible: the checker must not accuse what it has not seen."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What can be answered. `values` for choices and switches, `limits` for numbers (least and most, None for open),
    `sources` for computed numbers."""

    values: Mapping[str, tuple[Answer, ...]] = field(default_factory=dict)
    limits: Mapping[str, tuple[int | None, int | None]] = field(default_factory=dict)
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def can_be_true(condition: Condition, declared: Declared) -> bool:
    """False only when no possible answers make the condition true."""
    return _Search(declared, _numbers(condition)).settle(condition, {})


def tells_apart(leaf: Leaf, value: Answer, other: Answer) -> bool:
    """Whether the comparison sees a difference between two answers."""
    return leaf.verdict({leaf.question: value}) != leaf.verdict({leaf.question: other})


class _Search:
    def __init__(self, declared: Declared, numbers: set[int]) -> None:
        self.declared = declared
        self.numbers = numbers
        self.steps = 0

    def settle(self, condition: Condition, tried: dict[str, Answer]) -> bool:
        self.steps += 1
        if self.steps > MOST_STEPS:
            return True
        known = tried | self._computed(tried)
        verdict = condition.verdict(known)
        if verdict is not None:
            return verdict
        name = self._next(condition, known)
        return any(self.settle(condition, tried | {name: value}) for value in self._values(name))

    def _computed(self, tried: dict[str, Answer]) -> dict[str, Answer]:
        return {
            name: COMPUTE[name]([int(tried[source]) for source in sources])
            for name, sources in self.declared.sources.items()
            if all(source in tried for source in sources)
        }

    def _next(self, condition: Condition, known: Mapping[str, Answer]) -> str:
        """An answer that the condition waits for; instead of a computed one, a source of it."""
        name = min(open_questions(condition, known))
        return next((source for source in self.declared.sources.get(name, ()) if source not in known), name)

    def _values(self, name: str) -> list[Answer]:
        if name in self.declared.values:
            return list(self.declared.values[name])
        least, most = self.declared.limits.get(name, (None, None))
        edges = {edge for edge in (least, most) if edge is not None}
        return [
            number
            for number in sorted(self.numbers | edges)
            if (least is None or number >= least) and (most is None or number <= most)
        ]


def _numbers(condition: Condition) -> set[int]:
    """Every number that the condition compares with, its neighbours, and the small ones that sums are made of."""
    numbers = {0, 1}
    for leaf in leaves(condition):
        for number in _compared_with(leaf):
            numbers |= {number - 1, number, number + 1}
    return numbers


def _compared_with(leaf: Leaf) -> tuple[int, ...]:
    match leaf:
        case AtLeast(_, number) | AtMost(_, number):
            return (number,)
        case Is(_, value):
            return (value,) if isinstance(value, int) else ()
        case OneOf(_, values):
            return tuple(value for value in values if isinstance(value, int))
