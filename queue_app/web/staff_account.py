"""What belongs to the person alone: passphrase, the ten-key pad, the bell, staying logged in."""

from __future__ import annotations

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.audit import Act
from queue_app.domain.errors import Invalid, NotFound
from queue_app.services import access, audit
from queue_app.store.access_tables import UserRow
from queue_app.store.database import reading
from queue_app.web.auth import identity, needs
from queue_app.web.context import house
from queue_app.web.errors import field_sentence
from queue_app.web.forms import submit
from queue_app.web.i18n import t
from queue_app.web.staff import blueprint
from queue_app.web.staff_frame import my_office, show

SWITCHES = ("ten_key", "quiet")


@blueprint.get("/account")
@needs(Right.OWN_ACCOUNT, page=True)
def account() -> ResponseReturnValue:
    return _page({})


@blueprint.post("/account")
@needs(Right.OWN_ACCOUNT, page=True)
def save_account() -> ResponseReturnValue:
    def act(session: Session) -> str:
        user = _me(session)
        user.settings = {**user.settings, **{name: request.form.get(name) == "yes" for name in SWITCHES}}
        return url_for("staff.account", saved="yes")

    return redirect(submit(act), 303)


@blueprint.post("/account/passphrase")
@needs(Right.OWN_ACCOUNT, page=True)
def change_passphrase() -> ResponseReturnValue:
    """The old one is asked for; all sessions end, so the next page is the login."""
    now = house().ports.clock()

    def act(session: Session) -> str:
        user = _me(session)
        if not access.is_passphrase_of(user, request.form.get("old", "")):
            raise Invalid.field("old", "wrong_passphrase")
        access.set_passphrase(session, user.login, request.form.get("passphrase", ""), now)
        audit.note_in(session, user.office_id, house().ports, identity(), Act.PASSPHRASE_CHANGED, f"user:{user.id}")
        return url_for("staff.login")

    try:
        return redirect(submit(act), 303)
    except Invalid as refusal:
        errors = {error.field: field_sentence(error.code, dict(error.facts)) for error in refusal.errors}
        return _page(errors), 422


@blueprint.post("/stay")
@needs(Right.OWN_ACCOUNT, page=True)
def stay() -> ResponseReturnValue:
    """A sign of life; `keep_session_alive` has noted it."""
    return "", 204


def _page(errors: dict[str, str]) -> str:
    with reading() as session:
        office = my_office(session)
        settings = dict(_me(session).settings)
    saved = t("staff.account.saved") if request.args.get("saved") else None
    return show("staff/account.html", office, own=settings, errors=errors, saved=saved)


def _me(session: Session) -> UserRow:
    name = identity().name
    if not name.startswith("user:"):
        raise NotFound()
    return session.get_one(UserRow, int(name.removeprefix("user:")))
