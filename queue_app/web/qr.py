"""QR codes: as a picture that stands in the page itself, and as PNG for programs."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from typing import Any


def qr_image(text: str) -> str:
    """A data address for an `img`, with medium error correction: paper is folded, a screen is scratched."""
    from qrcode.image.svg import SvgPathFillImage

    code = _code(text)
    return f"data:image/svg+xml;base64,{b64encode(code.make_image(SvgPathFillImage).to_string()).decode()}"


def qr_png(text: str) -> bytes:
    """The code as PNG, for programs and messages."""
    out = BytesIO()
    _code(text).make_image().save(out, "PNG")
    return out.getvalue()


def _code(text: str) -> Any:
    """Loaded when the first code is drawn: the library brings all of Pillow along."""
    import qrcode

    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=4)
    code.add_data(text)
    return code
