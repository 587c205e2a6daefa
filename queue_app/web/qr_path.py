"""A QR code as the path of an inline SVG: nothing to load, nothing a content policy could refuse."""

from __future__ import annotations


def qr_path(text: str) -> tuple[int, str]:
    """The side of the view box and the dark modules, one small square each."""
    import qrcode  # loaded with the first code: it brings all of Pillow along

    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=4)
    code.add_data(text)
    rows = code.get_matrix()
    squares = (f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return len(rows), "".join(squares)
