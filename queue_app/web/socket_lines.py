"""How a websocket's bytes leave: every frame whole, one after another, and as it is.

simple-websocket hands a frame to `socket.send` once and does not ask how much of it went. Under gevent, and on any
socket with a time limit, that may be less than the frame when a screen reads slowly; what follows would be read as the
missing rest. It accepts compression wherever a browser offers it, which costs more than everything else that a
snapshot costs. And it waits for somebody who reads nothing as long as his line lives, which is up to him.

Source: docs/decisions/0023-plain-frames.md.
"""

from __future__ import annotations

import socket
import sys
import threading
from typing import Any, Final

DEAF_MS: Final = 20_000
"""Whoever has taken nothing of what was sent for so long is cut off, as long as engine.io waits for a sign of life."""
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
            _do_not_wait_for_the_deaf(environ[SOCKET])
            environ[SOCKET] = WholeSends(environ[SOCKET])
        return answer(environ, start_response)

    engine.handle_request = handle_request


def _do_not_wait_for_the_deaf(line: Any) -> None:
    """RFC 5482; of the systems that run Python, Linux has it."""
    if sys.platform == "linux":
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAF_MS)
