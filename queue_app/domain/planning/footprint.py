"""What one visit asks of the clerks around its appointed time.

Decides the expected number of clerks of each pool that a visit keeps busy, minute by minute before and after the
appointed time, if nobody had to queue. From these, bookings and the walk-in forecast add up to the day's load.

Source: queueing study of the project, section 6.1 (random itineraries without queues).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np

from queue_app.domain.errors import Refusal
from queue_app.domain.planning.congestion import BIN_MIN
from queue_app.domain.planning.lognormal import parameters
from queue_app.domain.planning.policies import Route
from queue_app.domain.planning.workload import Floats, Punctuality, StagePlan, VisitType, intensity

BINS_BEFORE: Final = 4
BINS_AFTER: Final = 32
WINDOW: Final = BINS_BEFORE + BINS_AFTER
ITINERARIES: Final = 3_000
TAIL_BINS: Final = 24
"""Two hours after closing belong to the grid: people inside are still served."""

PUNCTUAL: Final = Punctuality(no_show=0.0, mean_min=0.0, sd_min=0.0)


@dataclass(frozen=True, slots=True)
class Footprint:
    """Busy clerks per pool (rows) and five-minute bin (columns), from `BINS_BEFORE` bins before the time."""

    pools: tuple[str, ...]
    busy: Floats

    @property
    def minutes(self) -> dict[str, float]:
        """Clerk minutes per pool."""
        return {pool: float(row.sum() * BIN_MIN) for pool, row in zip(self.pools, self.busy, strict=True)}


@lru_cache(maxsize=256)
def footprint(stages: tuple[StagePlan, ...], route: Route, punctuality: Punctuality = PUNCTUAL) -> Footprint:
    """The footprint of one kind of visit. Deterministic: the random itineraries have a fixed seed."""
    rng = np.random.default_rng(1)
    arrival = punctuality.mean_min + punctuality.sd_min * rng.standard_normal(ITINERARIES)
    shows = 1.0 - punctuality.no_show
    pools = tuple(sorted({stage.pool for stage in stages}))
    busy = np.zeros((len(pools), WINDOW))
    ends: dict[int, Floats] = {}
    resident_free = arrival
    for position in _sequence(stages, route):
        stage = stages[position]
        needed = rng.random(ITINERARIES) < stage.share
        mu, sigma = parameters(stage.duration)
        minutes = np.where(needed, np.exp(mu + sigma * rng.standard_normal(ITINERARIES)), 0.0)
        before = tuple(ends) if route is Route.SERIAL else stage.after
        start = np.maximum.reduce([resident_free if stage.resident else arrival, *(ends[b] for b in before)])
        ends[position] = np.where(needed, start + minutes, arrival)
        if stage.resident:
            resident_free = np.where(needed, start + minutes, resident_free)
        busy[pools.index(stage.pool)] += shows * _occupied(start, start + minutes)
    busy.setflags(write=False)
    return Footprint(pools, busy)


def needing(kind: VisitType, needs: Sequence[bool]) -> tuple[StagePlan, ...]:
    """The stages of a visit whose needs are known; positions are renumbered."""
    kept = [position for position, need in enumerate(needs) if need]
    place = {position: new for new, position in enumerate(kept)}
    return tuple(
        replace(plan, after=tuple(place[before] for before in plan.after if before in place), share=1.0)
        for plan in (kind.stages[position] for position in kept)
    )


def walk_in_load(
    kinds: Sequence[VisitType], expected: Sequence[float], pools: Sequence[str], day_min: float, route: Route
) -> Floats:
    """Expected busy clerks per pool and bin from people who come unannounced.

    `expected` is the day's number per kind. Zero is a legal forecast; a negative one or none at all is refused.
    """
    if len(kinds) != len(expected) or any(not count >= 0 for count in expected):
        raise Refusal("forecast_impossible", expected=list(expected))
    bins = bins_of(day_min)
    load = np.zeros((len(pools), bins))
    for kind, count in zip(kinds, expected, strict=True):
        print_ = footprint(kind.stages, route)
        arrivals = count * _per_bin(kind, day_min)
        for pool, row in zip(print_.pools, print_.busy, strict=True):
            spread = np.convolve(arrivals, row)[BINS_BEFORE : BINS_BEFORE + bins]
            load[pools.index(pool), : len(spread)] += spread
    return load


def bins_of(day_min: float) -> int:
    """Bins of the day's grid."""
    return int(np.ceil(day_min / BIN_MIN)) + TAIL_BINS


def _sequence(stages: tuple[StagePlan, ...], route: Route) -> list[int]:
    """Positions in an order in which everything comes after its predecessors."""
    if route is Route.SERIAL:
        return list(range(len(stages)))
    order: list[int] = []
    while len(order) < len(stages):
        ready = [p for p in range(len(stages)) if p not in order and all(b in order for b in stages[p].after)]
        if not ready:
            raise Refusal("stage_graph_circular", stages=[stage.pool for stage in stages])
        order += ready
    return order


def _occupied(start: Floats, end: Floats) -> Floats:
    edges = (np.arange(WINDOW + 1) - BINS_BEFORE) * BIN_MIN
    overlap = np.minimum(end[:, None], edges[1:]) - np.maximum(start[:, None], edges[:-1])
    occupied: Floats = np.clip(overlap, 0.0, None).mean(axis=0) / BIN_MIN
    return occupied


def _per_bin(kind: VisitType, day_min: float) -> Floats:
    edges, shares = intensity(kind.weights, day_min)
    bins = np.arange(int(np.ceil(day_min / BIN_MIN)) + 1) * BIN_MIN
    cumulative = np.interp(np.minimum(bins, day_min), edges, np.concatenate(([0.0], np.cumsum(shares))))
    per_bin: Floats = np.diff(cumulative)
    return per_bin
