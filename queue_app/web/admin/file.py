"""The office file: taken out as it stands, read in as a whole or not at all."""

from __future__ import annotations

from difflib import SequenceMatcher

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.audit import Act
from queue_app.domain.errors import Conflict, Invalid, Refusal
from queue_app.services import audit, office_file, regrid
from queue_app.store.database import reading
from queue_app.web.admin.frame import blueprint
from queue_app.web.auth import needs
from queue_app.web.errors import field_sentence
from queue_app.web.forms import submit
from queue_app.web.i18n import t
from queue_app.web.staff.frame import my_deed, my_office, show

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
        _check_nobody_was_first(office_file.export_office(session, deed.office.code), text)
        loaded = office_file.load_office(session, text, "office.yaml", deed.now)
        if loaded != deed.office.code:
            raise Invalid.field("file", "other_office")
        regrid.lay_again(session, deed.office.id, deed.ports)
        audit.note(deed, Act.OFFICE_LOADED, f"office:{loaded}")
        return url_for("admin.office_file_page", saved="yes")

    try:
        return redirect(submit(act), 303)
    except Refusal as refusal:
        return _refused(refusal, text)


def _refused(refusal: Refusal, text: str) -> ResponseReturnValue:
    """The page again, with what is against the file; anything else is nobody's business here."""
    if isinstance(refusal, office_file.OfficeFileRefused):
        return _page(errors={"file": t("admin.file.refused")}, findings=[str(one) for one in refusal.findings]), 422
    if isinstance(refusal, Invalid):
        return _page(errors={"file": t("admin.file.other_office")}), 422
    if refusal.code == "stale":
        return _page(yours=text), 412
    raise refusal


def _check_nobody_was_first(now: str, text: str) -> None:
    """Refuses `stale` for a file made from an older state, unless its owner has seen both and says so."""
    seen_now = request.form.get("over") == "yes"
    made_from = (not seen_now and office_file.state_named(text)) or request.form.get("state", "")
    if made_from != office_file.state_named(now) and differences(now, text):
        raise Conflict("stale")


def differences(now: str, yours: str) -> list[dict[str, str]]:
    """Where the two files differ, part by part; comments do not count."""
    held, wanted = ([line for line in text.splitlines() if not line.startswith("#")] for text in (now, yours))
    parts = SequenceMatcher(None, held, wanted, autojunk=False).get_opcodes()
    return [
        {"now": "\n".join(held[a:b]), "yours": "\n".join(wanted[c:d])} for kind, a, b, c, d in parts if kind != "equal"
    ]


def _page(errors: dict[str, str] | None = None, findings: list[str] | None = None, yours: str | None = None) -> str:
    with reading() as session:
        office = my_office(session)
        now = office_file.export_office(session, office.code)
    return show(
        "admin/file.html",
        office,
        errors=errors or {},
        findings=findings or [],
        saved=t("admin.saved") if request.args.get("saved") else None,
        state=office_file.state_named(now),
        stale=yours is not None,
        changes=differences(now, yours) if yours is not None else [],
    )
