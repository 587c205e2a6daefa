"""The machine at the door: choose, take the number."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("kiosk", __name__, url_prefix="/kiosk", static_folder="static", template_folder="templates")

from kiosk import pages, ticket_pages  # noqa: E402, F401 - they declare the pages
