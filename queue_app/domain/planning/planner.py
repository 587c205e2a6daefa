"""When to offer a place: where one more visit costs everybody the least waiting.

Decides the order and the level of offered times from the load of the day: rota and lunch, walk-in forecast, bookings
so far. Works on minutes after opening and on footprints; slots, locks and rows are the booking service's. The load is
always built from the full list of bookings, never counted up.

Source: queueing study of the project, section 6.2 (least marginal congestion).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from queue_app.domain.errors import Refusal
from queue_app.domain.planning.congestion import BIN_MIN, POINTS, STEP, tables
from queue_app.domain.planning.footprint import BINS_BEFORE, WINDOW, Footprint, bins_of
from queue_app.domain.planning.policies import PlannerRule
from queue_app.domain.planning.rota import Duty, on_duty
from queue_app.domain.planning.workload import Floats

RECOMMENDED: Final = 3
LAST_START_BEFORE_CLOSING_MIN: Final = 45.0
FREE_BELOW_MIN: Final = 30.0
FULL_FROM_MIN: Final = 200.0
"""Extra person-minutes of waiting that one booking may cost all others together. On a peak day of the standard
workload with 70 % booking, half of the bookings cost less than the first number and one in twenty more than the second.
"""

RELEASES: Final = ((28.0, 0.7), (2.0, 0.9), (0.0, 1.0))
"""Days before -> share of the day's places given out by then; the last step is opening time on the day itself."""

TURN: Final = 0.6180339887498949
OTHER_TURN: Final = 0.7548776662466927
"""Steps round a circle that never meet their own traces: numbers in a row spread evenly."""


class Level(StrEnum):
    """What a resident sees instead of a cost."""

    FREE = "free"
    FEW = "few"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Offer:
    """One time on offer. `cost_min` is for the log, not for residents."""

    start_min: float
    cost_min: float
    level: Level
    recommended: bool = False


