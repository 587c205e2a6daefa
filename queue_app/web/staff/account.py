"""What belongs to the person alone: passphrase, second proof, where one is logged in, the ten-key pad, the bell."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.audit import Act
from queue_app.domain.errors import Invalid, NotFound
from queue_app.domain.office import Office
from queue_app.services import accounts, audit, second_factor, staff_sessions
from queue_app.store.access_tables import StaffSession, UserRow
from queue_app.store.database import reading
from queue_app.web.auth import identity, needs
from queue_app.web.context import house
from queue_app.web.errors import field_sentence
from queue_app.web.forms import submit
from queue_app.web.i18n import t
from queue_app.web.opening import day_text
from queue_app.web.staff.frame import blueprint, my_office, show

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
        if not accounts.is_passphrase_of(user, request.form.get("old", "")):
            raise Invalid.field("old", "wrong_passphrase")
        accounts.set_passphrase(session, user.login, request.form.get("passphrase", ""), now)
        audit.note_in(session, user.office_id, house().ports, identity(), Act.PASSPHRASE_CHANGED, f"user:{user.id}")
        return url_for("staff.login")

    try:
        return redirect(submit(act), 303)
    except Invalid as refusal:
        errors = {error.field: field_sentence(error.code, dict(error.facts)) for error in refusal.errors}
        return _page(errors), 422


@blueprint.post("/account/sessions/<int:session_id>/end")
@needs(Right.OWN_ACCOUNT, page=True)
def end_session(session_id: int) -> ResponseReturnValue:
    """Log another browser of one's own out."""
    return _end(only=session_id)


@blueprint.post("/account/sessions/end-others")
@needs(Right.OWN_ACCOUNT, page=True)
def end_other_sessions() -> ResponseReturnValue:
    """Log out everywhere but here."""
    return _end(but=identity().session_id)


def _end(*, only: int | None = None, but: int | None = None) -> ResponseReturnValue:
    now = house().ports.clock()

    def act(session: Session) -> str:
        user = _me(session)
        if staff_sessions.end_sessions(session, user.id, now, only=only, but=but):
            audit.note_in(session, user.office_id, house().ports, identity(), Act.SESSIONS_ENDED, f"user:{user.id}")
        return url_for("staff.account")

    return redirect(submit(act), 303)


@blueprint.post("/stay")
@needs(Right.OWN_ACCOUNT, page=True)
def stay() -> ResponseReturnValue:
    """A sign of life; `keep_session_alive` has noted it."""
    return "", 204


def _page(errors: dict[str, str]) -> str:
    now = house().ports.clock()
    with reading() as session:
        office, user = my_office(session), _me(session)
        facts = {
            "own": dict(user.settings),
            "second": _second_factor(session, user, office),
            "sessions": [_shown(row, office) for row in staff_sessions.sessions_of(session, user.id, now)],
        }
    if request.args.get("wrong") == "second":
        errors = {**errors, "passphrase_now": field_sentence("wrong_passphrase", {})}
    saved = t("staff.account.saved") if request.args.get("saved") else None
    return show("staff/account.html", office, errors=errors, saved=saved, **facts)


def _second_factor(session: Session, user: UserRow, office: Office) -> dict[str, Any]:
    due = second_factor.due_from(user)
    return {
        "since": day_text(user.totp_since.astimezone(office.zone)) if user.totp_since else None,
        "codes_left": second_factor.recovery_codes_left(session, user),
        "due": day_text(due.astimezone(office.zone)) if due else None,
    }


def _shown(row: StaffSession, office: Office) -> dict[str, Any]:
    since = row.created_at.astimezone(office.zone)
    return {
        "id": row.id,
        "browser": row.browser,
        "counter": row.counter,
        "since": f"{day_text(since)} {since:%H:%M}",
        "seen": f"{row.seen_at.astimezone(office.zone):%H:%M}",
        "is_here": row.id == identity().session_id,
    }


def _me(session: Session) -> UserRow:
    name = identity().name
    if not name.startswith("user:"):
        raise NotFound()
    return session.get_one(UserRow, int(name.removeprefix("user:")))
