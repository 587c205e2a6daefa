"""The parts a slip is drawn from: large figures, the code, lines broken to a width.

Decides how each part is made. Leaves where it stands to `adapters.slip_image`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import qrcode
from PIL import Image, ImageDraw

from queue_app.adapters.slip_fonts import Fonts

INK, BLANK = 0, 255
QUIET_MODULES = 4
NEVER_FIRST = "、。，．・：；？！）」』】〜ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ)]}?!.,:;%"
"""Signs that do not begin a line in Japanese setting."""

_JAPANESE = r"\u3000-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_WORDS = re.compile(rf"[ \t\n]+|[{_JAPANESE}]|[^ \t\n{_JAPANESE}]+")


def figures(fonts: Fonts, number: str, height: int) -> Image.Image:
    """The number, cut to its ink, its flat figures (1, 4, 7) `height` dots high."""
    trial = fonts.face(200)
    _, top, _, bottom = trial.getbbox("1", anchor="ls")
    font = fonts.face(round(200 * height / (bottom - top)))
    left, top, right, bottom = (round(edge) for edge in font.getbbox(number, anchor="ls"))
    ink = Image.new("L", (right - left, bottom - top), BLANK)
    ImageDraw.Draw(ink).text((-left, -top), number, fill=INK, font=font, anchor="ls")
    return ink


def code(url: str, module: int) -> Image.Image:
    """The QR code with its quiet zone, `module` dots a module.

    The mask is given, not searched: every mask is readable, and trying all eight takes longer than all the rest.
    """
    qr = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=QUIET_MODULES, mask_pattern=2)
    qr.add_data(url)
    qr.make(fit=True)
    matrix = qr.get_matrix()
    small = Image.new("L", (len(matrix), len(matrix)))
    small.putdata([INK if dark else BLANK for row in matrix for dark in row])
    return small.resize((small.width * module, small.height * module), Image.Resampling.NEAREST)


def wrapped(text: str, width_of: Callable[[str], float], limit: float) -> list[str]:
    """The text in rows no wider than `limit`: Latin breaks between words, Japanese between signs.

    A full-width space is a welcome place to break; other rows are made about equally long: none holds one sign.
    """
    if width_of(text) <= limit:
        return [text]
    parts = text.split("\u3000")
    return [row for part in parts for row in _even_rows(_pieces(part, width_of, limit), limit)]


Piece = tuple[str, float]


def _pieces(text: str, width_of: Callable[[str], float], limit: float) -> list[Piece]:
    """Words with their widths; words wider than a row as single signs."""
    words = _WORDS.findall(text)
    parts = (part for word in words for part in ([word] if width_of(word) <= limit else list(word)))
    return [(part, width_of(part)) for part in parts]


def _even_rows(pieces: list[Piece], limit: float) -> list[str]:
    """As few rows as the limit allows, at the narrowest of ten widths that needs no more of them."""
    fewest = len(_rows(pieces, limit))
    even = sum(width for _, width in pieces) / fewest if fewest else limit
    widths = (even + (limit - even) * step / 10 for step in range(11))
    return next((rows for rows in (_rows(pieces, width) for width in widths) if len(rows) <= fewest), [])


def _rows(pieces: list[Piece], limit: float) -> list[str]:
    rows: list[list[Piece]] = [[]]
    for piece in pieces:
        if rows[-1] and sum(width for _, width in rows[-1]) + piece[1] > limit:
            rows.append(_carried(rows[-1], piece))
        rows[-1].append(piece)
    texts = ("".join(word for word, _ in row).strip() for row in rows)
    return [text for text in texts if text]


def _carried(row: list[Piece], following: Piece) -> list[Piece]:
    """The last sign of a full row, taken along where the next would begin with a sign that must not be first."""
    return [row.pop()] if following[0][0] in NEVER_FIRST and len(row) > 1 else []
