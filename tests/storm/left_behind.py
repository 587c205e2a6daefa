"""Five thousand marked residents, and the quick search for any of their marks in hundreds of megabytes.

`tests/markers.py` looks for every single person; here whatever all of them share is looked for, which finds each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.markers import Marked, _unpacked, encodings_of, traces

NAMES = ("シルシ ツキコ", "髙﨑𠮷印 月子", "Shirushi Tsukiko", "しるし つきこ", "ｼﾙｼ ﾂｷｺ")
"""As typed; they are kept as katakana, kanji or capitals."""
SHARED = (*NAMES[:2], "シルシツキコ", "SHIRUSHI TSUKIKO", "Shirushi Tsukiko", "@marked.example", "@MARKED.EXAMPLE")
NOTES = "髙﨑𠮷印の控え"
NOTATIONS = ("090-0000-{}", "0900000{}", "+81900000{}", "090 0000 {}", "+81-90-0000-{}", "０９０－００００－{}")
WIDE = ("utf-16-le", "utf-16-be")
PHONES = re.compile(
    b"|".join(
        (
            *(re.escape(pattern.format("").encode()) + rb"\d{4}" for pattern in NOTATIONS[:5]),
            *(re.escape(pattern.format("").encode().hex().encode()) + rb"(?:3\d){4}" for pattern in NOTATIONS[:5]),
            *(re.escape(f"{pattern.format('')}1".encode(wide)[:-2]) for pattern in NOTATIONS for wide in WIDE),
            re.escape(NOTATIONS[5].format("").encode()),
        )
    )
)


@dataclass(frozen=True)
class Resident(Marked):
    """Number 0 to 9,999, with a name and a phone in one of several ways of writing."""

    @property
    def name(self) -> str:
        return NAMES[self.number % len(NAMES)]

    @property
    def typed_phone(self) -> str:
        return NOTATIONS[self.number % len(NOTATIONS)].format(f"{self.number:04d}")


def marks_in(data: bytes, people: Iterable[Resident] = ()) -> set[str]:
    """What of the marks is readable in some bytes, as it is, in other encodings, and packed."""
    whole = b"\n".join((data, *_unpacked(data)))
    found = {text for text in (*SHARED, NOTES) if any(sign in whole for sign in encodings_of(text))}
    found |= {found.group().decode("latin-1") for found in PHONES.finditer(whole)}
    return found | set(traces(data, people))


def marks_below(folders: Iterable[Path], people: list[Resident]) -> tuple[dict[str, set[str]], int]:
    """The marks left in the files below some folders, by file, and how many bytes were read."""
    found, read = {}, 0
    for folder in folders:
        for file in sorted(each for each in folder.rglob("*") if each.is_file()):
            data = file.read_bytes()
            read += len(data)
            if marks := marks_in(data, people):
                found[str(file.relative_to(folder))] = marks
    return found, read
