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
from dataclasses import dataclass
from random import Random
from typing import Final

from queue_app.domain.planning.live_state import Ahead, Clerk, Coming, LiveState, Running
from queue_app.domain.planning.one_pass import Draws, Means, calls_in_line, one_pass

__all__ = [
    "ESTIMATOR",
    "ONE_PASS",
    "UNCALIBRATED",
    "Ahead",
    "Calibration",
    "Clerk",
    "Coming",
    "LiveState",
    "Range",
    "Running",
    "Spread",
    "calibrated",
    "estimate",
    "quantile",
    "quick_estimate",
    "quick_spread",
    "sampled_waits",
    "shown",
    "spread_of",
    "spreads_in_line",
    "width_of",
]

ROUND_TO_MIN: Final = 5
"""Ranges are rounded outwards to this; a finer number would promise what nobody knows."""

PATHS: Final = 100
ESTIMATOR: Final = "passes-1"
"""Name and version of `spreads_in_line`, kept beside every estimate: a correction is learnt from its own kind only."""

QUICK: Final = "one-pass-1"
NORMAL_P90: Final = 1.2816
NORMAL_P80: Final = 0.8416


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
    """The 10 %, 50 % and 90 % points of a wait, unrounded; and the 20 % point for whoever has a way to go.

    `p20` is None in what the history kept, which never knew it.
    """

    p10: float
    p50: float
    p90: float
    p20: float | None = None

    def times(self, factor: float) -> Spread:
        """Every point that much later."""
        p20 = None if self.p20 is None else self.p20 * factor
        return Spread(self.p10 * factor, self.p50 * factor, self.p90 * factor, p20)


UNCALIBRATED: Final = Calibration()

ONE_PASS: Final = Calibration(0.9, -1.3, 0.75)
"""For the quick estimate of a queue without a past. One pass with means is a tenth too long, because real clerks do not
stay in step, and its spread is too narrow; two simulated queues taught nearly the same numbers."""


def quick_estimate(state: LiveState, calibration: Calibration = ONE_PASS) -> Range | None:
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
    wait = one_pass(state, Means())
    if wait is None:
        return None
    if wait <= 0:
        return Spread(0.0, 0.0, 0.0, 0.0)
    shape = math.sqrt(math.log1p((_work_sd(state) / wait) ** 2))
    low, high = wait * math.exp(-NORMAL_P90 * shape), wait * math.exp(NORMAL_P90 * shape)
    return Spread(low, wait, high, wait * math.exp(-NORMAL_P80 * shape))


def sampled_waits(state: LiveState, rng: Random, *, paths: int = PATHS) -> list[float]:
    """Random waits in ascending order; empty when nobody is on duty."""
    draws = Draws(rng)
    waits = [one_pass(state, draws) for _ in range(paths)]
    return sorted(wait for wait in waits if wait is not None)


def spreads_in_line(state: LiveState, rng: Random, *, paths: int = PATHS) -> list[Spread]:
    """The spread for each person of our own stage, in call order: the n-th has n of them ahead.

    One run of the passes answers for the whole line, so that screens and deeds need only look it up.
    """
    draws = Draws(rng)
    runs = [calls_in_line(state, draws) for _ in range(paths)]
    return [spread_of(sorted(waits)) for waits in zip(*runs, strict=False)]


def spread_of(waits: list[float]) -> Spread:
    """The points of an ascending, non-empty list."""
    return Spread(quantile(waits, 0.1), quantile(waits, 0.5), quantile(waits, 0.9), quantile(waits, 0.2))


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
        return spread.times(calibration.scale)
    width = width_of(spread, calibration.scale)
    low, high = middle + calibration.low_z * width, middle + calibration.high_z * width
    low, middle, high = max(low, 0.0), min(max(middle, low, 0.0), max(high, 0.0)), max(high, 0.0)
    return Spread(low, middle, high, _moved_p20(spread, low, middle))


def _moved_p20(spread: Spread, low: float, middle: float) -> float | None:
    """The 20 % point keeps its place between the 10 % point and the middle."""
    if spread.p20 is None:
        return None
    half = spread.p50 - spread.p10
    return low + (middle - low) * ((spread.p20 - spread.p10) / half if half > 0 else 0.0)


def width_of(spread: Spread, scale: float) -> float:
    """The unit in which calibration measures errors; at least a minute, so that a sure zero can still be wrong."""
    return max(scale * (spread.p90 - spread.p10), 1.0)


def shown(spread: Spread) -> Range:
    """Rounded outwards, never an empty range."""
    low = math.floor(spread.p10 / ROUND_TO_MIN) * ROUND_TO_MIN
    high = math.ceil(spread.p90 / ROUND_TO_MIN) * ROUND_TO_MIN
    return Range(low, round(spread.p50), max(high, low + ROUND_TO_MIN))


def _work_sd(state: LiveState) -> float:
    on_duty = [clerk for clerk in state.clerks if not clerk.serves or state.stage in clerk.serves]
    durations = [person.duration for person in state.ahead]
    durations += [clerk.running.duration for clerk in on_duty if clerk.running][:1]
    variance = sum((duration.mean_min * duration.cv) ** 2 for duration in durations)
    return math.sqrt(variance) / max(len(on_duty), 1)
