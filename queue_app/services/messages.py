"""What is to be sent to a person: recorded with its cause, sent by the outbox after the commit.

Decides who can be written to, and that one cause is written about once (`dedupe`). Leaves the words to `letters` and
the sending to `outbox`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from queue_app.domain.errors import Invalid
from queue_app.domain.phone import sms_address
from queue_app.services.deed import Deed
from queue_app.services.letters import Letter
from queue_app.services.push_subscription import subscription_from
from queue_app.services.search_hashes import contact_hash_of
from queue_app.store.queue_tables import Delivery, EventRow, Ticket
from queue_app.store.reservation_tables import Reservation

CHANNELS = ("sms", "email", "line", "push", "none")
LONGEST_EMAIL = 254
WITHDRAWN = "withdrawn"
_LINE_USER = re.compile(r"U[0-9a-f]{32}", re.ASCII)
_EMAIL = re.compile(r"[^\s@,;:<>()\[\]\\\"\x00-\x20\x7f]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)+")


@dataclass(frozen=True, slots=True)
class Contact:
    """Where somebody wants to hear from us. Kept sealed, never shown to the counters."""

    channel: str
    address: str


@dataclass(frozen=True, slots=True)
class Post:
    """One message to record: what it says, when it may go out and when its use is over."""

    kind: str
    letter: Letter
    due_at: datetime
    expires_at: datetime
    dedupe: str
    reservation_id: int | None = None
    ticket_id: int | None = None


def contact_from(
    channel: str | None, address: str | None, offered: frozenset[str], *, prefix: str = "notify."
) -> Contact | None:
    """The contact somebody typed; None for `none`.

    Refuses by field a channel that is not set up here, and an address that cannot be written to: of phones only
    Japanese mobiles (`domain.phone`), so that nobody earns money with our messages.
    """
    if channel is None or channel == "none":
        return None
    if channel not in offered:
        raise Invalid.field(f"{prefix}channel", "channel_not_offered", value=channel)
    if not address or not address.strip():
        raise Invalid.field(f"{prefix}address", "missing")
    if channel == "sms":
        return Contact(channel, sms_address(address.strip(), f"{prefix}address"))
    if channel == "email":
        return Contact(channel, _email(address.strip(), f"{prefix}address"))
    if channel == "push":
        return Contact(channel, subscription_from(address, f"{prefix}address").as_address())
    if not _LINE_USER.fullmatch(address.strip()):
        raise Invalid.field(f"{prefix}address", "not_a_line_account")
    return Contact(channel, address.strip())


def post(deed: Deed, contact: Contact, message: Post, event: EventRow | None = None) -> Delivery | None:
    """Record a message in the deed's transaction; None for people at risk and when this cause was recorded before.

    One that was withdrawn before anybody sent it comes back: somebody changed a contact and changed it back.
    """
    if _is_shielded(deed.session, message):
        return None
    before = deed.session.scalars(select(Delivery).where(Delivery.dedupe == message.dedupe)).first()
    if before is not None:
        if before.last_error == WITHDRAWN and before.state == "dropped":
            before.state, before.last_error, before.due_at = "due", None, message.due_at
            before.expires_at, before.updated_at = message.expires_at, deed.now
        return None
    row = Delivery(
        office_id=deed.office.id,
        event_id=event.id if event else None,
        ticket_id=message.ticket_id,
        reservation_id=message.reservation_id,
        channel=contact.channel,
        kind=message.kind,
        address=contact.address,
        address_hash=contact_hash_of(contact.channel, contact.address),
        payload=json.dumps(message.letter.as_payload(), ensure_ascii=False),
        dedupe=message.dedupe,
        due_at=message.due_at,
        expires_at=message.expires_at,
        state="due",
        attempts=0,
        updated_at=deed.now,
    )
    deed.session.add(row)
    return row


def _is_shielded(session: Session, message: Post) -> bool:
    """The last fence: whoever is marked is written to by nobody, whatever the deed knows of an address."""
    booking = session.get(Reservation, message.reservation_id) if message.reservation_id else None
    ticket = session.get(Ticket, message.ticket_id) if message.ticket_id else None
    return any(thing is not None and thing.shielded for thing in (booking, ticket))


def messages_about(session: Session, row: Reservation) -> list[dict[str, Any]]:
    """What was said about a booking and what became of it, oldest first; for staff, without text and address."""
    query = select(Delivery).where(Delivery.reservation_id == row.id).order_by(Delivery.id)
    return [
        {"kind": each.kind, "channel": each.channel, "state": each.state, "due_at": each.due_at, "why": each.last_error}
        for each in session.scalars(query)
    ]


def withdraw(deed: Deed, *, reservation_id: int) -> None:
    """What was still to be said about a booking is not said; a message being sent just now cannot be called back."""
    deed.session.execute(
        update(Delivery)
        .where(Delivery.reservation_id == reservation_id, Delivery.state == "due")
        .values(state="dropped", last_error=WITHDRAWN, updated_at=deed.now),
        execution_options={"synchronize_session": False},
    )


def _email(text: str, field: str) -> str:
    if len(text) > LONGEST_EMAIL or not _EMAIL.fullmatch(text):
        raise Invalid.field(field, "not_an_email")
    return text
