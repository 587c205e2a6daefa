"""A QR code as one path of an inline SVG: nothing to load, nothing that a content policy could refuse."""

from __future__ import annotations

from dataclasses import dataclass

QUIET = 4
"""Modules of white around the code that ISO/IEC 18004 asks for."""


@dataclass(frozen=True, slots=True)
class QrPicture:
    """`size` is the side of the view box, `path` the dark modules as runs of a row."""

    size: int
    path: str


def qr_picture(text: str) -> QrPicture:
    """The code of a text, with medium error correction: a slip is folded, a screen is scratched."""
    import qrcode  # loaded with the first code: it brings all of Pillow along

    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=QUIET)
    code.add_data(text)
    rows = code.get_matrix()
    return QrPicture(len(rows), "".join(_runs(row, y) for y, row in enumerate(rows)))


def _runs(row: list[bool], y: int) -> str:
    path, start = "", None
    for x, dark in enumerate([*row, False]):
        if dark and start is None:
            start = x
        elif not dark and start is not None:
            path += f"M{start} {y}h{x - start}v1H{start}z"
            start = None
    return path
