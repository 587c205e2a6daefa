"""Where the holder of a booking is written to, changed after it was made.

Decides that the old address hears nothing more and the new one gets the confirmation and the reminders still ahead.
For a number see `holders.ask_to_be_told`.
"""

from __future__ import annotations

from queue_app.domain.errors import Conflict
from queue_app.domain.events import Event
from queue_app.domain.reservation import State
from queue_app.services import booking, messages, reminders
from queue_app.services.deed import Deed
from queue_app.services.messages import Contact
from queue_app.store.reservation_tables import Reservation


def tell_at(deed: Deed, row: Reservation, contact: Contact | None) -> None:
    """Write there from now on; None is nowhere.

    Refuses `booking_over` for one that is cancelled, past or has arrived, and `already_booked` as `booking.book` does.
    """
    if row.state != State.BOOKED or row.end_at <= deed.now:
        raise Conflict("booking_over")
    if contact == reminders.contact_of(row):
        return
    booking.check_only_one(deed, contact, row.service, besides=row)
    messages.withdraw(deed, reservation_id=row.id)
    booking.make_reachable(row, contact)
    row.changed_at = deed.now
    channel = contact.channel if contact else None
    event = deed.record(Event.NOTIFY_ASKED, service=row.service, reservation=row.id, channel=channel)
    deed.session.flush()
    reminders.confirm(deed, row, event)
