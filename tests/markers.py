"""Marked residents, and every way in which a mark could be left behind.

A test gives people names, phones, mail addresses and notes that occur nowhere else, lets the house do all it can with
them, and then looks for them in bytes and pages: as they are, in other encodings, and packed.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from cryptography.fernet import Fernet, InvalidToken

SEALED = re.compile(rb"gAAAA[A-Za-z0-9_-]{80,}={0,2}")


@dataclass(frozen=True)
class Marked:
    """One resident whose traces can be told from everybody else's."""

    number: int

    @property
    def kana(self) -> str:
        return f"シルシ ツキコ{'アイウエオカキクケコ'[self.number % 10]}"

    @property
    def note(self) -> str:
        return f"髙﨑𠮷印{self.number:04d}番の控え"

    @property
    def phone(self) -> str:
        return f"090-0000-{self.number:04d}"

    @property
    def mail(self) -> str:
        return f"shirushi-{self.number:04d}@marked.example"

    @property
    def texts(self) -> tuple[str, ...]:
        """Everything that may stand nowhere, phones in the notations that software likes."""
        last = f"{self.number:04d}"
        phones = (f"0900000{last}", f"+81900000{last}", f"090-0000-{last}", f"+81-90-0000-{last}", f"090 0000 {last}")
        return (self.kana, self.kana.replace(" ", ""), f"髙﨑𠮷印{last}", self.mail, self.mail.upper(), *phones)


def encodings_of(text: str) -> Iterator[bytes]:
    """How a text may look in bytes: UTF-8 and 16, Shift_JIS, escaped (also as in an address), hex, and base64 at its three places."""
    yield from (text.encode(name) for name in ("utf-8", "utf-16-le", "utf-16-be"))
    with contextlib.suppress(UnicodeEncodeError):  # 𠮷 has no place there, and so cannot be found there
        yield text.encode("cp932")
    if not text.isascii():
        yield text.encode("unicode_escape")
        yield quote(text).encode()
        yield text.encode("utf-16-be").hex().encode()
    plain = text.encode()
    yield plain.hex().encode()
    for shift in range(3):
        packed = base64.b64encode(b"\0" * shift + plain)
        yield packed[4 if shift else 0 : -4]


def traces(data: bytes, people: Iterable[Marked]) -> list[str]:
    """The marks found in some bytes, also in what is packed with gzip or zlib inside them."""
    unpacked = b"".join((data, *_unpacked(data)))
    return [text for person in people for text in person.texts if any(sign in unpacked for sign in encodings_of(text))]


def traces_in(folder: Path, people: list[Marked]) -> dict[str, list[str]]:
    """The marks left in the files of a folder, by file."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    found = {str(file.relative_to(folder)): traces(file.read_bytes(), people) for file in files}
    return {name: marks for name, marks in found.items() if marks}


def unsealed(data: bytes, key: str) -> Iterator[bytes]:
    """Everything in some bytes that this data key opens: what a thief of file and key would read."""
    box = Fernet(key)
    for sealed in set(SEALED.findall(data)):
        try:
            yield box.decrypt(sealed)
        except InvalidToken:
            continue


def _unpacked(data: bytes) -> Iterator[bytes]:
    if data[:2] == b"\x1f\x8b":
        yield gzip.decompress(data)
    at = -1
    while (at := data.find(b"\x78\x9c", at + 1)) >= 0:
        try:
            yield zlib.decompressobj().decompress(data[at : at + 1_000_000])
        except zlib.error:
            continue
