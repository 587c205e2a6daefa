"""Staff who act for somebody on the phone or at the desk: find a booking, and the same pages to make one."""

from __future__ import annotations

import re
from typing import Any

from flask import Response, make_response, redirect, request
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.errors import Forbidden
from queue_app.domain.office import Office, label_in
from queue_app.domain.reservation import format_code
from queue_app.services import offices, tokens
from queue_app.services.deed import begin_by_id
from queue_app.services.look_ups import REASONS, look_up
from queue_app.store.database import reading, writing
from queue_app.store.reservation_tables import Reservation
from queue_app.web.auth import identity, needs
from queue_app.web.booking.frame import blueprint, clock_of
from queue_app.web.context import house
from queue_app.web.i18n import reader_language, t
from queue_app.web.opening import day_text
from queue_app.web.staff.frame import show

LONGEST_WISH = 80
_SCANNED = re.compile(r"/(?:r/|book/[A-Za-z0-9_.-]+/result/)[A-Za-z0-9_=-]+$", re.ASCII)
"""What a scanner types: the code that a resident shows or has printed, of a booking or of the navigator's result."""


@blueprint.route("/staff/bookings", methods=["GET", "POST"])
@needs(Right.SERVE, page=True)
def bookings() -> Response:
    """Search by code, phone, e-mail or the exact name; a scanned code opens its page. The wish is posted: it
    never stands in an address."""
    office_id = identity().office_id
    if office_id is None:
        raise Forbidden("forbidden")
    said, reason = request.form.get("wish", "").strip(), request.form.get("reason", "")
    if opened := _SCANNED.search(said):
        return make_response(redirect(opened[0], 303))
    wish = said[:LONGEST_WISH]
    with reading() as session:
        here = offices.office_by_id(session, office_id)
    asked = request.method == "POST" and bool(wish)
    errors = {"reason": t("audit.reason_missing")} if asked and reason not in REASONS else {}
    rows = _look_up(office_id, wish, reason) if asked and not errors else []
    body = show(
        "booking/desk.html",
        here,
        rows=rows,
        wish=wish,
        reason=reason,
        reasons=[{"value": each, "label": t(f"audit.reasons.{each}")} for each in REASONS],
        errors=errors,
        asked=asked and not errors,
    )
    response = make_response(body, 422 if errors else 200)
    response.headers["Cache-Control"] = "no-store"
    return response


def _look_up(office_id: int, wish: str, reason: str) -> list[dict[str, Any]]:
    def deed(session: Session) -> list[dict[str, Any]]:
        made = begin_by_id(session, office_id, Right.SERVE, identity(), house().ports)
        return [_row(made.office, each) for each in look_up(made, wish, reason)]

    return writing(deed)


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
