"""At the door: tickets are issued here, in one transaction with their number, stages and event.

Leaves the order of people to `domain.discipline` and calling to `calling`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from queue_app.domain.access import Identity, Right
from queue_app.domain.calendar import takes_tickets, tickets_next
from queue_app.domain.discipline import VisitClass, first_reference, head_start
from queue_app.domain.errors import Conflict, Forbidden, Invalid
from queue_app.domain.events import Event
from queue_app.domain.itinerary import PlannedStage, ready, role_of, stages_of, with_papers_done
from queue_app.domain.office import Service
from queue_app.domain.ticket import StageKind, State
from queue_app.services import messages, tokens, waits
from queue_app.services.deed import Deed
from queue_app.store.database import table_of
from queue_app.store.prepared import Prepared
from queue_app.store.queue_tables import SeriesRow, Stage, Ticket
from queue_app.store.rows import append, watch

OFFLINE = "kiosk_offline"


@dataclass(frozen=True, slots=True)
class Arrival:
    """What somebody says on arrival. `needs` name the help wanted, never a diagnosis."""

    service: str
    language: str = "ja"
    needs: tuple[str, ...] = ()
    visit_class: VisitClass = VisitClass.WALK_IN
    appointed_at: datetime | None = None
    reservation_id: int | None = None
    contact: messages.Contact | None = None
    procedures: tuple[str, ...] = ()
    papers_done: tuple[str, ...] = ()
    """Services whose back-office stage was done before the visit."""
    leased: Leased | None = None


@dataclass(frozen=True, slots=True)
class Leased:
    """A number that a kiosk gave without the server, and when."""

    series: str
    number: int
    at: datetime


def issue_ticket(deed: Deed, arrival: Arrival) -> Ticket:
    """A number for a walk-in.

    Refuses `unknown_service`, `unknown_need`, `unknown_language` by field, and `office_closed`, `service_closed`,
    `service_paused` as conflicts. Staff may issue outside the hours: the person stands before them.
    """
    service = _service_asked_for(deed, arrival.service)
    _check_needs(deed, arrival.needs)
    if not deed.identity.is_staff:
        _check_takes_tickets(deed, service)
    return issue_visit(deed, arrival, stages_of(service))


def issue_visit(deed: Deed, arrival: Arrival, planned: Sequence[PlannedStage]) -> Ticket:
    """A number for a visit with the given stages; those without a predecessor are ready at once."""
    service = deed.service(arrival.service)
    nonce = tokens.new_nonce()
    leased = arrival.leased or Leased(service.series, _next_number(deed, service.series), deed.now)
    ticket = Ticket(
        office_id=deed.office.id,
        day=deed.today,
        series=leased.series,
        number=leased.number,
        number_text=deed.office.number_text(leased.series, leased.number),
        service=service.code,
        visit_class=arrival.visit_class,
        language=arrival.language,
        needs=list(arrival.needs),
        origin=OFFLINE if arrival.leased else deed.identity.role or "resident",
        issued_at=leased.at,
        appointed_at=arrival.appointed_at,
        reservation_id=arrival.reservation_id,
        nonce=nonce,
        token_hash=tokens.secret_hash(tokens.ticket_token(deed.ports.secret, nonce)),
        postponed=0,
    )
    if arrival.contact is not None:
        ticket.notify_channel, ticket.notify_address = arrival.contact.channel, arrival.contact.address
    over = {n for n, s in enumerate(planned) if s.kind is StageKind.BACK_OFFICE and s.service in arrival.papers_done}
    planned = with_papers_done(planned, over) if over else planned
    begins_as = [State.DONE if n in over else State.WAITING for n in range(len(planned))]
    ticket.stages = [_stage(deed, n, stage, begins_as[n]) for n, stage in enumerate(planned)]
    for position in ready(planned, over=over, begun=()):
        make_ready(deed, ticket, ticket.stages[position], planned[position], first=True)
    if arrival.leased:
        _write(deed.session, ticket)
        deed.record(Event.ISSUED, ticket=ticket, stage=ticket.stages[0], estimate=None, arrived=leased.at.isoformat())
        return ticket
    place = waits.place_of(deed.session, deed.office, ticket.stages[0], deed.now)
    ticket.estimate = asdict(place.estimate) if place.estimate else None
    _write(deed.session, ticket)
    deed.places[ticket.stages[0].id] = place
    deed.record(
        Event.ISSUED, ticket=ticket, stage=ticket.stages[0], estimate=ticket.estimate, **_history_of(arrival, place)
    )
    return ticket


def make_ready(deed: Deed, ticket: Ticket, stage: Stage, planned: PlannedStage, *, first: bool = False) -> None:
    """The stage can be called; its order time is fixed here and nowhere else.

    From now on; a first stage from the moment its number was given, which a kiosk may have done without the server.
    """
    since = ticket.issued_at if first else deed.now
    reference = first_reference(since, ticket.appointed_at) if first else since
    lead = head_start(
        VisitClass(ticket.visit_class),
        role_of(planned),
        has_need=bool(ticket.needs),
        rule=deed.office.head_starts,
    )
    stage.ready_at, stage.reference_at, stage.order_time = since, reference, reference - lead
    stage.since = since
    deed.readied(stage)


def check_may_take_from_home(deed: Deed, identity: Identity) -> None:
    """Residents may take a number from their phone only where the office allows it."""
    if not identity.may(Right.ISSUE) and not deed.office.tickets_from_home:
        raise Forbidden("no_tickets_from_home")


def _history_of(arrival: Arrival, place: waits.Place) -> dict[str, Any]:
    """What the statistics need of an arrival: codes and times, nothing that says who it is."""
    told: dict[str, Any] = {"visit_class": arrival.visit_class, "told": place.told}
    if arrival.appointed_at is not None:
        told["appointed"] = arrival.appointed_at.isoformat()
    if arrival.procedures:
        told["procedures"] = list(arrival.procedures)
    return told


def _stage(deed: Deed, position: int, planned: PlannedStage, state: State) -> Stage:
    return Stage(
        office_id=deed.office.id,
        position=position,
        service=planned.service,
        kind=planned.kind,
        after=list(planned.after),
        state=state,
    )


def _write(session: Session, ticket: Ticket) -> None:
    """The ticket and its stages, once and complete; what a later deed changes on them the session keeps."""
    append(session, ticket)
    for stage in ticket.stages:
        stage.ticket_id = ticket.id
        append(session, stage)
    watch(session, ticket, *ticket.stages)


def _next_number(deed: Deed, series: str) -> int:
    """The series row is locked through the office's log row; a number once taken is never given again that day."""
    facts = {"office": deed.office.id, "today": deed.today, "series": series}
    taken = _TAKE_NUMBER.first(deed.session, facts)
    if taken is not None:
        return int(taken[0])
    append(deed.session, SeriesRow(office_id=deed.office.id, day=deed.today, name=series, last_number=1))
    return 1


_SERIES = table_of(SeriesRow)
_TAKE_NUMBER = Prepared(
    update(_SERIES)
    .where(
        _SERIES.c.office_id == bindparam("office"),
        _SERIES.c.day == bindparam("today"),
        _SERIES.c.name == bindparam("series"),
    )
    .values(last_number=_SERIES.c.last_number + 1)
    .returning(_SERIES.c.last_number)
)


def _service_asked_for(deed: Deed, code: str) -> Service:
    if code not in deed.office.services:
        raise Invalid.field("service", "unknown_service", value=code)
    return deed.office.services[code]


def _check_needs(deed: Deed, needs: Sequence[str]) -> None:
    for need in needs:
        if need not in deed.office.needs:
            raise Invalid.field("needs", "unknown_need", value=need)


def _check_takes_tickets(deed: Deed, service: Service) -> None:
    if service.paused:
        raise Conflict("service_paused", service=service.code)
    for hours, code in ((deed.office.hours, "office_closed"), (service.hours, "service_closed")):
        if hours is not None and not takes_tickets(hours, deed.now, deed.office.zone, deed.ports.holidays):
            opens = tickets_next(hours, deed.now, deed.office.zone, deed.ports.holidays)
            raise Conflict(code, service=service.code, opens_at=opens)
