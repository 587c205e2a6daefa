"""Staff who act for somebody on the phone or at the desk: find a booking, and the same pages to make one."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, render_template, request

from queue_app.domain.access import Right
from queue_app.domain.errors import Forbidden
from queue_app.domain.office import Office, label_in
from queue_app.domain.reservation import format_code
from queue_app.services import offices, reservations, tokens
from queue_app.store.database import reading
from queue_app.store.reservation_tables import Reservation
from queue_app.web.auth import identity, needs
from queue_app.web.booking.frame import blueprint, clock_of
from queue_app.web.context import house
from queue_app.web.i18n import reader_language, t
from queue_app.web.opening import day_text

LONGEST_WISH = 80


@blueprint.route("/staff/bookings", methods=["GET", "POST"])
@needs(Right.SERVE, page=True)
def bookings() -> Response:
    """Search by code, phone, e-mail or the exact name. The wish is posted: it never stands in an address."""
    office_id = identity().office_id
    if office_id is None:
        raise Forbidden("forbidden")
    wish = request.form.get("wish", "").strip()[:LONGEST_WISH]
    with reading() as session:
        here = offices.office_by_id(session, office_id)
        found = reservations.search(session, here, wish) if wish else []
        rows = [_row(here, each) for each in found]
    body = render_template("booking/desk.html", office=here, rows=rows, wish=wish, asked=request.method == "POST")
    response = make_response(body)
    response.headers["Cache-Control"] = "no-store"
    return response


def _row(here: Office, row: Reservation) -> dict[str, Any]:
    service = here.services.get(row.service)
    return {
        "code": format_code(row.code) if row.code else "",
        "when": f"{day_text(row.start_at.astimezone(here.zone))} {clock_of(row.start_at, here)}",
        "service": label_in(service.label, reader_language()) if service else row.service,
        "name": row.name_kana or "",
        "state": t(f"booking.state_{row.state}"),
        "address": f"/r/{tokens.reservation_token(house().ports.secret, row.nonce)}",
    }
