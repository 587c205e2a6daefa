"""A number handed out by staff, for people who cannot or do not want to use the machine."""

from __future__ import annotations

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.errors import Invalid, NotFound
from queue_app.domain.office import label_in
from queue_app.services import reception, tokens
from queue_app.services.tickets import ticket_view
from queue_app.store.database import reading
from queue_app.store.queue_tables import Ticket
from queue_app.web.auth import identity, needs
from queue_app.web.context import house
from queue_app.web.errors import field_sentence
from queue_app.web.forms import submit
from queue_app.web.i18n import LANGUAGES, known_language, reader_language
from queue_app.web.staff import blueprint
from queue_app.web.staff_frame import my_deed, my_office, show


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
        link = f"{house().settings.public_url}/t/{tokens.ticket_token(house().ports.secret, ticket.nonce)}"
    service = label_in(office.services[ticket.service].label, reader_language())
    return show("staff/issued.html", office, ticket=view, service=service, status_url=link)


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
