"""Waiting away from the office: when to leave home, and what becomes of a place that was called too early.

Decides from the estimated wait and the way that somebody named. The place counts from joining and follows the same
order as a paper ticket; sending the message and moving the ticket are the services'.

Source: queueing study of the project, section 6.5.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

SPARE_MIN: Final = 2.0
"""Tuned: with six minutes more people stand in the hall, and nobody is called any earlier for it."""

SHORTEST_WAY_MIN: Final = 5.0
LONGEST_WAY_MIN: Final = 60.0
KEPT_AFTER_ARRIVAL_MIN: Final = 15.0
"""So long after the expected arrival the order time is kept."""

ALWAYS_OPEN: Final = 3
"""So many numbers of a service may be taken from home before anybody has come: a share of nobody is nobody."""


class Absence(StrEnum):
    """What happens to a place whose holder was called and is not there."""

    KEEP_PLACE = "keep_place"
    TO_THE_END = "to_the_end"
    EXPIRE = "expire"


def leave_now(wait_p20_min: float, travel_min: float) -> bool:
    """Whether to say "please leave now": one time in five the wait is even shorter than `wait_p20_min`.

    That point is the estimator's own (`domain.estimate.Spread.p20`), so that the message and the range agree.
    """
    way = min(max(travel_min, SHORTEST_WAY_MIN), LONGEST_WAY_MIN)
    return wait_p20_min <= way + SPARE_MIN


def may_join(remote: int, on_site: int, share: int) -> bool:
    """Whether one more number may be taken from home: at most `share` of a hundred, counted with the new one."""
    return remote < ALWAYS_OPEN or (remote + 1) * 100 <= share * (remote + on_site + 1)


def when_absent(minutes_after_expected_arrival: float, times_moved_back: int) -> Absence:
    """The place is kept while the person can still be on the way, then goes to the end once, then expires."""
    if minutes_after_expected_arrival <= KEPT_AFTER_ARRIVAL_MIN:
        return Absence.KEEP_PLACE
    return Absence.TO_THE_END if times_moved_back == 0 else Absence.EXPIRE
