"""One writer at a time, and one forced write for all who waited meanwhile (SQLite).

While one thread waits for the disk, others come and queue. Whoever's turn it is next runs the deeds of all of them,
in the order in which they came, in one transaction with a savepoint for each, and commits once. So a rush costs one
forced write for many tickets instead of one for each, and nobody is answered before the write that holds his deed.
A deed that is refused is taken back to its savepoint and leaves the others alone.

Leaves what a transaction is to `store.database`. Source: docs/decisions/0013-write-path.md.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

MOST = 32
"""Deeds in one transaction: whoever comes first waits for the last one's work."""


@dataclass(eq=False)
class Press:
    """One deed on its way: what to do, in which request, and what came of it."""

    deed: Callable[[Session], Any]
    context: Context = field(default_factory=copy_context)
    """The request it belongs to: another thread may run it."""
    answer: Any = None
    error: BaseException | None = None
    effects: list[Callable[[], None]] = field(default_factory=list)
    turn: threading.Event = field(default_factory=threading.Event)
    is_done: bool = False

    def outcome(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.answer


class Turns:
    """The queue of those who want to write. `write` runs several presses in one transaction."""

    def __init__(self) -> None:
        self._waiting: deque[Press] = deque()
        self._guard = threading.Lock()
        self._is_taken = False

    def run(self, press: Press, write: Callable[[list[Press]], None]) -> None:
        """Returns when the press is done, by this thread or by the one whose turn it was."""
        with self._guard:
            self._waiting.append(press)
            must_wait, self._is_taken = self._is_taken, True
        if must_wait:
            press.turn.wait()
        if not press.is_done:
            self._take_turn(write)

    def _take_turn(self, write: Callable[[list[Press]], None]) -> None:
        with self._guard:
            batch = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
        try:
            write(batch)
        except BaseException as error:
            for press in batch:
                press.error = press.error or error  # a thread that is being ended must not look like a commit
            raise
        finally:
            for press in batch:
                press.is_done = True
            with self._guard:
                following = self._waiting[0] if self._waiting else None
                self._is_taken = following is not None
            for press in [*batch, following] if following is not None else batch:
                press.turn.set()
