"""What may be expected of people who are not at the counter yet; asked by live estimator and simulator alike.

Decides nothing. Source: queueing study of the project, section 2 (punctuality, no-shows) and section 8 (giving up).
"""

from __future__ import annotations

import math
from typing import Final

UNPUNCTUAL_MEAN: Final = -5.0
UNPUNCTUAL_SD: Final = 8.0
"""Minutes by which a booked person comes before (or after) the appointed time."""

NO_SHOW: Final = 0.08


def shows(late_min: float, no_show: float, *, mean: float = UNPUNCTUAL_MEAN, sd: float = UNPUNCTUAL_SD) -> float:
    """Chance that a booked person `late_min` after the appointed time (before it: below zero) still comes."""
    to_come = (1 - no_show) * 0.5 * math.erfc((late_min - mean) / sd / math.sqrt(2))
    return to_come / (to_come + no_show) if no_show else 1.0


def stays(leaves_per_min: float, more_min: float) -> float:
    """Chance that somebody who waits now has not given up `more_min` from now, at a constant impatience."""
    return math.exp(-leaves_per_min * max(more_min, 0.0))
