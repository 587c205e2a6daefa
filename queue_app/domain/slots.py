"""Which times of a service can be booked, and why a day has none.

Decides the grid of a day, what a booking covers, the booking window, and what is left. Leaves to `calendar` when the
office is open, to the store which places are taken, and to a function handed in how many places a slot has: a fixed
number, or one planned from staffing, come through the same door. A slot that begins while nobody is there for the
service is no time at all, as outside the hours.

All intervals are half-open: a slot ends as the next begins, and the two share no minute. A booking takes one place in
every slot that its length touches, and stays inside one open stretch of one day.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from queue_app.domain.calendar import Holidays, Hours, office_day, open_intervals
from queue_app.domain.errors import Invalid
from queue_app.domain.slot_plan import SlotPlan, fixed_places, invited_at, length_for, parse_slot_plan, wall_instant

__all__ = [
    "Ask",
    "BookingWindow",
    "CapacityOf",
    "DaySlots",
    "NoPlace",
    "Offer",
    "Slot",
    "SlotPlan",
    "SlotTime",
    "alternatives",
    "bookable",
    "covered_slots",
    "fixed_capacity",
    "grid",
    "invited_at",
    "length_for",
    "opens_later",
    "parse_slot_id",
    "parse_slot_plan",
    "slot_id",
    "slots_between",
    "why_not",
]

_ID = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,63})~(\d{8}T\d{4}Z)", re.ASCII)
_STAMP = "%Y%m%dT%H%MZ"
_LONGEST_CLOSURE_DAYS = 60


class NoPlace(StrEnum):
    """Why a day, or a time, cannot be booked."""

    CLOSED = "closed"
    FULL = "full"
    NOT_YET_OPEN = "not_yet_open"
    PAST = "past"
    TOO_EARLY_FOR_MOVE = "too_early_for_move"
    TOO_LONG = "too_long"


class SlotTime(NamedTuple):
    """One cell of a service's grid. The id is opaque to clients and stays the same for ever."""

    id: str
    start: datetime
    end: datetime


class Slot(NamedTuple):
    """A time at which a booking may begin, and how many such bookings still fit."""

    id: str
    start: datetime
    end: datetime
    remaining: int


CapacityOf = Callable[[SlotTime], int | None]
"""How many bookings a slot holds in all, taken ones included; None when it begins while nobody is there."""


@dataclass(frozen=True, slots=True)
class BookingWindow:
    """From when to when a day may be booked; with `by_previous_business_day`, until that day's last closing."""

    ahead_days: int = 30
    cutoff_min: int = 0
    by_previous_business_day: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """A service as far as booking is concerned: its grid, its hours and its window."""

    service: str
    plan: SlotPlan
    hours: Hours
    zone: ZoneInfo
    holidays: Holidays
    window: BookingWindow = BookingWindow()


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked for: when, how long, and for notices that must follow a move, the day of moving."""

    now: datetime
    need_min: int
    moved_on: date | None = None


@dataclass(frozen=True, slots=True)
class DaySlots:
    """A day's free times and its full ones, each in order; `reason` when nothing is free, else None."""

    day: date
    free: tuple[Slot, ...] = ()
    full: tuple[Slot, ...] = ()
    reason: NoPlace | None = None


@lru_cache(maxsize=1024)
def grid(offer: Offer, day: date) -> tuple[SlotTime, ...]:
    """The cells of a day: anchored at each opening, each wholly inside an open stretch.

    Remembered, because it follows from its arguments alone: changed hours make another offer.
    """
    if not offer.plan.weekend_ok and (day.weekday() >= 5 or offer.holidays(day) is not None):
        return ()
    length = timedelta(minutes=offer.plan.length_min)
    cells = []
    for opening, closing in open_intervals(offer.hours, day, offer.zone, offer.holidays):
        start = opening
        while (end := start + length) <= closing:
            cells.append(SlotTime(slot_id(offer.service, start), start, end))
            start = end
    return tuple(cells)


def slots_between(
    offer: Offer, first: date, last: date, ask: Ask, *, taken: Mapping[str, int], capacity_of: CapacityOf
) -> list[DaySlots]:
    """One entry for each day from `first` to `last`, both included. `taken` counts bookings and holds by slot id."""
    days = (date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1))
    return [bookable(offer, day, ask, taken=taken, capacity_of=capacity_of) for day in days]


def bookable(offer: Offer, day: date, ask: Ask, *, taken: Mapping[str, int], capacity_of: CapacityOf) -> DaySlots:
    """What can be booked on a day now."""
    cells = grid(offer, day)
    reason = _day_reason(offer, day, ask, cells)
    if reason:
        return DaySlots(day, reason=reason)
    starts = _starts(cells, _count(ask.need_min, offer.plan))
    if not starts:
        return DaySlots(day, reason=NoPlace.TOO_LONG)
    holds = [capacity_of(cell) for cell in cells]
    starts = [index for index in starts if holds[index] is not None]
    if not starts:
        return DaySlots(day, reason=NoPlace.CLOSED)
    last_call = _last_call(offer, day)
    open_now = [index for index in starts if ask.now < last_call(cells[index].start)]
    if not open_now:
        return DaySlots(day, reason=NoPlace.PAST)
    left = [(held or 0) - taken.get(cell.id, 0) for held, cell in zip(holds, cells, strict=True)]
    count = _count(ask.need_min, offer.plan)
    if offer.plan.capacity is None:  # planned: the first slot answers for the whole visit
        least = left
    else:
        least = [min(left[index : index + count]) for index in range(len(left))]
    return _sorted_out(day, cells, open_now, least=least, count=count)


