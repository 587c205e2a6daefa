"""How many sockets of people without a role there may be, counted where a line is opened.

Decides at engine.io's own handshake, and not when a client names itself: one that never does holds a line, and in the
embedded set-up a thread, all the same. Whoever shows a session or a device's cookie that is genuine always gets in;
a program that brings its token later counts as the street.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

MOST_THREADED: Final = 400
"""Each holds one of six hundred threads, and the counters need theirs."""
MOST: Final = 4_000
"""Phones that are turned away ask every few seconds instead."""
Environ = dict[str, Any]


class SocketPlaces:
    """Stands before the `connect` of an engine.io server."""

    def __init__(self, engine: Any, most: int, is_of_the_house: Callable[[Environ], bool]) -> None:
        self._engine, self._most, self._is_of_the_house = engine, most, is_of_the_house
        self._street: set[str] = set()
        self._lock = threading.Lock()
        self._let_in = engine.handlers["connect"]
        engine.on("connect", self._connect)

    def is_full(self) -> bool:
        """Whether a stranger who opened a line now would be refused."""
        with self._lock:
            return len(self._present()) >= self._most

    def _connect(self, sid: str, environ: Environ) -> Any:
        """A text refuses: engine.io answers 401 with it and forgets the line."""
        return self._let_in(sid, environ) if self._takes(sid, environ) else "busy"

    def _takes(self, sid: str, environ: Environ) -> bool:
        if self._is_of_the_house(environ):
            return True
        with self._lock:
            if len(self._present()) >= self._most:
                return False
            self._street.add(sid)
        return True

    def _present(self) -> set[str]:
        """The street's lines that are still open."""
        self._street &= self._engine.sockets.keys()
        return self._street
