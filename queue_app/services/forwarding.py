"""Sending a person in service on: to another service, or to another counter for the same. Number and arrival are kept.

Decides what becomes of the stages that were planned behind the present one. Leaves the transition itself to `calling`.
"""

from __future__ import annotations

from collections.abc import Sequence

from queue_app.domain.errors import Conflict, Invalid
from queue_app.domain.events import Event
from queue_app.domain.itinerary import PlannedStage, stages_of
from queue_app.domain.ticket import Action, StageKind, State
from queue_app.services.calling import act_on, stage_that_may
from queue_app.services.deed import Deed
from queue_app.services.notes import checked_note
from queue_app.services.visits import has_begun, is_live
from queue_app.store.office_tables import CounterState
from queue_app.store.queue_tables import Stage, Ticket


def forward(
    deed: Deed, ticket: Ticket, *, service: str | None = None, counter: str | None = None, note: str | None = None
) -> None:
    """Send a person in service to another service or counter. The number and the arrival are kept.

    To a service: the stages of the present service that have not begun are dropped, those of the new one come instead,
    and whatever else the visit holds comes after them. To a counter: the same stage waits for that counter alone.
    A note takes the place of the present one, and an empty note wipes it. Refuses `unknown_service`, `unknown_counter`,
    `same_counter` and what `checked_note` does by field, and `counter_closed`.
    """
    here = stage_that_may(ticket, Action.FORWARD)
    planned = _plan(deed, here, service, counter)
    stage = act_on(deed, ticket, Action.FORWARD)
    if note is not None:
        ticket.note = checked_note(note)
    moved = _insert_behind(deed, ticket, stage, planned)
    moved[0].only_counter = counter
    _keep_place(deed, stage, moved[0])
    deed.readied(moved[0])
    if service is not None:
        deed.changing(ticket)
        ticket.service = service
    deed.record(Event.FORWARDED, ticket=ticket, stage=stage, to_service=service, to_counter=counter)


def _plan(deed: Deed, here: Stage, service: str | None, counter: str | None) -> Sequence[PlannedStage]:
    if (service is None) == (counter is None):
        raise Invalid.field("service", "service_or_counter")
    if service is not None:
        if service not in deed.office.services:
            raise Invalid.field("service", "unknown_service", value=service)
        return stages_of(deed.office.services[service])
    if counter not in deed.office.counters:
        raise Invalid.field("counter", "unknown_counter", value=counter)
    if counter == here.counter:
        raise Conflict("same_counter", counter=counter)
    state = deed.session.get(CounterState, (deed.office.id, counter))
    if state is None or state.state == "closed":
        raise Conflict("counter_closed", counter=counter)
    return [PlannedStage(here.service, StageKind(here.kind))]


def _insert_behind(deed: Deed, ticket: Ticket, here: Stage, planned: Sequence[PlannedStage]) -> list[Stage]:
    """New stages at the end of the list; whoever waited for what is dropped or over waits for the last of them."""
    offset = len(ticket.stages)
    last = offset + len(planned) - 1
    replaced = {here.position}
    if planned[0].service != here.service:
        dropped = [s for s in ticket.stages if s.service == here.service and not has_begun(s) and is_live(s)]
        deed.changing(*dropped)
        for stage in dropped:
            stage.state = State.CANCELLED
            replaced.add(stage.position)
    for stage in ticket.stages:
        if not has_begun(stage) and is_live(stage) and replaced & set(stage.after):
            deed.changing(stage)
            stage.after = sorted({last if before in replaced else before for before in stage.after})
    moved = [
        Stage(
            office_id=deed.office.id,
            position=offset + step,
            service=stage.service,
            kind=stage.kind,
            after=[offset + before for before in stage.after],
            state=State.WAITING,
        )
        for step, stage in enumerate(planned)
    ]
    ticket.stages.extend(moved)
    deed.session.flush()
    deed.created(*moved)
    return moved


def _keep_place(deed: Deed, here: Stage, moved: Stage) -> None:
    """A forwarded person keeps the time the wait counts from: it is not their mistake that they stood elsewhere."""
    moved.ready_at, moved.since = deed.now, deed.now
    moved.reference_at, moved.order_time = here.reference_at, here.order_time
