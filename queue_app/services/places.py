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

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from queue_app.domain.reservation import State
from queue_app.domain.slots import CapacityOf, SlotTime
from queue_app.services.deed import Deed
from queue_app.store.reservation_tables import Reservation, SlotPlace


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
    session: Session, office_id: int, service: str, *, span: tuple[datetime, datetime], now: datetime, whose: Whose
) -> dict[str, int]:
    """Places taken, by slot id, of slots that begin in the span; whatever has passed its time counts as free."""
    rows = session.execute(
        select(SlotPlace.slot, func.count())
        .where(
            SlotPlace.office_id == office_id,
            SlotPlace.service == service,
            SlotPlace.start_at >= span[0],
            SlotPlace.start_at < span[1],
            _counts(now, whose),
        )
        .group_by(SlotPlace.slot)
    )
    return dict(rows.all())


def clear_passed(deed: Deed) -> None:
    """Take away what is over: expired holds and rested places. First of all in every deed that takes places."""
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


def take(deed: Deed, reservation: Reservation, cells: Sequence[SlotTime], *, capacity_of: CapacityOf) -> int | None:
    """One place in every cell for this reservation, or none at all: None when one of them is full.

    Returns the place in the first cell. Places the reservation already has do not count: they are given back first by
    whoever moves it. The reservation has its id.
    """
    whose = whose_view(deed)
    used = _used_places(deed, cells, whose)
    if any(len(used[cell.id]) >= capacity_of(cell) for cell in cells):
        return None
    if whose is Whose.STAFF:
        _wake_resting(deed, cells)
    places = [_lowest_free(used[cell.id]) for cell in cells]
    deed.session.add_all(
        SlotPlace(
            office_id=deed.office.id,
            slot=cell.id,
            place=place,
            start_at=cell.start,
            service=reservation.service,
            reservation_id=reservation.id,
            taken_until=reservation.expires_at if reservation.state == State.HELD else None,
        )
        for cell, place in zip(cells, places, strict=True)
    )
    deed.session.flush()
    return places[0]


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
    query = select(SlotPlace.slot, SlotPlace.place, SlotPlace.start_at).where(
        SlotPlace.reservation_id == reservation.id
    )
    return [Taken(*row) for row in session.execute(query.order_by(SlotPlace.start_at))]


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


def _used_places(deed: Deed, cells: Iterable[SlotTime], whose: Whose) -> dict[str, set[int]]:
    used: dict[str, set[int]] = {cell.id: set() for cell in cells}
    rows = deed.session.execute(
        select(SlotPlace.slot, SlotPlace.place).where(
            SlotPlace.office_id == deed.office.id, SlotPlace.slot.in_(used), _counts(deed.now, whose)
        )
    )
    for slot, place in rows:
        used[slot].add(place)
    return used


def _wake_resting(deed: Deed, cells: Iterable[SlotTime]) -> None:
    resting = and_(
        SlotPlace.office_id == deed.office.id,
        SlotPlace.slot.in_([cell.id for cell in cells]),
        SlotPlace.reservation_id.is_(None),
    )
    deed.session.execute(delete(SlotPlace).where(resting), execution_options={"synchronize_session": False})


def _counts(now: datetime, whose: Whose) -> ColumnElement[bool]:
    lasts = or_(SlotPlace.taken_until.is_(None), SlotPlace.taken_until > now)
    return lasts if whose is Whose.PUBLIC else and_(lasts, SlotPlace.reservation_id.is_not(None))


def _lowest_free(used: set[int]) -> int:
    return next(number for number in range(len(used) + 1) if number not in used)
