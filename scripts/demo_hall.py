"""The demo's way into a server: the public interface, with tokens made by the command as a city would make them.

Decides nothing about the day. A server of its own runs in a temporary folder that is thrown away; a server that runs
already (`--url`) is joined, and its tokens are revoked at the end.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from queue_app.welcome import SCREENS, WIDEST

ROOT = Path(__file__).parent.parent
START_LIMIT_S = 60
ROLES = ("kiosk", "manager")


@dataclass
class Hall:
    """One office of a running server, seen through the API. One connection, calls one after another."""

    url: str
    office: str
    tokens: dict[str, str] = field(default_factory=dict)
    mark: str = ""
    _connection: HTTPConnection | None = None

    def get(self, path: str, role: str = "manager") -> tuple[int, Any]:
        return self._ask("GET", path, None, role)

    def post(self, path: str, body: dict[str, Any] | None = None, role: str = "manager") -> tuple[int, Any]:
        """Sent with a key of its own, so that a lost answer can be asked for again."""
        return self._ask("POST", path, body or {}, role)

    def token_name(self, role: str) -> str:
        return f"demo {role} {self.mark}"

    def _ask(self, method: str, path: str, body: dict[str, Any] | None, role: str) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.tokens[role]}", "Content-Type": "application/json"}
        if method == "POST":
            headers["Idempotency-Key"] = uuid.uuid4().hex
        text = None if body is None else json.dumps(body)
        for attempt in (1, 2, 3):
            try:
                return self._once(method, f"/api/v1{path}", text, headers)
            except (OSError, HTTPException) as error:
                self._connection = None
                if attempt == 3:
                    raise SystemExit(f"The server at {self.url} does not answer ({error}).") from None
        raise AssertionError("unreachable")

    def _once(self, method: str, path: str, text: str | None, headers: dict[str, str]) -> tuple[int, Any]:
        if self._connection is None:
            parts = urlsplit(self.url)
            kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
            self._connection = kind(parts.netloc, timeout=20)
        self._connection.request(method, path, text, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if content else None


@contextlib.contextmanager
def own_server(port: int, **settings: str) -> Iterator[tuple[str, dict[str, str]]]:
    """A server on the demo city that ends with the demo. Its address, and the environment its commands need."""
    with tempfile.TemporaryDirectory(prefix="matazu-demo-") as folder:
        port = free_port(port)
        environ = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        environ |= {"MATAZU_INSTANCE": folder, "PORT": str(port), "LOG_LEVEL": "WARNING", **settings}
        # A group of its own: Ctrl-C reaches the demo first, which then ends the server in order.
        server = subprocess.Popen([sys.executable, "run.py"], cwd=ROOT, env=environ, start_new_session=True)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(server, url)
            yield url, environ
        finally:
            server.terminate()
            server.wait(15)


def entered(url: str, office: str, environ: dict[str, str]) -> Hall:
    """The hall of a server, with a token for each role of the demo."""
    mark = uuid.uuid4().hex[:8]
    hall = Hall(url, office, mark=mark)
    for role in ROLES:
        words = ("--office", office, "--role", role, "--name", hall.token_name(role))
        hall.tokens[role] = _command(environ, "token", "issue", *words)
    return hall


@contextlib.contextmanager
def visited(url: str, office: str, environ: dict[str, str]) -> Iterator[Hall]:
    """The hall of a server that goes on without the demo: its tokens are revoked afterwards."""
    hall = entered(url, office, environ)
    try:
        yield hall
    finally:
        for role in hall.tokens:
            _command(environ, "token", "revoke", "--office", office, hall.token_name(role))


def free_port(wanted: int) -> int:
    """The wanted port, or any free one when somebody has it."""
    for port in (wanted, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise SystemExit("No free port on 127.0.0.1.")


def addresses(url: str, office: str) -> str:
    """Each screen of a server that runs already."""
    lines = [f"    {label:<{WIDEST}}  {url}{path.format(office=office)}" for label, path in SCREENS]
    return "\n".join(["", *lines, ""])


def _command(environ: dict[str, str], *words: str) -> str:
    """The last line that `flask --app run …` prints."""
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "run", *words],
        cwd=ROOT, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{words[0]} {words[1]}: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout.strip().splitlines()[-1]


def _wait_until_ready(server: subprocess.Popen[bytes], url: str) -> None:
    for _ in range(START_LIMIT_S * 5):
        with contextlib.suppress(OSError, HTTPException):
            connection = HTTPConnection(urlsplit(url).netloc, timeout=2)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(0.2)
            break
    raise SystemExit("The server did not start; its message stands above.")
