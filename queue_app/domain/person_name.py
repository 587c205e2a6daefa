"""Names as people enter them: kept as they are, made even where only the keyboard differed, refused where they deceive.

Decides which characters a name may hold and how kana is written. Leaves the reading of a name to its owner: nothing is
guessed from kanji. Old and rare forms (髙, 﨑, 𠮷, with variation selectors) survive; so normalisation skips the
compatibility ideographs, which Unicode's own forms would replace.
"""

from __future__ import annotations

import re
import unicodedata

from queue_app.domain.errors import Invalid
from queue_app.domain.typed_digits import DASHES

LONGEST_NAME = 60
"""In characters as people count them."""

_LONGEST_TEXT = 400
_MOST_MARKS = 3

_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5\u180b\u180c\u180d\u180e")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")

_NOT_COMPATIBILITY = re.compile("[^\uf900-\ufaff\U0002f800-\U0002fa1f]+")
_HALF_WIDTH_KANA = re.compile("[\uff61-\uff9f]+")
_DASH_AFTER_KANA = re.compile(f"(?<=[\u30a1-\u30fa\u30fc])[{re.escape(DASHES)}]")
_FULL_WIDTH_ASCII = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_HIRAGANA = {code: code + 0x60 for code in (*range(0x3041, 0x3097), 0x309D, 0x309E)}
_KANA = re.compile("[\u30a1-\u30fa\u30fc-\u30fe\u30fb ]*[\u30a1-\u30fa][\u30a1-\u30fa\u30fc-\u30fe\u30fb ]*")


def clean_name(text: str, *, field: str = "name", longest: int = LONGEST_NAME) -> str:
    """The name with even spaces, otherwise as entered. Refuses with `Invalid` and what is wrong with it."""
    problem = _text_problem(text)
    if problem is None:
        text = _composed(" ".join(text.split()))
        problem = _name_problem(text, longest)
    if problem:
        raise Invalid.field(field, problem)
    return text


def normalise_kana(text: str, *, field: str = "name_kana", longest: int = LONGEST_NAME) -> str:
    """The name for calling: full-width katakana and capital letters, from hiragana, half-width kana or small letters.

    Kanji is left alone: some people have no other name to give, and `is_kana` tells when to ask.
    """
    name = clean_name(text, field=field, longest=longest).translate(_FULL_WIDTH_ASCII)
    name = _HALF_WIDTH_KANA.sub(lambda run: unicodedata.normalize("NFKC", run[0]), name)
    name = _composed(name.translate(_HIRAGANA).upper())
    return _DASH_AFTER_KANA.sub("ー", name)


def is_kana(name: str) -> bool:
    """Full-width katakana throughout, with spaces and middle dots between."""
    return _KANA.fullmatch(name) is not None


def visible_length(text: str) -> int:
    """Characters as people count them, nearly: marks and selectors belong to what stands before them."""
    return sum(1 for char in text if unicodedata.category(char) not in ("Mn", "Me", "Mc"))


def _text_problem(text: str) -> str | None:
    """The first character that no name has."""
    if len(text) > _LONGEST_TEXT:
        return "too_long"
    return next((problem for char in text.strip() if (problem := _character_problem(char))), None)


def _character_problem(char: str) -> str | None:
    category = unicodedata.category(char)
    if category == "Cf" or char in _BLANK_LETTERS:
        return "direction_mark" if char in _DIRECTION else "invisible_character"
    if category in ("Cc", "Zl", "Zp"):
        return "control_character"
    # Private use would print as another sign, or none, on the next machine.
    if category in ("Cs", "Co", "Cn") or char in "\ufffc\ufffd":
        return "not_a_character"
    return None


def _name_problem(name: str, longest: int) -> str | None:
    if not name:
        return "empty"
    if visible_length(name) > longest:
        return "too_long"
    # The long-vowel mark and its like are letters to Unicode (Lm), but no name is made of them alone.
    if not any(unicodedata.category(char) in ("Lo", "Lu", "Ll", "Lt") for char in name):
        return "no_letter"
    return "too_many_marks" if _longest_run_of_marks(name) > _MOST_MARKS else None


def _longest_run_of_marks(name: str) -> int:
    longest = run = 0
    for char in _SELECTORS.sub("", name):
        run = run + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        longest = max(longest, run)
    return longest


def _composed(text: str) -> str:
    """Letters and their marks as one character (some keyboards send two), compatibility ideographs untouched."""
    return _NOT_COMPATIBILITY.sub(lambda run: unicodedata.normalize("NFC", run[0]), text)
