"""Which passphrases are too easy to guess.

Length counts, and what is left once words that everybody would try first are taken out: the city, the product, the
login, "password" in its many spellings, rows of keys. No rule about kinds of characters and no forced change, because
both make people choose worse.

Source: NIST SP 800-63B-4, section 3.1.1.2; OWASP ASVS 5.0, 6.2.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

SHORTEST, LONGEST = 15, 200
LEAST_LEFT = 6
LEAST_DIFFERENT = 5

TRIED_FIRST = (
    *("matazu", "待たず", "passphrase", "password", "passw0rd", "パスフレーズ", "パスワード", "admin", "administrator"),
    *("qwertyuiop", "qwerty", "asdfghjkl", "asdf", "zxcvbnm", "zxcv", "letmein", "welcome", "changeme", "iloveyou"),
    *("0123456789", "1234567890", "123456789", "12345678", "1234567", "123456", "12345", "1234", "abcdefgh", "abcd"),
    *("cityhall", "city", "shiyakusho", "市役所", "区役所", "役場", "市民課", "令和", "reiwa"),
    *(str(year) for year in range(2020, 2036)),
)


def normalised(passphrase: str) -> str:
    """The form that is counted and hashed: the same however a keyboard composes it."""
    return unicodedata.normalize("NFKC", passphrase)


def weakness(passphrase: str, familiar: Iterable[str] = ()) -> str | None:
    """`too_short`, `too_long`, `too_guessable`, or None.

    `familiar` are words of this office and person: the login, the name, the city's name and code.
    """
    plain = normalised(passphrase)
    if len(plain) < SHORTEST:
        return "too_short"
    if len(plain) > LONGEST:
        return "too_long"
    left = _without(plain.casefold(), [*familiar, *TRIED_FIRST])
    if len(left) < LEAST_LEFT or len(set(left)) < LEAST_DIFFERENT:
        return "too_guessable"
    return None


def _without(text: str, words: Iterable[str]) -> str:
    """What is left without these words, repetitions of a part, and signs between."""
    left = re.sub(r"[\W_]+", "", text)
    known = {re.sub(r"[\W_]+", "", normalised(word).casefold()) for word in words}
    for word in sorted((word for word in known if len(word) > 1), key=len, reverse=True):
        left = left.replace(word, "")
    return re.sub(r"(.{1,8}?)\1{2,}", r"\1", left)
