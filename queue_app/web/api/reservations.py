"""Reservations: made by anybody, followed and changed by whoever holds the secret link, found with code and digits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from queue_app.domain.access import Right
from queue_app.domain.errors import Invalid, NotFound
from queue_app.domain.office import Office
from queue_app.services import booking, offices, reservations
from queue_app.services.calendar_file import calendar_file
from queue_app.services.deed import Deed, begin_by_id
from queue_app.services.errands import Said
from queue_app.services.look_ups import look_up
from queue_app.services.messages import Contact, contact_from, messages_about
from queue_app.services.tokens import reservation_token
from queue_app.store.reservation_tables import Reservation
from queue_app.web.api.booking_models import (
    FindBody,
    FoundShown,
    RescheduleBody,
    ReservationBody,
    ReservationShown,
    SearchBody,
    day_in,
)
from queue_app.web.api.endpoint import Call, Reply, change, read
from queue_app.web.api.models import EmptyBody, NotifyBody
from queue_app.web.context import house
from queue_app.web.errors import problem
from queue_app.web.i18n import known_language, reader_language
from queue_app.web.proof import check_rate_and_proof
from queue_app.web.qr import qr_png


@change(
    "/offices/<office>/reservations",
    right=Right.RESERVE,
    body=ReservationBody,
    answer=ReservationShown,
    status=201,
    codes=(
        *("proof_needed", "slot_full", "hold_expired", "hold_used", "already_booked", "too_early_for_move"),
        "visit_blocked",
    ),
    first=check_rate_and_proof,
)
def reserve(call: Call, office: str, body: ReservationBody) -> Reply:
    """Book a visit; staff on behalf of a resident too."""
    deed = call.begin(office, Right.RESERVE)
    row = booking.book(deed, request_of(body))
    return Reply(_view(deed.office, row), 201, personal=True)


@read("/reservations/<token>", right=Right.RESERVE, answer=ReservationShown, codes=("not_found",))
def show_reservation(call: Call, token: str) -> Reply:
    """The booking, for its holder."""
    row = reservations.reservation_by_token(call.session, token, call.identity)
    return Reply(_view(offices.office_by_id(call.session, row.office_id), row), personal=True)


@change(
    "/reservations/<token>/reschedule",
    right=Right.RESERVE,
    body=RescheduleBody,
    answer=ReservationShown,
    codes=("slot_full", "moved_enough", "booking_moved", "not_allowed", "not_found"),
)
def reschedule(call: Call, token: str, body: RescheduleBody) -> Reply:
    """Another time; a full slot keeps the old one."""

    def move(deed: Deed, row: Reservation) -> Reservation:
        return booking.reschedule(deed, row, body.slot, made_from=body.sequence)

    return _holder_deed(call, token, move)


@change(
    "/reservations/<token>/cancel",
    right=Right.RESERVE,
    body=EmptyBody,
    answer=ReservationShown,
    codes=("not_allowed", "not_found"),
)
def cancel_reservation(call: Call, token: str) -> Reply:
    """Give the booking back; cancelling twice is the same as once."""
    return _holder_deed(call, token, booking.cancel)


@read("/reservations/<token>/calendar.ics", right=Right.RESERVE, answer=None, codes=("not_found",))
def reservation_calendar(call: Call, token: str) -> Reply:
    """The booking for a calendar (RFC 5545)."""
    row = reservations.reservation_by_token(call.session, token, call.identity)
    office = offices.office_by_id(call.session, row.office_id)
    text = calendar_file(office, row, link_of(row), reader_language())
    return Reply(text=text, content_type="text/calendar; charset=utf-8", personal=True)


@read("/reservations/<token>/qr.png", right=Right.RESERVE, answer=None, codes=("not_found",))
def reservation_qr(call: Call, token: str) -> Reply:
    """The secret link as a QR code, to be shown at the machine."""
    row = reservations.reservation_by_token(call.session, token, call.identity)
    return Reply(text=qr_png(link_of(row)), content_type="image/png", personal=True)


@change(
    "/offices/<office>/reservations/find",
    right=Right.RESERVE,
    body=FindBody,
    answer=ReservationShown,
    codes=("not_found",),
)
def find_reservation(call: Call, office: str, body: FindBody) -> Reply:
    """The booking by its code and the second factor. Five wrong tries lock the look-up of a code for a while."""
    here = offices.office_by_code(call.session, office)
    row = reservations.find_by_code(call.session, body.code, body.digits, call.ports.clock())
    if row is None or row.office_id != here.id:
        # Answered, not raised: what was counted against guessing must be committed.
        status, document = problem(NotFound())
        return Reply(document, status, personal=True, content_type="application/problem+json")
    return Reply(_view(here, row), personal=True)


@change(
    "/offices/<office>/reservations/search",
    right=Right.SERVE,
    body=SearchBody,
    answer=FoundShown,
)
def search_reservations(call: Call, office: str, body: SearchBody) -> Reply:
    """For staff: bookings by code, phone, e-mail or exact name. Each look-up is in the audit trail with its reason."""
    deed = call.begin(office, Right.SERVE)
    found = look_up(deed, body.text, body.reason)
    views = [_view(deed.office, row) | {"messages": messages_about(deed.session, row)} for row in found]
    return Reply({"reservations": views}, personal=True)


def request_of(body: ReservationBody) -> booking.Request:
    """The body as the deed wants it. Refuses by field what is missing or cannot be read."""
    if (body.service is None) == (body.answers is None) and body.service is None:
        raise Invalid.field("service", "service_or_answers")
    return booking.Request(
        said=Said(body.service, body.answers, body.people, day_in(body.moved_on, "moved_on")),
        name_kana=body.name_kana,
        slot=body.slot,
        hold=body.hold,
        contact=contact_of_body(body.contact),
        language=language_of(body.language),
        needs=tuple(dict.fromkeys(body.needs)),
    )


def contact_of_body(body: NotifyBody | None) -> Contact | None:
    if body is None:
        return None
    return contact_from(body.channel, body.address, house().settings.channels, prefix="contact.")


def language_of(tag: str | None) -> str:
    """The language somebody named; that of the request otherwise."""
    if tag is None:
        return reader_language()
    known = known_language(tag)
    if known is None:
        raise Invalid.field("language", "unknown_language", value=tag)
    return known


def link_of(row: Reservation) -> str:
    """The secret link."""
    here = house()
    return f"{here.settings.public_url}/r/{reservation_token(here.ports.secret, row.nonce)}"


def _holder_deed(call: Call, token: str, act: Callable[[Deed, Reservation], Reservation]) -> Reply:
    row = reservations.reservation_by_token(call.session, token, call.identity)
    deed = begin_by_id(call.session, row.office_id, Right.RESERVE, call.identity, call.ports)
    call.session.refresh(row)
    act(deed, row)
    call.session.flush()
    return Reply(_view(deed.office, row), personal=True)


def _view(office: Office, row: Reservation) -> dict[str, Any]:
    here = house()
    return reservations.reservation_view(
        office, row, secret=here.ports.secret, public_url=here.settings.public_url, language=reader_language()
    )
