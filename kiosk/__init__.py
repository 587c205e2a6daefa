"""The machine at the door: choose, take the number."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("kiosk", __name__, url_prefix="/kiosk", static_folder="static", template_folder="templates")

import kiosk.check_in  # noqa: E402 - it declares pages
import kiosk.outage  # noqa: E402 - so does this
import kiosk.pages  # noqa: E402 - so does this
import kiosk.speech  # noqa: E402 - so does this
import kiosk.ticket_pages  # noqa: E402, F401 - so does this
