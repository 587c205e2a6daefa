"""How long until the call: a range, from what is known at this moment.

Decides the range shown on slips, phones and screens. Works on a small picture of the live queue whose times are all
minutes from now; building that picture from rows is left to the services, learning the correction from past tickets
to `domain.planning.calibration`.

Method: the people ahead are handed to the clerks one after another in call order (one pass), with lunch breaks,
running services, booked people still to come and households that come back. `quick_estimate` does this once with
means; `estimate` does it many times with random durations. Source: queueing study of the project, section 6.6.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import heapify, heappop, heapreplace
from random import Random
from typing import Protocol

from queue_app.domain.planning.lognormal import Duration, draw, draw_remaining, remaining_mean

ROUND_TO_MIN = 5
"""Ranges are rounded outwards to this; a finer number would promise what nobody knows."""

PATHS = 100
FAR_MIN = 24 * 60.0
NORMAL_P90 = 1.2816


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


@dataclass(frozen=True, slots=True)
class Range:
    """Whole minutes; `low_min` and `high_min` are multiples of five."""

    low_min: int
    likely_min: int
    high_min: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a queue's own past taught: a factor on the wait, and where in the spread the 10 % and 90 % points lie.

    Without `low_z` and `high_z` the raw points are shown.
    """

    scale: float = 1.0
    low_z: float | None = None
    high_z: float | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """The 10 %, 50 % and 90 % points of a wait, unrounded."""

    p10: float
    p50: float
    p90: float


UNCALIBRATED = Calibration()


def quick_estimate(state: LiveState, calibration: Calibration = UNCALIBRATED) -> Range | None:
    """The range from one pass with mean durations; cheap enough for every ticket. None: nobody is on duty."""
    spread = quick_spread(state)
    return None if spread is None else shown(calibrated(spread, calibration))


def estimate(
    state: LiveState, rng: Random, *, paths: int = PATHS, calibration: Calibration = UNCALIBRATED
) -> Range | None:
    """The range from many passes with random durations. None: nobody is on duty."""
    waits = sampled_waits(state, rng, paths=paths)
    return None if not waits else shown(calibrated(spread_of(waits), calibration))


def quick_spread(state: LiveState) -> Spread | None:
    """One pass with means; the spread is that of the work ahead shared by the clerks."""
    wait = _one_pass(state, _Means())
    if wait is None:
        return None
    if wait <= 0:
        return Spread(0.0, 0.0, 0.0)
    shape = math.sqrt(math.log1p((_work_sd(state) / wait) ** 2))
    return Spread(wait * math.exp(-NORMAL_P90 * shape), wait, wait * math.exp(NORMAL_P90 * shape))


def sampled_waits(state: LiveState, rng: Random, *, paths: int = PATHS) -> list[float]:
    """Random waits in ascending order; empty when nobody is on duty."""
    draws = _Draws(rng)
    waits = [_one_pass(state, draws) for _ in range(paths)]
    return sorted(wait for wait in waits if wait is not None)


def spread_of(waits: list[float]) -> Spread:
    """The points of an ascending, non-empty list."""
    return Spread(quantile(waits, 0.1), quantile(waits, 0.5), quantile(waits, 0.9))


def quantile(ascending: list[float], share: float) -> float:
    """The point below which `share` of an ascending, non-empty list lies, interpolated."""
    place = share * (len(ascending) - 1)
    below = int(place)
    above = min(below + 1, len(ascending) - 1)
    return ascending[below] + (place - below) * (ascending[above] - ascending[below])


def calibrated(spread: Spread, calibration: Calibration) -> Spread:
    """The spread after what the queue's past taught; never below zero and never out of order."""
    middle = calibration.scale * spread.p50
    if calibration.low_z is None or calibration.high_z is None:
        return Spread(calibration.scale * spread.p10, middle, calibration.scale * spread.p90)
    width = width_of(spread, calibration.scale)
    low, high = middle + calibration.low_z * width, middle + calibration.high_z * width
    return Spread(max(low, 0.0), min(max(middle, low, 0.0), max(high, 0.0)), max(high, 0.0))


def width_of(spread: Spread, scale: float) -> float:
    """The unit in which calibration measures errors; at least a minute, so that a sure zero can still be wrong."""
    return max(scale * (spread.p90 - spread.p10), 1.0)


def shown(spread: Spread) -> Range:
    """Rounded outwards, never an empty range."""
    low = math.floor(spread.p10 / ROUND_TO_MIN) * ROUND_TO_MIN
    high = math.ceil(spread.p90 / ROUND_TO_MIN) * ROUND_TO_MIN
    return Range(low, round(spread.p50), max(high, low + ROUND_TO_MIN))


class _Source(Protocol):
    def service(self, duration: Duration) -> float: ...
    def rest(self, running: Running) -> float: ...
    def weight(self, probability: float) -> float: ...
    def shift(self, sd: float) -> float: ...


