"""Other opening hours, and the bookings they hit.

Decides which bookings would fall into closed time. Nothing is cancelled here: whoever changes the hours sees them
first, and may send their holders a notice in their own language. Leaves services and counters to `setup`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.calendar import Hours, open_intervals
from queue_app.domain.errors import Conflict
from queue_app.domain.office import Office
from queue_app.domain.reservation import State
from queue_app.services import regrid, reminders, setup
from queue_app.services.deed import Deed
from queue_app.services.ports import Ports
from queue_app.store.office_tables import OfficeRow
from queue_app.store.reservation_tables import Reservation


def hit_by(session: Session, office: Office, hours: Hours, *, now: datetime, ports: Ports) -> list[Reservation]:
    """Bookings still to come that would not lie within one open stretch of these hours, by time."""
    query = (
        select(Reservation)
        .where(Reservation.office_id == office.id, Reservation.state == State.BOOKED, Reservation.start_at > now)
        .order_by(Reservation.start_at, Reservation.id)
    )
    return [row for row in session.scalars(query) if not _fits(office, hours, row, ports)]


def change_hours(deed: Deed, made_from: int, hours: Hours, *, seen: int, with_notices: bool) -> int:
    """Write the hours; returns how many notices were recorded.

    Refuses `stale` when anybody changed the set-up meanwhile, and `bookings_hit` with their `count` unless exactly so
    many were `seen`: nobody is surprised by a booking that came in between.
    """
    setup.check_version(deed, made_from)
    hit = hit_by(deed.session, deed.office, hours, now=deed.now, ports=deed.ports)
    if len(hit) != seen:
        raise Conflict("bookings_hit", count=len(hit))
    row = deed.session.get_one(OfficeRow, deed.office.id)
    if row.settings.get("hours") == hours.to_value():
        return 0
    row.settings = {**row.settings, "hours": hours.to_value()}
    event = setup.changed(deed, "hours", deed.office.code)
    regrid.lay_again(deed.session, deed.office.id, deed.ports)
    told = [booking for booking in hit if with_notices and reminders.contact_of(booking) is not None]
    for booking in told:
        reminders.hours_changed(deed, booking, event)
    return len(told)


def _fits(office: Office, hours: Hours, row: Reservation, ports: Ports) -> bool:
    service = office.services.get(row.service)
    own = service.hours if service else None
    whole = own.narrowed_to(hours) if own else hours
    spans = open_intervals(whole, office.today(row.start_at), office.zone, ports.holidays)
    end = row.start_at + timedelta(minutes=row.need_min)
    return any(start <= row.start_at and end <= close for start, close in spans)
