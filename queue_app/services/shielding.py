"""People at risk (支援措置対象者): "do not notify, do not list", set by staff on a booking or a number.

Decides what the mark does at once: every way to write to the person is forgotten, what was still to be said is not
said, no search but the exact code finds the booking. Everybody who shows lists or sends messages asks for `shielded`;
whoever holds an old link gets the answer of an unknown one (`reservations`, `tickets`). The name stays for the counter
that serves the person. Taking the mark off brings back no contact: nobody knows it any more.
"""

from __future__ import annotations

from sqlalchemy import delete, update

from queue_app.domain.audit import Act
from queue_app.services import audit
from queue_app.services.deed import Deed
from queue_app.store.linking_tables import LinkCode
from queue_app.store.planning_tables import RemoteTicket
from queue_app.store.queue_tables import Delivery, Ticket
from queue_app.store.reservation_tables import Reservation

WHY_NOT_SENT = "shielded"
NOTHING = "{}"


def shield(deed: Deed, thing: Reservation | Ticket) -> None:
    """Mark a booking or a number, and with either the other one of the same visit."""
    for each in visit_of(deed, thing):
        forget_ways_to_write(deed, each)
        each.shielded = True
    audit.note(deed, Act.SHIELDED, subject_of(thing))


def unshield(deed: Deed, thing: Reservation | Ticket) -> None:
    """The mark was a mistake, or is over."""
    for each in visit_of(deed, thing):
        each.shielded = False
    audit.note(deed, Act.UNSHIELDED, subject_of(thing))


def visit_of(deed: Deed, thing: Reservation | Ticket) -> list[Reservation | Ticket]:
    """The booking and the number of one visit, as far as there are both."""
    other: Reservation | Ticket | None
    if isinstance(thing, Ticket):
        other = deed.session.get(Reservation, thing.reservation_id) if thing.reservation_id else None
    else:
        other = deed.session.get(Ticket, thing.ticket_id) if thing.ticket_id else None
    return [each for each in (thing, other) if each is not None]


def forget_ways_to_write(deed: Deed, thing: Reservation | Ticket) -> None:
    """Contact, hashes and recorded messages of one booking or number; nothing that waits goes out."""
    if isinstance(thing, Ticket):
        thing.notify_channel = thing.notify_address = None
        whose, code_of = Delivery.ticket_id, LinkCode.ticket_id
        _run(deed, update(RemoteTicket).where(RemoteTicket.ticket_id == thing.id).values(contact_hash=None))
    else:
        thing.contact_channel = thing.contact_address = thing.contact_hash = thing.name_hash = thing.pin = None
        whose, code_of = Delivery.reservation_id, LinkCode.reservation_id
    waits = (whose == thing.id) & (Delivery.state == "due")
    _run(deed, update(Delivery).where(waits).values(state="dropped", last_error=WHY_NOT_SENT, updated_at=deed.now))
    gone = {"address": None, "address_hash": None, "payload": NOTHING}
    _run(deed, update(Delivery).where(whose == thing.id, Delivery.state.not_in(("sending", "printing"))).values(gone))
    _run(deed, delete(LinkCode).where(code_of == thing.id))


def subject_of(thing: Reservation | Ticket) -> str:
    """How the audit trail names it: the number on the paper, or the booking's row. Never a code or a name."""
    return thing.number_text if isinstance(thing, Ticket) else f"reservation:{thing.id}"


def _run(deed: Deed, statement: object) -> None:
    deed.session.execute(statement, execution_options={"synchronize_session": False})  # type: ignore[call-overload]
