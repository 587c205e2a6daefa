"""Counters: opened, paused, closed, and the one key that calls the next person."""

from __future__ import annotations

from queue_app.domain.access import Right
from queue_app.domain.office import label_in
from queue_app.services import calling, counters
from queue_app.services.deed import Deed
from queue_app.store.office_tables import CounterState
from queue_app.web.api.endpoint import Call, Reply, change
from queue_app.web.api.models import CallBody, CallShown, CounterShown, EmptyBody
from queue_app.web.api.tickets import staff_answer
from queue_app.web.i18n import reader_language

CODES = ("unknown_counter", "wrong_counter", "other_office")


@change(
    "/offices/<office>/counters/<counter>/open", right=Right.SERVE, body=EmptyBody, answer=CounterShown, codes=CODES
)
def open_counter(call: Call, office: str, counter: str) -> Reply:
    """Log on: the counter calls people from now on."""
    deed = call.begin(office, Right.SERVE)
    return _shown(deed, counters.open_counter(deed, counter))


@change(
    "/offices/<office>/counters/<counter>/pause", right=Right.SERVE, body=EmptyBody, answer=CounterShown, codes=CODES
)
def pause_counter(call: Call, office: str, counter: str) -> Reply:
    """Away for a moment: nobody is called."""
    deed = call.begin(office, Right.SERVE)
    return _shown(deed, counters.pause_counter(deed, counter))


@change(
    "/offices/<office>/counters/<counter>/close",
    right=Right.SERVE,
    body=EmptyBody,
    answer=CounterShown,
    codes=(*CODES, "counter_busy"),
)
def close_counter(call: Call, office: str, counter: str) -> Reply:
    """Log off."""
    deed = call.begin(office, Right.SERVE)
    return _shown(deed, counters.close_counter(deed, counter))


@change(
    "/offices/<office>/counters/<counter>/calls",
    right=Right.SERVE,
    body=CallBody,
    answer=CallShown,
    status=201,
    codes=(*CODES, "taken", "counter_closed", "counter_busy", "not_allowed", "unknown_number"),
)
def call_somebody(call: Call, office: str, counter: str, body: CallBody) -> Reply:
    """Call the next person, or the one named; 204 when nobody waits."""
    deed = call.begin(office, Right.SERVE)
    if body.finish:
        calling.finish_at(deed, counter)
    if body.number is None:
        made = calling.call_next(deed, counter)
    else:
        made = calling.call_number(deed, counter, str(body.number))
    return Reply(status=204) if made is None else _called(deed, made)


def _called(deed: Deed, made: calling.Called) -> Reply:
    ticket = staff_answer(deed, made.ticket)
    return Reply({"call_id": made.call.id, "reason": made.why, "ticket": ticket}, 201, personal=True)


def _shown(deed: Deed, state: CounterState) -> Reply:
    counter = deed.office.counters[state.counter]
    return Reply(
        {
            "counter": state.counter,
            "code": state.counter,
            "label": label_in(counter.label, reader_language()),
            "state": state.state,
            "since": state.since,
            "clerk": state.clerk,
            "services": list(counter.services),
            "stages": list(counter.stages),
        }
    )
