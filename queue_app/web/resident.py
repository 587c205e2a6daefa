"""Pages for residents: the portal, the crowd page, a number from home. No account, no script needed.

Decides what a visitor finds first. The page of one number is `resident_ticket`; booking has pages of its own and is
linked from here once it is there (`resident/booking_links.html`).
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.calendar import open_intervals
from queue_app.domain.errors import Forbidden, NotFound
from queue_app.domain.office import Office, label_in
from queue_app.services import offices, tokens
from queue_app.services.board import kiosk_menu
from queue_app.services.deed import begin
from queue_app.services.hall import Hall, read_hall
from queue_app.services.reception import Arrival, check_may_take_from_home, issue_ticket
from queue_app.store.database import reading
from queue_app.web.auth import identity, needs
from queue_app.web.context import house
from queue_app.web.devices import is_demo
from queue_app.web.forms import submit
from queue_app.web.i18n import reader_language, t
from queue_app.web.limits import check_public_rate
from queue_app.web.opening import opening_sentence

blueprint = Blueprint("resident", __name__)
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
    response = shown("crowd", here, hall=hall, queues=_queues(hall))
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
    """Take the number; its page is the answer."""
    check_public_rate()
    service = request.form.get("service", "")
    if not service:
        return make_response(_choices(office, errors={"service": t("resident.choose_service")}), 422)

    def act(session: Session) -> str:
        deed = begin(session, office, Right.HOLD_TICKET, identity(), house().ports)
        check_may_take_from_home(deed, identity())
        if service in deed.office.services and not deed.office.services[service].from_home:
            raise Forbidden("no_tickets_from_home")
        ticket = issue_ticket(deed, Arrival(service, reader_language()))
        return f"/t/{tokens.ticket_token(deed.ports.secret, ticket.nonce)}"

    return make_response(redirect(submit(act), 303))


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
    return shown("take", here, queues=queues, errors=errors or {})


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
    words = [f"{start.astimezone(here.zone):%H:%M}–{end.astimezone(here.zone):%H:%M}" for start, end in spans]
    return "" if words == ["00:00–00:00"] else t("resident.list_separator").join(words)


from queue_app.web import resident_ticket  # noqa: E402, F401 - it declares the pages of one number
