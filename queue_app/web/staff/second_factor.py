"""The second proof of a login, and setting one up: after the passphrase when it is due, or from one's own page.

A half open session may see these pages and nothing else. Leaves codes to `services.second_factor`.
"""

from __future__ import annotations

from flask import make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from queue_app.domain.access import STAFF, Identity, Right, Role
from queue_app.domain.audit import Act
from queue_app.domain.errors import Conflict, Invalid
from queue_app.domain.office import label_in
from queue_app.services import access, accounts, audit, offices, second_factor, staff_sessions
from queue_app.services.second_factor import Step
from queue_app.store.access_tables import StaffSession, UserRow
from queue_app.store.database import reading, writing
from queue_app.web.auth import identity, needs, session_cookie
from queue_app.web.context import house
from queue_app.web.errors import field_sentence
from queue_app.web.i18n import reader_language, t
from queue_app.web.qr import qr_image
from queue_app.web.staff.frame import blueprint, show
from queue_app.web.staff.login import first_page, note_login, safe_address, with_session

LONGEST_CODE = 20


@blueprint.get("/login/code")
@needs(Right.READ_PUBLIC)
def login_code() -> ResponseReturnValue:
    """The page that asks for the code of the phone."""
    with reading() as session:
        if _half(session, Step.CODE) is None:
            return redirect(url_for("staff.login"))
    return _code_page({})


@blueprint.post("/login/code")
@needs(Right.READ_PUBLIC)
def prove() -> ResponseReturnValue:
    """A code of the phone or of the paper makes the session whole."""
    now, code = house().ports.clock(), request.form.get("code", "")[:LONGEST_CODE]

    def act(session: Session) -> tuple[Role, str | None] | None:
        half = _half(session, Step.CODE)
        if half is None:
            return None
        row, user = half
        secret = access.prove(session, row, user, code, now)
        if secret is None:
            audit.note_in(
                session, user.office_id, house().ports, audit.NOBODY, Act.LOGIN_FAILED, f"user:{user.id}", step="code"
            )
        else:
            note_login(session, user)
        return Role(user.role), secret

    try:
        found = writing(act)
    except Conflict as slowed:
        return _code_page({"code": t("staff.second.wait", seconds=slowed.facts["retry_after_s"])}), 422
    if found is None:
        return redirect(url_for("staff.login"), 303)
    role, secret = found
    if secret is None:
        return _code_page({"code": field_sentence("wrong_code", {})}), 422
    return with_session(redirect(safe_address(request.form.get("next", "")) or first_page(role), 303), secret)


@blueprint.get("/login/set-up")
@needs(Right.READ_PUBLIC)
def login_set_up() -> ResponseReturnValue:
    """The same as `set_up`, for a login that cannot go on without it."""
    with reading() as session:
        half = _half(session, Step.SET_UP)
        if half is None:
            return redirect(url_for("staff.login"))
        return _set_up_page(session, half[1], {})


@blueprint.post("/login/set-up")
@needs(Right.READ_PUBLIC)
def confirm_at_login() -> ResponseReturnValue:
    """The phone shows the right codes: the recovery codes are shown, and the session is whole."""
    now = house().ports.clock()

    def act(session: Session) -> tuple[list[str], str, Role]:
        half = _half(session, Step.SET_UP)
        if half is None:
            raise Conflict("second_factor_not_begun")
        row, user = half
        codes = _confirmed(session, user)
        note_login(session, user)
        return codes, access.make_whole(session, row, user, now), Role(user.role)

    try:
        codes, secret, role = writing(act)
    except Conflict:
        return redirect(url_for("staff.login"), 303)
    except Invalid as refusal:
        with reading() as session:
            half = _half(session, Step.SET_UP)
            return (_set_up_page(session, half[1], _errors(refusal)), 422) if half else redirect(url_for("staff.login"))
    onward = safe_address(request.form.get("next", "")) or first_page(role)
    return with_session(make_response(_codes_page(codes, onward)), secret)


@blueprint.get("/second-factor")
@needs(Right.OWN_ACCOUNT, page=True)
def set_up() -> ResponseReturnValue:
    """The QR code for the phone, once `begin_set_up` has made the secret."""
    with reading() as session:
        user = _me(session)
        if user.totp_secret is None or user.totp_since is not None:
            return redirect(url_for("staff.account"))
        return _set_up_page(session, user, {})


@blueprint.post("/second-factor/begin")
@needs(Right.OWN_ACCOUNT, page=True)
def begin_set_up() -> ResponseReturnValue:
    """A new secret for one's own phone. The passphrase is asked for: an unlocked screen is not enough."""

    def act(session: Session) -> None:
        user = _me(session)
        if not accounts.is_passphrase_of(user, request.form.get("passphrase_now", "")):
            raise Invalid.field("passphrase_now", "wrong_passphrase")
        if user.totp_since is not None:
            second_factor.remove(session, user)
            _note(session, user, Act.SECOND_FACTOR_REMOVED)
        second_factor.begin(user)

    try:
        writing(act)
    except Invalid:
        return redirect(url_for("staff.account", wrong="second"), 303)
    return redirect(url_for("staff.set_up"), 303)


@blueprint.post("/second-factor/confirm")
@needs(Right.OWN_ACCOUNT, page=True)
def confirm() -> ResponseReturnValue:
    """From now on every login of this person asks for a code."""
    try:
        codes = writing(lambda session: _confirmed(session, _me(session)))
    except Conflict:
        return redirect(url_for("staff.account"), 303)
    except Invalid as refusal:
        with reading() as session:
            return _set_up_page(session, _me(session), _errors(refusal)), 422
    return _codes_page(codes, url_for("staff.account"))


def _confirmed(session: Session, user: UserRow) -> list[str]:
    code = request.form.get("code", "")[:LONGEST_CODE]
    codes = second_factor.confirm(session, user, code, house().ports.clock())
    _note(session, user, Act.SECOND_FACTOR_SET)
    return codes


def _note(session: Session, user: UserRow, act: Act) -> None:
    me = Identity(f"user:{user.id}", Role(user.role))
    audit.note_in(session, user.office_id, house().ports, me, act, me.name)


def _half(session: Session, step: Step) -> tuple[StaffSession, UserRow] | None:
    """The half open session of this browser that waits for this step."""
    secret = request.cookies.get(session_cookie())
    half = staff_sessions.half_open(session, secret, house().ports.clock()) if secret else None
    return half if half is not None and half[0].due == step else None


def _me(session: Session) -> UserRow:
    return session.get_one(UserRow, int(identity().name.removeprefix("user:")))


def _code_page(errors: dict[str, str]) -> str:
    return show("staff/login_code.html", None, errors=errors, next=safe_address(request.values.get("next", "")))


def _set_up_page(session: Session, user: UserRow, errors: dict[str, str]) -> str:
    office = offices.office_by_id(session, user.office_id)
    address = second_factor.address_for_phone(user, f"Matazu {label_in(office.name, reader_language())}")
    return show(
        "staff/second_factor.html",
        office,
        errors=errors,
        picture=qr_image(address),
        secret=user.totp_secret,
        action=url_for("staff.confirm" if identity().role in STAFF else "staff.confirm_at_login"),
        next=safe_address(request.values.get("next", "")),
    )


def _codes_page(codes: list[str], onward: str) -> str:
    return show("staff/recovery_codes.html", None, codes=codes, onward=onward)


def _errors(refusal: Invalid) -> dict[str, str]:
    return {error.field: field_sentence(error.code, dict(error.facts)) for error in refusal.errors}
