"""A call -> the words shown and the words spoken, per language.

Decides the sentence, its short forms and the recorded clips it can be put together from. Leaves to the display when it
sounds (order, repeats, quiet hours) and to `adapters.speech` how a sentence becomes sound. The words stand in
`domain.announcement_words`. Source: announcement rules of the project's UX guide (number first, kana for synthesis).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from string import Formatter

from queue_app.domain.announcement_words import LANGUAGES, NEEDS_REVIEW, SHOWN, SPOKEN, Wording
from queue_app.domain.office import Counter, label_in
from queue_app.domain.spoken_number import number_parts, reading_of_floor, reading_of_number, spaced_number

__all__ = [
    "LANGUAGES",
    "NEEDS_REVIEW",
    "Announcement",
    "CallKind",
    "Called",
    "Form",
    "announce",
    "counter_name",
    "fixed_clips",
    "place_said",
    "reading_of_number",
    "sayings",
]  # fmt: skip

IN_KANA = frozenset({"ja", "ja-x-easy"})
"""Languages whose numbers are spoken from parts; the others have one clip for each whole number."""


class CallKind(StrEnum):
    """What the person is asked to come for."""

    RECEPTION = "reception"
    HANDOVER = "handover"
    RECALL = "recall"
    TRANSFER = "transfer"


class Form(StrEnum):
    """The sentence, what is said again after it, and the shortest words for a crowded minute."""

    FULL = "full"
    REPEAT = "repeat"
    SHORT = "short"


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """Who is called where. A counter without a number is named by its label, in Japanese spoken as `label_spoken`."""

    number: str
    counter: str
    kind: CallKind = CallKind.RECEPTION
    floor: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    label_spoken: str = ""


@dataclass(frozen=True, slots=True)
class Announcement:
    """One sentence. `pieces` are clip ids; their texts, put together, are `spoken` to the letter."""

    language: str
    form: Form
    shown: str
    spoken: str
    pieces: tuple[str, ...]


Piece = tuple[str, str]
"""A clip id and the text that the clip says."""


def announce(called: Called, language: str = "ja", *, form: Form = Form.FULL) -> Announcement:
    """The words of a call; a language without a wording speaks English, so that no call is left unsaid."""
    language = language if language in SHOWN else "en"
    name = called.kind.value if form is Form.FULL else form.value
    pieces = _spoken_pieces(called, language, name=name)
    return Announcement(
        language=language,
        form=form,
        shown=_shown(called, language, name=name),
        spoken="".join(text for _, text in pieces),
        pieces=tuple(clip for clip, _ in pieces),
    )


def sayings(called: Called, language: str) -> dict[str, dict[str, str]]:
    """What a board hands to its announcer: `{language: {full, repeat, short}}`, Japanese first, then the ticket's."""
    languages = dict.fromkeys(("ja", language if language in SHOWN else "en"))
    return {each: {form.value: announce(called, each, form=form).spoken for form in Form} for each in languages}


def fixed_clips(language: str) -> dict[str, str]:
    """Clip id -> text of every sentence part that a city records once, numbers and named places left out."""
    wording = SPOKEN[language]
    parts = (part for name in Wording.__slots__ for part in _split(language, name, getattr(wording, name)))
    return {clip: text for clip, text in parts if clip}


def counter_name(counter: Counter, language: str) -> str:
    """What a page calls a counter: its label in this language, else its number in this language's words."""
    own = _own_label(counter.label, language)
    if own or not _is_number(counter.code) or language not in SHOWN:
        return own or label_in(counter.label, language)
    return SHOWN[language].window.format(code=counter.code)


def is_named_by_number(counter: Counter) -> bool:
    """The label says the number and nothing else, for which every language has words."""
    return _is_number(counter.code) and counter.label.get("ja") == SHOWN["ja"].window.format(code=counter.code)


