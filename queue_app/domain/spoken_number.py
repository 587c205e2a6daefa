"""How a ticket number sounds in Japanese, in kana that no synthesiser can misread.

Decides the parts a number is spoken in ("205" is two hundred and five) and their kana. Leaves whole sentences to
`domain.announcement`. 4, 7 and 9 are always yon, nana, kyuu at the counter: shi and shichi are mistaken for each
other over a loudspeaker.
"""

from __future__ import annotations

import unicodedata
from itertools import groupby

LETTERS = {
    "A": "エー", "B": "ビー", "C": "しー", "D": "ディー", "E": "イー", "F": "エフ", "G": "ジー", "H": "エイチ",
    "I": "アイ", "J": "ジェー", "K": "ケー", "L": "エル", "M": "エム", "N": "エヌ", "O": "オー", "P": "ピー",
    "Q": "キュー", "R": "アール", "S": "エス", "T": "ティー", "U": "ユー", "V": "ブイ", "W": "ダブリュー",
    "X": "エックス", "Y": "ワイ", "Z": "ゼット",
}  # fmt: skip

ZERO = "ゼロ"

# A synthesiser takes はちばん for the particle wa and what follows (わちばん); ハチばん it reads right. Likewise しー above.
_ONES = ("", "いち", "に", "さん", "よん", "ご", "ろく", "なな", "ハチ", "きゅう")
_HUNDREDS = ("", "ひゃく", "にひゃく", "さんびゃく", "よんひゃく", "ごひゃく", "ろっぴゃく", "ななひゃく", "はっぴゃく",
             "きゅうひゃく")  # fmt: skip
_THOUSANDS = ("", "せん", "にせん", "さんぜん", "よんせん", "ごせん", "ろくせん", "ななせん", "はっせん", "きゅうせん")
_FLOORS = ("", "いっかい", "にかい", "さんがい", "よんかい", "ごかい", "ろっかい", "ななかい", "ハチかい", "きゅうかい")

LARGEST = 9999
"""Above this a number is read figure by figure; no office issues so many in a day."""


def reading_of_number(text: str) -> str:
    """The kana of a ticket or window number: `A023` gives エー、にじゅうさん; leading zeros are not read."""
    return "".join(kana for _, kana in number_parts(text))


def number_parts(text: str) -> list[tuple[str, str]]:
    """The parts in which a number is spoken, in order, as (what is printed, kana): one recorded clip each."""
    parts: list[tuple[str, str]] = []
    for kind, run in groupby(plain_number(text), key=_kind):
        if kind == "digits":
            parts += figure_parts("".join(run))
        else:
            parts += [(sign, LETTERS.get(sign, sign) + "、") for sign in run]
    return parts


def plain_number(text: str) -> str:
    """Letters and figures only, half width and upper case: what is left of `ａ-023` is `A023`."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text).upper() if sign.isalnum())


def spaced_number(text: str) -> str:
    """As other languages' synthesisers should read it: `A023` gives `A 23`."""
    groups = ["".join(run) for _, run in groupby(plain_number(text), key=_kind)]
    return " ".join((group.lstrip("0") or "0") if _kind(group[0]) == "digits" else group for group in groups)


def figure_parts(digits: str) -> list[tuple[str, str]]:
    """Thousands, hundreds, tens and ones of a number, without leading zeros."""
    value = int(digits)
    if value > LARGEST:
        return [(figure, _ONES[int(figure)] or ZERO) for figure in str(value)]
    thousands, hundreds, tens, ones = (value // 1000, value // 100 % 10, value // 10 % 10, value % 10)
    parts = [
        (thousands * 1000, _THOUSANDS[thousands]),
        (hundreds * 100, _HUNDREDS[hundreds]),
        (tens * 10, _tens(tens)),
        (ones, _ONES[ones]),
    ]
    return [(str(part), kana) for part, kana in parts if part] or [("0", ZERO)]


def reading_of_floor(floor: int) -> str:
    """The kana of a floor; negative floors are below ground. Floor 3 is sangai, 6 is rokkai."""
    below = "ちか" if floor < 0 else ""
    tens, ones = divmod(abs(floor), 10)
    if ones == 0:
        return below + (_tens(tens)[:-1] + "っかい" if tens else ZERO + "かい")
    return below + _tens(tens) + _FLOORS[ones]


def _tens(tens: int) -> str:
    if tens == 0:
        return ""
    return "じゅう" if tens == 1 else _ONES[tens] + "じゅう"


def _kind(sign: str) -> str:
    return "digits" if sign.isascii() and sign.isdigit() else "letter"
