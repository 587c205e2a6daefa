"""A whole town's set-up for the storms: PostgreSQL, Redis, two workers, an office with many counters, many screens."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from scripts.bench.screens import Screen
from tests.machines import DURABLE, postgres_server, redis_server
from tests.postgres_machine import PostgresServer
from tests.races.arena import hall
from tests.real_server import RealServer
from tests.redis_machine import RedisServer

OFFICE = "storm"


def say(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """The figures are what a storm is for."""
    with capsys.disabled():
        print(f"\n{text}")  # noqa: T201


@dataclass
class Town:
    """The servers, and the tokens of those who press."""

    server: RealServer
    counters: int
    postgres: PostgresServer | None = None
    redis: RedisServer | None = None
    tokens: dict[str, str] = field(default_factory=dict)

    def settle(self) -> None:
        """Load the office, make tokens, open all counters."""
        file = self.server.folder / "hall.yaml"
        file.write_text(hall(self.counters).replace("code: aoba", f"code: {OFFICE}"))
        self.server.command_line("office", "load", str(file))
        self.tokens = {role: self.server.token(role, office=OFFICE) for role in ("kiosk", "clerk")}

    def open_counters(self) -> None:
        for code in range(1, self.counters + 1):
            assert (
                self.server.post(f"/api/v1/offices/{OFFICE}/counters/{code}/open", token=self.tokens["clerk"])[0] == 200
            )

    def issue(self) -> int:
        """A number; the version of the history with it."""
        status, ticket = self.server.post(
            f"/api/v1/offices/{OFFICE}/tickets", {"service": "moving"}, self.tokens["kiosk"]
        )
        assert status == 201, (status, ticket)
        return int(ticket["version"])

    def call(self, counter: int) -> tuple[int, Any]:
        path = f"/api/v1/offices/{OFFICE}/counters/{counter}/calls"
        return self.server.post(path, {"finish": True}, self.tokens["clerk"])

    def restart_database(self) -> None:
        """In order, however long a busy machine takes over it; a killed postmaster would leave its children behind."""
        assert self.postgres is not None and self.postgres.process is not None
        self.postgres.process.send_signal(signal.SIGINT)
        self.postgres.process.wait(120)
        self.postgres.start()

    def workers(self) -> list[int]:
        assert self.server.process is not None
        found = subprocess.run(
            ["pgrep", "-P", str(self.server.process.pid)], capture_output=True, text=True, check=True
        )
        return [int(pid) for pid in found.stdout.split()]

    def tell(self, worker: int, what: signal.Signals) -> None:
        os.kill(worker, what)


@contextlib.contextmanager
def grown_town(folder: Path, *, counters: int = 10, server: RealServer | None = None) -> Iterator[Town]:
    with postgres_server(DURABLE) as postgres, redis_server() as redis:
        environ = {"DATABASE_URL": postgres.empty_database("town"), "REDIS_URL": redis.url, "WEB_CONCURRENCY": "2"}
        server = server or RealServer(folder)
        server.environ = {**server.environ, **environ}
        town = Town(server, counters, postgres, redis)
        server.command_line("db", "upgrade")
        town.settle()
        server.start()
        town.open_counters()
        try:
            yield town
        finally:
            server.stop()


@contextlib.contextmanager
def small_town(folder: Path, *, counters: int = 4, server: RealServer | None = None) -> Iterator[Town]:
    town = Town(server or RealServer(folder), counters)
    town.server.start()
    town.settle()
    town.open_counters()
    try:
        yield town
    finally:
        town.server.kill()


CALLS = re.compile(rb'"call_id":(\d+)')


class NotingScreen(Screen):
    """Remembers every call it was ever sent, so that one that was taken back before its commit would be found."""

    def _note(self, text: bytes) -> None:
        super()._note(text)
        self.calls: set[int] = getattr(self, "calls", set())
        self.calls.update(map(int, CALLS.findall(text)))


class Wall:
    """Many screens on a thread of their own, with what each has shown and when."""

    def __init__(self, port: int, count: int) -> None:
        wish = {"room": "board", "office": OFFICE}
        self.screens = [NotingScreen("127.0.0.1", port, wish, again_s=0.5) for _ in range(count)]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Wall:
        self._thread.start()
        self.wait_for(0, limit_s=120)
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def wait_for(self, version: int, *, limit_s: float) -> float:
        """Seconds until every screen shows this version or a newer one; infinity if some never do."""
        began = time.monotonic()
        pause = threading.Event()
        while any(not screen.seen or screen.seen[-1][1] < version for screen in self.screens):
            if time.monotonic() - began > limit_s:
                return float("inf")
            pause.wait(0.005)
        return time.monotonic() - began

    def delays(self, version: int, since: float) -> list[float]:
        """How long after `since` each screen first showed this version or a newer one."""
        shown = [next((at for at, seen in list(s.seen) if seen >= version), float("inf")) for s in self.screens]
        return [max(0.0, at - since) for at in shown]

    def calls(self) -> set[int]:
        """Every call that any screen was ever sent."""
        return set().union(*(getattr(screen, "calls", set()) for screen in self.screens))

    def earliest(self, version: int) -> float:
        """When the first screen showed this version."""
        return min((at for s in self.screens for at, seen in list(s.seen) if seen >= version), default=float("inf"))

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        for place, screen in enumerate(self.screens):
            self._loop.call_later(0.01 * place, self._hang, screen)
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def _hang(self, screen: Screen) -> None:
        self._tasks = [*getattr(self, "_tasks", []), self._loop.create_task(screen.watch_for_ever())]
