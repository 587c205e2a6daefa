"""The kiosk after the choice: the number at once, how to be called, the paper, the end.

Decides that one choice is one ticket however often it is pressed; a kiosk shows only numbers of its own office.
Leaves issuing to `services.reception` and the paper to `services.printing`.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, jsonify, make_response, redirect, request
from sqlalchemy.orm import Session

from kiosk import blueprint
from kiosk.menu import PER_PAGE
from kiosk.pages import kiosk_of, paired_screen, refused, shown
from kiosk.qr import qr_picture
from kiosk.screen import Screen
from queue_app.domain.access import Right
from queue_app.domain.errors import NotFound, Refusal
from queue_app.domain.office import Office, label_in
from queue_app.domain.ticket import StageKind
from queue_app.services import holders, printing, tokens
from queue_app.services.arrivals import came_late
from queue_app.services.deed import Deed, begin
from queue_app.services.reception import Arrival, issue_ticket
from queue_app.services.stops import route_of
from queue_app.services.tickets import check_is_of_today, ticket_by_token, ticket_view
from queue_app.store.database import reading
from queue_app.store.queue_tables import Answer, Ticket
from queue_app.store.reservation_tables import Reservation
from queue_app.web.auth import Unauthenticated, identity, needs
from queue_app.web.context import house
from queue_app.web.forms import submit

FETCH = "fetch"
WAYS = ("voice", "phone", "fetch")


@blueprint.post("/<office>/tickets")
@needs(Right.ISSUE)
def issue(office: str) -> Response:
    """A number for the service that was pressed; a second tile pressed on the same screen is the first press again."""
    screen = paired_screen(office)
    service = request.form.get("service", "")

    def act(session: Session) -> str:
        deed = begin(session, office, Right.ISSUE, identity(), house().ports)
        ticket = issue_ticket(deed, Arrival(service, screen.language))
        token = tokens.ticket_token(deed.ports.secret, ticket.nonce)
        print_now(deed, screen, ticket)
        return f"/tickets/{token}"

    try:
        path = submit(act)
    except Refusal as refusal:
        path = _first_answer() if refusal.code == "idempotency_key_reused" else ""
        if not path:
            return refused(screen, refusal.code, service)
    return make_response(redirect(screen.url(path), 303))


@blueprint.get("/<office>/tickets/<token>")
@needs(Right.ISSUE)
def ticket(office: str, token: str) -> Response:
    """The number, and what can still be said about it."""
    screen = paired_screen(office)
    with reading() as session:
        found = _ticket(session, screen.office, token)
        view = ticket_view(session, screen.office, found, house().ports.clock())
        paper = printing.paper_of(session, found)
        service = screen.office.services[found.service]
        needs_said = list(found.needs)
        # Each counter once: a second visit for the papers is on the slip, and the glass is short.
        route = [each for each in route_of(screen.office, found, screen.language) if each.kind != StageKind.HANDOVER]
        is_late = _is_late(session, screen.office, found)
    return shown(
        "ticket",
        screen,
        token=token,
        ticket=view,
        service=label_in(service.label, screen.language),
        area=label_in(service.area, screen.language) if service.area else "",
        way=_way(needs_said),
        needs_said=needs_said,
        paper=paper,
        route=route,
        is_late=is_late,
        print_by=print_by(screen),
        qr=qr_picture(_status_url(token)),
    )


@blueprint.get("/<office>/tickets/<token>/needs")
@needs(Right.ISSUE)
def wishes(office: str, token: str) -> Response:
    """What help somebody wants; never why."""
    screen = paired_screen(office)
    with reading() as session:
        said = list(_ticket(session, screen.office, token).needs)
    offered = [(code, label_in(label, screen.language)) for code, label in screen.office.needs.items() if code != FETCH]
    page = request.args.get("page", "1")
    number = int(page) if page in ("1", "2", "3") else 1
    here = offered[PER_PAGE * (number - 1) : PER_PAGE * number]
    pages = -(-len(offered) // PER_PAGE)
    return shown("needs", screen, token=token, needs=here, said=said, page=number, pages=pages)


@blueprint.post("/<office>/tickets/<token>/way")
@needs(Right.ISSUE)
def choose_way(office: str, token: str) -> Response:
    """How the person wants to be called: by voice and screen, on the phone, or by somebody who comes to the seat."""
    way = request.form.get("way", "voice")
    way = way if way in WAYS else "voice"

    def act(deed: Deed, found: Ticket) -> None:
        others = [need for need in found.needs if need != FETCH]
        holders.say_needs(deed, found, [*others, FETCH] if way == "fetch" else others)

    return _deed(office, token, act, back=f"/tickets/{token}", way=way if way == "phone" else "")


@blueprint.post("/<office>/tickets/<token>/needs")
@needs(Right.ISSUE)
def toggle_need(office: str, token: str) -> Response:
    """Say one kind of help, or take it back."""
    need = request.form.get("need", "")

    def act(deed: Deed, found: Ticket) -> None:
        said = list(found.needs)
        holders.say_needs(deed, found, [each for each in said if each != need] if need in said else [*said, need])

    return _deed(office, token, act, back=f"/tickets/{token}/needs", page=request.args.get("page", ""))


@blueprint.post("/<office>/tickets/<token>/paper")
@needs(Right.ISSUE)
def answer_paper(office: str, token: str) -> Response:
    """A person tells whether the paper came; if not, it is printed once more, marked, with the same number."""
    screen = paired_screen(office)

    def act(deed: Deed, found: Ticket) -> None:
        if request.form.get("answer") == "again":
            paper = printing.slip_of(deed.session, deed.office, found, _status_url(token), now=deed.now)
            printing.print_again(deed, found, paper, printer=_printer(screen), source=deed.identity.label)
        else:
            printing.paper_came(deed, found)

    return _deed(office, token, act, back=f"/tickets/{token}")


@blueprint.get("/<office>/paper/<token>")
@needs(Right.ISSUE)
def paper(office: str, token: str) -> Response:
    """What is known about the paper, for the script that waits for it."""
    here, settings = kiosk_of(office)
    if settings is None:
        raise Unauthenticated()
    with reading() as session:
        known = printing.paper_of(session, _ticket(session, here, token))
    return jsonify(state=known.state)


@blueprint.get("/<office>/slip/<token>")
@needs(Right.ISSUE)
def slip(office: str, token: str) -> Response:
    """The paper as a page, for kiosks that print through their browser."""
    screen = paired_screen(office)
    with reading() as session:
        now, found = house().ports.clock(), _ticket(session, screen.office, token)
        made = printing.slip_of(session, screen.office, found, _status_url(token), now=now)
    return shown("slip", screen, slip=made, qr=qr_picture(made.qr or ""))


def print_now(deed: Deed, screen: Screen, issued: Ticket) -> None:
    """The first paper of a number, where the kiosk has a printer that the server drives."""
    printer = _printer(screen)
    if not printer.startswith("browser:"):
        link = _status_url(tokens.ticket_token(deed.ports.secret, issued.nonce))
        made = printing.slip_of(deed.session, deed.office, issued, link, now=deed.now)
        printing.print_slip(deed, issued, made, printer=printer, source=deed.identity.label)


def print_by(screen: Screen) -> str:
    """`server`, or how the page prints: `auto`, `button` or `none`."""
    if not _printer(screen).startswith("browser:"):
        return "server"
    chosen = screen.settings.get("print", "auto")
    return chosen if chosen in ("auto", "button", "none") else "auto"


def _deed(office: str, token: str, act: Callable[[Deed, Ticket], None], *, back: str, **query: object) -> Response:
    screen = paired_screen(office)

    def once(session: Session) -> str:
        deed = begin(session, office, Right.ISSUE, identity(), house().ports)
        act(deed, _ticket(session, deed.office, token))
        return screen.url(back, **query)

    return make_response(redirect(submit(once), 303))


def _ticket(session: Session, here: Office, token: str) -> Ticket:
    """A ticket of today and of this office; anything else is unknown."""
    found = ticket_by_token(session, token)
    if found.office_id != here.id:
        raise NotFound()
    check_is_of_today(found, here, house().ports.clock())
    return found


def _is_late(session: Session, here: Office, found: Ticket) -> bool:
    """Whether the person of a booking came after its window."""
    row = session.get(Reservation, found.reservation_id) if found.reservation_id is not None else None
    return row is not None and came_late(row, here.booking.late_min)


def _first_answer() -> str:
    """Where the first press of the same screen led."""
    with reading() as session:
        kept = session.get(Answer, (f"form|{identity().name}", request.form.get("idempotency_key", "")))
        return kept.body if kept is not None else ""


def _way(needs_said: list[str]) -> str:
    if FETCH in needs_said:
        return "fetch"
    return "phone" if request.args.get("way") == "phone" else "voice"


def _printer(screen: Screen) -> str:
    return str(screen.settings.get("printer") or house().settings.printer_url)


def _status_url(token: str) -> str:
    return f"{house().settings.public_url}/t/{token}"
