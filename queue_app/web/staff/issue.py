"""A number handed out by staff, for people who cannot or do not want to use the machine."""

from __future__ import annotations

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.errors import Invalid, NotFound
from queue_app.domain.office import label_in
from queue_app.services import printing, reception, tokens
from queue_app.services.tickets import ticket_view
from queue_app.services.visits import ticket_of_office
from queue_app.store.database import reading
from queue_app.store.queue_tables import Ticket
from queue_app.web.auth import identity, needs
from queue_app.web.context import house
from queue_app.web.errors import field_sentence
from queue_app.web.forms import submit
from queue_app.web.i18n import LANGUAGES, known_language, reader_language
from queue_app.web.qr_path import qr_path
from queue_app.web.staff.frame import blueprint, my_deed, my_office, show


@blueprint.get("/issue")
@needs(Right.ISSUE, page=True)
def issue_form() -> ResponseReturnValue:
    return _form({})


@blueprint.post("/issue")
@needs(Right.ISSUE, page=True)
def issue() -> ResponseReturnValue:
    def act(session: Session) -> str:
        arrival = reception.Arrival(
            service=request.form.get("service", ""),
            language=known_language(request.form.get("language")) or "ja",
            needs=tuple(dict.fromkeys(request.form.getlist("needs"))),
        )
        ticket = reception.issue_ticket(my_deed(session, Right.ISSUE), arrival)
        return url_for("staff.issued", ticket_id=ticket.id)

    try:
        return redirect(submit(act), 303)
    except Invalid as refusal:
        return _form({error.field: field_sentence(error.code, dict(error.facts)) for error in refusal.errors}), 422


@blueprint.get("/issued/<int:ticket_id>")
@needs(Right.ISSUE, page=True)
def issued(ticket_id: int) -> ResponseReturnValue:
    now = house().ports.clock()
    with reading() as session:
        office = my_office(session)
        ticket = session.get(Ticket, ticket_id)
        if ticket is None or ticket.office_id != identity().office_id or ticket.day != office.today(now):
            raise NotFound()
        view = ticket_view(session, office, ticket, now)
        link = _link(ticket)
        slip = printing.slip_of(session, office, ticket, link, now=now)
        paper = printing.paper_of(session, ticket)
    return show(
        "staff/issued.html",
        office,
        ticket=view,
        ticket_id=ticket_id,
        service=label_in(office.services[ticket.service].label, reader_language()),
        status_url=link,
        slip=slip,
        qr=qr_path(link),
        paper=paper,
        by_browser=_prints_by_browser(),
    )


@blueprint.post("/issued/<int:ticket_id>/print")
@needs(Right.ISSUE, page=True)
def print_issued(ticket_id: int) -> ResponseReturnValue:
    """The paper of a number, at the printer of this server; once more, marked, when nobody knows whether it came."""

    def act(session: Session) -> str:
        deed = my_deed(session, Right.ISSUE)
        ticket = ticket_of_office(deed, ticket_id)
        printer = house().settings.printer_url
        if ticket.day != deed.today or _prints_by_browser():
            raise NotFound()
        paper = printing.slip_of(session, deed.office, ticket, _link(ticket), now=deed.now)
        known = printing.paper_of(session, ticket).state
        if known == "unknown":
            printing.print_again(deed, ticket, paper, printer=printer, source=deed.identity.label)
        elif known == "none":
            printing.print_slip(deed, ticket, paper, printer=printer, source=deed.identity.label)
        return url_for("staff.issued", ticket_id=ticket_id)

    return redirect(submit(act), 303)


def _prints_by_browser() -> bool:
    return house().settings.printer_url.startswith("browser:")


def _link(ticket: Ticket) -> str:
    return f"{house().settings.public_url}/t/{tokens.ticket_token(house().ports.secret, ticket.nonce)}"


def _form(errors: dict[str, str]) -> str:
    language = reader_language()
    with reading() as session:
        office = my_office(session)
    return show(
        "staff/issue.html",
        office,
        errors=errors,
        form=request.form,
        chosen_needs=request.form.getlist("needs"),
        services=[
            {
                "value": code,
                "label": label_in(service.label, language),
                "note": label_in(service.area, language) if service.area else None,
            }
            for code, service in office.services.items()
        ],
        needs_offered=[{"value": code, "label": label_in(labels, language)} for code, labels in office.needs.items()],
        languages_offered=[{"value": code, "label": LANGUAGES.get(code, code)} for code in office.languages],
    )