def why_not(offer: Offer, start: datetime, ask: Ask) -> NoPlace | None:
    """Why a booking may not begin at `start`, full slots apart: the same rules as in `bookable`, for one time."""
    day = office_day(start, offer.zone)
    cells = grid(offer, day)
    reason = _day_reason(offer, day, ask, cells)
    if reason:
        return reason
    if start not in [cell.start for cell in cells]:
        return NoPlace.CLOSED
    if not _covered(cells, start, _count(ask.need_min, offer.plan)):
        return NoPlace.TOO_LONG
    return None if ask.now < _last_call(offer, day)(start) else NoPlace.PAST


def covered_slots(offer: Offer, start: datetime, need_min: int) -> list[SlotTime]:
    """Every cell in which a booking takes a place, in order. Refuses a time off the grid or cut by a break."""
    cells = grid(offer, office_day(start, offer.zone))
    if start not in [cell.start for cell in cells]:
        raise Invalid.field("slot", "not_offered")
    covered = _covered(cells, start, _count(need_min, offer.plan))
    if not covered:
        raise Invalid.field("slot", "too_long", need_min=need_min)
    return covered


def alternatives(lost: datetime, free: Iterable[Slot], zone: ZoneInfo, *, limit: int = 5) -> list[Slot]:
    """The free times nearest to a lost one: those of the same day first, then by distance, the earlier one first."""
    lost_day = office_day(lost, zone)

    def closeness(slot: Slot) -> tuple[bool, timedelta, datetime]:
        return office_day(slot.start, zone) != lost_day, abs(slot.start - lost), slot.start

    return sorted((slot for slot in free if slot.start != lost), key=closeness)[:limit]


def opens_later(plan: SlotPlan, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When booking of the service begins, or begins again; None when it may be booked now."""
    wall = wall_instant(plan.opens_at) if plan.opens_at else None
    opens = wall.replace(tzinfo=zone) if wall else None
    return opens if opens is not None and now < opens else None


def fixed_capacity(plan: SlotPlan) -> CapacityOf:
    """The same number of places in every slot, as the office file gives it."""
    places = fixed_places(plan)
    return lambda _slot: places


def slot_id(service: str, start: datetime) -> str:
    return f"{service}~{start.astimezone(UTC):{_STAMP}}"


def parse_slot_id(text: str) -> tuple[str, datetime]:
    """Service code and start. Refuses whatever `slot_id` would not have written; says nothing about the grid."""
    match = _ID.fullmatch(text)
    try:
        start = datetime.strptime(match[2], _STAMP).replace(tzinfo=UTC) if match else None
    except ValueError:
        start = None
    # The last years have no neighbouring day to belong to, and the first ones no whole-minute offsets.
    if match is None or start is None or not 1970 <= start.year <= 9998:
        raise Invalid.field("slot", "not_a_slot")
    return match[1], start


def _day_reason(offer: Offer, day: date, ask: Ask, cells: Sequence[SlotTime]) -> NoPlace | None:
    days_ahead = (day - office_day(ask.now, offer.zone)).days
    if days_ahead < 0:
        return NoPlace.PAST
    if not cells:
        return NoPlace.CLOSED
    if days_ahead > offer.window.ahead_days or opens_later(offer.plan, ask.now, offer.zone):
        return NoPlace.NOT_YET_OPEN
    return NoPlace.TOO_EARLY_FOR_MOVE if ask.moved_on and day < ask.moved_on else None


def _count(need_min: int, plan: SlotPlan) -> int:
    return max(1, -(-need_min // plan.length_min))


def _starts(cells: Sequence[SlotTime], count: int) -> list[int]:
    """Where `count` cells in a row begin. Cells that do not touch have a break between them."""
    run_end, starts = len(cells), []
    for index in range(len(cells) - 1, -1, -1):
        if index + 1 < len(cells) and cells[index].end != cells[index + 1].start:
            run_end = index + 1
        if index + count <= run_end:
            starts.append(index)
    return starts[::-1]


def _covered(cells: Sequence[SlotTime], start: datetime, count: int) -> list[SlotTime]:
    """Empty where the booking would run into a break or the closing."""
    for index in _starts(cells, count):
        if cells[index].start == start:
            return list(cells[index : index + count])
    return []


def _last_call(offer: Offer, day: date) -> Callable[[datetime], datetime]:
    """From a start to the first instant at which it can no longer be booked."""
    cutoff = timedelta(minutes=offer.window.cutoff_min)
    closing = _previous_closing(offer, day) if offer.window.by_previous_business_day else None
    if closing is None:
        return lambda start: start - cutoff
    return lambda start: min(start - cutoff, closing)


def _previous_closing(offer: Offer, day: date) -> datetime | None:
    for back in range(1, _LONGEST_CLOSURE_DAYS):
        spans = open_intervals(offer.hours, day - timedelta(days=back), offer.zone, offer.holidays)
        if spans:
            return spans[-1][1]
    return None


def _sorted_out(
    day: date, cells: Sequence[SlotTime], starts: Iterable[int], *, least: Sequence[int], count: int
) -> DaySlots:
    """A booking's end is the end of the last cell that it covers; `least` is what fits there in all of its cells."""
    slots = [Slot(cells[i].id, cells[i].start, cells[i + count - 1].end, max(0, least[i])) for i in starts]
    free = tuple(slot for slot in slots if slot.remaining)
    full = tuple(slot for slot in slots if not slot.remaining)
    return DaySlots(day, free, full, None if free else NoPlace.FULL)
