"""Conditions over answers: what the `when`, `show_when` and `*_if` of the rule file become.

Decides whether a condition is true, false or still open when only some answers are known. With every answer known it is
never open. Names of conditions are resolved when the file is read, so there is none here.

Source: rule 2 of the evaluation rules in offices/aoba-navigator.yaml; open answers follow Kleene's three-valued logic.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Answer = bool | int | str
Known = Mapping[str, Answer]
"""The answers known so far, by question id."""


@dataclass(frozen=True, slots=True)
class Is:
    question: str
    value: Answer

    def verdict(self, known: Known) -> bool | None:
        answer = known.get(self.question)
        return None if answer is None else answer == self.value


@dataclass(frozen=True, slots=True)
class OneOf:
    question: str
    values: tuple[Answer, ...]

    def verdict(self, known: Known) -> bool | None:
        answer = known.get(self.question)
        return None if answer is None else answer in self.values


@dataclass(frozen=True, slots=True)
class AtLeast:
    question: str
    number: int

    def verdict(self, known: Known) -> bool | None:
        answer = known.get(self.question)
        return None if answer is None else int(answer) >= self.number


@dataclass(frozen=True, slots=True)
class AtMost:
    question: str
    number: int

    def verdict(self, known: Known) -> bool | None:
        answer = known.get(self.question)
        return None if answer is None else int(answer) <= self.number


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple[Condition, ...]

    def verdict(self, known: Known) -> bool | None:
        is_open = False
        for part in self.parts:
            verdict = part.verdict(known)
            if verdict is False:
                return False
            is_open = is_open or verdict is None
        return None if is_open else True


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Condition, ...]

    def verdict(self, known: Known) -> bool | None:
        is_open = False
        for part in self.parts:
            verdict = part.verdict(known)
            if verdict is True:
                return True
            is_open = is_open or verdict is None
        return None if is_open else False


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition

    def verdict(self, known: Known) -> bool | None:
        verdict = self.part.verdict(known)
        return None if verdict is None else not verdict


Leaf = Is | OneOf | AtLeast | AtMost
Condition = Leaf | AllOf | AnyOf | Not

ALWAYS = AllOf(())


def both(first: Condition, second: Condition) -> Condition:
    return AllOf((first, second))


def leaves(condition: Condition) -> Iterator[Leaf]:
    """Every comparison in the condition, from left to right."""
    if isinstance(condition, AllOf | AnyOf):
        for part in condition.parts:
            yield from leaves(part)
    elif isinstance(condition, Not):
        yield from leaves(condition.part)
    else:
        yield condition


def open_questions(condition: Condition, known: Known) -> set[str]:
    """The questions whose answers the condition still waits for. Empty once it is decided."""
    if condition.verdict(known) is not None:
        return set()
    if isinstance(condition, AllOf | AnyOf):
        return set().union(*(open_questions(part, known) for part in condition.parts))
    if isinstance(condition, Not):
        return open_questions(condition.part, known)
    return {condition.question}
