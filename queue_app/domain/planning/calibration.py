"""What past tickets teach about future estimates: one factor per queue, and where the ends of the range lie.

Decides the `Calibration` of a queue from its busy tickets of the last weeks; run nightly. Standard library only.

Source: queueing study of the project, section 6.6 (weighted median of the ratio, then normalised conformal bounds).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from queue_app.domain.estimate import UNCALIBRATED, Calibration, Spread, quantile, width_of

FEWEST: Final = 200
"""With fewer tickets the raw range is shown: a factor learnt from a handful is worse than none."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One past ticket, issued while all clerks were busy: the uncorrected spread and the wait that came true.

    `day` tells tickets of one day, which share its luck, from others.
    """

    spread: Spread
    wait_min: float
    day: int = 0


def calibrate(lessons: Sequence[Lesson], *, fewest: int = FEWEST) -> Calibration:
    """The correction that would have served these tickets."""
    if len(lessons) < fewest:
        return UNCALIBRATED
    scale = _scale(lessons)
    errors = sorted(
        (lesson.wait_min - scale * lesson.spread.p50) / width_of(lesson.spread, scale) for lesson in lessons
    )
    return Calibration(scale, quantile(errors, 0.1), quantile(errors, 0.9))


def _scale(lessons: Sequence[Lesson]) -> float:
    """The median of wait / estimate, each weighted by its estimate: the factor with the least absolute error."""
    known = [lesson for lesson in lessons if lesson.spread.p50 > 0]
    ratios = sorted((lesson.wait_min / lesson.spread.p50, lesson.spread.p50) for lesson in known)
    half = sum(weight for _, weight in ratios) / 2
    for ratio, weight in ratios:
        half -= weight
        if half <= 0:
            return ratio if ratio > 0 else 1.0
    return 1.0
