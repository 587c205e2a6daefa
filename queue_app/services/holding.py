"""A place held for some minutes while somebody fills in the form, and the way from a slot to places.

Decides when a hold begins, grows and ends; an expired one counts for nothing from that very instant, whether or not
anybody has cleared it away. Leaves turning it into a booking to `booking`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from queue_app.domain.errors import Conflict, Invalid, NotFound
from queue_app.domain.events import Event
from queue_app.domain.reservation import Action, State, extended_hold, hold_until, next_state
from queue_app.domain.slots import CapacityOf, NoPlace, SlotTime, covered_slots, invited_at, parse_slot_id, why_not
from queue_app.services import places, regrid, tokens, wishes
from queue_app.services.availability import alternatives_to, ask_of, capacity_of, offer_of, route_of
from queue_app.services.deed import Deed
from queue_app.services.errands import TOO_EARLY, Errand, Said, check_can_be_done, errand_of
from queue_app.store.reservation_tables import Reservation
from queue_app.store.rows import append, watch

UNLIMITED = 1_000_000


@dataclass(frozen=True, slots=True)
class Chosen:
    """A slot that somebody chose, with everything a booking there covers."""

    errand: Errand
    start: datetime
    cells: Sequence[SlotTime]


def hold(deed: Deed, slot: str, said: Said) -> tuple[Reservation, str]:
    """Hold a slot for the office's `hold_min`; returns the row and its id for the holder.

    Refuses `slot_full` with `alternatives`, and by field what `choose` refuses.
    """
    places.clear_passed(deed)
    regrid.lay_again_once(deed)
    chosen = choose(deed, slot, said)
    nonce = tokens.new_nonce()
    hold_id = tokens.hold_id(deed.ports.secret, nonce)
    row = blank(deed, chosen, nonce=nonce)
    row.hold_hash = tokens.secret_hash(hold_id)
    settle_in(deed, row, chosen)
    deed.record(Event.HOLD_MADE, service=row.service, reservation=row.id, slots=len(chosen.cells))
    return row, hold_id


def extend(deed: Deed, hold_id: str) -> Reservation:
    """Five minutes more, ten times at most. Refuses `hold_expired`, `hold_not_extendable`, `not_found`."""
    row = held_by(deed, hold_id)
    if row is None:
        raise NotFound()
    next_state(_state_now(deed, row), Action.EXTEND)
    assert row.expires_at is not None
    row.expires_at = extended_hold(row.expires_at, deed.now, extensions=row.extensions)
    row.extensions += 1
    places.keep_until(deed, row, row.expires_at)
    deed.record(Event.HOLD_EXTENDED, service=row.service, reservation=row.id, times=row.extensions)
    return row


def release(deed: Deed, hold_id: str) -> None:
    """Give a held place back before its time; a hold that is over already is fine."""
    row = held_by(deed, hold_id)
    if row is None or _state_now(deed, row) is not State.HELD:
        return
    row.state, row.ended_at = next_state(State.HELD, Action.CANCEL), deed.now
    places.give_back(deed, row)
    deed.record(Event.HOLD_RELEASED, service=row.service, reservation=row.id)


def held_by(deed: Deed, hold_id: str) -> Reservation | None:
    """The row of a hold in this office, whatever became of it."""
    query = select(Reservation).where(
        Reservation.hold_hash == tokens.secret_hash(hold_id), Reservation.office_id == deed.office.id
    )
    return deed.session.scalars(query, execution_options={"populate_existing": True}).first()


def confirmable(deed: Deed, hold_id: str) -> Reservation:
    """The live hold behind an id. Refuses `unknown_hold` by field, `hold_expired`, `hold_used`."""
    row = held_by(deed, hold_id)
    if row is None:
        raise Invalid.field("hold", "unknown_hold")
    state = _state_now(deed, row)
    if state not in (State.HELD, State.EXPIRED):
        raise Conflict("hold_used")
    next_state(state, Action.CONFIRM)
    return row


def choose(deed: Deed, slot: str, said: Said, *, pardoned: Collection[NoPlace] = ()) -> Chosen:
    """The slot somebody named, checked against every rule but the number of places.

    Refuses by field: `not_a_slot`, `not_offered`, `past`, `not_yet_open`, `too_long`, `other_service`,
    `too_early_for_move`, `visit_blocked`, and what `errand_of` refuses. `pardoned` reasons do not count: a place held
    before its cut-off may be confirmed after it.
    """
    service, start = parse_slot_id(slot)
    day = deed.office.today(start)
    errand = errand_of(deed.office, said, visit_on=day, wanted=service)
    if errand.service.code != service:
        raise Invalid.field("slot", "other_service", value=service, expected=errand.service.code)
    check_can_be_done(errand, said, day)
    offer = offer_of(deed.office, errand, deed.ports)
    problem = why_not(offer, start, ask_of(errand, deed.now))
    if problem is not None and problem not in pardoned:
        raise Invalid.field(*_SAID_OF[problem])
    return Chosen(errand, start, covered_slots(offer, start, errand.need_min))


def blank(deed: Deed, chosen: Chosen, *, nonce: str) -> Reservation:
    """A row for the chosen slot that has no places yet. Every booking begins as a hold, if only for an instant."""
    token = tokens.reservation_token(deed.ports.secret, nonce)
    row = Reservation(
        office_id=deed.office.id,
        state=State.HELD,
        expires_at=hold_until(deed.now, deed.office.booking.hold_min),
        nonce=nonce,
        token_hash=tokens.secret_hash(token),
        origin=deed.identity.role or "resident",
        made_at=deed.now,
        extensions=0,
        failures=0,
        sequence=0,
        language="ja",
        needs=[],
    )
    _describe(deed, row, chosen)
    return row


def settle_in(deed: Deed, row: Reservation, chosen: Chosen) -> None:
    """Take the places for the row, or refuse `slot_full` with `alternatives`; then nothing has changed."""
    service, cells = chosen.errand.service.code, chosen.cells
    own: int | None = row.id
    found = places.room_in(deed, service, cells, capacity_of=_capacity(deed, row, chosen), besides=own)
    if found is None:
        wishes.lost(deed.office, deed.today, service, deed.office.today(chosen.start))
        raise Conflict("slot_full", alternatives=_alternatives(deed, chosen))
    _describe(deed, row, chosen)
    row.come_at = invited_at(chosen.start, found[0], chosen.errand.plan)
    if own is None:
        append(deed.session, row)
        watch(deed.session, row)
    else:
        places.give_back(deed, row)
    places.take(deed, row, cells, found)


def _capacity(deed: Deed, row: Reservation, chosen: Chosen) -> CapacityOf:
    """Where it is planned, the first slot answers for the whole visit: its footprint reaches over the later ones."""
    day = deed.office.today(chosen.start)
    whole = capacity_of(deed.session, deed.office, chosen.errand, days=(day, day), ports=deed.ports, leaving_out=row.id)
    if chosen.errand.plan.capacity is not None:
        return whole
    return lambda cell: whole(cell) if cell.start == chosen.start else UNLIMITED


def may_keep(deed: Deed, row: Reservation, chosen: Chosen) -> bool:
    """Whether the places a row has are just those that the chosen booking covers."""
    return [place.slot for place in places.places_of(deed.session, row)] == [cell.id for cell in chosen.cells]


def _describe(deed: Deed, row: Reservation, chosen: Chosen) -> None:
    row.service = chosen.errand.service.code
    row.start_at, row.end_at = chosen.start, chosen.cells[-1].end
    row.come_at = chosen.start
    row.people, row.need_min = chosen.errand.people, chosen.errand.need_min
    row.route = list(route_of(deed.office, chosen.errand))
    row.changed_at = deed.now


def _state_now(deed: Deed, row: Reservation) -> State:
    """A hold past its time is expired, also before anybody has written that down."""
    state = State(row.state)
    is_over = state is State.HELD and row.expires_at is not None and row.expires_at <= deed.now
    return State.EXPIRED if is_over else state


def _alternatives(deed: Deed, chosen: Chosen) -> list[dict[str, object]]:
    whose = places.whose_view(deed)
    found = alternatives_to(deed.session, deed.office, chosen.errand, lost=chosen.start, ports=deed.ports, whose=whose)
    zone = deed.office.zone
    return [
        {"id": s.id, "start": s.start.astimezone(zone), "end": s.end.astimezone(zone), "remaining": s.remaining}
        for s in found
    ]


_SAID_OF: dict[NoPlace, tuple[str, str]] = {
    NoPlace.CLOSED: ("slot", "not_offered"),
    NoPlace.FULL: ("slot", "not_offered"),
    NoPlace.NOT_YET_OPEN: ("slot", "not_yet_open"),
    NoPlace.PAST: ("slot", "past"),
    NoPlace.TOO_EARLY_FOR_MOVE: ("moved_on", TOO_EARLY),
    NoPlace.TOO_LONG: ("people", "too_long_for_slot"),
}
"""The field and the code of each reason against a time."""
