"""Rule files of the navigator: check them, with file and line, and load them.

Decides nothing about people; leaves that to `domain.navigator`. A file with any finding is not loaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from queue_app.domain.errors import Refusal
from queue_app.domain.navigator.conditions import Condition
from queue_app.domain.navigator.model import (
    CountsFrom,
    Deadline,
    Document,
    DocumentsIf,
    Kind,
    Level,
    Minutes,
    Option,
    Page,
    Procedure,
    Question,
    QuestionType,
    Rules,
    Stop,
    Warning,
)
from queue_app.services.navigator_conditions import ConditionReader
from queue_app.services.navigator_links import check_links
from queue_app.services.navigator_shape import check_shape
from queue_app.services.navigator_source import Finding, Source, read_source

__all__ = ["Finding", "NavigatorFileRefused", "check_navigator", "load_navigator", "rules_in"]

EASY_JAPANESE = "ja-x-easy"


class NavigatorFileRefused(Refusal):
    """The file has mistakes. `findings` holds all of them, by line."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("navigator_file", findings=[str(finding) for finding in findings])
        self.findings = tuple(findings)


def load_navigator(text: str, name: str = "navigator.yaml") -> Rules:
    """The rules in a file. Raises `NavigatorFileRefused` with everything that is wrong with it."""
    source = _checked(text, name)
    if source.findings:
        raise NavigatorFileRefused(_by_line(source))
    return _rules(source)


@lru_cache(maxsize=8)
def rules_in(text: str) -> Rules:
    """Like `load_navigator`, but a text that was read before is not read again: the same text gives the same rules."""
    return load_navigator(text)


def check_navigator(text: str, name: str = "navigator.yaml") -> list[Finding]:
    """Everything that is wrong with the file, by line; an empty list when it can be loaded."""
    return _by_line(checked_source(text, name))


@lru_cache(maxsize=4)
def checked_source(text: str, name: str) -> Source:
    """The file with everything that is wrong with it; to be read only, since the same text is not read twice."""
    return _checked(text, name)


def _checked(text: str, name: str) -> Source:
    source = read_source(text, name)
    if not source.findings or source.value is not None:
        check_shape(source)
        check_links(source)
    return source


def _by_line(source: Source) -> list[Finding]:
    return sorted(set(source.findings))


def _rules(source: Source) -> Rules:
    file: Any = source.value
    reader = ConditionReader(source)
    return Rules(
        questions=tuple(_question(place, data, reader) for place, data in enumerate(file["questions"])),
        procedures=tuple(_procedure(place, data, reader, file) for place, data in enumerate(file["procedures"])),
        counters={id: _stop(id, data) for id, data in file["counters"].items()},
        documents={id: Document(id, data["label"]) for id, data in file["documents"].items()},
        warnings=tuple(_warning(place, data, reader) for place, data in enumerate(file.get("warnings", ()))),
        pages=tuple(Page(data["id"], data["label"]) for data in file.get("pages", ())),
        city_options=file.get("city_options", {}),
    )


def _question(place: int, data: Mapping[str, Any], reader: ConditionReader) -> Question:
    easy = {EASY_JAPANESE: data["easy_ja"]} if "easy_ja" in data else {}
    return Question(
        id=data["id"],
        type=QuestionType(data["type"]),
        default=data["default"],
        label={**data["label"], **easy},
        options=tuple(Option(option["value"], option["label"]) for option in data.get("options", ())),
        show_when=reader.at("questions", place, "show_when") if "show_when" in data else None,
        derived_from=tuple(data.get("derived_from", ())),
        page=data.get("page", ""),
        minimum=data.get("min"),
        maximum=data.get("max"),
    )


def _procedure(place: int, data: Mapping[str, Any], reader: ConditionReader, file: Mapping[str, Any]) -> Procedure:
    here = ("procedures", place)
    counter = data.get("counter", "")
    extras = data.get("documents_if", ())
    return Procedure(
        id=data["id"],
        label=data["label"],
        kind=Kind(data["kind"]),
        when=_sure(reader.at(*here, "when")),
        counter=counter,
        service=data.get("service") or file["counters"].get(counter, {}).get("service", counter),
        online_if=reader.at(*here, "online_if") if "online_if" in data else None,
        count=data.get("count"),
        minutes=Minutes(**data["minutes"]) if "minutes" in data else Minutes(0),
        after=tuple(data.get("after", ())),
        who=data.get("who", {}),
        deadline=_deadline(data["deadline"]) if "deadline" in data else None,
        earliest_days=0 if "earliest" in data else data.get("earliest_days_before_move"),
        bookable=data.get("bookable", False),
        documents=tuple(data.get("documents", ())),
        documents_if=tuple(
            DocumentsIf(_sure(reader.at(*here, "documents_if", number, "when")), tuple(extra["add"]))
            for number, extra in enumerate(extras)
        ),
        url=data.get("url", ""),
    )


def _deadline(data: Mapping[str, Any]) -> Deadline:
    return Deadline(
        days=data["days"],
        counts_from=CountsFrom(data.get("from", CountsFrom.MOVE_DATE)),
        first_day_counted=data.get("first_day_counted", False),
        rolls_to_open_day="if_closed" in data,
        statutory=data.get("statutory", False),
        law=data.get("law", {}),
        note=data.get("note", {}),
    )


def _stop(id: str, data: Mapping[str, Any]) -> Stop:
    return Stop(
        id=id,
        order=data["order"],
        walk_minutes=data["walk_minutes"],
        label=data["label"],
        section=data.get("section", {}),
        service=data.get("service", id),
        windows=tuple(data.get("windows", ())),
        floor=data.get("floor"),
        building=data.get("building", {}),
    )


def _warning(place: int, data: Mapping[str, Any], reader: ConditionReader) -> Warning:
    return Warning(data["id"], Level(data["level"]), _sure(reader.at("warnings", place, "when")), data["label"])


def _sure(condition: Condition | None) -> Condition:
    assert condition is not None, "the file was checked"
    return condition
