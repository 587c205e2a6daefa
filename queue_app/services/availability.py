"""Which times can be booked: the office's hours, its holidays and the places taken, put before the rules of `slots`.

Decides where the number of places of a slot comes from (`capacity_of`, the one function for it) and how far somebody
may look. Leaves taking a place to `places` and the rules to `domain.slots`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy.orm import Session

from queue_app.domain.errors import Invalid
from queue_app.domain.office import Office
from queue_app.domain.slots import (
    Ask,
    BookingWindow,
    CapacityOf,
    DaySlots,
    Offer,
    Slot,
    SlotTime,
    alternatives,
    fixed_capacity,
    slots_between,
)
from queue_app.services.errands import Errand
from queue_app.services.places import Whose, taken_between
from queue_app.services.ports import Ports

LONGEST_LOOK = timedelta(days=92)
ALTERNATIVES_AROUND = timedelta(days=7)
ENOUGH = 5
RECOMMENDED = 3
FREE = "free"
PLANNED_AHEAD_DAYS = 28
"""When the first places of a planned day are released (`planner.RELEASES`)."""


class Mark(NamedTuple):
    """How a free time is shown: plenty of room or little, and whether it is one of the day's best."""

    level: str
    recommended: bool


class Wish(NamedTuple):
    """When somebody would like to come, in minutes of the office's day, both ends included; one time has both alike."""

    first_min: int
    last_min: int

    def away_min(self, at: datetime) -> int:
        """How far a time of the office's clock is from what is wished."""
        minute = 60 * at.hour + at.minute
        return max(self.first_min - minute, minute - self.last_min, 0)


@dataclass(frozen=True, slots=True)
class Found:
    """Days from first to last with their slots; `next_free` is the first free day after them if they have none."""

    days: tuple[DaySlots, ...]
    next_free: date | None
    marks: Mapping[str, Mark] = field(default_factory=dict)
    """By slot id, where the capacity is planned."""


def find_slots(
    session: Session,
    office: Office,
    errand: Errand,
    *,
    first: date,
    last: date,
    ports: Ports,
    whose: Whose = Whose.PUBLIC,
    wish: Wish | None = None,
) -> Found:
    """The slots of these days, both included. Refuses `before_from` and `too_long_span`.

    A wish moves the recommended times of planned days nearer to it and hides none.
    """
    if last < first:
        raise Invalid.field("to", "before_from")
    if last - first > LONGEST_LOOK:
        raise Invalid.field("to", "too_long_span", days=LONGEST_LOOK.days)
    look = _Look(session, office, errand, ports, whose)
    capacity = look.capacity(first, last)
    days = look.at(first, last, capacity)
    after = None if any(day.free for day in days) else look.first_free_after(last)
    return Found(tuple(days), after, look.marks(days, capacity, wish))


def alternatives_to(
    session: Session, office: Office, errand: Errand, *, lost: datetime, ports: Ports, whose: Whose = Whose.PUBLIC
) -> list[Slot]:
    """Free times near one that is gone: of the same day, then of the week around it, else of the next free day."""
    look = _Look(session, office, errand, ports, whose)
    day, today = office.today(lost), office.today(ports.clock())
    # The losers of a rush ask this under the office's lock, one after the other: the same day is usually enough.
    free = look.free_from(day, day)
    if len(free) < ENOUGH:
        free = look.free_from(max(today, day - ALTERNATIVES_AROUND), max(today, day) + ALTERNATIVES_AROUND)
    if not free:
        later = look.first_free_after(day + ALTERNATIVES_AROUND)
        free = look.free_from(later, later) if later else []
    return alternatives(lost, free, office.zone, limit=ENOUGH)


def offer_of(office: Office, errand: Errand, ports: Ports) -> Offer:
    """The service with its hours and window, as the rules want it."""
    own = errand.service.hours
    return Offer(
        service=errand.service.code,
        plan=errand.plan,
        hours=own.narrowed_to(office.hours) if own else office.hours,
        zone=office.zone,
        holidays=ports.holidays,
        window=BookingWindow(
            ahead_days=ahead_days_of(office, errand),
            cutoff_min=office.booking.cutoff_min,
            by_previous_business_day=bool(office.booking.extra.get("by_previous_business_day", False)),
        ),
    )


def ahead_days_of(office: Office, errand: Errand) -> int:
    """Planned places are given out from four weeks before; fixed ones as early as the office says."""
    planned = errand.plan.capacity is None
    return min(office.booking.ahead_days, PLANNED_AHEAD_DAYS) if planned else office.booking.ahead_days


