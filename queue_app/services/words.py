"""The words of messages, from the same catalogues as the screens.

A message is written in its reader's language when nobody has a screen open, so this does not ask a request. Leaves
screens to `web.i18n`, which takes its texts from here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from queue_app.domain.furigana import in_kana, written
from queue_app.domain.wall_clock import clock_text

TEXTS = Path(__file__).parent.parent / "texts"
Reader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Ten times as fast as the plain one; a start reads up to eleven catalogues."""

FALLBACKS = {"ja-x-easy": ("ja",), "ja": ()}
DAYS_JA = "月火水木金土日"
DAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def words(key: str, language: str, **facts: object) -> str:
    """The text of a key under `messages`, with the facts put in; English, then Japanese where a language has none."""
    for each in (language, *FALLBACKS.get(language, ("en", "ja"))):
        found = catalogue(each).get(f"messages.{key}")
        if found is not None:
            return (in_kana if each == "ja-x-easy" else written)(found).format(**facts)
    return key


def when(at: datetime, zone: ZoneInfo, language: str) -> str:
    """Day and time on the office's clock, as short as a text message wants it."""
    local = at.astimezone(zone)
    clock = clock_text(at, zone)
    if language.startswith("ja"):
        return f"{local.month}月{local.day}日（{DAYS_JA[local.weekday()]}）{clock}"
    if language == "en":
        return f"{DAYS_EN[local.weekday()]} {local.day} {MONTHS_EN[local.month - 1]}, {clock}"
    return f"{local:%Y-%m-%d} {clock}"


@lru_cache(maxsize=32)
def catalogue(language: str) -> Mapping[str, str]:
    """All texts of one language, flat, as they are in the file: with the readings some carry."""
    file = TEXTS / f"{language}.yaml"
    if not file.exists():
        return {}
    loaded: Any = yaml.load(file.read_text(encoding="utf-8"), Loader=Reader)  # noqa: S506 - one of the safe loaders
    return dict(_flat(loaded or {}, ""))


def _flat(value: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, inner in value.items():
        if isinstance(inner, Mapping):
            yield from _flat(inner, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(inner)
