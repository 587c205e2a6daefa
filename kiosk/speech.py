"""The kiosk's guidance for ears: which files say a text that it shows.

Decides who may ask: a paired kiosk alone, since an answer may make the server speak a phrase for the first time. Leaves
order and playing to the page, and words to what stands on it.
"""

from __future__ import annotations

from flask import Response, jsonify, request, url_for

from kiosk import blueprint
from kiosk.pages import paired_screen
from queue_app.domain.access import Right
from queue_app.services.guidance import is_made, sounds_of_guidance
from queue_app.web.auth import needs
from queue_app.web.context import house

LONGEST = 200


@blueprint.get("/<office>/said")
@needs(Right.READ_PUBLIC)
def said(office: str) -> Response:
    """`{files: [addresses], made}`; without files, `made` tells that they are there in a moment."""
    screen = paired_screen(office)
    media = house().ports.media
    text = request.args.get("text", "")[:LONGEST]
    files = sounds_of_guidance(screen.office, screen.language, text, media)
    return jsonify(
        files=[url_for("display.media", office=office, kind=kind, name=name) for kind, name in files],
        made=is_made(screen.language, media),
    )