class DayPlan:
    """The expected load of one day, and what one more visit would do to it."""

    def __init__(
        self,
        pools: Sequence[str],
        rota: Sequence[Duty],
        base_load: Floats,
        *,
        day_min: float,
        rule: PlannerRule,
        starts: Sequence[float] | None = None,
    ) -> None:
        if not rota:
            raise Refusal("rota_nobody", pools=list(pools))
        bins = bins_of(day_min)
        self.pools, self.rule, self.day_min = tuple(pools), rule, day_min
        weights = dict(rule.weights)
        self._weight = np.array([weights.get(pool, 1.0) for pool in pools])
        clerks = np.rint(on_duty(rota, pools, bins)).astype(np.intp)
        self._tables = tables(int(clerks.max(initial=1))).ravel()
        self._row = np.pad(clerks, ((0, 0), (BINS_BEFORE, WINDOW)), mode="edge") * POINTS
        self.load = np.zeros((len(pools), bins + BINS_BEFORE + WINDOW))
        self.load[:, BINS_BEFORE : BINS_BEFORE + bins] = base_load
        last = day_min - LAST_START_BEFORE_CLOSING_MIN
        self.starts = np.arange(0.0, last + 1, BIN_MIN) if starts is None else np.asarray(starts, dtype=np.float64)
        self._first = np.array([self._at(start) for start in self.starts], dtype=np.intp)
        self._window = self._first[:, None] + np.arange(WINDOW)
        self._row_windows = self._row[:, self._window]

    def add(self, visit: Footprint, start_min: float) -> None:
        """Count a booking in."""
        first = self._at(start_min)
        for pool, row in zip(visit.pools, visit.busy, strict=True):
            self.load[self.pools.index(pool), first : first + WINDOW] += row

    @property
    def day_load(self) -> Floats:
        """Expected busy clerks per pool (rows) and five-minute bin from opening."""
        return self.load[:, BINS_BEFORE : self.load.shape[1] - WINDOW]

    def staffed(self, pool: str) -> list[bool]:
        """Whether anybody of the pool is on duty, at every possible start."""
        return [bool(row) for row in self._row[self.pools.index(pool), self._first + BINS_BEFORE]]

    def costs(self, visit: Footprint) -> Floats:
        """Extra person-minutes of waiting, for every possible start."""
        rows = [self.pools.index(pool) for pool in visit.pools]
        load = self.load[rows]
        then = self._phi(load[:, self._window] + visit.busy[:, None, :], self._row_windows[rows]).sum(axis=2)
        upto = np.cumsum(self._phi(load, self._row[rows]), axis=1)
        upto = np.concatenate((np.zeros((len(rows), 1)), upto), axis=1)
        at_present = upto[:, self._first + WINDOW] - upto[:, self._first]
        costs: Floats = BIN_MIN * (self._weight[rows] @ (then - at_present))
        return costs

    def places_left(self, visit: Footprint, most: int) -> list[int]:
        """How many more such visits each start bears before one of them costs the others too much, at most `most`."""
        left = np.zeros(len(self.starts), dtype=np.intp)
        together = np.zeros(len(self.starts))
        bears = np.ones(len(self.starts), dtype=np.bool_)
        for count in range(1, most + 1):
            cost = self.costs(Footprint(visit.pools, count * visit.busy))
            bears &= cost - together < FULL_FROM_MIN
            left += bears
            together = cost
            if not bears.any():
                break
        return [int(each) for each in left]

    def choose(self, visit: Footprint, wish_min: float) -> float:
        """The time with the least sum of cost and distance from the wish."""
        return float(self.starts[int(np.argmin(self.costs(visit) + self.rule.kappa * np.abs(self.starts - wish_min)))])

    def offers(self, visit: Footprint, wish_min: float | None = None) -> list[Offer]:
        """All times that are not full, by time, the three best marked."""
        costs = self.costs(visit)
        levels = [level_of(float(cost)) for cost in costs]
        away = self.rule.kappa * np.abs(self.starts - wish_min) if wish_min is not None else 0.0
        ranked = [int(place) for place in np.argsort(costs + away, kind="stable") if levels[place] is not Level.FULL]
        best = set(ranked[:RECOMMENDED])
        return [
            Offer(float(self.starts[place]), float(costs[place]), levels[place], place in best)
            for place in sorted(ranked)
        ]

    def _phi(self, load: Floats, row: np.ndarray[tuple[int, ...], np.dtype[np.intp]]) -> Floats:
        """Between the points of the table as well: near saturation one step is as dear as a whole visit."""
        point = np.minimum(load * (1 / STEP), POINTS - 2)
        low = point.astype(np.intp)
        point -= low
        low += row
        found: Floats = self._tables.take(low)
        low += 1
        found += point * (self._tables.take(low) - found)
        return found

    def _at(self, start_min: float) -> int:
        if not 0 <= start_min <= self.day_min:
            raise Refusal("start_outside_day", start_min=start_min)
        return round(start_min / BIN_MIN)


def level_of(cost_min: float) -> Level:
    """Three plain levels for a cost."""
    if cost_min >= FULL_FROM_MIN:
        return Level.FULL
    return Level.FREE if cost_min < FREE_BELOW_MIN else Level.FEW


def released_share(days_before: float) -> float:
    """The share of a day's places that may be given out this long before it; 0 before booking opens."""
    shares = [share for days, share in RELEASES if days_before <= days]
    return shares[-1] if shares else 0.0


def released_at(start: int, places: int, days_before: float) -> int:
    """How many of the places of the day's numbered start are out this long before it.

    Every place has its own number between 0 and 1, spread evenly over the day; it is out once the share is larger. So
    a place that is out stays out, and single places thin out over the day instead of rounding to all or nothing.
    """
    share = released_share(days_before)
    return sum((start * TURN + place * OTHER_TURN) % 1.0 < share for place in range(places))


def table_of_places(plan: DayPlan, visit: Footprint, count: int) -> dict[float, int]:
    """A fixed table for offices that want one: start -> places, by giving out `count` places one after the other."""
    places: dict[float, int] = {}
    for _ in range(count):
        start = float(plan.starts[int(np.argmin(plan.costs(visit)))])
        plan.add(visit, start)
        places[start] = places.get(start, 0) + 1
    return places


def replay(plan: DayPlan, bookings: Iterable[tuple[Footprint, float]]) -> DayPlan:
    """Count in every booking of the day: (footprint, start)."""
    for visit, start in bookings:
        plan.add(visit, start)
    return plan
