"""What a counter did last and can still take back: the facts of the undo bar.

The same rule as `undoing`: the last standing deed on a ticket, for ten seconds. Leaves the words to the page.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from queue_app.domain.events import UNDOABLE
from queue_app.domain.ticket import UNDO_WINDOW
from queue_app.services.hall import Hall
from queue_app.store.queue_tables import EventRow, Ticket

LOOK_BACK = 300
"""Events of the office that are looked through; a busy hall makes a few a second."""


def last_deed(session: Session, hall: Hall, counter_code: str) -> dict[str, Any] | None:
    """The newest deed of this counter that stands and is younger than ten seconds, or None."""
    rows = _recent(session, hall, counter_code)
    undone = {row.undoes for row in rows if row.undoes is not None}
    standing = [row for row in rows if row.name in UNDOABLE and row.id not in undone]
    newest_of: dict[int | None, int] = {}
    for row in standing:
        newest_of.setdefault(row.ticket_id, row.id)
    found = next((row for row in standing if row.is_ours and newest_of[row.ticket_id] == row.id), None)
    if found is None:
        return None
    return {
        "deed": found.name,
        "ticket": found.ticket_id,
        "number": found.number_text,
        "counter": found.counter,
        "to_service": found.data.get("to_service"),
        "to_counter": found.data.get("to_counter"),
        "at": found.at,
        "undo_until": found.at + UNDO_WINDOW,
        "undo_s": int((found.at + UNDO_WINDOW - hall.now).total_seconds()),
    }


def _recent(session: Session, hall: Hall, counter_code: str) -> list[Any]:
    """Newest first. A deed on somebody who is at no counter belongs to the clerk who did it."""
    clerk = hall.state_of(counter_code).clerk or ""
    here = or_(EventRow.counter == counter_code, and_(EventRow.counter.is_(None), EventRow.actor == clerk))
    return list(
        session.execute(
            select(
                EventRow.id,
                EventRow.name,
                EventRow.ticket_id,
                EventRow.counter,
                EventRow.undoes,
                EventRow.at,
                EventRow.data,
                Ticket.number_text,
                here.label("is_ours"),
            )
            .join(Ticket, Ticket.id == EventRow.ticket_id)
            .where(
                EventRow.office_id == hall.office.id,
                EventRow.version > hall.version - LOOK_BACK,
                EventRow.at > hall.now - UNDO_WINDOW,
            )
            .order_by(EventRow.id.desc())
        )
    )
