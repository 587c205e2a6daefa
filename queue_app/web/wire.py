"""JSON in and out. What comes in is read strictly: a doubled key, NaN, a lone surrogate or a deep nest is an error.

Lenient readers disagree about such input, and two readers that disagree are a hole. Source: RFC 8259 and RFC 7493.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from queue_app.domain.errors import Refusal

DEEPEST = 20


class Unreadable(Refusal):
    """The body is not JSON as this interface takes it."""


def read_json(body: bytes) -> dict[str, Any]:
    """The object in a request's body; an empty body is an empty object."""
    if not body.strip():
        return {}
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_no_doubles, parse_constant=_no_constant)
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise Unreadable("not_json") from None
    if not isinstance(value, dict):
        raise Unreadable("not_an_object")
    _check(value, DEEPEST)
    return value


def to_json(value: object) -> str:
    """RFC 3339 times with offset, UTF-8 text."""
    return json.dumps(value, default=_plain, ensure_ascii=False, separators=(",", ":"))


class Wire:
    """The same forms for Socket.IO, which wants an object with these two functions."""

    @staticmethod
    def dumps(value: object, **_options: Any) -> str:
        return to_json(value)

    @staticmethod
    def loads(text: str | bytes, **_options: Any) -> Any:
        try:
            return json.loads(text, parse_constant=_no_constant)
        except RecursionError:  # a nest of twenty thousand brackets; as broken as any other text
            raise ValueError("too deep") from None


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("doubled key")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _check(value: object, depth: int) -> None:
    """Refuse what no database or screen can hold: lone surrogates, NUL, and nests nobody writes by hand."""
    if depth == 0:
        raise Unreadable("too_deep")
    if isinstance(value, dict):
        for key, inner in value.items():
            _check(key, depth)
            _check(inner, depth - 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, depth - 1)
    elif isinstance(value, str) and any(char == "\0" or "\ud800" <= char <= "\udfff" for char in value):
        raise Unreadable("bad_character")
