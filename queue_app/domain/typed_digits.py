"""Digits as people type them: full-width, in groups, with whichever dash the keyboard had.

Decides which characters count as separators. Leaves what the digits mean to `reservation` and `phone`.
"""

from __future__ import annotations

import unicodedata

DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\u2500\u30fc\ufe58"
"""Among them the minus sign and the long-vowel mark, which Japanese keyboards give where a hyphen is meant."""

LONGEST_TYPED = 64
"""No number that anybody types is longer; the rest is not looked at."""


def without_separators(text: str) -> str:
    """The text with dashes, spaces, dots and brackets taken out and full-width characters made plain."""
    return "".join(char for char in unicodedata.normalize("NFKC", text) if not _separates(char))


def digits_only(text: str, count: int) -> str | None:
    """Exactly `count` plain digits, or None."""
    plain = without_separators(text) if len(text) <= LONGEST_TYPED else ""
    return plain if len(plain) == count and plain.isascii() and plain.isdecimal() else None


def _separates(char: str) -> bool:
    """Invisible marks too: address books on phones wrap copied numbers in them."""
    return char in DASHES or char in ".()[]" or char.isspace() or unicodedata.category(char) == "Cf"
