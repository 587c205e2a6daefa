"""Waits of which some were never finished: whoever gave up did not wait a short time, but at least that long.

Decides how a wait is summed up when part of the people left before their call. Standard library only.

Source: Kaplan and Meier, "Nonparametric Estimation from Incomplete Observations", JASA 53 (1958).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

Observation = tuple[float, bool]
"""Minutes, and whether the wait came to its end (False: the person left, the wait would have been longer)."""

FEW: Final = 5
"""With fewer ends than this no figure is stated: it would be somebody's own wait."""


@dataclass(frozen=True, slots=True)
class Curve:
    """The share of people who still wait after so many minutes, as steps in ascending order."""

    steps: tuple[tuple[float, float], ...]
    longest: float

    def quantile(self, share: float) -> float | None:
        """The wait that `share` of the people do not exceed; None where nobody waited long enough to say."""
        return next((minutes for minutes, left in self.steps if left <= 1 - share + 1e-12), None)

    def mean(self) -> float:
        """The area under the curve up to the longest wait seen: a mean that does not take leaving for being served."""
        area, before, left = 0.0, 0.0, 1.0
        for minutes, after in self.steps:
            area, before, left = area + left * (minutes - before), minutes, after
        return area + left * (self.longest - before)


def curve(observations: Iterable[Observation]) -> Curve:
    """The curve of Kaplan and Meier; somebody who left in the same minute as another was called is still counted."""
    ends: Counter[float] = Counter()
    leaves: Counter[float] = Counter()
    for minutes, ended in observations:
        (ends if ended else leaves)[minutes] += 1
    at_risk, share, steps = ends.total() + leaves.total(), 1.0, []
    for minutes in sorted(ends.keys() | leaves.keys()):
        if ends[minutes]:
            share *= 1 - ends[minutes] / at_risk
            steps.append((minutes, share))
        at_risk -= ends[minutes] + leaves[minutes]
    return Curve(tuple(steps), max((*ends, *leaves), default=0.0))


@dataclass(frozen=True, slots=True)
class Summary:
    """Minutes; a figure that cannot be told is None, never zero. `left` of the `people` gave up."""

    people: int
    left: int
    median: float | None = None
    p90: float | None = None
    mean: float | None = None


def summary(observations: Iterable[Observation]) -> Summary:
    """Median, 90 % point and mean, with those who left counted as having waited at least so long."""
    seen = list(observations)
    left = sum(1 for _, ended in seen if not ended)
    if len(seen) - left < FEW:
        return Summary(len(seen), left)
    found = curve(seen)
    return Summary(len(seen), left, found.quantile(0.5), found.quantile(0.9), found.mean())
