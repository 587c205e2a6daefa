"""How a websocket's bytes leave: every frame whole, one after another, and as it is.

simple-websocket hands a frame to `socket.send` once and does not ask how much of it went. Under gevent, and on any
socket with a time limit, that may be less than the frame when a screen reads slowly; what follows would be read as the
missing rest. And it accepts compression wherever a browser offers it, which costs more than everything else that a
snapshot costs. How long a line is waited for that takes nothing is decided where it is accepted (`server`).

Source: docs/decisions/0023-plain-frames.md.
"""

from __future__ import annotations

import threading
from typing import Any

SOCKET, OFFERS = "gunicorn.socket", "HTTP_SEC_WEBSOCKET_EXTENSIONS"


class WholeSends:
    """The socket as it is, but for `send`."""

    def __init__(self, line: Any) -> None:
        self._line = line
        self._turn = threading.Lock()

    def send(self, data: bytes) -> int:
        """All of it, however long the other side takes to read; raises OSError when the line is gone."""
        with self._turn:
            sent = self._line.send(data)
            if sent < len(data):
                self._line.sendall(memoryview(data)[sent:])
        return len(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._line, name)


def send_plainly(engine: Any) -> None:
    """Let an engine.io server speak on such lines, and take up no offer to compress."""
    answer = engine.handle_request

    def handle_request(environ: dict[str, Any], start_response: Any) -> Any:
        environ.pop(OFFERS, None)
        if SOCKET in environ:
            environ[SOCKET] = WholeSends(environ[SOCKET])
        return answer(environ, start_response)

    engine.handle_request = handle_request
