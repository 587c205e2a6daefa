"""Which font draws which character of the slip.

Decides the faces and, character by character, which of them knows it. A drawing library leaves out what a font lacks
without a word (髙橋 becomes 橋), so each character is looked up in the fonts' own character maps first; what no font
knows is drawn as 〓 and counted. Leaves layout to `adapters.slip_image`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path

from PIL import ImageFont

from queue_app.adapters.font_coverage import characters_of, faces_in

GETA = "〓"
"""What printers have always set where a character was missing."""

FOLDERS = tuple(
    Path(folder).expanduser() for folder in ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts")
)
FAMILIES = (
    "NotoSansCJK-{weight}.ttc",
    "NotoSansCJKjp-{weight}.otf",
    "NotoSansJP-{weight}.ttf",
    "BIZUDPGothic-{weight}.ttf",
    "ipaexg.ttf",
    "NotoSansDevanagari-{weight}.ttf",
    "Lohit-Devanagari.ttf",
    "DejaVuSans.ttf",
)
"""First those that know Japanese; after them what fills gaps (Nepali, rare signs)."""

FACE_OF_LANGUAGE = {"ko": 1, "zh-Hans": 2, "zh-Hant": 3}
"""Faces of a Noto CJK collection: the same character has another shape in another country. Face 0 is Japanese."""

KEPT_WIDTHS = 5000

Run = tuple[str, ImageFont.FreeTypeFont]


class NoFont(LookupError):
    """No usable font was found; the message says what to install."""


class Fonts:
    """The faces of one weight, best first. `path` is a font of the city's own choice, asked before all others."""

    def __init__(self, weight: str, path: Path | None = None) -> None:
        self.files = tuple(dict.fromkeys(([path] if path else []) + _installed(weight)))
        self._widths: dict[tuple[str, int, str], float] = {}
        self._faces: dict[tuple[str, str], tuple[Path, int] | None] = {}
        if not self.files:
            raise NoFont("No font for Japanese: install the Debian package fonts-noto-cjk, or name a font file.")

    def runs(self, text: str, size: int, *, language: str) -> tuple[list[Run], int]:
        """The text cut into runs of one font each, and how many characters became 〓."""
        choices = list(self._choose(text, language))
        runs = [
            ("".join(sign for sign, _ in run), _face(*face, size))
            for face, run in groupby(choices, key=lambda choice: choice[1])
        ]
        return runs, self.missing(text, language)

    def width(self, text: str, size: int, language: str) -> float:
        """How wide the text will be. Kept, since a slip is mostly the same words as the one before."""
        key = (text, size, language)
        if key not in self._widths:
            if len(self._widths) >= KEPT_WIDTHS:
                self._widths.clear()
            self._widths[key] = sum(font.getlength(run) for run, font in self.runs(text, size, language=language)[0])
        return self._widths[key]

    def missing(self, text: str, language: str) -> int:
        """How many characters of the text no font knows."""
        return sum(self._face_of(sign, language) is None for sign in text if not _is_silent(sign))

    def face(self, size: int) -> ImageFont.FreeTypeFont:
        """The first font, for figures and measures."""
        return _face(self.files[0], 0, size)

    def _choose(self, text: str, language: str) -> Iterator[tuple[str, tuple[Path, int]]]:
        face = (self.files[0], 0)
        for sign in text:
            if _selects_variant(sign):
                yield sign, face
            elif not _is_silent(sign):
                known = self._face_of(sign, language)
                face = known or self._face_of(GETA, language) or (self.files[0], 0)
                yield (sign if known else self._geta(language)), face

    def _face_of(self, sign: str, language: str) -> tuple[Path, int] | None:
        if (sign, language) not in self._faces:
            self._faces[sign, language] = self._find_face(sign, language)
        return self._faces[sign, language]

    def _find_face(self, sign: str, language: str) -> tuple[Path, int] | None:
        for path in self.files:
            index = min(FACE_OF_LANGUAGE.get(language, 0), faces_in(path) - 1)
            if ord(sign) in characters_of(path, index):
                return path, index
        return None

    def _geta(self, language: str) -> str:
        return GETA if self._face_of(GETA, language) else "?"


@cache
def _face(path: Path, index: int, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size, index=index)


def _installed(weight: str) -> list[Path]:
    names = [family.format(weight=weight) for family in FAMILIES]
    found = {path.name: path for folder in FOLDERS for path in _font_files(folder)}
    return [found[name] for name in names if name in found]


@cache
def _font_files(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(folder.rglob("*.[ot]t[cf]")))


def _is_silent(sign: str) -> bool:
    return _selects_variant(sign) or unicodedata.category(sign) in {"Cc", "Cf"}


def _selects_variant(sign: str) -> bool:
    return "\ufe00" <= sign <= "\ufe0f" or "\U000e0100" <= sign <= "\U000e01ef"
