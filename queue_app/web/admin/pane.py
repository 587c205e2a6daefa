"""The city's own information beside the calls: texts and pictures, brought and taken away."""

from __future__ import annotations

from flask import request, url_for
from flask.typing import ResponseReturnValue

from queue_app.domain.access import Right
from queue_app.services import screens
from queue_app.services.deed import Deed
from queue_app.store.database import reading
from queue_app.web.admin.frame import blueprint
from queue_app.web.admin.screens import change
from queue_app.web.auth import needs
from queue_app.web.context import house
from queue_app.web.i18n import LANGUAGES, t
from queue_app.web.staff.frame import my_office, show

LARGEST_UPLOAD = 9_000_000


@blueprint.url_value_preprocessor
def _let_the_picture_in(endpoint: str | None, _values: dict[str, object] | None) -> None:
    """Before the form is read: this one view takes more than other forms may hold."""
    if endpoint == "admin.add_slide":
        request.max_content_length = LARGEST_UPLOAD


@blueprint.get("/pane")
@needs(Right.SET_UP, page=True)
def pane() -> ResponseReturnValue:
    return _page()


@blueprint.post("/pane")
@needs(Right.SET_UP, page=True)
def add_slide() -> ResponseReturnValue:
    def act(deed: Deed) -> None:
        given = request.files.get("picture")
        content = given.read() if given and given.filename else b""
        image = house().ports.media.keep_picture(deed.office.code, content) if content else ""
        text = {language: request.form.get(f"text_{language}", "") for language in deed.office.languages}
        screens.add_slide(deed, text, image)

    return change(act, "admin.pane", _page)


@blueprint.post("/pane/<int:place>/remove")
@needs(Right.SET_UP, page=True)
def remove_slide(place: int) -> ResponseReturnValue:
    return change(lambda deed: screens.remove_slide(deed, place), "admin.pane", _page)


def _page(errors: dict[str, str] | None = None) -> str:
    with reading() as session:
        office = my_office(session)
    slides = [{"text": dict(slide.text), "image": _address(office.code, slide.image)} for slide in office.pane]
    return show(
        "admin/pane.html",
        office,
        slides=slides,
        languages_offered=[(each, LANGUAGES.get(each, each)) for each in office.languages],
        form=request.form if errors else {},
        errors=errors or {},
        saved=t("admin.saved") if request.args.get("saved") else None,
    )


def _address(office: str, name: str) -> str:
    return url_for("display.media", office=office, kind="picture", name=name) if name else ""
