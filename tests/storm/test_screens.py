"""Screens under faults: whatever is cut or stalled, every screen ends on the right board, and none shows what was not.

Run by `make storm`; prints the figures. SCREENS and CHANGES in the environment change the size.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.storm.town import Town, Wall, grown_town, say, small_town

SCREENS = int(os.environ.get("SCREENS", "500"))
CHANGES = int(os.environ.get("CHANGES", "300"))

pytestmark = [pytest.mark.storm, pytest.mark.timeout(3600), pytest.mark.filterwarnings("default")]


def pct(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def test_every_screen_of_two_workers_follows_through_every_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with grown_town(tmp_path) as town, Wall(town.server.port, SCREENS) as wall:
        delays, early = changes(town, wall, CHANGES)
        say(capsys, f"{SCREENS} screens, {CHANGES} changes: answer to screen p50 {pct(delays, 0.5) * 1000:.0f} ms, "
                    f"p99 {pct(delays, 0.99) * 1000:.0f} ms; shown before it was asked for: {early}")  # fmt: skip
        assert early == 0
        for name, fault in FAULTS.items():
            after = heals(town, wall, fault)
            say(capsys, f"{name}: all screens right {after:.2f} s after it was over")
            assert after <= 5
        assert newest_in_database(town) == town.server.get("/api/v1/offices/storm/board")[1]["version"]


def changes(town: Town, wall: Wall, count: int) -> tuple[list[float], int]:
    """Calls and refused calls at a quick walk; the screens' delays, and how often one knew too early."""
    delays: list[float] = []
    early = 0
    pause = threading.Event()
    for turn in range(count):
        asked = time.monotonic()
        town.issue()
        status, called = town.call(turn % town.counters + 1)
        answered = time.monotonic()
        assert town.server.post("/api/v1/offices/storm/counters/1/calls", {"number": "Z9"}, town.tokens["clerk"])[
            0
        ] in (404, 409)
        assert status == 201
        version = called["ticket"]["version"]
        pause.wait(0.1)
        wall.wait_for(version, limit_s=10)
        delays += wall.delays(version, answered)
        early += wall.earliest(version) < asked
    return delays, early


def heals(town: Town, wall: Wall, fault: Callable[[Town], Callable[[], None]]) -> float:
    """Break it, press on, mend it; seconds until every screen shows the last press."""
    mend = fault(town)
    version = 0
    for _ in range(3):
        version = town.issue()
    version = press_once_more(town, version)
    mend()
    return wall.wait_for(version, limit_s=60)


def press_once_more(town: Town, version: int) -> int:
    status, called = town.call(1)
    return int(called["ticket"]["version"]) if status == 201 else version


def redis_restarted(town: Town) -> Callable[[], None]:
    assert town.redis is not None
    town.redis.kill()
    return town.redis.start


def redis_stalled(town: Town) -> Callable[[], None]:
    assert town.redis is not None and town.redis.process is not None
    process = town.redis.process
    process.send_signal(signal.SIGSTOP)
    threading.Event().wait(5)
    return lambda: process.send_signal(signal.SIGCONT)


def subscriptions_cut(town: Town) -> Callable[[], None]:
    assert town.redis is not None
    with town.redis.client() as client:
        client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    return lambda: None


def worker_stopped(town: Town) -> Callable[[], None]:
    """The other worker goes on; connections that the stopped one takes wait for it."""
    stopped = town.workers()[0]
    town.tell(stopped, signal.SIGSTOP)
    threading.Timer(5, town.tell, (stopped, signal.SIGCONT)).start()
    return lambda: None


FAULTS = {
    "Redis killed and started again": redis_restarted,
    "Redis silent for five seconds": redis_stalled,
    "all subscriptions cut": subscriptions_cut,
    "one worker stopped for five seconds": worker_stopped,
}


def newest_in_database(town: Town) -> int:
    import psycopg

    assert town.postgres is not None
    with psycopg.connect(town.server.environ["DATABASE_URL"].replace("+psycopg", "")) as connection:
        row = connection.execute(
            "SELECT version FROM office_log JOIN office ON office.id = office_id WHERE code = 'storm'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_screens_find_the_right_board_after_the_server_died(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found: list[float] = []
    with small_town(tmp_path) as town, Wall(town.server.port, 50) as wall:
        for _ in range(5):
            town.issue()
            version = press_once_more(town, town.issue())
            town.server.kill()
            for screen in wall.screens:
                screen.seen.clear()
            town.server.start()
            found.append(wall.wait_for(version, limit_s=30))
    say(capsys, f"50 screens, 5 kills of the server: right board at most {max(found):.2f} s after it was ready again")
    assert max(found) <= 2
