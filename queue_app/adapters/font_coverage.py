"""Reads from a font file which characters it knows: the `cmap` table of OpenType, formats 4 and 12.

Decides nothing; a page of reading instead of one more library. Source: OpenType specification, `ttcf` and `cmap`.
"""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path
from typing import BinaryIO

UNICODE_TABLES = ((3, 10), (0, 6), (0, 4), (3, 1), (0, 3))
"""(platform, encoding) of Unicode character maps, the larger ones first."""


@cache
def characters_of(path: Path, index: int = 0) -> frozenset[int]:
    """The code points that face `index` of the file can draw."""
    with path.open("rb") as file:
        start = _face_offsets(file)[index]
        return frozenset(_read_map(_best_map(_table(file, start, b"cmap"))))


@cache
def faces_in(path: Path) -> int:
    """How many faces the file holds: 1 for a plain font, more for a collection."""
    with path.open("rb") as file:
        return len(_face_offsets(file))


def _face_offsets(file: BinaryIO) -> tuple[int, ...]:
    file.seek(0)
    if file.read(4) != b"ttcf":
        return (0,)
    _, count = struct.unpack(">II", file.read(8))
    return struct.unpack(f">{count}I", file.read(4 * count))


def _table(file: BinaryIO, start: int, name: bytes) -> bytes:
    file.seek(start + 4)
    (count,) = struct.unpack(">H", file.read(2))
    file.seek(start + 12)
    for tag, _, offset, length in struct.iter_unpack(">4sIII", file.read(16 * count)):
        if tag == name:
            file.seek(offset)
            return file.read(length)
    return b"\0\0\0\0"


def _best_map(cmap: bytes) -> bytes:
    (count,) = struct.unpack_from(">H", cmap, 2)
    records = struct.iter_unpack(">HHI", cmap[4 : 4 + 8 * count])
    offsets = {(platform, encoding): offset for platform, encoding, offset in records}
    known = [cmap[offsets[table] :] for table in UNICODE_TABLES if table in offsets]
    return known[0] if known else b"\0\0"


def _read_map(table: bytes) -> set[int]:
    (kind,) = struct.unpack_from(">H", table)
    if kind == 12:
        return _read_groups(table)
    return _read_segments(table) if kind == 4 else set()


def _read_groups(table: bytes) -> set[int]:
    """Format 12: (first, last, glyph of the first); a group that begins with glyph 0 holds one missing character."""
    (count,) = struct.unpack_from(">I", table, 12)
    known: set[int] = set()
    for first, last, glyph in struct.iter_unpack(">III", table[16 : 16 + 12 * count]):
        known.update(range(first if glyph else first + 1, last + 1))
    return known


def _read_segments(table: bytes) -> set[int]:
    """Format 4: segments of the first 65,536 characters, each with a delta or an offset into a list of glyphs."""
    (doubled,) = struct.unpack_from(">H", table, 6)
    count = doubled // 2
    ends = struct.unpack_from(f">{count}H", table, 14)
    starts = struct.unpack_from(f">{count}H", table, 16 + doubled)
    deltas = struct.unpack_from(f">{count}H", table, 16 + 2 * doubled)
    offsets = struct.unpack_from(f">{count}H", table, 16 + 3 * doubled)
    known: set[int] = set()
    for segment, (start, end, delta, offset) in enumerate(zip(starts, ends, deltas, offsets, strict=True)):
        base = 16 + 3 * doubled + 2 * segment + offset
        for code in range(start, min(end, 0xFFFE) + 1):
            glyph = struct.unpack_from(">H", table, base + 2 * (code - start))[0] if offset else code + delta
            if glyph and (offset or glyph & 0xFFFF):
                known.add(code)
    return known
