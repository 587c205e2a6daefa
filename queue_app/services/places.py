"""Places in slots, taken and given back under the office's lock.

Decides by counting rows: the lock makes the count true until the commit, and the unique (slot, place) would refuse a
second owner even without it. A place is the smallest free number, so that it stays below the capacity unless the
capacity itself is cut. Leaves when a place may be taken to `booking` and `holding`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.orm import Session

from queue_app.domain.reservation import State
from queue_app.domain.slots import CapacityOf, SlotTime
from queue_app.services.deed import Deed
from queue_app.store.prepared import Prepared
from queue_app.store.reservation_tables import Reservation, SlotPlace
from queue_app.store.rows import append

NOBODY = 0
"""No reservation has this id."""


class Whose(StrEnum):
    """Who looks. Staff see a place that rests after a cancellation as the free one that it is."""

    PUBLIC = "public"
    STAFF = "staff"


class Taken(NamedTuple):
    """One place in one slot."""

    slot: str
    place: int
    start_at: datetime


def whose_view(deed: Deed) -> Whose:
    """Staff of this office, or everybody else."""
    is_own = deed.identity.is_staff and deed.identity.office_id == deed.office.id
    return Whose.STAFF if is_own else Whose.PUBLIC


def taken_between(
    session: Session,
    office_id: int,
    service: str,
    *,
    span: tuple[datetime, datetime],
    now: datetime,
    whose: Whose,
    besides: int | None = None,
) -> dict[str, int]:
    """Places taken, by slot id, of slots that begin in the span; whatever has passed its time counts as free.

    `besides` is a reservation whose own places do not count.
    """
    spanned = {"begins": span[0], "ends": span[1]}
    asked = {"office": office_id, "service": service, **spanned, "now": now, "besides": besides or NOBODY}
    return dict(_TAKEN[whose].rows(session, asked))


def clear_passed(deed: Deed) -> None:
    """Take away what is over: expired holds and rested places. First of all in every deed that takes places."""
    if _PASSED.first(deed.session, {"office": deed.office.id, "now": deed.now}) is None:
        return
    over = and_(SlotPlace.office_id == deed.office.id, SlotPlace.taken_until <= deed.now)
    deed.session.execute(delete(SlotPlace).where(over), execution_options={"synchronize_session": False})
    deed.session.execute(
        update(Reservation)
        .where(
            Reservation.office_id == deed.office.id, Reservation.state == State.HELD, Reservation.expires_at <= deed.now
        )
        .values(state=State.EXPIRED, ended_at=deed.now),
        execution_options={"synchronize_session": False},
    )


def room_in(
    deed: Deed, service: str, cells: Sequence[SlotTime], *, capacity_of: CapacityOf, besides: int | None
) -> list[int] | None:
    """The place to take in every cell of the service's grid; None when one of them is full. Nothing is written.

    `besides` is a reservation whose own places do not count: it is about to leave them.
    """
    used = _used_places(deed, service, cells, besides)
    if any(len(used[cell.id]) >= (capacity_of(cell) or 0) for cell in cells):
        return None
    return [_lowest_free(used[cell.id]) for cell in cells]


def take(deed: Deed, reservation: Reservation, cells: Sequence[SlotTime], found: Sequence[int]) -> None:
    """The places that `room_in` found are the reservation's. It has its id, and no other places any more."""
    if whose_view(deed) is Whose.STAFF:
        _wake_resting(deed, cells)
    for cell, place in zip(cells, found, strict=True):
        row = SlotPlace(
            office_id=deed.office.id,
            slot=cell.id,
            place=place,
            start_at=cell.start,
            service=reservation.service,
            reservation_id=reservation.id,
            taken_until=reservation.expires_at if reservation.state == State.HELD else None,
        )
        append(deed.session, row)


def keep_until(deed: Deed, reservation: Reservation, until: datetime | None) -> None:
    """The places of a reservation stay taken until then; None is for good."""
    deed.session.execute(
        update(SlotPlace).where(SlotPlace.reservation_id == reservation.id).values(taken_until=until),
        execution_options={"synchronize_session": False},
    )


def give_back(deed: Deed, reservation: Reservation) -> None:
    """The places are free at once."""
    deed.session.execute(
        delete(SlotPlace).where(SlotPlace.reservation_id == reservation.id),
        execution_options={"synchronize_session": False},
    )


def places_of(session: Session, reservation: Reservation) -> list[Taken]:
    """The places of a reservation, in order of time."""
    return [Taken(*row) for row in _OF_ONE.rows(session, {"reservation": reservation.id})]


def let_rest(deed: Deed, service: str, places: Iterable[Taken], until: datetime) -> None:
    """Places that were given back are nobody's, and offered to the public again from then on; staff may wake them."""
    deed.session.add_all(
        SlotPlace(
            office_id=deed.office.id,
            slot=place.slot,
            place=place.place,
            start_at=place.start_at,
            service=service,
            reservation_id=None,
            taken_until=until,
        )
        for place in places
    )
    deed.session.flush()


def _used_places(deed: Deed, service: str, cells: Sequence[SlotTime], besides: int | None) -> dict[str, set[int]]:
    used: dict[str, set[int]] = {cell.id: set() for cell in cells}
    span = {"begins": cells[0].start, "ends": cells[-1].end}
    asked = {"office": deed.office.id, "service": service, **span, "now": deed.now, "besides": besides or NOBODY}
    for slot, place in _USED[whose_view(deed)].rows(deed.session, asked):
        if slot in used:  # the grid may have been another one
            used[slot].add(place)
    return used


def _wake_resting(deed: Deed, cells: Iterable[SlotTime]) -> None:
    resting = and_(
        SlotPlace.office_id == deed.office.id,
        SlotPlace.slot.in_([cell.id for cell in cells]),
        SlotPlace.reservation_id.is_(None),
    )
    deed.session.execute(delete(SlotPlace).where(resting), execution_options={"synchronize_session": False})


def _lowest_free(used: set[int]) -> int:
    return next(number for number in range(len(used) + 1) if number not in used)


def _counts(whose: Whose) -> ColumnElement[bool]:
    lasts = or_(SlotPlace.taken_until.is_(None), SlotPlace.taken_until > bindparam("now"))
    return lasts if whose is Whose.PUBLIC else and_(lasts, SlotPlace.reservation_id.is_not(None))


_IN_OFFICE = SlotPlace.office_id == bindparam("office")
_IN_SPAN = and_(
    _IN_OFFICE,
    SlotPlace.service == bindparam("service"),
    SlotPlace.start_at >= bindparam("begins"),
    SlotPlace.start_at < bindparam("ends"),
    SlotPlace.reservation_id.is_distinct_from(bindparam("besides")),
)
_TAKEN: dict[Whose, Prepared] = {
    whose: Prepared(select(SlotPlace.slot, func.count()).where(_IN_SPAN, _counts(whose)).group_by(SlotPlace.slot))
    for whose in Whose
}
_USED = {whose: Prepared(select(SlotPlace.slot, SlotPlace.place).where(_IN_SPAN, _counts(whose))) for whose in Whose}
_OF_ONE = Prepared(
    select(SlotPlace.slot, SlotPlace.place, SlotPlace.start_at)
    .where(SlotPlace.reservation_id == bindparam("reservation"))
    .order_by(SlotPlace.start_at)
)
_PASSED = Prepared(select(SlotPlace.id).where(_IN_OFFICE, SlotPlace.taken_until <= bindparam("now")).limit(1))
