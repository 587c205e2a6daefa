"""Taking back the last action on a ticket, within ten seconds: everything it changed stands as before.

The history keeps both rows, the deed and its undoing. Leaves what can be undone to `domain.events.UNDOABLE`.
"""

from __future__ import annotations

from typing import cast

from sqlalchemy import select

from queue_app.domain.access import check_counter
from queue_app.domain.errors import Conflict, NotAllowed
from queue_app.domain.events import UNDOABLE, Event
from queue_app.domain.ticket import AT_A_COUNTER, UNDO_WINDOW
from queue_app.services.calling import somebody_at
from queue_app.services.deed import Deed
from queue_app.services.visits import current_state
from queue_app.store.images import TABLES, Imaged, restore
from queue_app.store.queue_tables import CallRow, EventRow, Stage, Ticket


def undo(deed: Deed, ticket: Ticket) -> None:
    """Take back the last action on this ticket that still stands.

    Refuses `not_allowed` when there is none, `too_late` after ten seconds, `counter_busy` when the counter that the
    person would return to has somebody else by now.
    """
    last = _last_standing(deed, ticket)
    if last is None:
        raise NotAllowed(current_state(ticket), "undo")
    if deed.now - last.at > UNDO_WINDOW:
        raise Conflict("too_late", action=last.name)
    if last.counter is not None:
        check_counter(deed.identity, last.counter)
    _check_counters_are_free(deed, last, ticket)
    _restore(deed, last)
    deed.record(Event.UNDONE, ticket=ticket, undoes=last.id, service=last.service, counter=last.counter, deed=last.name)


def _last_standing(deed: Deed, ticket: Ticket) -> EventRow | None:
    rows = deed.session.scalars(
        select(EventRow).where(EventRow.ticket_id == ticket.id).order_by(EventRow.id.desc()).limit(20)
    ).all()
    undone = {row.undoes for row in rows if row.undoes is not None}
    return next((row for row in rows if row.name in UNDOABLE and row.id not in undone), None)


def _check_counters_are_free(deed: Deed, last: EventRow, ticket: Ticket) -> None:
    for image in last.data.get("before", {}).get("stage", {}).values():
        if image is None or image["state"] not in AT_A_COUNTER:
            continue
        present = somebody_at(deed, image["counter"])
        if present is not None and present.ticket_id != ticket.id:
            raise Conflict("counter_busy", counter=image["counter"], number=present.ticket.number_text)


def _restore(deed: Deed, last: EventRow) -> None:
    for table, images in last.data.get("before", {}).items():
        for row_id, image in images.items():
            row = cast(Imaged, deed.session.get_one(TABLES[table], int(row_id)))
            if image is not None:
                restore(row, image)
            elif isinstance(row, CallRow):
                _withdraw(deed, row)
            elif isinstance(row, Stage):
                row.ticket.stages.remove(row)
                deed.session.delete(row)
    deed.session.flush()


def _withdraw(deed: Deed, call: CallRow) -> None:
    """A call that was shown is not deleted: it is withdrawn, and the display takes it away."""
    call.answer, call.answered_at = "withdrawn", deed.now
