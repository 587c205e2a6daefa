"""Places laid anew after somebody changed the length of the slots or the hours, so that what was sold still counts.

Decides which cells of the grid as it is now a booking touches. Nobody loses a time: where a cell has more bookings than
places it is full. Leaves the grid to `domain.slots`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import delete, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from queue_app.domain.office import Office
from queue_app.domain.reservation import State
from queue_app.domain.slots import Offer, SlotTime, grid
from queue_app.services import offices
from queue_app.services.availability import offer_of
from queue_app.services.deed import Deed
from queue_app.services.errands import Errand, slot_plan
from queue_app.services.ports import Ports
from queue_app.store.database import engine_of
from queue_app.store.reservation_tables import Reservation, SlotPlace

Offers = Mapping[str, Offer]
"""By service: everything that its grid follows from."""

_laid: WeakKeyDictionary[Engine, dict[int, tuple[int, Offers]]] = WeakKeyDictionary()
"""By office, the set-up for which this process has found every place where it belongs: its version, and its grids."""

LONGEST_VISIT = timedelta(days=1)


class _Coming(NamedTuple):
    """A booking or hold that is not over."""

    id: int
    service: str
    start_at: datetime
    need_min: int
    expires_at: datetime | None


def lay_again_once(deed: Deed) -> None:
    """In every deed that takes places, before anything is counted: a look-up, but for the first times after a change.

    Remembered only when nothing had to be moved, because what moves now may yet be rolled back.
    """
    laid = _laid.setdefault(engine_of(deed.session), {})
    version, grids = laid.get(deed.office.id, (0, {}))
    if version == deed.log.setup_version:
        return
    offers = _offers(deed.office, deed.ports)
    if offers == grids or not _lay(deed.session, deed.office, offers, deed.ports):
        laid[deed.office.id] = deed.log.setup_version, offers


def lay_again(session: Session, office_id: int, ports: Ports) -> None:
    """In the transaction that changes an office's set-up, after the change."""
    office = offices.office_as_written(session, office_id)
    _lay(session, office, _offers(office, ports), ports)


def _lay(session: Session, office: Office, offers: Offers, ports: Ports) -> int:
    """Give each booking and hold still to come a place in every cell that its time touches; how many had others."""
    now = ports.clock()
    places = _taken(session, office, now)
    misplaced = _misplaced(office, offers, _coming(session, office, now), places)
    moved = {each.id for each, _cells in misplaced}
    if not moved:
        return 0
    session.execute(delete(SlotPlace).where(SlotPlace.reservation_id.in_(moved)))
    used: dict[str, set[int]] = defaultdict(set)
    for reservation, slot, place in places:
        if reservation not in moved:
            used[slot].add(place)
    for each, cells in misplaced:
        session.add_all(_place(office, each, cell, used[cell.id]) for cell in cells)
    session.flush()
    return len(moved)


def _taken(session: Session, office: Office, now: datetime) -> list[tuple[int | None, str, int]]:
    """Reservation, slot and place of all that is still to come."""
    query = select(SlotPlace.reservation_id, SlotPlace.slot, SlotPlace.place).where(
        SlotPlace.office_id == office.id, SlotPlace.start_at > now - LONGEST_VISIT
    )
    return [(reservation, slot, place) for reservation, slot, place in session.execute(query)]


def _coming(session: Session, office: Office, now: datetime) -> list[_Coming]:
    """In order of their making; of holds those that have not passed."""
    columns = (getattr(Reservation, name) for name in _Coming._fields)
    rows = session.execute(
        select(*columns)
        .where(
            Reservation.office_id == office.id,
            Reservation.state.in_((State.BOOKED, State.HELD)),
            Reservation.end_at > now,
        )
        .order_by(Reservation.id)
    )
    return [each for each in map(_Coming._make, rows) if each.expires_at is None or each.expires_at > now]


def _misplaced(
    office: Office, offers: Offers, coming: Sequence[_Coming], places: Iterable[tuple[int | None, str, int]]
) -> list[tuple[_Coming, list[SlotTime]]]:
    """Those whose places are elsewhere, with the cells of their time. Outside the grid a booking keeps what it has."""
    have: dict[int | None, set[str]] = defaultdict(set)
    for reservation, slot, _place in places:
        have[reservation].add(slot)
    found = [(each, _touched(office, offers[each.service], each)) for each in coming if each.service in offers]
    return [(each, cells) for each, cells in found if cells and have[each.id] != {cell.id for cell in cells}]


def _offers(office: Office, ports: Ports) -> dict[str, Offer]:
    plans = [(service, slot_plan(service)) for service in office.services.values()]
    return {
        service.code: offer_of(office, Errand(service, plan, 1, service.minutes), ports)
        for service, plan in plans
        if plan is not None
    }


def _touched(office: Office, offer: Offer, each: _Coming) -> list[SlotTime]:
    end = each.start_at + timedelta(minutes=each.need_min)
    return [cell for cell in grid(offer, office.today(each.start_at)) if cell.start < end and each.start_at < cell.end]


def _place(office: Office, each: _Coming, cell: SlotTime, used: set[int]) -> SlotPlace:
    place = next(number for number in count() if number not in used)
    used.add(place)
    return SlotPlace(
        office_id=office.id,
        slot=cell.id,
        place=place,
        start_at=cell.start,
        service=each.service,
        reservation_id=each.id,
        taken_until=each.expires_at,
    )
