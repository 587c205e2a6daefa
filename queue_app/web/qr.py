"""A QR code as a picture that stands in the page itself: nothing to load, on paper too."""

from __future__ import annotations

from base64 import b64encode

import qrcode
from qrcode.image.svg import SvgPathFillImage


def qr_image(text: str) -> str:
    """A data address for an `img`, with medium error correction: paper is folded, a screen is scratched."""
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=4)
    code.add_data(text)
    return f"data:image/svg+xml;base64,{b64encode(code.make_image(SvgPathFillImage).to_string()).decode()}"
