"""The navigator's rules as values: questions, procedures, counters, documents, warnings.

Decides nothing. `services.navigator_file` makes these from a file that it has checked, so every id used here exists, no
`after` runs in a circle, and every default has its question's type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from queue_app.domain.navigator.conditions import Answer, Condition
from queue_app.domain.office import Labels


class QuestionType(StrEnum):
    CHOICE = "choice"
    INTEGER = "integer"
    BOOLEAN = "boolean"


class Kind(StrEnum):
    """Where a procedure is done: at a counter, on the web, nowhere (only to know), or at another body."""

    VISIT = "visit"
    ONLINE = "online"
    INFO = "info"
    EXTERNAL = "external"


class Level(StrEnum):
    """How loud a warning is; `block` means that the visit cannot succeed as planned."""

    BLOCK = "block"
    CAUTION = "caution"
    INFO = "info"


class CountsFrom(StrEnum):
    """The day from which a deadline runs."""

    MOVE_DATE = "move_date"
    CHANGE_DATE = "change_date"
    PLANNED_MOVEOUT_DATE = "planned_moveout_date"
    FILING_DATE = "filing_date"


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: Labels


@dataclass(frozen=True, slots=True)
class Question:
    """`derived_from` names what the answer is computed from: other questions, or dates (see `household`)."""

    id: str
    type: QuestionType
    default: Answer
    label: Labels
    options: tuple[Option, ...] = ()
    show_when: Condition | None = None
    derived_from: tuple[str, ...] = ()
    page: str = ""
    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Questions that are asked together, under one heading."""

    id: str
    label: Labels


@dataclass(frozen=True, slots=True)
class Stop:
    """A counter as the route sees it: a place with one or more windows of the same work."""

    id: str
    order: int
    walk_minutes: int
    label: Labels
    section: Labels
    service: str
    windows: tuple[int, ...] = ()
    floor: int | None = None
    building: Labels = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Document:
    id: str
    label: Labels


@dataclass(frozen=True, slots=True)
class DocumentsIf:
    when: Condition
    add: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Minutes:
    first: int
    each_extra: int = 0


@dataclass(frozen=True, slots=True)
class Deadline:
    """`days` is None where only the note says when."""

    days: int | None
    counts_from: CountsFrom = CountsFrom.MOVE_DATE
    first_day_counted: bool = False
    rolls_to_open_day: bool = False
    statutory: bool = False
    law: Labels = field(default_factory=dict)
    note: Labels = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Procedure:
    """`counter` and `minutes` mean something for visits only; `earliest_days` is counted back from the move."""

    id: str
    label: Labels
    kind: Kind
    when: Condition
    counter: str = ""
    service: str = ""
    online_if: Condition | None = None
    count: str | None = None
    minutes: Minutes = Minutes(0)
    after: tuple[str, ...] = ()
    who: Labels = field(default_factory=dict)
    deadline: Deadline | None = None
    earliest_days: int | None = None
    bookable: bool = False
    documents: tuple[str, ...] = ()
    documents_if: tuple[DocumentsIf, ...] = ()
    url: str = ""
    """Where it is done, or read about, without coming; https only."""


@dataclass(frozen=True, slots=True)
class Warning:
    id: str
    level: Level
    when: Condition
    label: Labels


@dataclass(frozen=True, eq=False)
class Rules:
    """One city's rules, all in file order. `city_options` are switches that conditions may read like answers."""

    questions: tuple[Question, ...]
    procedures: tuple[Procedure, ...]
    counters: Mapping[str, Stop]
    documents: Mapping[str, Document]
    warnings: tuple[Warning, ...]
    pages: tuple[Page, ...] = ()
    city_options: Mapping[str, bool] = field(default_factory=dict)

    @cached_property
    def question(self) -> Mapping[str, Question]:
        return {question.id: question for question in self.questions}

    @cached_property
    def position(self) -> Mapping[str, int]:
        """Where each procedure stands in the file; breaks ties in the order of visits."""
        return {procedure.id: place for place, procedure in enumerate(self.procedures)}

    def is_computed(self, question: Question) -> bool:
        """Whether the answer follows from other answers, so that it is never asked."""
        return bool(question.derived_from) and all(source in self.question for source in question.derived_from)
