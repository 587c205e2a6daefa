"""Flask-SocketIO without the client half of its libraries.

python-engineio and python-socketio load HTTP clients and buses that only a client or another set-up uses, if they find
them; they are here for the SMS provider. Left out while the server half is read, they cost nothing until somebody
needs them: about 25 MB of each process at rest.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

CLIENTS = ("aiohttp", "requests", "websocket", "redis")


@contextmanager
def _left_out(*names: str) -> Iterator[None]:
    """Python takes a None among its modules for one that is not installed."""
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


with _left_out(*CLIENTS):
    from flask_socketio import ConnectionRefusedError, SocketIO, disconnect, join_room

__all__ = ["ConnectionRefusedError", "SocketIO", "disconnect", "join_room"]
