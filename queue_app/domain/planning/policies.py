"""The ways of running an office that the simulator can compare.

Decides what differs between policies, as data: how appointments are given, who is called first, and whether a visit's
counters are taken one behind the other or whichever is free. The order itself is `domain.discipline`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from queue_app.domain.discipline import HeadStarts
from queue_app.domain.errors import Refusal


class Booking(StrEnum):
    """How wished times become appointments."""

    NONE = "none"
    HALF_HOURS = "half_hours"
    TABLE = "table"
    PLANNER = "planner"


class Route(StrEnum):
    """How a visitor goes from counter to counter."""

    SERIAL = "serial"
    BEST_COUNTER = "best_counter"
    EVERY_COUNTER = "every_counter"


class Reception(StrEnum):
    """Whether booked people pass everybody at the first counter."""

    BY_ORDER_TIME = "by_order_time"
    BOOKED_FIRST = "booked_first"


class Safety(StrEnum):
    """Whether a wait beyond the discipline's limit goes to the front. The study's older policies know no limit."""

    NONE = "none"
    SIXTY_MINUTES = "sixty_minutes"


@dataclass(frozen=True, slots=True)
class PlannerRule:
    """The numbers by which the planner weighs times. Weights are per pool; pools not named count 1.

    Tuned on days that no figure is reported for: a forecast above the mean buys shorter waits with longer distances
    from the wish, which a smaller `kappa` does as well.
    """

    kappa: float = 1.7
    weights: tuple[tuple[str, float], ...] = (("B", 1.5), ("H", 1.5), ("K", 1.5))
    forecast_factor: float = 1.0


@dataclass(frozen=True, slots=True)
class Policy:
    """One way of running the office."""

    name: str
    booking: Booking = Booking.NONE
    route: Route = Route.SERIAL
    reception: Reception = Reception.BY_ORDER_TIME
    head_starts: HeadStarts = HeadStarts(0, 0, 0, 0, 0)
    safety: Safety = Safety.NONE
    remote: bool = False
    planner: PlannerRule = PlannerRule()


FCFS: Final = Policy("fcfs")
NAIVE: Final = Policy("naive", Booking.HALF_HOURS, reception=Reception.BOOKED_FIRST)
PLANNED: Final = Policy("planned", Booking.PLANNER, reception=Reception.BOOKED_FIRST)
FULL: Final = Policy(
    "full", Booking.PLANNER, Route.EVERY_COUNTER, head_starts=HeadStarts(), safety=Safety.SIXTY_MINUTES, remote=True
)
POLICIES: Final = {policy.name: policy for policy in (FCFS, NAIVE, PLANNED, FULL)}


def policy_named(name: str) -> Policy:
    """The policy of that name."""
    if name not in POLICIES:
        raise Refusal("policy_unknown", policy=name, known=sorted(POLICIES))
    return POLICIES[name]


def with_kappa(policy: Policy, kappa: float) -> Policy:
    """The same policy with another price of a minute away from the wish."""
    return replace(policy, planner=replace(policy.planner, kappa=kappa))