def place_said(called: Called, language: str) -> str:
    """What names a counter without a number aloud: its label in this language, else its code.

    A voice of one language does not read the script of another, so the labels of others are left to the screens.
    """
    if called.label_spoken and language in IN_KANA:
        return called.label_spoken
    own = _own_label(called.labels, language) or (called.labels.get("ja") if language in IN_KANA else "")
    wording = SPOKEN[language]
    return wording.at.format(label=own) if own else wording.window.format(code=called.counter)


def _shown(called: Called, language: str, *, name: str) -> str:
    wording = SHOWN[language]
    number = unicodedata.normalize("NFKC", called.number)
    sentence: str = getattr(wording, name)
    return sentence.format(number=number, place=_shown_place(called, language))


def _shown_place(called: Called, language: str) -> str:
    wording = SHOWN[language]
    window = wording.window.format(code=called.counter) if _is_numbered(called) else _label(called, language)
    if called.floor is None:
        return window
    on_floor = wording.on_floor if called.floor > 0 else wording.on_basement
    return on_floor.format(floor=abs(called.floor), window=window)


def _spoken_pieces(called: Called, language: str, *, name: str) -> list[Piece]:
    wording = SPOKEN[language]
    fillings = {"number": _number_pieces(called.number, language), "place": _place_pieces(called, language)}
    return _fill(language, name, getattr(wording, name), fillings)


def _place_pieces(called: Called, language: str) -> Sequence[Piece]:
    window = _window_pieces(called, language)
    if called.floor is None:
        return window
    name = "on_floor" if called.floor > 0 else "on_basement"
    fillings = {"floor": [_floor_piece(called.floor, language)], "window": window}
    return _fill(language, name, getattr(SPOKEN[language], name), fillings)


def _window_pieces(called: Called, language: str) -> list[Piece]:
    if _is_numbered(called):
        return _fill(language, "window", SPOKEN[language].window, {"code": _number_pieces(called.counter, language)})
    return [(f"{language}/place/{called.counter}", place_said(called, language))]


@lru_cache(maxsize=1024)
def _number_pieces(number: str, language: str) -> tuple[Piece, ...]:
    """Kept: a board says each of its calls three times in two languages, and is drawn twice a second."""
    if language in IN_KANA:
        return tuple((f"ja/number/{part}", kana) for part, kana in number_parts(number))
    return ((f"{language}/number/{spaced_number(number).replace(' ', '')}", spaced_number(number)),)


def _floor_piece(floor: int, language: str) -> Piece:
    if language in IN_KANA:
        return f"ja/floor/{floor}", reading_of_floor(floor)
    return f"{language}/number/{abs(floor)}", str(abs(floor))


def _fill(language: str, name: str, template: str, fillings: Mapping[str, Sequence[Piece]]) -> list[Piece]:
    """Replaces each `{field}` by its pieces; the words between are clips numbered from 1."""
    pieces: list[Piece] = []
    for clip, text in _split(language, name, template):
        pieces += [(clip, text)] if clip else fillings[text]
    return pieces


@lru_cache(maxsize=1024)
def _split(language: str, name: str, template: str) -> tuple[Piece, ...]:
    """The template's words as (clip id, text) and its fields as ("", field), in order."""
    parts: list[Piece] = []
    for words, blank, _, _ in Formatter().parse(template):
        if words:
            parts.append((f"{language}/{name}/{len(parts) + 1}", words))
        if blank:
            parts.append(("", blank))
    return tuple(parts)


def _label(called: Called, language: str) -> str:
    return SHOWN[language].at.format(label=label_in(called.labels, language) or called.counter)


def _own_label(labels: Mapping[str, str], language: str) -> str:
    """In this language or, for a way of writing Chinese, in Chinese."""
    return labels.get(language) or labels.get("zh" if language.startswith("zh-") else language, "")


def _is_numbered(called: Called) -> bool:
    return _is_number(called.counter)


def _is_number(code: str) -> bool:
    return unicodedata.normalize("NFKC", code).isdecimal()
