"""Whether every entry of a rule file has the keys and the types that it should have.

Decides entry by entry. Whether the ids in them exist is for `navigator_links`. Keys that nobody knows are reported:
they are usually slips of the pen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from queue_app.domain.navigator.model import CountsFrom, Kind, Level, QuestionType
from queue_app.services.navigator_source import Path, Source

Check = Callable[[Source, Path, object], None]


@dataclass(frozen=True, slots=True)
class Shape:
    """The keys of an entry. `passed_over` are for people and for other programs; they are not looked at."""

    required: Mapping[str, Check]
    optional: Mapping[str, Check] = field(default_factory=dict)
    passed_over: frozenset[str] = frozenset()


def check_shape(source: Source) -> None:
    """Report every wrong type, missing key or text, unknown key and repeated id."""
    if not isinstance(source.value, dict):
        source.add((), "wrong_type", "A rule file is a mapping with questions, counters, documents and procedures")
        return
    _entry(source, (), source.value, FILE)
    for section, shape in LISTS.items():
        _each(source, section, shape)
        _no_repeated_ids(source, section)
    for section, shape in MAPPINGS.items():
        for id, entry in source.mapping(section).items():
            _entry(source, (section, id), entry, shape)
    for place, procedure in enumerate(source.sequence("procedures")):
        if isinstance(procedure, dict):
            _check_kind(source, ("procedures", place), procedure)


def text(source: Source, path: Path, value: object) -> None:
    if not isinstance(value, str) or not value.strip():
        source.add(path, "wrong_type", f"{path[-1]} should be a text")


def whole_number(source: Source, path: Path, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        source.add(path, "wrong_type", f"{path[-1]} should be a whole number")


def natural_number(source: Source, path: Path, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        source.add(path, "wrong_type", f"{path[-1]} should be a whole number, 0 or more")


def natural_number_or_null(source: Source, path: Path, value: object) -> None:
    if value is not None:
        natural_number(source, path, value)


def yes_or_no(source: Source, path: Path, value: object) -> None:
    if not isinstance(value, bool):
        source.add(path, "wrong_type", f"{path[-1]} should be true or false")


def mapping(source: Source, path: Path, value: object) -> None:
    if not isinstance(value, dict):
        source.add(path, "wrong_type", f"{path[-1]} should be a mapping")


def sequence(source: Source, path: Path, value: object) -> None:
    if not isinstance(value, list):
        source.add(path, "wrong_type", f"{path[-1]} should be a list")


def ids(source: Source, path: Path, value: object) -> None:
    sequence(source, path, value)
    for place, id in enumerate(value if isinstance(value, list) else ()):
        if not isinstance(id, str):
            source.add((*path, place), "wrong_type", f"{id!r} should be a text; put it into quotation marks")


def numbers(source: Source, path: Path, value: object) -> None:
    sequence(source, path, value)
    for place, number in enumerate(value if isinstance(value, list) else ()):
        natural_number(source, (*path, place), number)


def labels(source: Source, path: Path, value: object) -> None:
    """A text per language, Japanese among them: it is what the others fall back to."""
    if not isinstance(value, dict):
        source.add(path, "wrong_type", f"{path[-1]} should be texts by language, like {{ja: ..., en: ...}}")
        return
    if not value.get("ja"):
        source.add(path, "missing_ja", f"{'.'.join(map(str, path))} has no Japanese text")
    for language, words in value.items():
        if words is not None:
            text(source, (*path, language), words)


def https_address(source: Source, path: Path, value: object) -> None:
    """People type it off the paper and press it on the phone: a plain https address, and no name or password in it."""
    try:
        parts = urlsplit(value) if isinstance(value, str) and value.isascii() and value.isprintable() else None
        is_plain = parts is not None and parts.scheme == "https" and "." in (parts.hostname or "")
    except ValueError:
        is_plain = False
    if not is_plain or " " in str(value) or "@" in str(value):
        source.add(path, "not_https", f"{path[-1]} should be an address like https://www.city.example/moving")


def one_of(values: type[StrEnum] | Iterable[str]) -> Check:
    allowed = [str(value) for value in values]

    def check(source: Source, path: Path, value: object) -> None:
        if value not in allowed:
            source.add(path, "unknown_value", f"{path[-1]} should be one of {', '.join(allowed)}, not {value!r}")

    return check


def entry(shape: Shape) -> Check:
    return lambda source, path, value: _entry(source, path, value, shape)


def entries(shape: Shape) -> Check:
    def check(source: Source, path: Path, value: object) -> None:
        sequence(source, path, value)
        for place, one in enumerate(value if isinstance(value, list) else ()):
            _entry(source, (*path, place), one, shape)

    return check


def anything(_source: Source, _path: Path, _value: object) -> None:
    """Checked elsewhere: conditions by `navigator_links`, defaults against their question."""


FILE = Shape(
    {"questions": sequence, "counters": mapping, "documents": mapping, "procedures": sequence},
    {"pages": sequence, "conditions": mapping, "warnings": sequence, "city_options": mapping},
    frozenset({"schema_version", "meta"}),
)
OPTION = Shape({"value": text, "label": labels})
QUESTION = Shape(
    {"id": text, "type": one_of(QuestionType), "default": anything, "label": labels},
    {
        "options": entries(OPTION),
        "show_when": anything,
        "derived_from": ids,
        "page": text,
        "min": whole_number,
        "max": whole_number,
        "easy_ja": text,
    },
    frozenset({"note"}),
)
PAGE = Shape({"id": text, "label": labels})
COUNTER = Shape(
    {"order": whole_number, "walk_minutes": natural_number, "label": labels},
    {"service": text, "section": labels, "building": labels, "windows": numbers, "floor": whole_number},
    frozenset({"prefix"}),
)
DOCUMENT = Shape({"label": labels})
DEADLINE = Shape(
    {"days": natural_number_or_null},
    {
        "from": one_of(CountsFrom),
        "first_day_counted": yes_or_no,
        "if_closed": one_of(["next_open_day"]),
        "statutory": yes_or_no,
        "law": labels,
        "note": labels,
    },
)
PROCEDURE = Shape(
    {"id": text, "label": labels, "kind": one_of(Kind), "when": anything},
    {
        "counter": text,
        "service": text,
        "online_if": anything,
        "count": text,
        "minutes": entry(Shape({"first": natural_number}, {"each_extra": natural_number})),
        "after": ids,
        "who": labels,
        "deadline": entry(DEADLINE),
        "earliest": one_of(["move_date"]),
        "earliest_days_before_move": natural_number,
        "bookable": yes_or_no,
        "documents": ids,
        "documents_if": entries(Shape({"when": anything, "add": ids})),
        "url": https_address,
    },
    frozenset({"oss", "certainty", "note"}),
)
WARNING = Shape({"id": text, "level": one_of(Level), "when": anything, "label": labels})

LISTS = {"questions": QUESTION, "pages": PAGE, "procedures": PROCEDURE, "warnings": WARNING}
MAPPINGS = {"counters": COUNTER, "documents": DOCUMENT}


def _each(source: Source, section: str, shape: Shape) -> None:
    for place, one in enumerate(source.sequence(section)):
        _entry(source, (section, place), one, shape)


def _entry(source: Source, path: Path, value: object, shape: Shape) -> None:
    if not isinstance(value, dict):
        source.add(path, "wrong_type", f"{'.'.join(map(str, path))} should be a mapping")
        return
    for key in shape.required:
        if key not in value:
            source.add(path, "missing_key", f"{_name(path, value)} has no {key}")
    checks = {**shape.required, **shape.optional}
    for key, one in value.items():
        if key in checks:
            checks[key](source, (*path, key), one)
        elif key not in shape.passed_over:
            source.add((*path, key), "unknown_key", f"{_name(path, value)} has the unknown key {key}")


def _check_kind(source: Source, path: Path, procedure: Mapping[str, object]) -> None:
    """A visit needs a place and a time; whatever is no visit has neither."""
    if procedure.get("kind") == Kind.VISIT:
        for key in ("counter", "minutes"):
            if key not in procedure:
                source.add(path, "missing_key", f"{_name(path, procedure)} is a visit and has no {key}")
    elif "counter" in procedure:
        source.add((*path, "counter"), "no_visit", f"{_name(path, procedure)} is no visit and has a counter")


def _no_repeated_ids(source: Source, section: str) -> None:
    seen: dict[str, int] = {}
    for place, one in enumerate(source.sequence(section)):
        id = one.get("id") if isinstance(one, dict) else None
        if not isinstance(id, str):
            continue
        if id in seen:
            source.add((section, place, "id"), "duplicate_id", f"{id} is already on line {seen[id]}")
        else:
            seen[id] = source.line((section, place, "id"))


def _name(path: Path, value: Mapping[str, object]) -> str:
    return str(value.get("id") or ".".join(map(str, path)) or "The file")
