"""Storage that takes nothing more: presses hear 503, boards go on, nothing is half-written, and it heals by itself (G18).

The real server on SQLite, in mid-load. No disk is filled: the kernel is told that no file of the server may grow
(RLIMIT_FSIZE), so every write fails in the middle as it does on a full or broken disk. DISKS changes the rounds.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.storm.town import OFFICE, Town, say, small_town

ROUNDS = int(os.environ.get("DISKS", "20"))
HEALED_S = 10
BOARD = f"/api/v1/offices/{OFFICE}/board"
NEVER = resource.RLIM_INFINITY
pytestmark = [pytest.mark.storm, pytest.mark.timeout(1800), pytest.mark.filterwarnings("default")]


class Load:
    """Four machines that take a number as soon as they have the last one; what they heard."""

    def __init__(self, town: Town) -> None:
        self.town, self.heard, self.given = town, Counter[int](), set[str]()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work) for _ in range(4)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while not self._stop.wait(0.02):
            self.press()

    def press(self) -> int:
        try:
            path = f"/api/v1/offices/{OFFICE}/tickets"
            status, said = self.town.server.post(path, {"service": "moving"}, self.town.tokens["kiosk"])
        except OSError:
            status, said = 0, None
        self.heard[status] += 1
        if status == 201:
            self.given.add(said["number"])
        return status


@contextlib.contextmanager
def full(town: Town) -> Iterator[None]:
    assert town.server.process is not None
    everybody = [town.server.process.pid, *town.workers()]
    for pid in everybody:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, NEVER))
    try:
        yield
    finally:
        for pid in everybody:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (NEVER, NEVER))


def lost(given: set[str], file: Path) -> tuple[set[str], str]:
    """Acknowledged numbers that are not in the table, and SQLite's own word on its file."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        kept = {str(row[0]) for row in connection.execute("SELECT number_text FROM ticket")}
        return given - kept, str(connection.execute("PRAGMA integrity_check").fetchone()[0])


def test_a_full_disk_refuses_presses_shows_boards_and_heals_by_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slowest, pause = 0.0, threading.Event()
    with small_town(tmp_path) as town, Load(town) as load:
        for _ in range(ROUNDS):
            while load.press() != 201:
                pause.wait(0.1)
            with full(town):
                statuses = [load.press() for _ in range(5)]
                assert 201 not in statuses[1:], statuses  # the first may have been on its way
                assert set(statuses) <= {201, 503}, statuses
                assert town.server.get(BOARD)[0] == 200, "whoever looks still sees"
            healed = time.monotonic()
            while load.press() != 201:
                assert time.monotonic() - healed < HEALED_S
                pause.wait(0.05)
            slowest = max(slowest, time.monotonic() - healed)
    missing, word = lost(load.given, tmp_path / "matazu.db")
    say(capsys, f"{ROUNDS} times full: heard {dict(load.heard)}, {len(load.given)} numbers, {len(missing)} lost, "
                f"{word}; the slowest healing {slowest:.2f} s")  # fmt: skip
    assert (missing, word) == (set(), "ok")
    assert load.heard[503] >= ROUNDS * 4
    assert set(load.heard) <= {201, 503}
    assert lost({*load.given, "no such number"}, tmp_path / "matazu.db")[0], "the twin: one that was never kept"
