"""The style sheets of a page as one file: on a slow line a request costs more than what it brings.

Decides which sheets a surface has, and in which order. They are written, read and checked as the files they are;
nothing is built ahead, and an address that names the content makes each browser fetch it once.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, current_app, url_for

COMMON = ("vendor/dads/tokens.css", "app.css", "controls.css", "page.css", "messages.css", "lists.css")
OWN = {"resident": ("resident.css", "resident_ticket.css", "resident_booking.css"), "staff": ("staff.css",)}

blueprint = Blueprint("surfaces", __name__, url_prefix="/static/surfaces")


@blueprint.get("/<any(resident, staff):surface>.css", endpoint="static")
def sheet(surface: str) -> Response:
    return Response(_joined(_folder(), surface), content_type="text/css; charset=utf-8")


def surface_sheet(surface: str) -> str:
    """The address of the style sheet of residents or of staff, with its content in the query as every file has."""
    mark = hashlib.sha256(_joined(_folder(), surface).encode()).hexdigest()[:12]
    return url_for("surfaces.static", surface=surface, v=mark)


def _folder() -> str:
    return str(current_app.static_folder)


@lru_cache(maxsize=4)
def _joined(folder: str, surface: str) -> str:
    return "\n".join((Path(folder) / name).read_text("utf-8") for name in (*COMMON, *OWN[surface]))
