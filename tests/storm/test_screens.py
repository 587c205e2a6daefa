"""Screens under faults: whatever is cut or stalled, every screen ends on the right board, and none shows what was not.

Run by `make storm`; prints the figures. SCREENS and CHANGES in the environment change the size.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.storm.odd import OddServer
from tests.storm.town import Town, Wall, grown_town, say, small_town

SCREENS = int(os.environ.get("SCREENS", "500"))
CHANGES = int(os.environ.get("CHANGES", "10000"))
MEASURED = 300
"""Changes made one at a time, so that each screen's delay can be told; the rest comes as fast as ten counters can."""

HEALED_S, NOT_READY_S = 5, 15

pytestmark = [pytest.mark.storm, pytest.mark.timeout(3600), pytest.mark.filterwarnings("default")]


def pct(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def test_every_screen_of_two_workers_follows_through_every_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with grown_town(tmp_path) as town, Wall(town.server.port, SCREENS) as wall:
        delays, early = changes(town, wall, min(MEASURED, CHANGES))
        say(capsys, f"{SCREENS} screens, {min(MEASURED, CHANGES)} changes: answer to screen "
                    f"p50 {pct(delays, 0.5) * 1000:.0f} ms, p99 {pct(delays, 0.99) * 1000:.0f} ms; "
                    f"shown before it was asked for: {early}")  # fmt: skip
        made, settled = flood(town, wall, CHANGES - MEASURED)
        say(
            capsys,
            f"{made} changes at once by {town.counters} counters: all screens right {settled:.2f} s after the last",
        )
        slowest = {name: heals(town, wall, fault) for name, fault in FAULTS.items()}
        for name, after in slowest.items():
            say(capsys, f"{name}: all screens right {after:.2f} s after it was over")
        phantoms = phantom_calls(town, wall)
        say(capsys, f"{len(wall.calls())} calls were shown, {len(phantoms)} of them never made")
        assert newest_in_database(town) == town.server.get("/api/v1/offices/storm/board")[1]["version"]
        assert (early, phantoms) == (0, set())
        assert max(slowest.values()) <= HEALED_S


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
        refused_after_a_finish(town, called["ticket"]["number"], turn)
        assert status == 201
        version = called["ticket"]["version"]
        pause.wait(0.1)
        wall.wait_for(version, limit_s=10)
        delays += wall.delays(version, answered)
        early += wall.earliest(version) < asked
    return delays, early


def refused_after_a_finish(town: Town, number: str, turn: int) -> None:
    """Finishes the next counter's person, then finds that the wanted one is elsewhere: all of it is rolled back."""
    path = f"/api/v1/offices/storm/counters/{(turn + 1) % town.counters + 1}/calls"
    status, said = town.server.post(path, {"number": number, "finish": True}, town.tokens["clerk"])
    assert (status, said["code"]) == (409, "taken"), said


def flood(town: Town, wall: Wall, count: int) -> tuple[int, float]:
    """Issues and calls from all counters at once; how many, and the seconds until every screen shows the last."""
    versions: list[int] = []

    def work(counter: int) -> None:
        for _ in range(max(0, count) // 2 // town.counters):
            versions.append(town.issue())
            status, called = town.call(counter)
            assert status == 201
            versions.append(int(called["ticket"]["version"]))

    counters = [threading.Thread(target=work, args=(n,)) for n in range(1, town.counters + 1)]
    for counter in counters:
        counter.start()
    for counter in counters:
        counter.join()
    return len(versions), wall.wait_for(max(versions, default=0), limit_s=60)


def phantom_calls(town: Town, wall: Wall) -> set[int]:
    """Calls that a screen showed and the history does not hold: they were shown before their commit, and it failed."""
    with psycopg.connect(town.server.environ["DATABASE_URL"].replace("+psycopg", "")) as connection:
        made = {row[0] for row in connection.execute("SELECT id FROM call")}
    return wall.calls() - made


def heals(town: Town, wall: Wall, fault: Callable[[Town], Callable[[], None]], *, limit_s: float = 60) -> float:
    """Break it, press on, mend it; seconds until every screen shows the last press."""
    mend = fault(town)
    version = 0
    for _ in range(3):
        version = town.issue()
    version = press_once_more(town, version)
    mend()
    return wall.wait_for(version, limit_s=limit_s)


def press_once_more(town: Town, version: int) -> int:
    status, called = town.call(1)
    return int(called["ticket"]["version"]) if status == 201 else version


def redis_restarted(town: Town) -> Callable[[], None]:
    assert town.redis is not None
    town.redis.kill()
    return town.redis.start


def redis_away(town: Town) -> Callable[[], None]:
    """For longer than a client of Redis tries to say the same thing again, twice."""
    start = redis_restarted(town)

    def come_back() -> None:
        threading.Event().wait(30)
        start()

    return come_back


def redis_stalled(town: Town) -> Callable[[], None]:
    assert town.redis is not None and town.redis.process is not None
    process = town.redis.process
    process.send_signal(signal.SIGSTOP)
    reported = seconds_until_not_ready(town)
    assert reported <= NOT_READY_S, f"a deaf worker still called itself ready after {reported:.0f} s"
    threading.Event().wait(max(0.0, 30 - reported))
    return lambda: process.send_signal(signal.SIGCONT)


def seconds_until_not_ready(town: Town) -> float:
    """How long a worker that hears nothing goes on saying that it is ready."""
    began = time.monotonic()
    while time.monotonic() - began <= NOT_READY_S + 5:
        status, said = town.server.get("/readyz")
        if status == 503 and said["parts"]["bus"] == "failed":
            return time.monotonic() - began
        threading.Event().wait(0.5)
    return time.monotonic() - began


def subscriptions_cut(town: Town) -> Callable[[], None]:
    assert town.redis is not None
    with town.redis.client() as client:
        client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    return lambda: None


def worker_stopped(town: Town) -> Callable[[], None]:
    """The other worker goes on; connections that the stopped one takes wait for it."""
    stopped = town.workers()[0]
    town.tell(stopped, signal.SIGSTOP)
    over = threading.Event()

    def go_on() -> None:
        town.tell(stopped, signal.SIGCONT)
        over.set()

    def wait_for_it() -> None:
        over.wait(60)

    threading.Timer(20, go_on).start()
    return wait_for_it


FAULTS = {
    "Redis killed and started again": redis_restarted,
    "Redis silent for thirty seconds": redis_stalled,
    "all subscriptions cut": subscriptions_cut,
    "one worker stopped for twenty seconds": worker_stopped,
}


def test_without_the_second_look_screens_stay_behind_after_the_bus_was_down(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The twin: a relay that trusts the bus. What was said while Redis was down is never heard by the other worker."""
    server = OddServer(tmp_path, odd=("no second look",))
    with grown_town(tmp_path, server=server) as town, walls_of_both(town) as walls:
        version = town.issue()
        assert max(wall.wait_for(version, limit_s=10) for wall in walls) <= HEALED_S
        mend = redis_away(town)
        version = press_once_more(town, version)  # one alone: another at the other worker would make it look
        mend()
        assert max(wall.wait_for(version, limit_s=10) for wall in walls) > HEALED_S


@contextmanager
def walls_of_both(town: Town) -> Iterator[list[Wall]]:
    """Ten screens at each of two workers: the other one stands still while they come in. Few would all go to one."""
    with ExitStack() as stack:
        walls = []
        for still in town.workers():
            town.tell(still, signal.SIGSTOP)
            walls.append(stack.enter_context(Wall(town.server.port, 10)))
            town.tell(still, signal.SIGCONT)
        yield walls


def newest_in_database(town: Town) -> int:
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