def ask_of(errand: Errand, now: datetime) -> Ask:
    return Ask(now=now, need_min=errand.need_min, moved_on=errand.not_before)


def capacity_of(
    session: Session,
    office: Office,
    errand: Errand,
    *,
    days: tuple[date, date],
    ports: Ports,
    leaving_out: int | None = None,
) -> CapacityOf:
    """How many bookings a slot of these days holds: the file's number, or for `planned` what the day still bears.

    `leaving_out` is the booking that is looking for a place: what it has already does not stand in its own way.
    """
    if errand.plan.capacity is not None:
        return fixed_capacity(errand.plan)
    from queue_app.services.planned import planned_capacity  # numpy only where an office plans

    now = ports.clock()
    span = (day_start(office, days[0]), day_start(office, days[1]) + timedelta(days=2))
    taken = taken_between(
        session, office.id, errand.service.code, span=span, now=now, whose=Whose.STAFF, besides=leaving_out
    )
    return planned_capacity(
        session,
        office,
        (errand.service, float(errand.need_min), route_of(office, errand)),
        offer=offer_of(office, errand, ports),
        days=days,
        now=now,
        taken=taken,
        leaving_out=leaving_out,
    )


def route_of(office: Office, errand: Errand) -> tuple[str, ...]:
    """The services that the visit goes on to after the one that is booked."""
    if errand.result is None:
        return ()
    codes = dict.fromkeys(procedure.service for procedure in errand.result.visits)
    return tuple(code for code in codes if code in office.services and code != errand.service.code)


@dataclass(frozen=True, slots=True)
class _Look:
    """One question about one errand; the places taken are counted once for each span of days."""

    session: Session
    office: Office
    errand: Errand
    ports: Ports
    whose: Whose

    def capacity(self, first: date, last: date) -> CapacityOf:
        return capacity_of(self.session, self.office, self.errand, days=(first, last), ports=self.ports)

    def at(self, first: date, last: date, capacity: CapacityOf) -> list[DaySlots]:
        now = self.ports.clock()
        offer = offer_of(self.office, self.errand, self.ports)
        taken = self._taken(first, last, now)
        return slots_between(offer, first, last, ask_of(self.errand, now), taken=taken, capacity_of=capacity)

    def marks(self, days: Iterable[DaySlots], capacity: CapacityOf, wish: Wish | None = None) -> dict[str, Mark]:
        """The level of each free time, and the best quiet ones of each day: where one more costs the others least.

        With a wish every minute away from it counts as the planner counts it.
        """
        days = [day for day in days if day.free]
        if self.errand.plan.capacity is not None or not days:
            return {}
        bearing_of = capacity.bearing  # type: ignore[attr-defined]  # numpy only where an office plans
        marks: dict[str, Mark] = {}

        def burden(slot: Slot) -> float:
            away = wish.away_min(slot.start.astimezone(self.office.zone)) if wish else 0
            return float(known[slot.id].cost_min + capacity.minute_away * away)  # type: ignore[attr-defined]

        for day in days:
            known = {slot.id: bearing_of(SlotTime(slot.id, slot.start, slot.end)) for slot in day.free}
            quiet = [slot for slot in day.free if known[slot.id].level == FREE]
            best = [slot.id for slot in sorted(quiet, key=lambda slot: (burden(slot), slot.id))[:RECOMMENDED]]
            marks |= {slot: Mark(bearing.level, slot in best) for slot, bearing in known.items()}
        return marks

    def free_from(self, first: date, last: date) -> list[Slot]:
        return [slot for day in self.at(first, last, self.capacity(first, last)) for slot in day.free]

    def first_free_after(self, day: date) -> date | None:
        now = self.ports.clock()
        first = max(day + timedelta(days=1), self.office.today(now))
        last = self.office.today(now) + timedelta(days=self.office.booking.ahead_days)
        if first > last:
            return None
        days = self.at(first, last, self.capacity(first, last))
        return next((each.day for each in days if each.free), None)

    def _taken(self, first: date, last: date, now: datetime) -> Mapping[str, int]:
        span = (day_start(self.office, first), day_start(self.office, last) + timedelta(days=2))
        return taken_between(
            self.session, self.office.id, self.errand.service.code, span=span, now=now, whose=self.whose
        )


def day_start(office: Office, day: date) -> datetime:
    """Some instant not after the first one of the day, whatever the clocks do that night."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=office.zone)
    return midnight - timedelta(hours=2)
