"""Messages that did not arrive, or of which nobody knows: for staff, who may then call the person instead.

Decides what is worth looking at: failed, in doubt, and held back by a limit. Text and address are never shown; the
number or the booking says whom it is about.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from queue_app.domain.reservation import format_code
from queue_app.store.office_tables import AlarmRow
from queue_app.store.queue_tables import PAPER, Delivery, Ticket
from queue_app.store.reservation_tables import Reservation

LOOKED_BACK = timedelta(days=7)
COUNTED = timedelta(days=1)
MOST_SHOWN = 200
LIMITS = ("limit_of_number", "limit_in_all")


@dataclass(frozen=True, slots=True)
class Undelivered:
    """One message, and whom it was for: a number or a booking, whose code finds it."""

    at: datetime
    kind: str
    channel: str
    state: str
    why: str
    number: str
    code: str
    start_at: datetime | None


def undelivered(session: Session, office_id: int, now: datetime) -> list[Undelivered]:
    """Those of the last seven days, newest first."""
    query = (
        select(Delivery, Ticket.number_text, Reservation)
        .outerjoin(Ticket, Ticket.id == Delivery.ticket_id)
        .outerjoin(Reservation, Reservation.id == Delivery.reservation_id)
        .where(
            Delivery.office_id == office_id,
            Delivery.channel != PAPER,
            Delivery.updated_at > now - LOOKED_BACK,
            Ticket.shielded.is_not(True),
            Reservation.shielded.is_not(True),
            or_(Delivery.state.in_(("failed", "unknown")), Delivery.last_error.in_(LIMITS)),
        )
        .order_by(Delivery.updated_at.desc(), Delivery.id.desc())
        .limit(MOST_SHOWN)
    )
    return [_shown(row, number, booking) for row, number, booking in session.execute(query)]


def of_the_day(session: Session, office_id: int, now: datetime) -> dict[tuple[str, str], int]:
    """How many messages of the last 24 hours stand where: (channel, state) -> count."""
    rows = session.execute(
        select(Delivery.channel, Delivery.state).where(
            Delivery.office_id == office_id,
            Delivery.channel != PAPER,
            Delivery.updated_at > now - COUNTED,
            Delivery.state != "due",
        )
    )
    return dict(Counter((channel, state) for channel, state in rows))


def budget_is_spent(session: Session, office_id: int) -> bool:
    """Whether the alarm stands that the office's messages of a day are used up."""
    query = select(AlarmRow.id).where(
        AlarmRow.office_id == office_id, AlarmRow.kind == "message_limit", AlarmRow.ended_at.is_(None)
    )
    return session.scalar(query.limit(1)) is not None


def _shown(row: Delivery, number: str | None, booking: Reservation | None) -> Undelivered:
    return Undelivered(
        at=row.updated_at,
        kind=row.kind,
        channel=row.channel,
        state=row.state,
        why=row.last_error or "",
        number=number or "",
        code=format_code(booking.code) if booking is not None and booking.code else "",
        start_at=booking.start_at if booking is not None else None,
    )
