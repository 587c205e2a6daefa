"""Conditions of a rule file, from plain values to `domain.navigator.conditions`.

Decides whether a condition is well formed and whether what it names exists and has the right type. Names are resolved
here, loops among them found. Every mistake is reported once, on its own line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from queue_app.domain.navigator.conditions import (
    AllOf,
    Answer,
    AnyOf,
    AtLeast,
    AtMost,
    Condition,
    Is,
    Not,
    OneOf,
)
from queue_app.domain.navigator.model import QuestionType
from queue_app.services.navigator_source import Path, Source

TYPES = {QuestionType.BOOLEAN: bool, QuestionType.INTEGER: int, QuestionType.CHOICE: str}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a comparison may name: a question, or a switch of the city (which is a boolean)."""

    type: QuestionType
    options: tuple[str, ...] = ()

    def accepts(self, value: object) -> bool:
        return type(value) is TYPES[self.type]


class ConditionReader:
    """Reads the conditions of one file. None stands for a condition in which something was reported."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.subjects = _subjects(source)
        self.named: dict[str, Condition | None] = {}
        self._under_way: list[str] = []
        for name in source.mapping("conditions"):
            self._resolve(name)

    def read_all(self, paths: Iterable[Path]) -> tuple[dict[Path, Condition], bool]:
        """The readable conditions among these, by path, and whether every condition of the file was readable."""
        read = {path: self._read(path, self.source.at(path)) for path in paths}
        good = {path: condition for path, condition in read.items() if condition is not None}
        return good, len(good) == len(read) and None not in self.named.values()

    def at(self, *path: str | int) -> Condition | None:
        """The condition that stands at a path."""
        return self._read(path, self.source.at(path))

    def _resolve(self, name: str) -> Condition | None:
        if name not in self.named:
            self._under_way.append(name)
            condition = self.at("conditions", name)
            self._under_way.pop()
            self.named.setdefault(name, condition)
        return self.named[name]

    def _read(self, path: Path, value: object) -> Condition | None:
        if isinstance(value, dict):
            match sorted(value):
                case ["all" | "any" as key]:
                    return self._parts((*path, key), value[key], AllOf if key == "all" else AnyOf)
                case ["not"]:
                    part = self._read((*path, "not"), value["not"])
                    return None if part is None else Not(part)
                case ["c"]:
                    return self._name((*path, "c"), value["c"])
                case ["is" | "in" | "gte" | "lte" as verb, "q"] | ["q", "is" | "in" | "gte" | "lte" as verb]:
                    return self._comparison(path, value["q"], verb)
        self.source.add(path, "not_a_condition", "A condition is {q, is|in|gte|lte}, {all}, {any}, {not} or {c}")
        return None

    def _parts(self, path: Path, value: object, kind: type[AllOf] | type[AnyOf]) -> Condition | None:
        if not isinstance(value, list) or not value:
            self.source.add(path, "wrong_type", f"{path[-1]} should be a list of conditions")
            return None
        parts = [self._read((*path, place), part) for place, part in enumerate(value)]
        whole = tuple(part for part in parts if part is not None)
        return kind(whole) if len(whole) == len(parts) else None

    def _name(self, path: Path, name: object) -> Condition | None:
        if name in self._under_way:
            circle = " -> ".join([*self._under_way[self._under_way.index(str(name)) :], str(name)])
            self.source.add(path, "condition_loop", f"Conditions go round in a circle: {circle}")
            return None
        if not isinstance(name, str) or name not in self.source.mapping("conditions"):
            self.source.add(path, "unknown_condition", f"There is no condition {name}")
            return None
        return self._resolve(name)

    def _comparison(self, path: Path, name: object, verb: str) -> Condition | None:
        subject = self.subjects.get(name) if isinstance(name, str) else None
        if subject is None:
            self.source.add((*path, "q"), "unknown_question", f"There is no question {name}")
            return None
        operand = self.source.at((*path, verb))
        if verb == "in" and (not isinstance(operand, list) or not operand):
            self.source.add((*path, verb), "wrong_type", "in should be a list of answers")
            return None
        return self._checked((*path, verb), str(name), subject, operand)

    def _checked(self, path: Path, name: str, subject: Subject, operand: object) -> Condition | None:
        """Report unsuitable answers; the verb is the last step of the path."""
        verb = path[-1]
        if verb in ("gte", "lte") and subject.type is not QuestionType.INTEGER:
            self.source.add(path, "wrong_type", f"{verb} needs a question with a number; {name} is {subject.type}")
            return None
        several: list[Any] = list(operand) if verb == "in" and isinstance(operand, list) else [operand]
        good = [self._suits(path, name, subject, value) for value in several]
        return _leaf(str(verb), name, several) if all(good) else None

    def _suits(self, path: Path, name: str, subject: Subject, value: object) -> bool:
        if not subject.accepts(value):
            self.source.add(path, "wrong_type", f"{value!r} cannot be an answer to {name}, which is {subject.type}")
            return False
        if subject.type is QuestionType.CHOICE and value not in subject.options:
            self.source.add(path, "unknown_option", f"{name} has no option {value}")
            return False
        return True


def _leaf(verb: str, name: str, values: list[Answer]) -> Condition:
    match verb:
        case "is":
            return Is(name, values[0])
        case "in":
            return OneOf(name, tuple(values))
        case "gte":
            return AtLeast(name, int(values[0]))
        case _:
            return AtMost(name, int(values[0]))


def _subjects(source: Source) -> Mapping[str, Subject]:
    subjects = {name: Subject(QuestionType.BOOLEAN) for name in source.mapping("city_options")}
    for place, question in enumerate(source.sequence("questions")):
        entry = question if isinstance(question, dict) else {}
        if isinstance(entry.get("id"), str) and str(entry.get("type")) in _TYPE_NAMES:
            subject = Subject(QuestionType(str(entry["type"])), option_values(source, place))
            subjects.setdefault(entry["id"], subject)  # Of two with one id, which is reported, the first counts.
    return subjects


def option_values(source: Source, place: int) -> tuple[str, ...]:
    """The values of the options of the question at a place in the list, as many as there are options."""
    options = source.sequence("questions", place, "options")
    return tuple(str(option.get("value")) if isinstance(option, dict) else "" for option in options)


_TYPE_NAMES = frozenset(str(type) for type in QuestionType)
