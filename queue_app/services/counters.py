"""Opening, pausing and closing a counter. Log-on and log-off are history: the estimator needs the real rota."""

from __future__ import annotations

from queue_app.domain.access import check_counter
from queue_app.domain.errors import Conflict
from queue_app.domain.events import Event
from queue_app.services import offices
from queue_app.services.calling import somebody_at
from queue_app.services.deed import Deed
from queue_app.store.office_tables import CounterState

OPEN, PAUSED, CLOSED = "open", "paused", "closed"


def open_counter(deed: Deed, code: str) -> CounterState:
    """The counter calls people from now on. Whoever logs on second takes over from the first."""
    return _set(deed, code, OPEN, Event.COUNTER_OPENED)


def pause_counter(deed: Deed, code: str) -> CounterState:
    """The clerk is away for a moment: nobody is called, somebody in service can be finished."""
    return _set(deed, code, PAUSED, Event.COUNTER_PAUSED)


def close_counter(deed: Deed, code: str) -> CounterState:
    """The clerk logs off. Refuses `counter_busy` while somebody is called to the counter or served at it."""
    present = somebody_at(deed, code)
    if present is not None:
        raise Conflict("counter_busy", counter=code, number=present.ticket.number_text, state=present.state)
    closed = _set(deed, code, CLOSED, Event.COUNTER_CLOSED)
    if closed.helps:
        closed.helps = []
        offices.setup_changed(deed.session, deed.office.id)
    return closed


def state_of(deed: Deed, code: str) -> CounterState:
    """The live state of a counter; a counter that was never opened is closed."""
    row = deed.session.get(CounterState, (deed.office.id, code))
    if row is None:
        row = CounterState(office_id=deed.office.id, counter=code, state=CLOSED, since=None, clerk=None, helps=[])
        deed.session.add(row)
    return row


def _set(deed: Deed, code: str, state: str, event: Event) -> CounterState:
    """Setting the state it has already, by the same clerk, changes nothing and writes no history."""
    deed.counter(code)
    check_counter(deed.identity, code)
    row = state_of(deed, code)
    clerk = None if state == CLOSED else deed.identity.name
    if (row.state, row.clerk) != (state, clerk):
        row.state, row.since, row.clerk = state, deed.now, clerk
        deed.record(event, counter=code)
    return row
