"""Stands in for the SMS provider and misbehaves on request: refuses, falls silent after taking a message, hangs up.

Speaks the one call of Twilio's protocol that is used. What it took is in `taken`, whether or not it said so.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

Behaviour = Callable[[int], str]
"""From the number of a request (from 0) to `take`, `429`, `500`, `503`, `400`, `take_and_hang_up`, `hang_up`."""


@dataclass
class ProviderDouble:
    behaves: Behaviour = lambda _number: "take"
    taken: list[dict[str, str]] = field(default_factory=list)
    requests: int = 0
    takes_s: float = 0.0
    """How long each answer takes."""

    def __enter__(self) -> ProviderDouble:
        double = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                form = {name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()}
                double._answer(self, form)

            def log_message(self, *_args: Any) -> None:
                """Tests say themselves what they saw."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._lock = threading.Lock()
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

    def _answer(self, handler: BaseHTTPRequestHandler, form: Mapping[str, str]) -> None:
        with self._lock:
            number, self.requests = self.requests, self.requests + 1
            what = self.behaves(number)
            if what.startswith("take"):
                self.taken.append(dict(form))
        threading.Event().wait(self.takes_s)
        if what.endswith("hang_up"):
            handler.close_connection = True
            handler.connection.close()
            return
        status = 201 if what == "take" else int(what)
        said: dict[str, Any] = {
            "sid": f"SM{number:032x}",
            "status": "queued",
            **{k.lower(): v for k, v in form.items()},
        }
        if status != 201:
            said = {"code": 20_000 + status, "message": "no", "status": status}
        raw = json.dumps(said).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(raw)))
        with suppress(OSError):  # whoever asked was killed meanwhile
            handler.end_headers()
            handler.wfile.write(raw)
