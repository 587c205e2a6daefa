"""At the counter: who is called next, and everything that is done with somebody who was.

Each function is one press of a button: it asks the table of transitions, changes the stage, and records one event.
Leaves issuing to `reception`, the way back to `undoing` and the order of people to `domain.discipline`.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from queue_app.domain.access import check_counter
from queue_app.domain.errors import Conflict, NotAllowed, NotFound
from queue_app.domain.events import Event
from queue_app.domain.itinerary import PlannedStage, ready
from queue_app.domain.office import Counter
from queue_app.domain.ticket import AT_A_COUNTER, Action, StageKind, State, next_state, normalise_number
from queue_app.services import line, reception, turn_messages
from queue_app.services.deed import Deed
from queue_app.services.visits import close_if_over, current_state, is_live, open_call, stage_for
from queue_app.store.database import table_of
from queue_app.store.office_tables import CounterState
from queue_app.store.prepared import Prepared
from queue_app.store.queue_tables import IS_AT_A_COUNTER, WITH_ITS_VISIT, CallRow, Stage, Ticket
from queue_app.store.rows import append, watch


@dataclass(frozen=True, slots=True)
class Called:
    """Somebody was called. `why` is in_order, waited_long, returned or named."""

    call: CallRow
    ticket: Ticket
    why: str


def call_next(deed: Deed, counter_code: str) -> Called | None:
    """Call the next person in order to an open, free counter. None if nobody waits.

    Refuses `counter_closed`, `counter_busy`, `wrong_counter`.
    """
    counter = _free_counter(deed, counter_code)
    stage = line.head(deed.session, deed.office, counter, deed.now)
    return _call(deed, stage, counter, line.reason(stage, deed.now)) if stage else None


def call_number(deed: Deed, counter_code: str, number: str) -> Called:
    """Call a named ticket that waits or is held. Refuses `unknown_number`, `taken` (with its counter), `not_allowed`.

    A clerk calls a number out of order for a reason of the counter; the history says `named`.
    """
    counter = _free_counter(deed, counter_code)
    ticket = _todays_ticket(deed, number)
    stage = stage_for(ticket, Action.CALL, prefer=counter)
    elsewhere = next((s for s in ticket.stages if s.state in AT_A_COUNTER and (stage is None or _in_person(s))), None)
    if elsewhere is not None:
        raise Conflict("taken", number=ticket.number_text, counter=elsewhere.counter, state=elsewhere.state)
    if stage is None:
        raise NotAllowed(current_state(ticket), Action.CALL)
    return _call(deed, stage, counter, "named")


def finish_at(deed: Deed, counter_code: str) -> Stage | None:
    """Finish whoever is at the counter, starting them first if they were only called. None if it is free."""
    stage = somebody_at(deed, counter_code)
    if stage is None:
        return None
    with deed.session.no_autoflush:  # both steps are written at once
        if stage.state == State.CALLED:
            start(deed, stage.ticket)
        finish(deed, stage.ticket)
    deed.session.flush()  # the counter must be free in the database before the next person is put there
    deed.emptied.add(counter_code)
    return stage


def somebody_at(deed: Deed, counter_code: str) -> Stage | None:
    """The stage that is called to or served at a counter."""
    return deed.session.scalars(_AT_COUNTER, {"office": deed.office.id, "counter": counter_code}).unique().first()


_AT_COUNTER = (
    select(Stage)
    .where(Stage.office_id == bindparam("office"), Stage.counter == bindparam("counter"), IS_AT_A_COUNTER)
    .options(WITH_ITS_VISIT)
)


def recall(deed: Deed, ticket: Ticket) -> CallRow:
    """Call again: the same call, sounded once more."""
    stage = act_on(deed, ticket, Action.RECALL)
    call = open_call(deed.session, stage)
    deed.changing(call)
    call.recalls += 1
    call.sounded_at = deed.now
    deed.record(Event.RECALLED, ticket=ticket, stage=stage, call_id=call.id, recalls=call.recalls)
    return call


def start(deed: Deed, ticket: Ticket) -> None:
    """The person came."""
    stage = act_on(deed, ticket, Action.START)
    _answer(deed, stage, "came")
    deed.record(Event.STARTED, ticket=ticket, stage=stage)


def miss(deed: Deed, ticket: Ticket) -> None:
    """The person did not come. The number goes to the absent list; nothing is lost."""
    stage = act_on(deed, ticket, Action.MISS)
    counter, stage.counter = stage.counter, None
    _answer(deed, stage, "missed")
    deed.record(Event.MISSED, ticket=ticket, stage=stage, counter=counter)


def requeue(deed: Deed, ticket: Ticket) -> None:
    """The absent person came back and is next in order."""
    stage = act_on(deed, ticket, Action.REQUEUE)
    stage.returned_at = deed.now
    deed.record(Event.REQUEUED, ticket=ticket, stage=stage)


def check_may_be_taken_up(ticket: Ticket) -> None:
    """`not_allowed` before anything else is asked, such as at which counter."""
    stage_that_may(ticket, Action.TAKE_UP)


def take_up(deed: Deed, ticket: Ticket, counter_code: str) -> None:
    """Begin back-office work at a counter. Nobody is called."""
    check_may_be_taken_up(ticket)
    counter = _free_counter(deed, counter_code)
    stage = act_on(deed, ticket, Action.TAKE_UP, at=counter)
    stage.counter = counter.code
    deed.record(Event.TAKEN_UP, ticket=ticket, stage=stage)


def hold(deed: Deed, ticket: Ticket) -> None:
    """The person writes a form or fetches a paper; the counter is free meanwhile, and stays theirs."""
    stage = act_on(deed, ticket, Action.HOLD)
    deed.record(Event.HELD, ticket=ticket, stage=stage)


def resume(deed: Deed, ticket: Ticket, counter_code: str | None = None) -> None:
    """Go on with a held person, at their counter unless another is named."""
    stage = stage_that_may(ticket, Action.RESUME)
    counter = _free_counter(deed, counter_code or stage.counter or "")
    act_on(deed, ticket, Action.RESUME, at=counter)
    stage.counter = counter.code
    deed.record(Event.RESUMED, ticket=ticket, stage=stage)


def finish(deed: Deed, ticket: Ticket) -> None:
    """This stage is over; the stages that waited for it become ready, or the visit is done."""
    stage = act_on(deed, ticket, Action.FINISH)
    make_next_ready(deed, ticket)
    over = close_if_over(deed, ticket)
    deed.record(Event.FINISHED, ticket=ticket, stage=stage, ends_visit=over)


def cancel(deed: Deed, ticket: Ticket, reason: str | None = None) -> None:
    """The visit ends without being done. Not while somebody is called or served."""
    state = current_state(ticket)
    if (state, Action.CANCEL) not in _CANCELLABLE:
        raise NotAllowed(state, Action.CANCEL)
    stage = stage_that_may(ticket, Action.CANCEL)
    live = [s for s in ticket.stages if is_live(s)]
    deed.changing(ticket, *live)
    for each in live:
        each.state, each.since, each.counter = State.CANCELLED, deed.now, None
    ticket.closed_at = deed.now
    deed.record(Event.CANCELLED, ticket=ticket, stage=stage, reason=reason)


_CANCELLABLE = {(state, Action.CANCEL) for state in (State.WAITING, State.MISSED, State.HELD)}


def _call(deed: Deed, stage: Stage, counter: Counter, why: str) -> Called:
    ticket = stage.ticket
    after = next_state(State(stage.state), Action.CALL, StageKind(stage.kind))
    deed.changing(stage)
    stage.state, stage.counter, stage.since, stage.returned_at = after, counter.code, deed.now, None
    call = CallRow(
        office_id=deed.office.id, stage_id=stage.id, counter=counter.code, at=deed.now, sounded_at=deed.now, recalls=0
    )
    append(deed.session, call)
    watch(deed.session, call)
    deed.created(call)
    deed.emptied.discard(counter.code)
    deed.record(Event.CALLED, ticket=ticket, stage=stage, call_id=call.id, why=why)
    turn_messages.tell_of_call(deed, ticket, stage, call=call, counter=counter)
    return Called(call, ticket, why)


def act_on(deed: Deed, ticket: Ticket, action: Action, *, at: Counter | None = None) -> Stage:
    """Move the one stage that the action is about through the table; its before-image is kept for undo."""
    stage = stage_that_may(ticket, action, prefer=at)
    if stage.counter is not None and stage.state in AT_A_COUNTER:
        check_counter(deed.identity, stage.counter)
    deed.changing(stage)
    stage.state = next_state(State(stage.state), action, StageKind(stage.kind))
    stage.since = deed.now
    return stage


def stage_that_may(ticket: Ticket, action: Action, *, prefer: Counter | None = None) -> Stage:
    stage = stage_for(ticket, action, prefer=prefer)
    if stage is None:
        raise NotAllowed(current_state(ticket), action)
    return stage


def _free_counter(deed: Deed, code: str) -> Counter:
    """An open counter of the office with nobody at it, that this identity may work at."""
    counter = deed.counter(code)
    check_counter(deed.identity, code)
    # Asked before the state, because it writes what this deed has changed so far.
    present = None if code in deed.emptied else somebody_at(deed, code)
    state = _STATE_OF.first(deed.session, {"office": deed.office.id, "counter": code}) or ("closed",)
    if state != ("open",):
        raise Conflict("counter_closed", counter=code, state=state[0])
    if present is not None:
        raise Conflict("counter_busy", counter=code, number=present.ticket.number_text, state=present.state)
    return counter


_COUNTERS = table_of(CounterState).c
_STATE_OF = Prepared(
    select(_COUNTERS.state).where(_COUNTERS.office_id == bindparam("office"), _COUNTERS.counter == bindparam("counter"))
)


def _todays_ticket(deed: Deed, number: str) -> Ticket:
    ticket = deed.session.scalars(
        select(Ticket).where(
            Ticket.office_id == deed.office.id,
            Ticket.day == deed.today,
            Ticket.number_text == normalise_number(number),
        )
    ).first()
    if ticket is None:
        raise NotFound("unknown_number", number=number[:12])
    return ticket


def _answer(deed: Deed, stage: Stage, answer: str) -> None:
    call = open_call(deed.session, stage)
    deed.changing(call)
    call.answer, call.answered_at = answer, deed.now


def make_next_ready(deed: Deed, ticket: Ticket) -> None:
    """Stages whose predecessors are over can be called from now on."""
    planned = [_planned(stage) for stage in ticket.stages]
    over = {s.position for s in ticket.stages if s.state in (State.DONE, State.CANCELLED)}
    begun = {s.position for s in ticket.stages if s.reference_at is not None}
    for position in ready(planned, over, begun):
        stage = ticket.stages[position]
        deed.changing(stage)
        reception.make_ready(deed, ticket, stage, planned[position])


def _in_person(stage: Stage) -> bool:
    return stage.kind != StageKind.BACK_OFFICE


def _planned(stage: Stage) -> PlannedStage:
    return PlannedStage(stage.service, StageKind(stage.kind), tuple(stage.after))
