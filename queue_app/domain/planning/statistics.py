"""Figures with intervals: what many simulated or real days have in common, and how sure that is.

Decides how waits are summed up: all visitors of all days in one pool, intervals by drawing whole days again, because
people of one day share its luck.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from queue_app.domain.errors import Refusal
from queue_app.domain.planning.workload import Floats

RESAMPLES: Final = 400
POINTS: Final = (0.5, 0.9, 0.95)
STEPS: Final = 801
"""So many values stand for all: an eighth of a per cent is fine beside an interval over days."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Minutes. The intervals are 95 % half widths."""

    mean: float
    p50: float
    p90: float
    p95: float
    ci95: float
    ci95_p50: float
    ci95_p90: float
    ci95_p95: float
    count: int

    def as_dict(self) -> dict[str, float]:
        """Rounded for reading."""
        names = ("mean", "p50", "p90", "p95", "ci95", "ci95_p50", "ci95_p90", "ci95_p95")
        return {**{name: round(getattr(self, name), 2) for name in names}, "count": self.count}


def summarise(days: Sequence[Sequence[float]]) -> Summary | None:
    """Values per day -> one summary; None when no day has any."""
    values = np.concatenate([np.asarray(day, dtype=np.float64) for day in days]) if days else np.empty(0)
    if not len(values):
        return None
    which = np.repeat(np.arange(len(days)), [len(day) for day in days])
    points = [float(point) for point in np.quantile(values, POINTS)]
    spread = _half_widths(values, which, len(days))
    mean, p50, p90, p95 = spread
    return Summary(float(values.mean()), points[0], points[1], points[2], mean, p50, p90, p95, count=len(values))


def share_within(days: Sequence[Sequence[float]], limit: float) -> tuple[float, float] | None:
    """Share of all values below `limit`, and its 95 % half width; None when no day has any."""
    return mean_of_all([[float(value < limit) for value in day] for day in days])


def mean_of_all(days: Sequence[Sequence[float]]) -> tuple[float, float] | None:
    """Mean of the values of all days, and its 95 % half width over days; None when no day has any."""
    counts = np.array([len(day) for day in days], dtype=np.float64)
    if not counts.sum():
        return None
    sums = np.array([sum(day) for day in days], dtype=np.float64)
    return float(sums.sum() / counts.sum()), _half_of_means(_drawn(len(days)), sums, counts)


def mean_of_days(values: Sequence[float]) -> tuple[float, float]:
    """Mean of one figure per day and its 95 % half width."""
    if not values:
        raise Refusal("history_empty")
    array = np.asarray(values, dtype=np.float64)
    if len(array) < 2:
        return float(array.mean()), 0.0
    return float(array.mean()), float(1.96 * array.std(ddof=1) / np.sqrt(len(array)))


def _half_widths(values: Floats, which: np.ndarray[tuple[int, ...], np.dtype[np.intp]], days: int) -> list[float]:
    """Mean, median, 90 % and 95 % points of days drawn with replacement; half of the middle 95 %.

    Points are looked up among steps of all values together, so that a day drawn twice is an addition of rows.
    """
    order = np.argsort(values, kind="stable")
    ascending = values[order]
    steps = np.unique(ascending[np.linspace(0, len(values) - 1, STEPS).astype(np.intp)])
    reaches = np.append(np.searchsorted(ascending, steps), len(values))
    step = np.repeat(np.arange(len(steps)), np.diff(reaches))
    per_day = np.bincount(which[order] * len(steps) + step, minlength=days * len(steps)).reshape(days, len(steps))
    drawn = _drawn(days)
    total = np.cumsum(drawn @ per_day.astype(np.float64), axis=1)
    known = total[total[:, -1] > 0]
    sums = np.bincount(which, values, minlength=days).astype(np.float64)
    halves = [_half_of_means(drawn, sums, per_day.sum(axis=1).astype(np.float64))]
    for point in POINTS:
        found = steps[(known < point * known[:, -1:]).sum(axis=1)]
        halves.append(_half(found))
    return halves


@lru_cache(maxsize=16)
def _drawn(days: int) -> Floats:
    """How often each day is drawn, draw by draw; the same for every figure of as many days."""
    drawn = np.random.default_rng(20270329).multinomial(days, np.full(days, 1 / days), RESAMPLES)
    return drawn.astype(np.float64)


def _half_of_means(drawn: Floats, sums: Floats, counts: Floats) -> float:
    total, people = drawn @ sums, drawn @ counts
    return _half(total[people > 0] / people[people > 0])


def _half(found: Floats) -> float:
    low, high = np.quantile(found, [0.025, 0.975])
    return float(high - low) / 2
