"""Who is next: order time, the front of the line, and why.

Decides the order in which waiting people are called. Leaves to `services.calling` who may call whom and to
`domain.ticket` what a call does. The simulator runs these same functions.

Source: queueing study of the project, section 6.3 (static head start with a 60-minute safety), see
docs/decisions/0003-order-time.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

RULE_VERSION = 1
"""Printed in the audit trail beside each order time; grows whenever a number below changes."""

SAFETY = timedelta(minutes=60)
"""Whoever has waited longer than this goes to the front, whatever the head starts say."""

LATE_GRACE = timedelta(minutes=15)
"""A booked person who checks in later than this after the appointment counts from the check-in."""


class VisitClass(StrEnum):
    """How the person came; decides the head start."""

    WALK_IN = "walk_in"
    BOOKED = "booked"
    REMOTE = "remote"


class StageRole(StrEnum):
    """Where in the visit a stage stands; decides the head start of people without a booking."""

    FIRST = "first"
    FOLLOW_ON = "follow_on"
    DELIVERY = "delivery"


@dataclass(frozen=True, slots=True)
class HeadStarts:
    """Minutes taken off the reference time. Data of the office, the same for everybody in a class."""

    booked_min: int = 30
    delivery_min: int = 20
    follow_on_min: int = 10
    first_min: int = 0
    need_min: int = 15


def head_start(
    visit_class: VisitClass, role: StageRole, *, has_need: bool, rule: HeadStarts = HeadStarts()
) -> timedelta:
    """The head start of one stage. A need (help that somebody asked for) adds its own, visibly."""
    if visit_class is VisitClass.BOOKED:
        minutes = rule.booked_min
    elif role is StageRole.DELIVERY:
        minutes = rule.delivery_min
    elif role is StageRole.FOLLOW_ON:
        minutes = rule.follow_on_min
    else:
        minutes = rule.first_min
    return timedelta(minutes=minutes + (rule.need_min if has_need else 0))


def first_reference(arrived_at: datetime, appointed_at: datetime | None) -> datetime:
    """The reference time of a visit's first stage.

    A walk-in counts from its ticket, a booked person from the appointed time, and a booked person who is later
    than `LATE_GRACE` from the check-in (it keeps its number, not its place).
    """
    if appointed_at is None or arrived_at > appointed_at + LATE_GRACE:
        return arrived_at
    return appointed_at


class Rank(IntEnum):
    """Why somebody is called before the plain order; smaller is earlier."""

    RETURNED = 0
    WAITED_LONG = 1
    IN_ORDER = 2


@dataclass(frozen=True, slots=True)
class Waiting:
    """One waiting stage as the discipline sees it.

    `reference_at` is when the wait began to count, `order_time` the same minus the head start, `returned_at` is set
    for a person who was absent and came back, `number` breaks ties.
    """

    order_time: datetime
    reference_at: datetime
    number: int
    returned_at: datetime | None = None


def rank(waiting: Waiting, now: datetime) -> Rank:
    """Which of the three lines a person stands in at `now`."""
    if waiting.returned_at is not None:
        return Rank.RETURNED
    if waiting.reference_at <= now - SAFETY:
        return Rank.WAITED_LONG
    return Rank.IN_ORDER


def order_key(waiting: Waiting, now: datetime) -> tuple[Rank, datetime, int]:
    """Sort key: the person with the smallest key is called next."""
    line = rank(waiting, now)
    if line is Rank.RETURNED:
        assert waiting.returned_at is not None
        return line, waiting.returned_at, waiting.number
    if line is Rank.WAITED_LONG:
        return line, waiting.reference_at, waiting.number
    return line, waiting.order_time, waiting.number


def in_order(people: Iterable[Waiting], now: datetime) -> list[Waiting]:
    """The people in the order in which they will be called."""
    return sorted(people, key=lambda waiting: order_key(waiting, now))
