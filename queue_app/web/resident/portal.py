"""The first pages for residents: the portal, the crowd page, the rule of the line. No account, no script needed.

Decides what a visitor finds first. Booking has pages of its own and is linked from here once it is there
(`resident/booking_links.html`).
"""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, render_template, request

from queue_app.domain.access import Right
from queue_app.domain.discipline import RULE_VERSION, SAFETY
from queue_app.domain.office import Office
from queue_app.services import offices
from queue_app.services.board import kiosk_menu
from queue_app.services.hall import Hall, read_hall
from queue_app.store.database import reading
from queue_app.web.auth import needs
from queue_app.web.context import house
from queue_app.web.i18n import reader_language
from queue_app.web.limits import check_public_rate
from queue_app.web.resident.frame import blueprint, shown
from queue_app.web.resident.usual import usual_of

CROWD_AGE_S = 15


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
    response = shown("crowd", here, hall=hall, queues=queues_of(hall), usual=usual)
    response.headers["Cache-Control"] = f"public, max-age={CROWD_AGE_S}"
    response.headers["Vary"] = "Cookie, Accept-Language"
    return response


@blueprint.get("/<office>/order")
@needs(Right.READ_PUBLIC)
def order(office: str) -> Response:
    """Who is called when: the rule in four sentences."""
    check_public_rate()
    with reading() as session:
        here = offices.office_by_code(session, office)
    return shown("order", here, safety=int(SAFETY.total_seconds() // 60), version=RULE_VERSION)


def queues_of(hall: Hall) -> list[dict[str, Any]]:
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


def _choose_office(all_of_them: list[Office]) -> Response:
    return make_response(render_template("resident/offices.html", offices=all_of_them))
