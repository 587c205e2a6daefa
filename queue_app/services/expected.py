"""Who is expected with a booking, for the consoles: times, services and needs, no names.

A name goes only to the counter that has the person in hand (`in_hand`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.office import Office, label_in
from queue_app.domain.reservation import State
from queue_app.store.queue_tables import Ticket
from queue_app.store.reservation_tables import Reservation

AHEAD = timedelta(minutes=60)
MOST_SHOWN = 50


def bookings_ahead(
    session: Session, office: Office, services: Collection[str], *, now: datetime, language: str = "ja"
) -> list[dict[str, Any]]:
    """Bookings of these services from the last 60 minutes to the next 60, with the number of those who have come."""
    rows = session.execute(
        select(Reservation, Ticket.number_text)
        .outerjoin(Ticket, Ticket.id == Reservation.ticket_id)
        .where(
            Reservation.office_id == office.id,
            Reservation.state.in_((State.BOOKED, State.ARRIVED)),
            Reservation.service.in_(list(services)),
            Reservation.shielded.is_(False),
            Reservation.start_at >= now - AHEAD,
            Reservation.start_at < now + AHEAD,
        )
        .order_by(Reservation.come_at, Reservation.id)
        .limit(MOST_SHOWN)
    )
    return [_row(office, row, now, language) | {"number": number} for row, number in rows]


def in_hand(session: Session, reservation_id: int | None) -> dict[str, Any] | None:
    """The booking of the person at a counter, with the name for calling it out."""
    row = session.get(Reservation, reservation_id) if reservation_id is not None else None
    if row is None:
        return None
    return {"id": row.id, "name_kana": row.name_kana, "people": row.people, "start": row.start_at}


def _row(office: Office, row: Reservation, now: datetime, language: str) -> dict[str, Any]:
    service = office.services.get(row.service)
    return {
        "id": row.id,
        "start": row.start_at,
        "come_at": row.come_at,
        "service": row.service,
        "service_label": label_in(service.label, language) if service else row.service,
        "people": row.people,
        "minutes": row.need_min,
        "language": row.language,
        "needs": list(row.needs),
        "late": row.state == State.BOOKED and now > row.come_at + timedelta(minutes=office.booking.late_min),
    }
