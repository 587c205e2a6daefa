"""How far a screen over the counters can be read, from its diagonal; 16:9, as nearly all are.

The same measure as in display/static/layout.js, which the screen itself goes by. Source: digits of a new call fill 0.7
degrees at the last seat (UX guide, 6.1).
"""

from __future__ import annotations

from math import ceil, hypot

DIGITS = 0.0167
"""Font size of the newest number, of the viewing distance."""
LARGEST = 0.245
"""Of the screen's height: what leaves room for everything else."""
_HEIGHT = 9 / hypot(16, 9)
_MM_PER_INCH = 25.4
INCH, DISTANCE = 55.0, 10.0
"""What is meant when nobody says which: 55 inches, read from ten metres."""


def reach_m(inch: float) -> float:
    """The farthest seat, in metres, from which the newest number is large enough."""
    return inch * _MM_PER_INCH * _HEIGHT * LARGEST / DIGITS / 1000


def inch_needed(distance: float) -> int:
    """The smallest diagonal for a seat at this distance in metres."""
    return ceil(distance / reach_m(1.0))
