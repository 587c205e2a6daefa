"""A websocket's connection on which everything that is said arrives whole.

simple-websocket hands each frame to `socket.send` once and does not ask how much of it went. Under gevent, and on any
socket with a time limit, that may be less than the frame when a screen reads slowly; what follows would be read as the
missing rest, and the screen would see broken frames. Here a frame goes whole, and never into the middle of another.
"""

from __future__ import annotations

import threading
from typing import Any


class WholeSends:
    """The socket as it is, but for `send`."""

    def __init__(self, line: Any) -> None:
        self._line = line
        self._turn = threading.Lock()

    def send(self, data: bytes) -> int:
        """All of it, however long the other side takes to read; raises OSError when the line is gone."""
        with self._turn:
            self._line.sendall(data)
        return len(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._line, name)


def send_whole(engine: Any) -> None:
    """Let an engine.io server speak on such lines."""
    answer = engine.handle_request

    def handle_request(environ: dict[str, Any], start_response: Any) -> Any:
        if "gunicorn.socket" in environ:
            environ["gunicorn.socket"] = WholeSends(environ["gunicorn.socket"])
        return answer(environ, start_response)

    engine.handle_request = handle_request
