"""The mark "do not notify, do not list" for people at risk, set by the counters on a booking or today's number."""

from __future__ import annotations

import unicodedata

from flask import Response, make_response, redirect, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.errors import NotFound, Refusal
from queue_app.services import shielding
from queue_app.services.deed import Deed
from queue_app.services.reservations import by_code_of_office
from queue_app.store.database import reading
from queue_app.store.queue_tables import Ticket
from queue_app.store.reservation_tables import Reservation
from queue_app.web.auth import needs
from queue_app.web.forms import submit
from queue_app.web.i18n import t
from queue_app.web.staff.frame import blueprint, my_deed, my_office, show

LONGEST = 80
SAID = ("shielded", "unshielded")
ACTS = {"shield": shielding.shield, "unshield": shielding.unshield}


@blueprint.get("/shield")
@needs(Right.SERVE, page=True)
def shield_page() -> Response:
    """What the mark does, and the form for it. `?number=` fills in the number in hand: a number is public anyway."""
    return _page(typed=request.args.get("number", "")[:LONGEST])


@blueprint.post("/shield")
@needs(Right.SERVE, page=True)
def set_shield() -> Response:
    """By the exact code or today's number. A code nobody has and one of another office get the same answer."""
    wish, act = request.form.get("wish", "").strip()[:LONGEST], ACTS.get(request.form.get("act", ""))

    def once(session: Session) -> str:
        deed = my_deed(session, Right.SERVE)
        if act is None:
            raise NotFound()
        act(deed, _found(deed, wish))
        return url_for("staff.shield_page", said="shielded" if act is shielding.shield else "unshielded")

    try:
        return make_response(redirect(submit(once), 303))
    except Refusal:
        return make_response(_page(typed=wish, errors={"wish": t("shield.not_found")}), 422)


def _found(deed: Deed, wish: str) -> Reservation | Ticket:
    number = unicodedata.normalize("NFKC", wish).strip().upper()
    query = select(Ticket).where(
        Ticket.office_id == deed.office.id, Ticket.day == deed.today, Ticket.number_text == number
    )
    return deed.session.scalars(query).first() or by_code_of_office(deed.session, deed.office, wish)


def _page(*, typed: str = "", errors: dict[str, str] | None = None) -> Response:
    with reading() as session:
        office = my_office(session)
    said = request.args.get("said")
    return make_response(
        show("staff/shield.html", office, typed=typed, errors=errors or {}, said=said if said in SAID else None)
    )
