"""Which times can be booked: the office's hours, its holidays and the places taken, put before the rules of `slots`.

Decides where the number of places of a slot comes from (`capacity_of`, the one function for it) and how far somebody
may look. Leaves taking a place to `places` and the rules to `domain.slots`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from queue_app.domain.errors import Invalid
from queue_app.domain.office import Office, Service
from queue_app.domain.slots import (
    Ask,
    BookingWindow,
    CapacityOf,
    DaySlots,
    Offer,
    Slot,
    SlotPlan,
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


@dataclass(frozen=True, slots=True)
class Found:
    """Days from first to last with their slots; `next_free` is the first free day after them if they have none."""

    days: tuple[DaySlots, ...]
    next_free: date | None


def find_slots(
    session: Session,
    office: Office,
    errand: Errand,
    *,
    first: date,
    last: date,
    ports: Ports,
    whose: Whose = Whose.PUBLIC,
) -> Found:
    """The slots of these days, both included. Refuses `before_from` and `too_long_span`."""
    if last < first:
        raise Invalid.field("to", "before_from")
    if last - first > LONGEST_LOOK:
        raise Invalid.field("to", "too_long_span", days=LONGEST_LOOK.days)
    look = _Look(session, office, errand, ports, whose)
    days = look.at(first, last)
    return Found(tuple(days), None if any(day.free for day in days) else look.first_free_after(last))


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
            ahead_days=office.booking.ahead_days,
            cutoff_min=office.booking.cutoff_min,
            by_previous_business_day=bool(office.booking.extra.get("by_previous_business_day", False)),
        ),
    )


def ask_of(errand: Errand, now: datetime) -> Ask:
    return Ask(now=now, need_min=errand.need_min, moved_on=errand.not_before)


def capacity_of(office: Office, service: Service, plan: SlotPlan) -> CapacityOf:
    """How many bookings a slot holds: the file's number, or for `planned` what the counters of the service can do."""
    return fixed_capacity(plan) if plan.capacity is not None else _by_counters(office, service, plan)


def _by_counters(office: Office, service: Service, plan: SlotPlan) -> CapacityOf:
    """Half of what the counters can serve in a slot, because the other half of the people come without a booking."""
    counters = len(office.counters_for(service.code, service.stages[0]))
    share = (1 - plan.walk_in_share) if plan.walk_in_share else 0.5
    places = max(1, int(counters * plan.length_min / max(service.minutes, 1) * share))
    return lambda _slot: places


@dataclass(frozen=True, slots=True)
class _Look:
    """One question about one errand; the places taken are counted once for each span of days."""

    session: Session
    office: Office
    errand: Errand
    ports: Ports
    whose: Whose

    def at(self, first: date, last: date) -> list[DaySlots]:
        now = self.ports.clock()
        offer = offer_of(self.office, self.errand, self.ports)
        capacity = capacity_of(self.office, self.errand.service, self.errand.plan)
        taken = self._taken(first, last, now)
        return slots_between(offer, first, last, ask_of(self.errand, now), taken=taken, capacity_of=capacity)

    def free_from(self, first: date, last: date) -> list[Slot]:
        return [slot for day in self.at(first, last) for slot in day.free]

    def first_free_after(self, day: date) -> date | None:
        now = self.ports.clock()
        first = max(day + timedelta(days=1), self.office.today(now))
        last = self.office.today(now) + timedelta(days=self.office.booking.ahead_days)
        return next((each.day for each in self.at(first, last) if each.free), None) if first <= last else None

    def _taken(self, first: date, last: date, now: datetime) -> Mapping[str, int]:
        span = (day_start(self.office, first), day_start(self.office, last) + timedelta(days=2))
        return taken_between(
            self.session, self.office.id, self.errand.service.code, span=span, now=now, whose=self.whose
        )


def day_start(office: Office, day: date) -> datetime:
    """Some instant not after the first one of the day, whatever the clocks do that night."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=office.zone)
    return midnight - timedelta(hours=2)
