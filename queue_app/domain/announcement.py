"""A call -> the words shown and the words spoken, per language.

Decides the sentence, its short forms and the recorded clips it can be put together from. Leaves to the display when it
sounds (order, repeats, quiet hours) and to `adapters.speech` how a sentence becomes sound. The words stand in
`domain.announcement_words`. Source: announcement rules of the project's UX guide (number first, kana for synthesis).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from string import Formatter

from queue_app.domain.announcement_words import LANGUAGES, NEEDS_REVIEW, SHOWN, SPOKEN, Wording
from queue_app.domain.spoken_number import number_parts, reading_of_floor, reading_of_number, spaced_number

__all__ = [
    "LANGUAGES", "NEEDS_REVIEW", "Announcement", "CallKind", "Called", "Form", "announce", "fixed_clips",
    "reading_of_number", "sayings",
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
    """Who is called where. A counter without a number is named by `label`, spoken as `label_spoken` if given."""

    number: str
    counter: str
    kind: CallKind = CallKind.RECEPTION
    floor: int | None = None
    label: str = ""
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
        shown=_shown(called, SHOWN[language], name=name),
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


def _shown(called: Called, wording: Wording, *, name: str) -> str:
    number = unicodedata.normalize("NFKC", called.number)
    sentence: str = getattr(wording, name)
    return sentence.format(number=number, place=_shown_place(called, wording))


def _shown_place(called: Called, wording: Wording) -> str:
    window = wording.window.format(code=called.counter) if _is_numbered(called) else _label(called, wording)
    if called.floor is None:
        return window
    on_floor = wording.on_floor if called.floor > 0 else wording.on_basement
    return on_floor.format(floor=abs(called.floor), window=window)


def _spoken_pieces(called: Called, language: str, *, name: str) -> list[Piece]:
    wording = SPOKEN[language]
    fillings = {"number": _number_pieces(called.number, language), "place": _place_pieces(called, language)}
    return _fill(language, name, getattr(wording, name), fillings)


def _place_pieces(called: Called, language: str) -> list[Piece]:
    window = _window_pieces(called, language)
    if called.floor is None:
        return window
    name = "on_floor" if called.floor > 0 else "on_basement"
    fillings = {"floor": [_floor_piece(called.floor, language)], "window": window}
    return _fill(language, name, getattr(SPOKEN[language], name), fillings)


def _window_pieces(called: Called, language: str) -> list[Piece]:
    if _is_numbered(called):
        return _fill(language, "window", SPOKEN[language].window, {"code": _number_pieces(called.counter, language)})
    spoken = called.label_spoken or _label(called, SPOKEN[language])
    return [(f"{language}/place/{called.counter}", spoken)]


def _number_pieces(number: str, language: str) -> list[Piece]:
    if language in IN_KANA:
        return [(f"ja/number/{part}", kana) for part, kana in number_parts(number)]
    return [(f"{language}/number/{spaced_number(number).replace(' ', '')}", spaced_number(number))]


def _floor_piece(floor: int, language: str) -> Piece:
    if language in IN_KANA:
        return f"ja/floor/{floor}", reading_of_floor(floor)
    return f"{language}/number/{abs(floor)}", str(abs(floor))


def _fill(language: str, name: str, template: str, fillings: dict[str, list[Piece]]) -> list[Piece]:
    """Replaces each `{field}` by its pieces; the words between are clips numbered from 1."""
    pieces: list[Piece] = []
    for clip, text in _split(language, name, template):
        pieces += [(clip, text)] if clip else fillings[text]
    return pieces


def _split(language: str, name: str, template: str) -> list[Piece]:
    """The template's words as (clip id, text) and its fields as ("", field), in order."""
    parts: list[Piece] = []
    for words, field, _, _ in Formatter().parse(template):
        if words:
            parts.append((f"{language}/{name}/{len(parts) + 1}", words))
        if field:
            parts.append(("", field))
    return parts


def _label(called: Called, wording: Wording) -> str:
    return wording.at.format(label=called.label or called.counter)


def _is_numbered(called: Called) -> bool:
    return unicodedata.normalize("NFKC", called.counter).isdecimal()
