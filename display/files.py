"""What a display fetches while it hangs: which files say a call, and the files themselves.

Files are named by what is in them, so a browser may keep them for a year. Sounds of a call are asked for while its
chime plays; a phrase that has to be made first is there when the page asks again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, make_response, send_file, url_for

from display import blueprint
from queue_app.domain.access import Right
from queue_app.domain.errors import NotFound
from queue_app.services import offices
from queue_app.services.call_sounds import Address, sounds_of_call, sounds_of_notice
from queue_app.services.hall import Hall, read_hall
from queue_app.services.ports import MediaFiles
from queue_app.store.database import reading
from queue_app.web.auth import needs
from queue_app.web.context import house
from queue_app.web.wire import to_json

YEAR_S = 31_536_000
TYPES = {"wav": "audio/wav", "ogg": "audio/ogg", "mp3": "audio/mpeg", "jpg": "image/jpeg"}

Find = Callable[[Hall, MediaFiles, int], dict[str, dict[str, list[Address]]]]


@blueprint.get("/<office>/calls/<int:call_id>/sounds")
@needs(Right.READ_PUBLIC)
def call_sounds(office: str, call_id: int) -> Response:
    """`{language: {form: [addresses]}}`, to be played one behind the other."""
    return _sounds(office, call_id, sounds_of_call)


@blueprint.get("/<office>/notices/<int:notice_id>/sounds")
@needs(Right.READ_PUBLIC)
def notice_sounds(office: str, notice_id: int) -> Response:
    return _sounds(office, notice_id, sounds_of_notice)


@blueprint.get("/<office>/media/<kind>/<name>")
@needs(Right.READ_PUBLIC)
def media(office: str, kind: str, name: str) -> Response:
    """A recording, a spoken phrase or a picture of this office."""
    with reading() as session:
        here = offices.office_by_code(session, office)
    path = house().ports.media.file(here.code, kind, name)
    if path is None:
        raise NotFound()
    answer = send_file(path, mimetype=TYPES[path.suffix[1:]], conditional=True, max_age=YEAR_S)
    answer.cache_control.public, answer.cache_control.immutable = True, True
    return answer


def _sounds(office: str, number: int, find: Find) -> Response:
    with reading() as session:
        here = offices.office_by_code(session, office)
        found = find(read_hall(session, here, house().ports), house().ports.media, number)
    answer = make_response(to_json(_addresses(here.code, found)))
    answer.content_type = "application/json"
    return answer


def _addresses(office: str, found: dict[str, dict[str, list[Address]]]) -> dict[str, Any]:
    return {
        language: {
            form: [url_for("display.media", office=office, kind=kind, name=name) for kind, name in files]
            for form, files in forms.items()
        }
        for language, forms in found.items()
    }
