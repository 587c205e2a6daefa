"""Whoever holds an office's lock keeps the worker until the commit (PostgreSQL with gevent).

Between two statements a greenlet stands in line behind everything else that its worker has to do. With the lock in hand
it would make everybody who waits for the lock stand there, too, ten times over. The statements of a deed are answered
in a fraction of a millisecond, so they are waited for on the spot. One that is not waits for somebody, perhaps for a
greenlet of this very worker: then the others go on as ever.

Source: docs/decisions/0021-shared-moments.md.
"""

from __future__ import annotations

import select
import sys
from collections.abc import Generator
from functools import partial
from typing import Any

from sqlalchemy.engine import Connection

ON_THE_SPOT_MS = 3
_READ, _WRITE = 1, 2
"""What psycopg waits for, and what it is told (`psycopg.waiting`)."""

Waits = Generator[int, int, Any]


def keep_worker(connection: Connection) -> None:
    """From here to `let_go` the statements of this connection are waited for on the spot. Nothing without gevent."""
    if connection.dialect.name != "postgresql" or _real_poll() is None:
        return
    own: Any = connection.connection.driver_connection
    own.wait = partial(_wait, own)


def let_go(connection: Connection) -> None:
    """Before the end of the transaction: what the disk takes time for holds nobody up."""
    if connection.dialect.name == "postgresql" and not connection.invalidated:
        vars(connection.connection.driver_connection).pop("wait", None)


def _wait(own: Any, waits: Waits, *limits: Any, **more_limits: Any) -> Any:
    """Instead of psycopg's `Connection.wait`, whose limits hold from where it takes over."""
    try:
        wanted = next(waits)
        while ready := _ready(own.pgconn.socket, wanted):
            wanted = waits.send(ready)
    except StopIteration as done:
        return done.value
    return type(own).wait(own, _going_on(waits, wanted), *limits, **more_limits)


def _going_on(waits: Waits, wanted: int) -> Waits:
    """The same waits from where they stand."""
    while True:
        ready = yield wanted
        try:
            wanted = waits.send(ready)
        except StopIteration as done:
            return done.value


def _ready(socket: int, wanted: int) -> int:
    """What the socket is ready for within the time on the spot; 0 for nothing yet. An error is there to be read."""
    poll = _real_poll()()
    poll.register(socket, (select.POLLIN if wanted & _READ else 0) | (select.POLLOUT if wanted & _WRITE else 0))
    found = sum(event for _socket, event in poll.poll(ON_THE_SPOT_MS))
    return (_READ if found & ~select.POLLOUT else 0) | (_WRITE if found & select.POLLOUT else 0)


def _real_poll() -> Any:
    """The system's own `poll` where gevent has put one of its own in its place."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey.get_original("select", "poll") if monkey and monkey.is_module_patched("select") else None
