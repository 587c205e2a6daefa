"""What a crowd asks at once is worked out once: the free days and times while the bookings of a season open.

Decides how old an answer may be. While few ask the same, each gets an answer of their own, true to the last commit.
From the tenth within a second on, one answer serves everybody for a moment; whoever finds it older works out the next
one, and the others are given the old one until that is there. Nothing is decided by what is kept here: a place is taken
by counting rows under the office's lock, so the most that anybody can see is a time that was taken a moment ago.

Each process keeps its own answers. Source: docs/decisions/0021-shared-moments.md.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final, TypeVar, cast

CROWD: Final = 10
"""So many within a second who ask the same."""

MOMENT_S: Final = 0.3
LONGEST_S: Final = 1.0
"""Nobody is given anything older, however long the next answer takes."""

MOST_KEPT: Final = 300
T = TypeVar("T")


@dataclass(slots=True)
class _Kept:
    """The last answer to one question: the moment it tells of, and when somebody began to look for the next."""

    answer: Any = None
    seen_at: float = float("-inf")
    begun_at: float = float("-inf")
    asked: deque[float] = field(default_factory=lambda: deque(maxlen=CROWD))

    def serves(self, now: float) -> bool:
        is_crowd = len(self.asked) == CROWD and now - self.asked[0] < 1
        is_awaited = now - self.begun_at < LONGEST_S
        return is_crowd and now - self.seen_at < (LONGEST_S if is_awaited else MOMENT_S)


class Moments:
    """The answers of one process."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def answer(self, question: Hashable, work: Callable[[], T]) -> T:
        """What `work` gives, or gave somebody of the crowd a moment ago. An error is its asker's own."""
        now = self._clock()
        with self._lock:
            kept = self._of(question)
            kept.asked.append(now)
            if kept.serves(now):
                return cast(T, kept.answer)
            kept.begun_at = now
        found = work()
        with self._lock:
            if now > kept.seen_at:
                kept.answer, kept.seen_at = found, now
            if kept.begun_at == now:
                kept.begun_at = float("-inf")
        return found

    def _of(self, question: Hashable) -> _Kept:
        kept = self._kept.setdefault(question, _Kept())
        self._kept.move_to_end(question)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return kept
