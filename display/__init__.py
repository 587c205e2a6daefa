"""The screens over the counters: draw the board, say each call once."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("display", __name__, url_prefix="/display", static_folder="static", template_folder="templates")

from display import files, pages  # noqa: E402, F401 - they declare the page and what it fetches
