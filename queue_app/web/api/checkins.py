"""The day of the visit: a booking becomes a number."""

from __future__ import annotations

from queue_app.domain.access import Right
from queue_app.domain.errors import Invalid, NotFound
from queue_app.services import arrivals, reservations
from queue_app.services.deed import Deed
from queue_app.services.tickets import for_holder, for_staff, ticket_view
from queue_app.store.reservation_tables import Reservation
from queue_app.web.api.booking_models import CheckInBody
from queue_app.web.api.endpoint import Call, Reply, change
from queue_app.web.api.models import TicketShown
from queue_app.web.auth import Unauthenticated
from queue_app.web.context import house


@change(
    "/offices/<office>/check-ins",
    right=Right.HOLD_TICKET,
    body=CheckInBody,
    answer=TicketShown,
    status=201,
    codes=("too_early", "already_checked_in", "cancelled", "booking_over", "arrival_window_over", "not_found"),
)
def check_in(call: Call, office: str, body: CheckInBody) -> Reply:
    """Come for a booking: at the machine or the desk with code or token, on one's own phone with the token."""
    if (body.code is None) == (body.token is None):
        raise Invalid.field("code", "code_or_token")
    if body.code is not None and call.identity.role is None:
        raise Unauthenticated()
    deed = call.begin(office, Right.CHECK_IN if call.identity.role else Right.HOLD_TICKET)
    row = _booking(deed, body)
    ticket = arrivals.check_in(deed, row)
    deed.session.flush()
    view = ticket_view(deed.session, deed.office, ticket, deed.now)
    view |= {"late": arrivals.came_late(row, deed.office.booking.late_min), "reservation_start": row.start_at}
    if deed.identity.is_staff:
        view = for_staff(view, ticket)
    return Reply(for_holder(view, ticket, deed.ports.secret, house().settings.public_url), 201, personal=True)


def _booking(deed: Deed, body: CheckInBody) -> Reservation:
    """The booking in this office, read under the lock."""
    if body.code is not None:
        return reservations.by_code_of_office(deed.session, deed.office, body.code)
    token = (body.token or "").rstrip("/").rpartition("/")[2]
    row = reservations.reservation_by_token(deed.session, token, deed.identity)
    if row.office_id != deed.office.id:
        raise NotFound()
    return row
