"""How long a service takes, and how long it still takes: the lognormal law in closed form.

Decides nothing; answers questions about one law given by its mean and its coefficient of variation. Standard
library only, because the live ticket path asks it.

Source: textbook conditional expectation of a lognormal variable; the choice of the law is the queueing study's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from statistics import NormalDist

_NORMAL = NormalDist()
_SQRT2 = math.sqrt(2.0)
LONGEST_REMAINDER = 2.0
"""In means: a service that seems endless was most likely finished without pressing the button."""


@dataclass(frozen=True, slots=True)
class Duration:
    """The law of one kind of service."""

    mean_min: float
    cv: float = 0.5

    def __post_init__(self) -> None:
        if not (0 < self.mean_min < math.inf and 0 <= self.cv < math.inf):
            raise ValueError(f"a service takes a positive time and varies by zero or more, not {self}")


@lru_cache(maxsize=512)
def parameters(duration: Duration) -> tuple[float, float]:
    """Mean and standard deviation of the logarithm."""
    variance = math.log1p(duration.cv**2)
    return math.log(duration.mean_min) - variance / 2, math.sqrt(variance)


def remaining_mean(duration: Duration, elapsed_min: float) -> float:
    """Expected rest of a service that has lasted `elapsed_min`, at most `LONGEST_REMAINDER` means."""
    if elapsed_min <= 0:
        return duration.mean_min
    mu, sigma = parameters(duration)
    if sigma == 0:
        return max(duration.mean_min - elapsed_min, 0.0)
    z = (math.log(elapsed_min) - mu) / sigma
    survivors = _upper_tail(z)
    longest = LONGEST_REMAINDER * duration.mean_min
    if survivors < 1e-9:
        return longest
    return min(duration.mean_min * _upper_tail(z - sigma) / survivors - elapsed_min, longest)


def draw(duration: Duration, rng: Random) -> float:
    """One random service time."""
    mu, sigma = parameters(duration)
    return math.exp(mu + sigma * rng.gauss(0.0, 1.0))


def draw_remaining(duration: Duration, elapsed_min: float, rng: Random) -> float:
    """One random rest of a service that has lasted `elapsed_min`."""
    if elapsed_min <= 0:
        return draw(duration, rng)
    mu, sigma = parameters(duration)
    if sigma == 0:
        return max(duration.mean_min - elapsed_min, 0.0)
    survivors = _upper_tail((math.log(elapsed_min) - mu) / sigma)
    longest = LONGEST_REMAINDER * duration.mean_min
    if survivors < 1e-9:
        return longest * rng.random()
    upper = survivors * (1.0 - rng.random())
    return min(max(math.exp(mu - sigma * _NORMAL.inv_cdf(upper)) - elapsed_min, 0.0), 2 * longest)


def _upper_tail(z: float) -> float:
    return 0.5 * math.erfc(z / _SQRT2)
