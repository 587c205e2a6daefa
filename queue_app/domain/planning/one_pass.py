"""One way in which the next minutes may go: the people ahead handed to the clerks in call order.

Decides when the clerks reach one person, given where durations come from: `Means` answers with expectations, `Draws`
with chance. Standard library only, because every ticket issue asks it.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import heapify, heappop, heapreplace
from random import Random
from typing import Final, Protocol

from queue_app.domain.planning.live_state import Ahead, Clerk, Coming, LiveState, Running
from queue_app.domain.planning.lognormal import Duration, draw, draw_remaining, remaining_mean

FAR_MIN: Final = 24 * 60.0

Claim = tuple[float, int, str, float]
"""Order time, tie-break, stage, minutes of work."""


class Source(Protocol):
    def service(self, duration: Duration) -> float: ...
    def rest(self, running: Running) -> float: ...
    def weight(self, probability: float) -> float: ...
    def shift(self, sd: float) -> float: ...


@dataclass(frozen=True, slots=True)
class Means:
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
class Draws:
    rng: Random = field(default_factory=Random)

    def service(self, duration: Duration) -> float:
        return draw(duration, self.rng)

    def rest(self, running: Running) -> float:
        return draw_remaining(running.duration, running.elapsed_min, self.rng)

    def weight(self, probability: float) -> float:
        return 1.0 if probability >= 1.0 or self.rng.random() < probability else 0.0

    def shift(self, sd: float) -> float:
        return self.rng.gauss(0.0, sd) if sd else 0.0


def one_pass(state: LiveState, source: Source) -> float | None:
    """Hand out the people ahead in call order; the first clerk of our stage who finds none of them takes us."""
    present = [claim for claim in _claims(state.ahead, source) if claim[3] > 0]
    return _hand_out(state, present, source, reached=None)


def calls_in_line(state: LiveState, source: Source) -> list[float]:
    """The same for everybody of our own stage: when each is called, in order. Shorter where nobody comes to them.

    Somebody who may give up is still called at that moment, and takes no time if it comes true.
    """
    reached: list[float] = []
    _hand_out(state, _claims(state.ahead, source), source, reached=reached)
    return reached


def _hand_out(state: LiveState, present: list[Claim], source: Source, *, reached: list[float] | None) -> float | None:
    """Until a clerk of our stage finds nobody before us; `reached` is told of each call of our own stage."""
    here = len(state.ahead)
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
            if reached is not None and claim[2] == state.stage and claim[1] < here:
                reached.append(now)
            heapreplace(free, (_after_break(breaks[number], now + claim[3]), number))
        elif not clerk.serves or state.stage in clerk.serves:
            return now
        elif coming:
            heapreplace(free, (_after_break(breaks[number], max(coming[-1][0], now)), number))
        else:
            heappop(free)
    return None


def _claims(people: Iterable[Ahead], source: Source) -> list[Claim]:
    claims = [
        (person.order_min, number, person.stage, source.service(person.duration) * source.weight(person.stays))
        for number, person in enumerate(people)
    ]
    claims.sort()
    return claims


def _arrivals(state: LiveState, source: Source) -> list[tuple[float, Claim]]:
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


def _ready(person: Coming, source: Source) -> float:
    """Not here yet, so not before now: drawn again a few times, which keeps the shape of what is left."""
    if person.before:
        return person.ready_in_min + max(sum(source.rest(each) for each in chain) for chain in person.before)
    for _ in range(4):
        ready = person.ready_in_min + source.shift(person.ready_sd_min)
        if ready >= 0:
            return ready
    return 0.0


def _take(present: list[Claim], clerk: Clerk) -> Claim | None:
    if not clerk.serves:
        return present.pop(0) if present else None
    for place, claim in enumerate(present):
        if claim[2] in clerk.serves:
            return present.pop(place)
    return None


def _first_free(clerk: Clerk, breaks: list[tuple[float, float]], source: Source) -> float:
    if clerk.running is None and breaks and breaks[-1][0] <= 0:
        return _after_break(breaks, max(breaks.pop()[1], 0.0))
    return _after_break(breaks, source.rest(clerk.running) if clerk.running else 0.0)


def _after_break(breaks: list[tuple[float, float]], free_at: float) -> float:
    """When a clerk who ends a service at `free_at` can take the next person; a break that is due comes first."""
    while breaks and breaks[-1][0] <= free_at:
        leaves, returns = breaks.pop()
        free_at += returns - leaves
    return free_at
