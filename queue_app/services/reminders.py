"""What a booking writes to its holder: confirmation, change, cancellation, and reminders before the day.

Decides when each goes out and when it has no use any more. Everything is recorded in the transaction of its cause;
reminders wait in the same table until they are due, and are withdrawn when the booking moves.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from queue_app.domain.office import label_in
from queue_app.services import tokens
from queue_app.services.calendar_file import calendar_file
from queue_app.services.deed import Deed
from queue_app.services.letters import About, booking_letter
from queue_app.services.messages import Contact, Post, post, withdraw
from queue_app.services.reservations import navigator_result
from queue_app.store.queue_tables import EventRow
from queue_app.store.reservation_tables import Reservation

BEFORE = {"reminder_7": timedelta(days=7), "reminder_1": timedelta(days=1)}
EARLIEST, LATEST = time(9, 0), time(19, 0)
"""Nobody is woken by a reminder."""

REMINDER_USE = timedelta(hours=12)
CANCELLATION_USE = timedelta(hours=12)


def confirm(deed: Deed, row: Reservation, event: EventRow) -> None:
    """The booking stands; remind of it."""
    _tell(deed, row, "confirmed", event, until=row.start_at)
    _remind(deed, row)


def moved(deed: Deed, row: Reservation, event: EventRow) -> None:
    """The booking has another time; reminders of the old one are withdrawn."""
    withdraw(deed, reservation_id=row.id)
    _tell(deed, row, "moved", event, until=row.start_at)
    _remind(deed, row)


def cancelled(deed: Deed, row: Reservation, event: EventRow) -> None:
    """The booking is gone, and with it all that was to be said about it."""
    withdraw(deed, reservation_id=row.id)
    _tell(deed, row, "cancelled", event, until=deed.now + CANCELLATION_USE)


def hours_changed(deed: Deed, row: Reservation, event: EventRow | None) -> None:
    """The office will be closed at the booked time; the booking stands until its holder, or staff, moves it."""
    _tell(deed, row, "hours_changed", event, until=row.start_at, again=str(deed.log.setup_version))


def _tell(deed: Deed, row: Reservation, kind: str, event: EventRow | None, *, until: datetime, again: str = "") -> None:
    """`again` tells apart what may happen to one booking more than once."""
    contact = contact_of(row)
    if contact is None:
        return
    letter = booking_letter(kind, contact.channel, _about(deed, row))
    dedupe = _cause(row, kind) + (f":{again}" if again else "")
    expires = max(until, deed.now + timedelta(minutes=5))
    post(deed, contact, Post(kind, letter, deed.now, expires, dedupe, reservation_id=row.id), event)


def _remind(deed: Deed, row: Reservation) -> None:
    contact = contact_of(row)
    if contact is None:
        return
    about = _about(deed, row)
    for kind, before in BEFORE.items():
        due_at = _decent(deed, row.come_at - before)
        if due_at <= deed.now:
            continue
        letter = booking_letter(kind, contact.channel, about)
        use = min(due_at + REMINDER_USE, row.come_at)
        post(deed, contact, Post(kind, letter, due_at, use, _cause(row, kind), reservation_id=row.id))


def _cause(row: Reservation, kind: str) -> str:
    """One message of a kind for each time of the booking and each person written to."""
    return f"{kind}:{row.id}:{row.sequence}:{(row.contact_hash or '')[:16]}"


def contact_of(row: Reservation) -> Contact | None:
    if row.contact_channel is None or row.contact_address is None:
        return None
    return Contact(row.contact_channel, row.contact_address)


def _decent(deed: Deed, at: datetime) -> datetime:
    """The same day of the office, at an hour at which one may write to people."""
    local = at.astimezone(deed.office.zone)
    clock = min(max(local.timetz().replace(tzinfo=None), EARLIEST), LATEST)
    return datetime.combine(local.date(), clock, tzinfo=deed.office.zone)


def _about(deed: Deed, row: Reservation) -> About:
    token = tokens.reservation_token(deed.ports.secret, row.nonce)
    result = navigator_result(deed.office, row)
    link = f"{deed.ports.public_url}/r/{token}"
    documents = [label_in(document.label, row.language) for document in result.documents] if result else []
    return About(
        office=deed.office,
        service=row.service,
        come_at=row.come_at,
        code=row.code or "",
        link=link,
        language=row.language,
        documents=documents,
        calendar=calendar_file(deed.office, row, link, row.language),
    )
