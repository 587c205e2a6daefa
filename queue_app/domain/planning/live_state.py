"""The small picture of a live queue on which an estimate works. All times are minutes from now.

Decides nothing. Built by the services from rows and by the simulator from its own day (`live.picture`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from queue_app.domain.planning.lognormal import Duration


@dataclass(frozen=True, slots=True)
class Running:
    """A service in progress at a counter."""

    duration: Duration
    elapsed_min: float


@dataclass(frozen=True, slots=True)
class Clerk:
    """Somebody on duty: the stages served (none named: all), the running service, and the times away.

    `away` holds spans in minutes from now in order of time; a clerk with an open end has `math.inf` as the second
    number. Who serves nobody and whose span has begun is away now. Everybody else finishes the running service first,
    and the break keeps its length.
    """

    serves: frozenset[str] = frozenset()
    running: Running | None = None
    away: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Ahead:
    """A person present whose call comes before ours.

    `order_min` is the order time in minutes from now (mostly negative); whoever stands before the plain order has
    `-math.inf`. `stays` is the chance that the person has not given up before the call.
    """

    stage: str
    duration: Duration
    order_min: float = -math.inf
    stays: float = 1.0


@dataclass(frozen=True, slots=True)
class Coming:
    """A person not yet ready who may pass us: a booking still to arrive, a household coming back for its delivery.

    With `order_min` the order time is fixed (a booking: appointed time minus head start); without it the person
    counts from the moment of being ready, minus `head_start_min`. `before` holds the chains of services that must end
    first, one beside the other; the longest one is added to `ready_in_min`.
    """

    stage: str
    duration: Duration
    ready_in_min: float
    ready_sd_min: float = 0.0
    order_min: float | None = None
    head_start_min: float = 0.0
    shows: float = 1.0
    before: tuple[tuple[Running, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class LiveState:
    """The queue in front of one person: own stage, own order time (minutes from now), and everybody who matters."""

    stage: str
    order_min: float = 0.0
    ahead: tuple[Ahead, ...] = ()
    coming: tuple[Coming, ...] = ()
    clerks: tuple[Clerk, ...] = ()
