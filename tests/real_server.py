"""The product as a city starts it: `python run.py` in a process group of its own, killed as a crash kills it.

Used where a test or a benchmark must see the real server: start checks, crashes, load. Leaves the databases to
`machines`.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.redis_machine import free_port
from tests.server_process import Server

ROOT = Path(__file__).resolve().parent.parent
SECRET = "a secret of the tests, long enough"
DATA_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


@dataclass(eq=False)
class RealServer(Server):
    """`python run.py` with the settings of `environ`; without any, SQLite in its folder."""

    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    ready_s: float = 0.0

    def start(self) -> None:
        began = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                env=self.settings(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.wait_until_answering()
        self.ready_s = time.monotonic() - began

    def kill(self) -> None:
        """Every process of the server at once, without a word."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self._wait_for_the_last()
            self.process = None

    def _wait_for_the_last(self) -> None:
        """A worker that waits for the disk dies a little later, and holds the lock of the file until then."""
        assert self.process is not None
        for _ in range(500):
            if not _lives(self.process.pid):
                return
            threading.Event().wait(0.02)

    def command(self) -> list[str]:
        return [sys.executable, str(ROOT / "run.py")]

    def settings(self) -> dict[str, str]:
        """The environment of the server; nothing of the machine's own settings gets in."""
        plain = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        ours = {
            "MATAZU_INSTANCE": str(self.folder),
            "PORT": str(self.port),
            "SECRET_KEY": SECRET,
            "DATA_KEYS": DATA_KEY,
            "RATE_LIMIT_PUBLIC": "off",
            "VOICE_PYTHON": "off",
        }
        return {**plain, **ours, **self.environ}

    def answers(self) -> bool:
        with contextlib.suppress(OSError):
            return self.get("/readyz")[0] == 200
        return False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, token: str | None = None) -> tuple[int, Any]:
        return self.ask("GET", path, token=token)

    def post(self, path: str, body: Any = None, token: str | None = None, **headers: str) -> tuple[int, Any]:
        return self.ask("POST", path, body=body or {}, token=token, **headers)

    def ask(
        self, method: str, path: str, *, body: Any = None, token: str | None = None, **headers: str
    ) -> tuple[int, Any]:
        """Status and JSON of one request. A connection that breaks is an OSError."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            named["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(  # noqa: S310
            self.url + path, data=data, method=method, headers={"Content-Type": "application/json", **named}
        )
        try:
            with urllib.request.urlopen(asked, timeout=20) as answer:  # noqa: S310
                return answer.status, _json(answer.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, _json(refused.read())

    def command_line(self, *words: str) -> str:
        """What `flask --app run <words>` prints, with this server's settings."""
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "run", *words],
            cwd=ROOT,
            env=self.settings(),
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def token(self, role: str, *, office: str = "aoba", name: str = "") -> str:
        """A bearer token made with the command."""
        made = self.command_line("token", "issue", "--office", office, "--role", role, "--name", name or role)
        return made.strip().splitlines()[-1]


def run_to_the_end(folder: Path, environ: Mapping[str, str], *, limit_s: float = 30) -> tuple[int | None, str]:
    """Start the server with these settings alone; its exit code (None: it still ran) and all it said."""
    server = RealServer(folder)
    plain = {name: value for name, value in server.settings().items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    process = subprocess.Popen(
        server.command(),
        cwd=folder,
        env={**plain, **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
    )
    try:
        said, _ = process.communicate(timeout=limit_s)
        return process.returncode, said
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return None, process.communicate()[0]


def _json(data: bytes) -> Any:
    return json.loads(data) if data[:1] in (b"{", b"[") else None


def _lives(group: int) -> bool:
    """Whether any process of the group is more than an entry that nobody has read yet."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _parent, its_group, *_more = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
            if its_group == str(group) and state != "Z":
                return True
    return False
