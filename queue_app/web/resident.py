"""Pages for residents: the portal, the crowd page, a number from home. No account, no script needed.

Decides what a visitor finds first. The page of one number is `resident_ticket`; booking has pages of its own and is
linked from here once it is there (`resident/booking_links.html`).
"""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.calendar import open_intervals
from queue_app.domain.discipline import RULE_VERSION, SAFETY
from queue_app.domain.errors import Conflict, Invalid, NotFound
from queue_app.domain.office import Office, label_in
from queue_app.domain.wall_clock import clock_text
from queue_app.services import offices, remote, tokens
from queue_app.services.board import kiosk_menu
from queue_app.services.deed import begin
from queue_app.services.hall import Hall, read_hall
from queue_app.services.messages import contact_from
from queue_app.store.database import reading
from queue_app.web.auth import identity, needs
from queue_app.web.context import house
from queue_app.web.devices import is_demo
from queue_app.web.errors import field_sentence, sentence
from queue_app.web.forms import submit
from queue_app.web.i18n import reader_language, t
from queue_app.web.limits import check_join_rate, check_public_rate
from queue_app.web.opening import opening_sentence
from queue_app.web.usual import usual_of

blueprint = Blueprint("resident", __name__)
CROWD_AGE_S = 15
DAY_S = 86_400
DEVICE_COOKIE = "matazu_holder"
WAYS_MIN = (5, 10, 15, 20, 30, 45, 60)


@blueprint.get("/")
@needs(Right.READ_PUBLIC)
def portal() -> Response:
    """The first page; with several offices it asks which one."""
    with reading() as session:
        codes = offices.office_codes(session)
        asked = request.args.get("office", "")
        if len(codes) != 1 and asked not in codes:
            return _choose_office([offices.office_by_code(session, code) for code in codes])
        here = offices.office_by_code(session, asked if asked in codes else codes[0])
        hall = read_hall(session, here, house().ports)
    return shown("portal", here, hall=hall, several=len(codes) > 1)


@blueprint.get("/offices")
@needs(Right.READ_PUBLIC)
def all_offices() -> Response:
    """Every office of this installation."""
    with reading() as session:
        return _choose_office([offices.office_by_code(session, code) for code in offices.office_codes(session)])


@blueprint.get("/crowd/<office>")
@needs(Right.READ_PUBLIC)
def crowd(office: str) -> Response:
    """How full it is now: for each service the numbers being called, who waits, how long it takes."""
    check_public_rate()
    with reading() as session:
        here = offices.office_by_code(session, office)
        hall = read_hall(session, here, house().ports)
        usual = usual_of(session, here)
    response = shown("crowd", here, hall=hall, queues=_queues(hall), usual=usual)
    response.headers["Cache-Control"] = f"public, max-age={CROWD_AGE_S}"
    response.headers["Vary"] = "Cookie, Accept-Language"
    return response


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


@blueprint.get("/<office>/order")
@needs(Right.READ_PUBLIC)
def order(office: str) -> Response:
    """Who is called when: the rule in four sentences."""
    check_public_rate()
    with reading() as session:
        here = offices.office_by_code(session, office)
    return shown("order", here, safety=int(SAFETY.total_seconds() // 60), version=RULE_VERSION)


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


def _chosen_wrong(office: str, errors: dict[str, str], status: int = 422) -> Response:
    return make_response(_choices(office, errors=errors), status)


def shown(name: str, here: Office, **facts: Any) -> Response:
    """A resident's page of an office."""
    ports = house().ports
    now = ports.clock().astimezone(here.zone)
    return make_response(
        render_template(
            f"resident/{name}.html",
            office=here,
            office_name=label_in(here.name, reader_language()),
            home_url=f"/?office={here.code}",
            phone=here.phone,
            phone_hours=_todays_hours(here),
            is_demo=is_demo(here),
            now=now,
            opening=opening_sentence(here, ports),
            **facts,
        )
    )


def _choices(office: str, errors: dict[str, str] | None = None) -> Response:
    with reading() as session:
        here = offices.office_by_code(session, office)
        if not here.tickets_from_home:
            raise NotFound()
        queues = [each for each in _queues(read_hall(session, here, house().ports)) if each["from_home"]]
    return shown(
        "take",
        here,
        queues=queues,
        errors=errors or {},
        ways=[{"value": str(each), "label": t("resident.travel_min", minutes=each)} for each in WAYS_MIN],
        writes=bool(house().ports.channels),
        form=request.form,
    )


def _choose_office(all_of_them: list[Office]) -> Response:
    return make_response(render_template("resident/offices.html", offices=all_of_them))


def _queues(hall: Hall) -> list[dict[str, Any]]:
    """The kiosk's view of each service, with the numbers that are at a counter now."""
    menu = kiosk_menu(hall, house().ports, reader_language())
    return [
        {
            **service,
            "numbers": [
                stage.number
                for stage in hall.stages
                if stage.service == service["service"]
                and stage.counter
                and stage.state in ("called", "serving")
                and stage.kind != "back_office"
            ],
            "from_home": hall.office.services[service["service"]].from_home,
        }
        for service in menu["services"]
    ]


def _todays_hours(here: Office) -> str:
    """8:30-17:15, or nothing on a day without hours and where it is always open."""
    ports = house().ports
    spans = open_intervals(here.hours, here.today(ports.clock()), here.zone, ports.holidays)
    words = [f"{clock_text(start, here.zone)}–{clock_text(end, here.zone)}" for start, end in spans]
    return "" if words == ["0:00–0:00"] else t("resident.list_separator").join(words)


from queue_app.web import (  # noqa: E402, F401 - they declare the pages of one number and the statements
    accessibility,
    privacy,
    resident_ticket,
    telling,
)
