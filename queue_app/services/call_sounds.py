"""Which files say a call or a notice, form by form.

Decides the order of preference: what people have recorded, if it is whole; what the synthesiser has made, in Japanese.
What is in neither is left to the browser's voice by the display. Leaves the words to `domain.announcement`.
"""

from __future__ import annotations

from collections.abc import Mapping

from queue_app.domain.announcement import IN_KANA, Announcement, Form, announce
from queue_app.domain.errors import NotFound
from queue_app.domain.office import Office
from queue_app.domain.sound_parts import phrases, pieces_of, speaks
from queue_app.services.board import called_value
from queue_app.services.hall import Hall
from queue_app.services.ports import MediaFiles

Address = tuple[str, str]
"""Kind of file (recorded, spoken) and its name."""


def sounds_of_call(hall: Hall, media: MediaFiles, call_id: int) -> dict[str, dict[str, list[Address]]]:
    """`{language: {form: files}}` of a live call, without forms that no file says. `not_found` when it is over."""
    by_stage = {stage.stage_id: stage for stage in hall.stages}
    call = next((each for each in hall.calls if each.call_id == call_id and each.stage_id in by_stage), None)
    if call is None:
        raise NotFound()
    stage = by_stage[call.stage_id]
    called, recorded = called_value(hall, call, stage), media.recorded(hall.office.code)
    said = {}
    for language in dict.fromkeys(("ja", stage.language)):
        forms = {str(form): _files(announce(called, language, form=form), recorded, media) for form in Form}
        said[language] = {form: files for form, files in forms.items() if files}
    return {language: forms for language, forms in said.items() if forms}


def sounds_of_notice(hall: Hall, media: MediaFiles, notice_id: int) -> dict[str, dict[str, list[Address]]]:
    """An emergency in Japanese, as the synthesiser reads it; other languages are left to the browser."""
    notice = next((each for each in hall.notices if each["id"] == notice_id), None)
    if notice is None:
        raise NotFound()
    files = made(phrases(notice["text"]["ja"]), media)
    return {"ja": {"full": files, "repeat": files}} if files else {}


def served_languages(office: Office, media: MediaFiles) -> list[str]:
    """Languages in which the server itself can say every call."""
    recorded = media.recorded(office.code)
    made = IN_KANA if media.speaks() else frozenset()
    return [each for each in office.languages if each in made or speaks(office, each, recorded)]


def _files(said: Announcement, recorded: Mapping[str, str], media: MediaFiles) -> list[Address]:
    pieces = pieces_of(said, recorded)
    if pieces is not None:
        return [("recorded", recorded[piece]) for piece in pieces]
    return made(phrases(said.spoken), media) if said.language in IN_KANA else []


def made(parts: tuple[str, ...], media: MediaFiles) -> list[Address]:
    """Phrases of the synthesiser, if all are there; what is missing is wished for."""
    names = [media.spoken(part) for part in parts]
    return [("spoken", name) for name in names if name] if all(names) else []
