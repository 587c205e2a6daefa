"""A number from home: choose a service, say how long the way is, and follow the number on the phone."""

from __future__ import annotations

import secrets

from flask import Response, make_response, redirect, request
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.errors import Conflict, Invalid, NotFound
from queue_app.services import offices, remote, tokens
from queue_app.services.deed import begin
from queue_app.services.hall import read_hall
from queue_app.services.messages import contact_from
from queue_app.store.database import reading
from queue_app.web.auth import identity, needs
from queue_app.web.context import house
from queue_app.web.errors import field_sentence, sentence
from queue_app.web.forms import submit
from queue_app.web.i18n import reader_language, t
from queue_app.web.limits import check_join_rate, check_public_rate
from queue_app.web.resident.frame import blueprint, shown
from queue_app.web.resident.portal import queues_of

DAY_S = 86_400
DEVICE_COOKIE = "matazu_holder"
WAYS_MIN = (5, 10, 15, 20, 30, 45, 60)


@blueprint.get("/<office>/ticket")
@needs(Right.READ_PUBLIC)
def choose(office: str) -> Response:
    """A number from home: which service."""
    return _choices(office)


@blueprint.post("/<office>/ticket")
@needs(Right.HOLD_TICKET)
def take(office: str) -> Response:
    """Take the number; its page is the answer. A browser that holds one already is led to it."""
    check_public_rate()
    service, device = request.form.get("service", ""), request.cookies.get(DEVICE_COOKIE) or secrets.token_urlsafe(16)
    if not service:
        return _chosen_wrong(office, {"service": t("resident.choose_service")})

    def act(session: Session) -> str:
        deed = begin(session, office, Right.HOLD_TICKET, identity(), house().ports)
        held = remote.open_of_device(deed, device)
        ticket = held or remote.join(deed, _wish(service, device))
        return f"/t/{tokens.ticket_token(deed.ports.secret, ticket.nonce)}" + ("?said=have" if held else "")

    try:
        check_join_rate()
        response = make_response(redirect(submit(act), 303))
    except Invalid as refusal:
        return _chosen_wrong(office, _by_field(refusal))
    except Conflict as refusal:
        return _chosen_wrong(office, {"service": sentence(refusal)}, 409)
    response.set_cookie(
        DEVICE_COOKIE, device, max_age=DAY_S, httponly=True, samesite="Lax", secure=house().settings.is_secure
    )
    return response


def _choices(office: str, errors: dict[str, str] | None = None) -> Response:
    with reading() as session:
        here = offices.office_by_code(session, office)
        if not here.tickets_from_home:
            raise NotFound()
        queues = [each for each in queues_of(read_hall(session, here, house().ports)) if each["from_home"]]
    return shown(
        "take",
        here,
        queues=queues,
        errors=errors or {},
        ways=[{"value": str(each), "label": t("resident.travel_min", minutes=each)} for each in WAYS_MIN],
        writes=bool(house().ports.channels),
        form=request.form,
    )


def _chosen_wrong(office: str, errors: dict[str, str], status: int = 422) -> Response:
    return make_response(_choices(office, errors=errors), status)


def _wish(service: str, device: str) -> remote.Wish:
    """What the form says. A way that is no number is refused like one too long; without one it is the usual."""
    way = request.form.get("travel_min") or str(remote.USUAL_WAY_MIN)
    said = request.form.get("contact", "").strip()
    offered = house().ports.channels
    contact = contact_from("email" if "@" in said else "sms", said, offered, prefix="") if said and offered else None
    minutes = int(way) if way.isascii() and way.isdecimal() and len(way) < 4 else -1
    return remote.Wish(service, minutes, reader_language(), contact=contact, device=device)


def _by_field(refusal: Invalid) -> dict[str, str]:
    """The address of the contact is one field of the form, whatever it turns out to be."""
    return {
        "contact" if e.field in ("address", "channel") else e.field: field_sentence(e.code, dict(e.facts))
        for e in refusal.errors
    }
