"""A line of waiting people that always knows who is next.

Decides nothing: `domain.discipline` says who goes first; this file only saves sorting the line at every call. The
first person in the discipline's order is always the first by order time or the first by reference time (whoever has
waited beyond the safety limit), so two heaps suffice. A property test holds it against `discipline.in_order`.
"""

from __future__ import annotations

from datetime import datetime
from heapq import heappop, heappush
from typing import Generic, TypeVar

from queue_app.domain.discipline import Waiting, order_key

T = TypeVar("T")


class Place(Generic[T]):
    """One person's place in a line; `left` once called, gone or busy elsewhere."""

    __slots__ = ("left", "person", "waiting")

    def __init__(self, waiting: Waiting, person: T) -> None:
        self.waiting = waiting
        self.person = person
        self.left = False


class Line(Generic[T]):
    """Places by order time and by reference time."""

    __slots__ = ("_by_order", "_by_reference", "_serial", "size")

    def __init__(self) -> None:
        self._by_order: list[tuple[datetime, int, int, Place[T]]] = []
        self._by_reference: list[tuple[datetime, int, int, Place[T]]] = []
        self._serial = 0
        self.size = 0

    def join(self, waiting: Waiting, person: T) -> Place[T]:
        """Add somebody who was not absent before (people who return go to the front by hand)."""
        place = Place(waiting, person)
        self._serial += 1
        heappush(self._by_order, (waiting.order_time, waiting.number, self._serial, place))
        heappush(self._by_reference, (waiting.reference_at, waiting.number, self._serial, place))
        self.size += 1
        return place

    def leave(self, place: Place[T]) -> None:
        """Take a place out; harmless when it is out already."""
        if not place.left:
            place.left = True
            self.size -= 1

    def first(self, now: datetime) -> Place[T] | None:
        """Whom the discipline calls next at `now`."""
        if not self.size:
            return None
        by_order, by_reference = _top(self._by_order), _top(self._by_reference)
        if by_order is by_reference:
            return by_order
        return min(by_order, by_reference, key=lambda place: order_key(place.waiting, now))

    def undisputed(self) -> Place[T] | None:
        """Whoever is first both by order time and by waiting: next whatever the clock says. None: ask `first`."""
        if not self.size:
            return None
        by_order = _top(self._by_order)
        return by_order if by_order is _top(self._by_reference) else None

    def places(self) -> list[Place[T]]:
        """Everybody in the line, in no particular order."""
        return [entry[3] for entry in self._by_order if not entry[3].left]


def _top(heap: list[tuple[datetime, int, int, Place[T]]]) -> Place[T]:
    while heap[0][3].left:
        heappop(heap)
    return heap[0][3]
