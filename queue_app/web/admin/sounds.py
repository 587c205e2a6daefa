"""Recordings of a language: which clips there are to read into a microphone, which are there; bringing, taking away."""

from __future__ import annotations

import re
from functools import partial

from flask import request, url_for
from flask.typing import ResponseReturnValue

from queue_app.domain.access import Right
from queue_app.domain.errors import Invalid, NotFound
from queue_app.domain.office import Office
from queue_app.domain.sound_file import check_sound
from queue_app.domain.sound_parts import clips_to_record
from queue_app.services import screens
from queue_app.services.deed import Deed
from queue_app.services.guidance import guidance_to_record
from queue_app.store.database import reading
from queue_app.web.admin.frame import blueprint
from queue_app.web.admin.screens import change
from queue_app.web.auth import needs
from queue_app.web.context import house
from queue_app.web.errors import field_sentence
from queue_app.web.i18n import LANGUAGES, t
from queue_app.web.staff.frame import my_office, show

MOST_FILES = 80
LARGEST_UPLOAD = 24_000_000
_WHOLE_NUMBER = re.compile(r"number-[A-Z]{0,2}[1-9][0-9]{0,3}", re.ASCII)


@blueprint.url_value_preprocessor
def _let_the_sounds_in(endpoint: str | None, _values: dict[str, object] | None) -> None:
    """Before the form is read: this one view takes more than other forms may hold."""
    if endpoint == "admin.bring_sounds":
        request.max_content_length = LARGEST_UPLOAD


@blueprint.get("/sounds/<language>")
@needs(Right.SET_UP, page=True)
def sounds(language: str) -> ResponseReturnValue:
    return _page(language)


@blueprint.post("/sounds/<language>")
@needs(Right.SET_UP, page=True)
def bring_sounds(language: str) -> ResponseReturnValue:
    """Several files at once, each named like its clip, or one for the clip that was chosen."""
    again = partial(_page, language)
    return change(lambda deed: _bring(deed, language), "admin.sounds", again, language=language)


@blueprint.post("/sounds/<language>/drop")
@needs(Right.SET_UP, page=True)
def drop_sound(language: str) -> ResponseReturnValue:
    def act(deed: Deed) -> None:
        clip = f"{language}/{request.form.get('clip', '').replace('-', '/', 1)}"
        house().ports.media.drop_recording(deed.office.code, clip)
        screens.sounds_changed(deed, language)

    return change(act, "admin.sounds", partial(_page, language), language=language)


def _bring(deed: Deed, language: str) -> None:
    """All of them, or none: what is wrong is named file by file."""
    _check_language(deed.office, language)
    given = [file for file in request.files.getlist("files") if file.filename]
    if not given or len(given) > MOST_FILES:
        raise Invalid.field("files", "missing" if not given else "too_many")
    chosen = request.form.get("clip", "")
    kept, wrong = [], []
    for file in given:
        name = chosen or (file.filename or "").rsplit("/", 1)[-1].rsplit(".", 1)[0]
        try:
            kept.append((_clip(deed.office, language, name), check_sound(file.read())))
        except Invalid as refusal:
            wrong += [f"{name[:40]}: {field_sentence(error.code, dict(error.facts))}" for error in refusal.errors]
    if wrong:
        raise Invalid.field("files", "sounds_refused", list="、".join(wrong[:5]))
    for clip, sound in kept:
        house().ports.media.keep_recording(deed.office.code, clip, kind=sound.kind, content=sound.content)
    screens.sounds_changed(deed, language)


def _clip(office: Office, language: str, name: str) -> str:
    """`reception-2` is a clip of this language; whole numbers may be recorded beside the figures."""
    clip = f"{language}/{name.replace('-', '/', 1)}"
    if clip in _needed(office, language) or _WHOLE_NUMBER.fullmatch(name):
        return clip
    raise Invalid.field("files", "unknown_clip")


def _needed(office: Office, language: str) -> dict[str, str]:
    """For the calls, then for the kiosks."""
    return clips_to_record(office, language) | guidance_to_record(office, language)


def _check_language(office: Office, language: str) -> None:
    if language not in office.languages:
        raise NotFound()


def _page(language: str, errors: dict[str, str] | None = None) -> str:
    with reading() as session:
        office = my_office(session)
    _check_language(office, language)
    recorded = house().ports.media.recorded(office.code)
    needed, calls = _needed(office, language), clips_to_record(office, language)
    more = {clip: clip.rsplit("/", 1)[1] for clip in recorded if clip.startswith(f"{language}/") and clip not in needed}
    rows = [
        {
            "name": clip.partition("/")[2].replace("/", "-"),
            "text": text,
            "address": url_for("display.media", office=office.code, kind="recorded", name=recorded[clip])
            if clip in recorded
            else "",
        }
        for clip, text in {**needed, **more}.items()
    ]
    return show(
        "admin/sounds.html",
        office,
        language=language,
        language_name=LANGUAGES.get(language, language),
        rows=rows,
        all=len(calls),
        there=sum(1 for clip in calls if clip in recorded),
        errors=errors or {},
        saved=t("admin.saved") if request.args.get("saved") else None,
    )
