"""How long services take, from a history in which "finish" is sometimes pressed late.

Decides the law of a queue's services (robust: the median and its spread, which a forgotten button cannot move) and
which ends are not to be believed: longer than 99 % of the law, or reaching into the next service at the same counter.
Late ends are counted and shown, never corrected in the records.

Source: queueing study of the project, section 8; 1.4826 makes the median absolute deviation a standard deviation.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from queue_app.domain.planning.lognormal import Duration

ENOUGH: Final = 30
"""With fewer services the office's own minutes are believed."""

SHORTEST_MIN: Final = 0.25
"""Under a quarter of a minute nobody was served: two buttons were pressed one after the other."""

MAD_TO_SD: Final = 1.4826
P99: Final = 2.3263
NARROWEST, WIDEST = 0.15, 1.5
"""Bounds of the spread of logarithms: a law from one repeated number, or from two mixed services, is still a law."""


@dataclass(frozen=True, slots=True)
class Served:
    """One ended service, in minutes of some common clock; `queue` is its service and kind."""

    queue: tuple[str, str]
    counter: str
    ended_min: float
    took_min: float


def law_of(minutes: Iterable[float], *, enough: int = ENOUGH) -> Duration | None:
    """The lognormal law of these services, or None from too few."""
    logs = [math.log(each) for each in minutes if each >= SHORTEST_MIN]
    if len(logs) < enough:
        return None
    middle = median(logs)
    sigma = MAD_TO_SD * median(abs(each - middle) for each in logs)
    sigma = min(max(sigma, NARROWEST), WIDEST)
    return Duration(math.exp(middle + sigma * sigma / 2), math.sqrt(math.expm1(sigma * sigma)))


def longest_believed(law: Duration) -> float:
    """Minutes that 99 % of the law do not exceed."""
    sigma = math.sqrt(math.log1p(law.cv**2))
    return law.mean_min * math.exp(P99 * sigma - sigma * sigma / 2)


def laws_of(services: Iterable[Served], *, enough: int = ENOUGH) -> dict[tuple[str, str], Duration]:
    """The law of each queue that has one."""
    by_queue: dict[tuple[str, str], list[float]] = defaultdict(list)
    for each in services:
        by_queue[each.queue].append(each.took_min)
    found = {queue: law_of(minutes, enough=enough) for queue, minutes in by_queue.items()}
    return {queue: law for queue, law in found.items() if law is not None}


def late_ends(services: Sequence[Served], laws: dict[tuple[str, str], Duration]) -> set[int]:
    """Places in the list of services whose end was pressed late."""
    too_long = {
        place
        for place, each in enumerate(services)
        if each.queue in laws and each.took_min > longest_believed(laws[each.queue])
    }
    return too_long | _overlapping(services)


def _overlapping(services: Sequence[Served]) -> set[int]:
    """Nobody serves two people at one counter: whoever was still "in service" when the next began was forgotten."""
    by_counter: dict[str, list[tuple[float, float, int]]] = defaultdict(list)
    for place, each in enumerate(services):
        by_counter[each.counter].append((each.ended_min - each.took_min, each.ended_min, place))
    late = set()
    for spans in by_counter.values():
        spans.sort()
        for (_, ended, place), (began, _, _) in pairwise(spans):
            if ended > began + 1 / 60:
                late.add(place)
    return late