@dataclass(frozen=True, slots=True)
class _Means:
    """Every duration is its mean; somebody who comes with 92 % brings 92 % of the work."""

    def service(self, duration: Duration) -> float:
        return duration.mean_min

    def rest(self, running: Running) -> float:
        return remaining_mean(running.duration, running.elapsed_min)

    def weight(self, probability: float) -> float:
        return probability

    def shift(self, sd: float) -> float:
        return 0.0


@dataclass(frozen=True, slots=True)
class _Draws:
    rng: Random = field(default_factory=Random)

    def service(self, duration: Duration) -> float:
        return draw(duration, self.rng)

    def rest(self, running: Running) -> float:
        return draw_remaining(running.duration, running.elapsed_min, self.rng)

    def weight(self, probability: float) -> float:
        return 1.0 if probability >= 1.0 or self.rng.random() < probability else 0.0

    def shift(self, sd: float) -> float:
        return self.rng.gauss(0.0, sd) if sd else 0.0


_Claim = tuple[float, int, str, float]
"""Order time, tie-break, stage, minutes of work."""


def _one_pass(state: LiveState, source: _Source) -> float | None:
    """Hand out the people ahead in call order; the first clerk of our stage who finds none of them takes us."""
    present = _claims(state.ahead, source)
    coming = _arrivals(state, source)
    breaks = [list(reversed(clerk.away)) for clerk in state.clerks]
    free = [(_first_free(clerk, breaks[number], source), number) for number, clerk in enumerate(state.clerks)]
    heapify(free)
    while free:
        now, number = free[0]
        if now >= FAR_MIN:
            return None
        while coming and coming[-1][0] <= now:
            insort(present, coming.pop()[1])
        clerk = state.clerks[number]
        claim = _take(present, clerk)
        if claim is not None:
            heapreplace(free, (_after_break(breaks[number], now + claim[3]), number))
        elif not clerk.serves or state.stage in clerk.serves:
            return now
        elif coming:
            heapreplace(free, (_after_break(breaks[number], max(coming[-1][0], now)), number))
        else:
            heappop(free)
    return None


def _claims(people: Iterable[Ahead], source: _Source) -> list[_Claim]:
    claims = [
        (person.order_min, number, person.stage, source.service(person.duration) * source.weight(person.stays))
        for number, person in enumerate(people)
    ]
    claims.sort()
    return [claim for claim in claims if claim[3] > 0]


def _arrivals(state: LiveState, source: _Source) -> list[tuple[float, _Claim]]:
    """Those still to come who would be called before us, latest first."""
    arrivals = []
    for number, person in enumerate(state.coming, start=len(state.ahead)):
        ready = _ready(person, source)
        order = person.order_min if person.order_min is not None else ready - person.head_start_min
        work = source.service(person.duration) * source.weight(person.shows) if order < state.order_min else 0.0
        if work > 0:
            arrivals.append((ready, (order, number, person.stage, work)))
    arrivals.sort(reverse=True)
    return arrivals


def _ready(person: Coming, source: _Source) -> float:
    """Not here yet, so not before now: drawn again a few times, which keeps the shape of what is left."""
    if person.before:
        return person.ready_in_min + max(sum(source.rest(each) for each in chain) for chain in person.before)
    for _ in range(4):
        ready = person.ready_in_min + source.shift(person.ready_sd_min)
        if ready >= 0:
            return ready
    return 0.0


def _take(present: list[_Claim], clerk: Clerk) -> _Claim | None:
    if not clerk.serves:
        return present.pop(0) if present else None
    for place, claim in enumerate(present):
        if claim[2] in clerk.serves:
            return present.pop(place)
    return None


def _first_free(clerk: Clerk, breaks: list[tuple[float, float]], source: _Source) -> float:
    if clerk.running is None and breaks and breaks[-1][0] <= 0:
        return _after_break(breaks, max(breaks.pop()[1], 0.0))
    return _after_break(breaks, source.rest(clerk.running) if clerk.running else 0.0)


def _after_break(breaks: list[tuple[float, float]], free_at: float) -> float:
    """When a clerk who ends a service at `free_at` can take the next person; a break that is due comes first."""
    while breaks and breaks[-1][0] <= free_at:
        leaves, returns = breaks.pop()
        free_at += returns - leaves
    return free_at


def _work_sd(state: LiveState) -> float:
    on_duty = [clerk for clerk in state.clerks if not clerk.serves or state.stage in clerk.serves]
    durations = [person.duration for person in state.ahead]
    durations += [clerk.running.duration for clerk in on_duty if clerk.running][:1]
    variance = sum((duration.mean_min * duration.cv) ** 2 for duration in durations)
    return math.sqrt(variance) / max(len(on_duty), 1)
