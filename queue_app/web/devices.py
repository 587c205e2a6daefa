"""Turning a browser into a kiosk or a lobby display: a one-time code once, a token in a cookie from then on.

Decides the pages of pairing, the same for both. Staff make the code (`flask device pair`, admin pages); in the demo
city a press is enough, so that a newcomer sees every screen. Leaves tokens to `services.bearers` and where the cookie
counts to `web.auth`.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request
from sqlalchemy.orm import Session

from queue_app.domain.access import Identity, Right, Role
from queue_app.domain.audit import Act
from queue_app.domain.errors import Forbidden, Invalid
from queue_app.domain.office import Office, label_in
from queue_app.services import audit, bearers, offices, pairing
from queue_app.store.database import reading, writing
from queue_app.web.auth import device_cookie, needs
from queue_app.web.context import house
from queue_app.web.errors import field_sentence
from queue_app.web.i18n import t
from queue_app.web.limits import check_pairing_rate, check_public_rate

blueprint = Blueprint("devices", __name__)
YEAR_S = 31_536_000
DEMO_SETTINGS: dict[Role, dict[str, Any]] = {Role.KIOSK: {"print": "button"}, Role.DISPLAY: {"voice": "on"}}
"""A demo kiosk opens no print dialog by itself."""


@blueprint.get("/kiosk/pair", defaults={"role": "kiosk"})
@blueprint.get("/display/pair", defaults={"role": "display"})
@needs(Right.READ_PUBLIC)
def show(role: str) -> Response:
    """The form for the code; `?office=` says which office's page was asked for."""
    return pairing_page(Role(role), _office_asked_for(request.args.get("office", "")))


@blueprint.post("/kiosk/pair", defaults={"role": "kiosk"})
@blueprint.post("/display/pair", defaults={"role": "display"})
@needs(Right.READ_PUBLIC)
def pair(role: str) -> Response:
    """Exchange the code, or the demo city's press, for a token in a cookie; then the device's own page."""
    check_public_rate()
    check_pairing_rate()
    kind, typed, demo = Role(role), request.form.get("code", ""), request.form.get("demo", "")
    try:
        token, office_id, kind = writing(lambda s: _pair_demo(s, kind, demo) if demo else _pair(s, typed))
    except Invalid as refusal:
        errors = {error.field: field_sentence(error.code, dict(error.facts)) for error in refusal.errors}
        return pairing_page(kind, _office_asked_for(request.form.get("office", "")), typed=typed, errors=errors)
    with reading() as session:
        code = offices.office_by_id(session, office_id).code
    response = make_response(redirect(f"/{kind}/{code}", 303))
    response.set_cookie(
        device_cookie(kind),
        token.secret,
        max_age=YEAR_S,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=house().settings.is_secure,
    )
    return response


def pairing_page(
    role: Role, office: Office | None, *, typed: str = "", errors: dict[str, str] | None = None
) -> Response:
    """What an unpaired browser sees instead of a kiosk; 422 with errors. Displays may show themselves unpaired."""
    page = render_template(
        "devices/pair.html",
        role=role,
        office=office,
        is_demo=office is not None and is_demo(office),
        typed=typed,
        errors=errors or {},
        office_name=label_in(office.name, "ja") if office else t("common.site_name"),
        phone=office.phone if office else "",
    )
    return make_response(page, 422 if errors else 200)


def is_demo(office: Office) -> bool:
    """The example city of a first start: open around the clock, and every device may pair itself."""
    return bool(office.extra.get("demo"))


def _pair(session: Session, typed: str) -> tuple[bearers.NewToken, int, Role]:
    token, code = pairing.pair(session, typed, house().ports.clock())
    _note(session, token, code.office_id, code.role)
    return token, code.office_id, Role(code.role)


def _pair_demo(session: Session, role: Role, code: str) -> tuple[bearers.NewToken, int, Role]:
    office, now = offices.office_by_code(session, code), house().ports.clock()
    if not is_demo(office):
        raise Forbidden("forbidden")
    name = pairing.free_name(session, office.id, t(f"devices.demo_name_{role}", language="ja"))
    typed = pairing.pairing_code(session, office.id, role, name, now, settings=DEMO_SETTINGS[role])
    session.flush()
    token = pairing.pair(session, typed, now)[0]
    _note(session, token, office.id, role)
    return token, office.id, role


def _note(session: Session, token: bearers.NewToken, office_id: int, role: str) -> None:
    """Whoever typed the code is known by the device that it became."""
    device = Identity(name=f"device:{token.name}"[:60])
    audit.note_in(session, office_id, house().ports, device, Act.DEVICE_PAIRED, token.name, role=str(role))


def _office_asked_for(code: str) -> Office | None:
    with reading() as session:
        return offices.office_by_code(session, code) if code in offices.office_codes(session) else None
