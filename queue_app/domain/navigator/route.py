"""The order in which visits are made, and the counters passed on the way.

Decides the order only: which procedures apply is the business of `evaluation`.

Source: rules 5 to 7 of the evaluation rules in offices/aoba-navigator.yaml.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Sequence

from queue_app.domain.navigator.model import Procedure, Rules


class Circular(ValueError):
    """Procedures wait for one another. A checked rule file has none."""


def in_visiting_order(rules: Rules, visits: Collection[Procedure]) -> tuple[Procedure, ...]:
    """Repeatedly the ready visit at the counter with the smallest order, then the one that stands first in the file.

    Ready means: nothing among these visits that must come before it is left.
    """
    by_id = {procedure.id: procedure for procedure in visits}
    waits_for = {id: {other for other in procedure.after if other in by_id} for id, procedure in by_id.items()}
    ready = [_rank(rules, procedure) for id, procedure in by_id.items() if not waits_for[id]]
    heapq.heapify(ready)
    ordered: list[Procedure] = []
    while ready:
        placed = rules.procedures[heapq.heappop(ready)[1]]
        ordered.append(placed)
        for freed in _release(placed.id, waits_for):
            heapq.heappush(ready, _rank(rules, by_id[freed]))
    if len(ordered) < len(by_id):
        raise Circular(", ".join(sorted(id for id, others in waits_for.items() if others)))
    return tuple(ordered)


def counters_passed(ordered: Iterable[Procedure]) -> tuple[str, ...]:
    """The stops of the ordered visits; several procedures in a row at one counter are one stop."""
    stops: list[str] = []
    for procedure in ordered:
        if not stops or stops[-1] != procedure.counter:
            stops.append(procedure.counter)
    return tuple(stops)


def walking_minutes(rules: Rules, route: Sequence[str]) -> int:
    """Walking to every stop but the first."""
    return sum(rules.counters[stop].walk_minutes for stop in route[1:])


def _rank(rules: Rules, procedure: Procedure) -> tuple[int, int]:
    return rules.counters[procedure.counter].order, rules.position[procedure.id]


def _release(placed: str, waits_for: dict[str, set[str]]) -> list[str]:
    """Strike a placed visit from the lists of the others; returns those that became ready by it."""
    freed = []
    for id, others in waits_for.items():
        if placed in others:
            others.remove(placed)
            if not others:
                freed.append(id)
    return freed
