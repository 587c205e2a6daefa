"""Stands in for a provider's HTTP service: keeps what came in, answers as told, and hangs up on request."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HANG_UP = 0
Answer = tuple[int, dict[str, str]]
"""A status and headers; `HANG_UP` takes the message and says nothing."""


@dataclass(frozen=True)
class Asked:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class HttpDouble:
    """`answers` is asked with each request and the number it has, from 0."""

    answers: Callable[[Asked, int], Answer] = lambda _asked, _number: (200, {})
    asked: list[Asked] = field(default_factory=list)

    def __enter__(self) -> HttpDouble:
        double = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                one = Asked(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                double.asked.append(one)
                status, headers = double.answers(one, len(double.asked) - 1)
                if status == HANG_UP:
                    self.close_connection = True
                    self.connection.close()
                    return
                self.send_response(status)
                for name, value in {**headers, "Content-Length": "0"}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_args: Any) -> None:
                """Tests say themselves what they saw."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"
