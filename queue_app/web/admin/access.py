"""Tokens of programs and devices: listed, issued (shown once), revoked; and the one-time code that pairs a screen."""

from __future__ import annotations

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from queue_app.domain.access import Right, Role
from queue_app.domain.audit import Act
from queue_app.domain.errors import Invalid
from queue_app.services import audit, bearers, devices, pairing
from queue_app.store.database import reading, writing
from queue_app.web.admin.frame import blueprint
from queue_app.web.auth import needs
from queue_app.web.context import house
from queue_app.web.errors import field_sentence
from queue_app.web.forms import submit
from queue_app.web.qr_path import qr_path
from queue_app.web.staff.frame import my_deed, my_office, show

TOKEN_ROLES = (Role.BUTTON, Role.INTEGRATION, Role.CLERK, Role.MANAGER, Role.KIOSK, Role.DISPLAY)
LONGEST = 80


@blueprint.get("/tokens")
@needs(Right.SET_UP, page=True)
def tokens() -> ResponseReturnValue:
    return _page()


@blueprint.post("/tokens")
@needs(Right.SET_UP, page=True)
def issue_token() -> ResponseReturnValue:
    def issue(session: Session) -> bearers.NewToken:
        deed = my_deed(session, Right.SET_UP)
        role, counter = request.form.get("role", ""), request.form.get("counter", "")
        if role not in TOKEN_ROLES:
            raise Invalid.field("role", "not_an_option")
        if counter and counter not in deed.office.counters:
            raise Invalid.field("counter", "unknown_counter")
        if role == Role.BUTTON and not counter:
            raise Invalid.field("counter", "missing")
        made = bearers.issue_token(session, deed.office.id, Role(role), _name(), deed.now, counter=counter or None)
        audit.note(deed, Act.TOKEN_ISSUED, made.name, role=role, counter=counter or None)
        return made

    try:
        made = writing(issue)
    except Invalid as refusal:
        return _page(_errors(refusal)), 422
    return _page(token=made)


@blueprint.post("/tokens/revoke")
@needs(Right.SET_UP, page=True)
def revoke_token() -> ResponseReturnValue:
    def once(session: Session) -> str:
        deed = my_deed(session, Right.SET_UP)
        bearers.revoke_token(session, deed.office.id, request.form.get("name", ""), deed.now)
        audit.note(deed, Act.TOKEN_REVOKED, request.form.get("name", ""))
        return url_for("admin.tokens")

    return redirect(submit(once), 303)


@blueprint.post("/devices")
@needs(Right.SET_UP, page=True)
def pair_device() -> ResponseReturnValue:
    def make(session: Session) -> tuple[str, str]:
        deed = my_deed(session, Right.SET_UP)
        role = request.form.get("device", "")
        if role not in bearers.DEVICE_ROLES:
            raise Invalid.field("device", "not_a_device_role")
        code = pairing.pairing_code(session, deed.office.id, Role(role), _name("device_name"), deed.now)
        audit.note(deed, Act.PAIRING_OFFERED, _name("device_name"), role=role)
        return code, f"{house().settings.public_url}/{role}/pair?office={deed.office.code}"

    try:
        code, address = writing(make)
    except Invalid as refusal:
        return _page(_errors(refusal)), 422
    return _page(pairing={"code": code, "address": address, "qr": qr_path(address)})


def _name(field: str = "name") -> str:
    name = " ".join(request.form.get(field, "").split())
    if not name:
        raise Invalid.field(field, "missing")
    if len(name) > LONGEST:
        raise Invalid.field(field, "too_long")
    return name


def _errors(refusal: Invalid) -> dict[str, str]:
    return {error.field: field_sentence(error.code, dict(error.facts)) for error in refusal.errors}


def _page(
    errors: dict[str, str] | None = None,
    token: bearers.NewToken | None = None,
    pairing: dict[str, object] | None = None,
) -> str:
    with reading() as session:
        office = my_office(session)
        copied = devices.copied(session, office.id)
        rows = [
            {
                "id": row.id,
                "name": row.name,
                "role": row.role,
                "counter": row.counter,
                "seen_at": row.seen_at,
                "at": row.created_at,
                "unused_days": bearers.UNUSED.days if bearers.is_unused(row, house().ports.clock()) else None,
                "copied": row.name in copied,
            }
            for row in bearers.list_tokens(session, office.id)
            if row.revoked_at is None
        ]
    return show(
        "admin/tokens.html",
        office,
        rows=rows,
        errors=errors or {},
        form=request.form if errors else {},
        token=token,
        pairing=pairing,
        token_roles=TOKEN_ROLES,
        device_roles=bearers.DEVICE_ROLES,
    )
