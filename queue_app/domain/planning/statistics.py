"""Figures with intervals: what many simulated or real days have in common, and how sure that is.

Decides how waits are summed up: all visitors of all days in one pool, intervals by drawing whole days again, because
people of one day share its luck.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from queue_app.domain.errors import Refusal
from queue_app.domain.planning.workload import Floats

RESAMPLES: Final = 400
POINTS: Final = (0.5, 0.9, 0.95)


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
    order = np.argsort(values, kind="stable")
    values, which = values[order], which[order]
    points = [float(np.quantile(values, point)) for point in POINTS]
    spread = _half_widths(values, which, len(days))
    mean, p50, p90, p95 = spread
    return Summary(float(values.mean()), points[0], points[1], points[2], mean, p50, p90, p95, count=len(values))


def share_within(days: Sequence[Sequence[float]], limit: float) -> float | None:
    """Share of all values below `limit`."""
    values = [value for day in days for value in day]
    return sum(value < limit for value in values) / len(values) if values else None


def mean_of_days(values: Sequence[float]) -> tuple[float, float]:
    """Mean of one figure per day and its 95 % half width."""
    if not values:
        raise Refusal("history_empty")
    array = np.asarray(values, dtype=np.float64)
    if len(array) < 2:
        return float(array.mean()), 0.0
    return float(array.mean()), float(1.96 * array.std(ddof=1) / np.sqrt(len(array)))


def _half_widths(values: Floats, which: np.ndarray[tuple[int, ...], np.dtype[np.intp]], days: int) -> list[float]:
    """Mean, median, 90 % and 95 % points of days drawn with replacement; half of the middle 95 %."""
    rng = np.random.default_rng(20270329)
    found = np.empty((RESAMPLES, 1 + len(POINTS)))
    for row in found:
        weights = np.bincount(rng.integers(0, days, days), minlength=days)[which]
        total = np.cumsum(weights)
        if total[-1] == 0:
            row[:] = np.nan
            continue
        row[0] = (weights * values).sum() / total[-1]
        row[1:] = values[np.searchsorted(total, np.array(POINTS) * total[-1])]
    low, high = np.nanquantile(found, [0.025, 0.975], axis=0)
    return [float(half) for half in (high - low) / 2]
