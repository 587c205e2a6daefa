"""The counters of one visit: planned from the navigator's route, and changed by staff on the day.

Decides which services a booked visit goes through and what waits for what; stops that do not depend on one another are
open at the same time, and whoever is free first calls. Leaves the graph to `domain.itinerary` and calls to `calling`.
"""

from __future__ import annotations

from collections.abc import Iterable

from queue_app.domain.errors import Conflict, Invalid, NotAllowed, NotFound
from queue_app.domain.events import Event
from queue_app.domain.itinerary import PlannedStage, stages_of, visit
from queue_app.domain.navigator import Procedure
from queue_app.domain.office import Office
from queue_app.domain.ticket import Action, StageKind, State, next_state
from queue_app.services import calling
from queue_app.services.deed import Deed
from queue_app.services.reservations import navigator_result
from queue_app.services.visits import close_if_over, current_state, is_live
from queue_app.store.queue_tables import Stage, Ticket
from queue_app.store.reservation_tables import Reservation

MOST_STAGES = 60


def planned_visit(office: Office, row: Reservation) -> list[PlannedStage]:
    """The stages of a booked visit: every counter of the route in its legal order, or the one service booked."""
    if row.service not in office.services:
        raise NotFound("unknown_service", service=row.service)
    result = navigator_result(office, row)
    if result is None:
        return stages_of(office.services[row.service])
    codes = [code for code in _in_order(result.visits) if code in office.services]
    if row.service in codes:
        codes.remove(row.service)
    services = [office.services[code] for code in (row.service, *codes)]
    return visit(services, _after(result.visits))


def procedures_of(office: Office, row: Reservation) -> tuple[str, ...]:
    """Ids of what somebody booked for, as the office's rules call them; nothing where no questions were answered."""
    result = navigator_result(office, row)
    return tuple(procedure.id for procedure in result.visits) if result is not None else ()


def skip(deed: Deed, ticket: Ticket, service: str, reason: str | None = None) -> None:
    """Take a counter out of the visit: its stages that nobody has begun. What waited for them goes on.

    Refuses `unknown_service` and `nothing_to_skip` by field or as conflict, `not_allowed` while somebody is at work.
    """
    _check_known(deed, service)
    stops = [stage for stage in ticket.stages if stage.service == service and is_live(stage)]
    if not stops:
        raise Conflict("nothing_to_skip", service=service)
    if any(stop.state not in (State.WAITING, State.MISSED) for stop in stops):
        raise NotAllowed(current_state(ticket), "skip")
    deed.changing(*stops)
    for stop in stops:
        stop.state = next_state(State(stop.state), Action.CANCEL, StageKind(stop.kind))
        stop.since = deed.now
    calling.make_next_ready(deed, ticket)
    over = close_if_over(deed, ticket)
    skipped = [stop.id for stop in stops]
    deed.record(Event.STOP_SKIPPED, ticket=ticket, stage=stops[0], reason=reason, skipped=skipped, ends_visit=over)


def add(deed: Deed, ticket: Ticket, service: str) -> None:
    """One more counter on the same number, after everything that is still open. Refuses `already_on_the_way`."""
    _check_known(deed, service)
    if ticket.closed_at is not None:
        raise NotAllowed(current_state(ticket), "add")
    if any(stage.service == service and is_live(stage) for stage in ticket.stages):
        raise Conflict("already_on_the_way", service=service)
    if len(ticket.stages) >= MOST_STAGES:
        raise Conflict("too_many_stops", most=MOST_STAGES)
    open_ones = [stage.position for stage in ticket.stages if is_live(stage) and stage.kind != StageKind.BACK_OFFICE]
    planned = stages_of(deed.office.services[service], offset=len(ticket.stages), after=open_ones)
    stops = [_stop(deed, len(ticket.stages) + step, stage) for step, stage in enumerate(planned)]
    ticket.stages.extend(stops)
    deed.session.flush()
    deed.created(*stops)
    calling.make_next_ready(deed, ticket)
    deed.record(Event.STOP_ADDED, ticket=ticket, stage=stops[0])


def bring_forward(deed: Deed, ticket: Ticket, service: str) -> None:
    """Do this counter next: it waits only for what is being done now, and the others of the visit wait for it.

    Refuses `nothing_to_skip` when it is not ahead any more, and `must_come_later` when the rules of the booking put
    another open counter before it.
    """
    _check_known(deed, service)
    stops = [stage for stage in ticket.stages if stage.service == service and stage.state == State.WAITING]
    if not stops:
        raise Conflict("nothing_to_skip", service=service)
    busy = [stage for stage in ticket.stages if is_live(stage) and stage.state not in (State.WAITING, State.MISSED)]
    ahead = _legally_before(deed, ticket, service) - {stage.service for stage in busy}
    if any(is_live(stage) and stage.service in ahead for stage in ticket.stages):
        raise Conflict("must_come_later", service=service)
    first, others = stops[0], _first_of_others(ticket, stops[0], busy)
    deed.changing(first, *others)
    first.after = [stage.position for stage in busy if stage.kind != StageKind.BACK_OFFICE]
    for stage in others:
        stage.after = sorted({*stage.after, first.position})
        # Not callable until then: nobody is called to the other counter first.
        stage.ready_at = stage.reference_at = stage.order_time = None
    deed.session.flush()
    calling.make_next_ready(deed, ticket)
    deed.record(Event.STOP_BROUGHT_FORWARD, ticket=ticket, stage=first)


def _legally_before(deed: Deed, ticket: Ticket, service: str) -> set[str]:
    """The services that the rules put before this one, directly or through others."""
    row = deed.session.get(Reservation, ticket.reservation_id) if ticket.reservation_id is not None else None
    result = navigator_result(deed.office, row) if row is not None else None
    before = _after(result.visits) if result is not None else {}
    found: set[str] = set()
    open_ones = [service]
    while open_ones:
        new = before.get(open_ones.pop(), set()) - found
        found |= new
        open_ones += new
    return found - {service}


def _first_of_others(ticket: Ticket, first: Stage, busy: list[Stage]) -> list[Stage]:
    """Where every other service begins that nobody has begun: those wait, what follows them waits for them anyway."""
    taken = {first.service, *(stage.service for stage in busy)}
    begins: dict[str, Stage] = {}
    for stage in ticket.stages:
        if stage.service not in taken and stage.state == State.WAITING and stage.kind == StageKind.RECEPTION:
            begins.setdefault(stage.service, stage)
    return list(begins.values())


def _in_order(visits: Iterable[Procedure]) -> list[str]:
    return list(dict.fromkeys(procedure.service for procedure in visits))


def _after(visits: Iterable[Procedure]) -> dict[str, set[str]]:
    """Which services come before which: a service waits for all that one of its procedures needs."""
    by_id = {procedure.id: procedure for procedure in visits}
    before: dict[str, set[str]] = {}
    for procedure in by_id.values():
        needed = {by_id[other].service for other in procedure.after if other in by_id}
        before.setdefault(procedure.service, set()).update(needed - {procedure.service})
    return before


def _check_known(deed: Deed, service: str) -> None:
    if service not in deed.office.services:
        raise Invalid.field("service", "unknown_service", value=service)


def _stop(deed: Deed, position: int, planned: PlannedStage) -> Stage:
    return Stage(
        office_id=deed.office.id,
        position=position,
        service=planned.service,
        kind=planned.kind,
        after=list(planned.after),
        state=State.WAITING,
    )
