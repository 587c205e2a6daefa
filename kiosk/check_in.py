"""The kiosk for people with a booking: digits on a pad, or the picture of the letter under a scanner; then the number.

Decides which sentence meets whom: early, late, cancelled, known already, unknown; each with a way on, none with "start
again". Wrong codes are counted for each machine; the typed code stands in no address. Leaves who may check in to
`services.arrivals`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response, make_response, redirect, request
from sqlalchemy.orm import Session

from kiosk import blueprint
from kiosk.pages import paired_screen, refused, shown
from kiosk.screen import Screen
from kiosk.ticket_pages import print_now
from queue_app.domain.access import Right
from queue_app.domain.errors import NotFound, Refusal
from queue_app.domain.office import Office
from queue_app.domain.reservation import CODE_DIGITS, format_code
from queue_app.domain.typed_digits import without_separators
from queue_app.domain.wall_clock import clock_text
from queue_app.services import arrivals, reservations, tokens
from queue_app.services.deed import begin
from queue_app.store.database import reading
from queue_app.store.queue_tables import Ticket
from queue_app.store.reservation_tables import Reservation
from queue_app.web.auth import identity, needs
from queue_app.web.context import house
from queue_app.web.forms import submit
from queue_app.web.i18n import t
from queue_app.web.limits import may_try_codes, note_wrong_code
from queue_app.web.opening import day_text

KEYS = (*"123456789", "back", "0", "clear")
"""The pad, row by row."""

OWN_SENTENCES = ("too_early", "already_checked_in", "cancelled", "booking_over")


@blueprint.get("/<office>/check-in")
@needs(Right.CHECK_IN)
def ask_booking(office: str) -> Response:
    """The pad."""
    return _pad(paired_screen(office), "")


@blueprint.post("/<office>/check-in/key")
@needs(Right.CHECK_IN)
def press_key(office: str) -> Response:
    """One key of the pad where no script runs. Changes nothing but the screen."""
    typed, key = _digits(request.form.get("code", "")), request.form.get("key", "")
    after = {"back": typed[:-1], "clear": ""}.get(key, typed + (key if key in KEYS else ""))
    return _pad(paired_screen(office), after[:CODE_DIGITS])


@blueprint.post("/<office>/check-in")
@needs(Right.CHECK_IN)
def check_in(office: str) -> Response:
    """The number of a booking. The code is what somebody typed, the token what a scanner read."""
    screen = paired_screen(office)
    token, code = request.form.get("token", ""), request.form.get("code", "")
    if not token and not may_try_codes():
        return _pad(screen, "", wrong="paused")

    def act(session: Session) -> str:
        deed = begin(session, office, Right.CHECK_IN, identity(), house().ports)
        ticket = arrivals.check_in(deed, _booking(session, deed.office, token, code))
        session.flush()
        print_now(deed, screen, ticket)
        return f"/tickets/{tokens.ticket_token(deed.ports.secret, ticket.nonce)}"

    try:
        return make_response(redirect(screen.url(submit(act)), 303))
    except NotFound:
        if not token:
            note_wrong_code()
        return _pad(screen, _digits(code)[:CODE_DIGITS], wrong="unknown_link" if token else "unknown")
    except Refusal as refusal:
        return _refused(screen, refusal, token, code)


def _booking(session: Session, here: Office, token: str, code: str) -> Reservation:
    """The booking of this office that was meant, or `not_found`."""
    if not token:
        return reservations.by_code_of_office(session, here, code)
    row = reservations.reservation_by_token(session, token.rstrip("/").rpartition("/")[2])
    if row.office_id != here.id:
        raise NotFound()
    return row


def _pad(screen: Screen, typed: str, *, wrong: str = "") -> Response:
    return shown(
        "check_in",
        screen,
        keys=KEYS,
        typed=format_code(typed) if len(typed) > CODE_DIGITS // 2 else typed,
        wrong=t(f"kiosk.check_in.{wrong}") if wrong else "",
    )


def _refused(screen: Screen, refusal: Refusal, token: str, code: str) -> Response:
    """Why there is no number for this booking now, and what helps."""
    if refusal.code not in OWN_SENTENCES:
        return refused(screen, refusal.code)
    facts: dict[str, Any] = {"minutes": screen.office.booking.early_min, "opens": "", "number": ""}
    if refusal.code == "too_early":
        facts["opens"] = _instant(screen.office, refusal.facts["opens_at"])
        facts["start"] = _instant(screen.office, refusal.facts["start"])
    if refusal.code == "already_checked_in":
        facts["number"] = _number(screen, token, code)
    return shown(
        "arrival",
        screen,
        heading=t(f"kiosk.check_in.{refusal.code}", **facts),
        lead=t(f"kiosk.check_in.{refusal.code}_lead", **facts),
        walk_in=refusal.code in ("cancelled", "booking_over"),
    )


def _number(screen: Screen, token: str, code: str) -> str:
    """The number that this booking has become."""
    with reading() as session:
        row = _booking(session, screen.office, token, code)
        ticket = session.get(Ticket, row.ticket_id) if row.ticket_id else None
        return ticket.number_text if ticket else ""


def _instant(office: Office, at: object) -> str:
    """9:30, with the day before it when it is not today's."""
    assert isinstance(at, datetime)
    clock = clock_text(at, office.zone)
    is_today = office.today(at) == office.today(house().ports.clock())
    return clock if is_today else f"{day_text(at.astimezone(office.zone))}{clock}"


def _digits(text: str) -> str:
    plain = without_separators(text[:64])
    return "".join(char for char in plain if char.isascii() and char.isdecimal())
