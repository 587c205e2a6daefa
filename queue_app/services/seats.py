"""Which browser works at a counter: never two consoles at once; the later one takes over and the first is told.

A seat belongs to one session. Leaves opening and closing to `counters`.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.access import Identity
from queue_app.domain.errors import Conflict
from queue_app.domain.events import Event
from queue_app.services import counters
from queue_app.services.deed import Deed
from queue_app.store.access_tables import StaffSession, UserRow


def take_seat(deed: Deed, counter_code: str) -> None:
    """Work at this counter in this browser from now on, and open it. Whoever sat here in another browser loses it."""
    before = deed.log.version
    counters.open_counter(deed, counter_code)
    if deed.identity.session_id is None:
        return
    moved = False
    for row in _sessions_at(deed.session, deed.office.id, counter_code):
        if row.id != deed.identity.session_id:
            row.counter, moved = None, True
    deed.session.get_one(StaffSession, deed.identity.session_id).counter = counter_code
    if moved and deed.log.version == before:
        # The same person in another browser: the first one hears of it only through the history.
        deed.record(Event.COUNTER_OPENED, counter=counter_code)


def leave_seat(deed: Deed, counter_code: str) -> None:
    """Close the counter; nobody sits there any more."""
    counters.close_counter(deed, counter_code)
    for row in _sessions_at(deed.session, deed.office.id, counter_code):
        row.counter = None


def check_seat(deed: Deed, counter_code: str) -> None:
    """`seat_taken` for a browser that another one has followed at this counter. Programs have no seat."""
    if not has_seat(deed.session, deed.identity, counter_code):
        raise Conflict("seat_taken", counter=counter_code)


def has_seat(session: Session, identity: Identity, counter_code: str) -> bool:
    if identity.session_id is None:
        return True
    return session.scalar(select(StaffSession.counter).where(StaffSession.id == identity.session_id)) == counter_code


def _sessions_at(session: Session, office_id: int, counter_code: str) -> list[StaffSession]:
    query = (
        select(StaffSession)
        .join(UserRow, UserRow.id == StaffSession.user_id)
        .where(UserRow.office_id == office_id, StaffSession.counter == counter_code, StaffSession.ended_at.is_(None))
    )
    return list(session.scalars(query))
