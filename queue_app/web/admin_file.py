"""The office file: taken out as it stands, read in as a whole or not at all."""

from __future__ import annotations

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.audit import Act
from queue_app.domain.errors import Invalid
from queue_app.services import audit, office_file
from queue_app.store.database import reading
from queue_app.web.admin import blueprint
from queue_app.web.auth import needs
from queue_app.web.errors import field_sentence
from queue_app.web.forms import submit
from queue_app.web.i18n import t
from queue_app.web.staff_frame import my_deed, my_office, show

LARGEST_UPLOAD = office_file.LARGEST_FILE * 4  # bytes: its limit counts characters


@blueprint.url_value_preprocessor
def _let_the_file_in(endpoint: str | None, _values: dict[str, object] | None) -> None:
    """Before the form is read: this one view takes more than other forms may hold."""
    if endpoint == "admin.load_office_file":
        request.max_content_length = LARGEST_UPLOAD


@blueprint.get("/file")
@needs(Right.SET_UP, page=True)
def office_file_page() -> ResponseReturnValue:
    return _page()


@blueprint.get("/file/download")
@needs(Right.SET_UP, page=True)
def download_office_file() -> ResponseReturnValue:
    with reading() as session:
        code = my_office(session).code
        text = office_file.export_office(session, code)
    headers = {"Content-Disposition": f'attachment; filename="{code}.yaml"', "Cache-Control": "no-store"}
    return Response(text, content_type="application/yaml; charset=utf-8", headers=headers)


@blueprint.post("/file")
@needs(Right.SET_UP, page=True)
def load_office_file() -> ResponseReturnValue:
    given = request.files.get("file")
    try:
        text = given.read().decode("utf-8-sig") if given else ""
    except UnicodeDecodeError:
        return _page(errors={"file": t("admin.file.not_text")}), 422
    if not text.strip():
        return _page(errors={"file": field_sentence("missing", {})}), 422

    def act(session: Session) -> str:
        deed = my_deed(session, Right.SET_UP)
        loaded = office_file.load_office(session, text, "office.yaml", deed.now)
        if loaded != deed.office.code:
            raise Invalid.field("file", "other_office")
        audit.note(deed, Act.OFFICE_LOADED, f"office:{loaded}")
        return url_for("admin.office_file_page", saved="yes")

    try:
        return redirect(submit(act), 303)
    except office_file.OfficeFileRefused as refusal:
        return _page(errors={"file": t("admin.file.refused")}, findings=[str(one) for one in refusal.findings]), 422
    except Invalid:
        return _page(errors={"file": t("admin.file.other_office")}), 422


def _page(errors: dict[str, str] | None = None, findings: list[str] | None = None) -> str:
    with reading() as session:
        office = my_office(session)
    saved = t("admin.saved") if request.args.get("saved") else None
    return show("admin/file.html", office, errors=errors or {}, findings=findings or [], saved=saved)
