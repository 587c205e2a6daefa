"""The day of the visit: a booking becomes a number, with all its counters on it.

Decides who may check in when: at the machine and at the desk from the opening of the arrival window on, also late; from
a phone only inside the window, because nobody sees whether the person is there. Leaves lateness in the line to
`domain.discipline` and the stages to `itineraries`.
"""

from __future__ import annotations

from datetime import timedelta

from queue_app.domain.discipline import VisitClass
from queue_app.domain.errors import Conflict
from queue_app.domain.events import Event
from queue_app.domain.reservation import Action, Arrival, State, check_arrival, next_state
from queue_app.domain.wall_clock import clock_text
from queue_app.services import early_work, messages, reception
from queue_app.services.deed import Deed
from queue_app.services.itineraries import planned_visit, procedures_of
from queue_app.services.reminders import contact_of
from queue_app.store.queue_tables import Ticket
from queue_app.store.reservation_tables import Reservation


def check_in(deed: Deed, row: Reservation) -> Ticket:
    """The number of a booked visit.

    Refuses `already_checked_in`, `cancelled`, `too_early` with `opens_at`, `booking_over` on a later day, and for a
    holder on the phone `arrival_window_over`.
    """
    after = next_state(State(row.state), Action.CHECK_IN)
    arrival = _arrival(deed, row)
    papers, noted = early_work.done_for(deed.session, row)
    ticket = reception.issue_visit(
        deed,
        reception.Arrival(
            service=row.service,
            language=row.language,
            needs=tuple(row.needs),
            visit_class=VisitClass.BOOKED,
            appointed_at=row.come_at,
            reservation_id=row.id,
            contact=contact_of(row),
            procedures=procedures_of(deed.office, row),
            papers_done=papers,
        ),
        planned_visit(deed.office, row),
    )
    if noted:
        ticket.note = noted
    row.state, row.ticket_id, ticket.shielded = after, ticket.id, row.shielded
    row.ended_at = row.changed_at = deed.now
    messages.withdraw(deed, reservation_id=row.id)
    deed.record(Event.CHECKED_IN, ticket=ticket, reservation=row.id, arrival=arrival, papers_done=list(papers))
    return ticket


def came_late(row: Reservation, late_min: int) -> bool:
    """Whether the person of an arrived booking came after the window."""
    return row.ended_at is not None and (row.ended_at - row.come_at).total_seconds() > late_min * 60


def _arrival(deed: Deed, row: Reservation) -> Arrival:
    policy = deed.office.booking
    arrival = check_arrival(row.come_at, deed.now, policy.early_min, policy.late_min)
    if arrival is Arrival.EARLY:
        opens_at = (row.come_at - timedelta(minutes=policy.early_min)).astimezone(deed.office.zone)
        shown = f"{opens_at.month}/{opens_at.day} {clock_text(opens_at, deed.office.zone)}"
        raise Conflict("too_early", opens_at=opens_at, start=row.come_at.astimezone(deed.office.zone), opens=shown)
    if deed.office.today(row.come_at) != deed.today:
        raise Conflict("booking_over")
    if arrival is Arrival.LATE and deed.identity.role is None:
        raise Conflict("arrival_window_over")
    return arrival
