"""The measurements, each against real servers started for it. What is printed of them is decided in `__main__`."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.machines import redis_server
from tests.real_server import ROOT, RealServer
from tests.redis_machine import free_port
from tests.storm.town import OFFICE, Town, grown_town, small_town

TICKETS = f"/api/v1/offices/{OFFICE}/tickets"
DESKS = 10
_FORCED = "fsync,fdatasync"
SLOW_DISK = f"strace -f --seccomp-bpf -qq -o /dev/null -e trace={_FORCED} -e inject={_FORCED}:delay_exit=5000".split()
"""Every forced write takes 5 ms longer: some 190 a second, as on a disk without a cache that survives a power cut."""


@dataclass(frozen=True)
class Presses:
    """What a run of presses came to: milliseconds, sorted, and how many were answered otherwise than hoped."""

    ms: list[float]
    per_s: float
    refused: int

    def at(self, share: float) -> float:
        return self.ms[min(len(self.ms) - 1, int(len(self.ms) * share))] if self.ms else float("nan")


Row = tuple[str, float, float, int, int | None]


def load(port: int, how: str, plan: list[dict[str, Any]], seconds: float) -> list[Row]:
    """Presses made by a process of its own: kind, sent, answered, status, version."""
    asked = json.dumps({"port": port, "how": how, "plan": plan, "seconds": seconds})
    done = subprocess.run(
        [sys.executable, "-m", "scripts.bench.load"], input=asked, cwd=ROOT, check=True, capture_output=True, text=True
    )
    return [tuple(row) for row in json.loads(done.stdout)]


def presses(rows: list[Row], kind: str, seconds: float) -> Presses:
    mine = [row for row in rows if row[0] == kind]
    good = [row for row in mine if 200 <= row[3] < 300]
    return Presses(sorted((row[2] - row[1]) * 1000 for row in good), len(good) / seconds, len(mine) - len(good))


@contextlib.contextmanager
def wall(port: int, count: int) -> Iterator[Any]:
    """Screens in a process of their own; calling what it yields ends them and gives what each saw."""
    wish = json.dumps({"room": "board", "office": OFFICE})
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.bench.screens", str(port), str(count), wish],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    seen: list[list[list[float]]] = []

    def end() -> list[list[list[float]]]:
        threading.Event().wait(2)  # what is on its way still arrives
        out, _ = process.communicate("")
        seen.extend(json.loads(line) for line in out.splitlines())
        return seen

    try:
        yield end
    finally:
        if process.poll() is None:
            process.kill()


def issuers(town: Town, count: int, **more: Any) -> list[dict[str, Any]]:
    token, body = town.tokens["kiosk"], {"service": "moving"}
    return [
        {"kind": "issue", "path": TICKETS, "body": body, "token": token, "offset": n / count, **more}
        for n in range(count)
    ]


def callers(town: Town, count: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {
            "kind": "call", "token": town.tokens["clerk"], "body": {"finish": True}, "offset": n / count, **more,
            "path": f"/api/v1/offices/{OFFICE}/counters/{n % town.counters + 1}/calls",
        }
        for n in range(count)
    ]  # fmt: skip


def ordinary_morning(folder: Path, seconds: float) -> dict[str, Any]:
    """5 tickets and 2 calls a second before 200 screens, on SQLite; how long until the last screen shows a call."""
    with small_town(folder, counters=DESKS) as town, wall(town.server.port, 200) as end:
        plan = issuers(town, 5, per_s=1.0) + callers(town, 4, per_s=0.5)
        rows = load(town.server.port, "paced", plan, seconds)
        time_for_the_last = end
        rss = memory(town.server)
        return {
            "issue": presses(rows, "issue", seconds),
            "call": presses(rows, "call", seconds),
            "last": last_screen(rows, time_for_the_last()),
            "rss": rss,
        }


def doors_open(folder: Path, rounds: int) -> list[float]:
    """20 people within 100 ms, again and again: seconds until the last of them has a number."""
    with small_town(folder) as town:
        longest = []
        for _ in range(rounds):
            rows = load(town.server.port, "at_once", issuers(town, 20), 0.1)
            assert all(row[3] == 201 for row in rows), rows
            longest.append(max(row[2] for row in rows) - min(row[1] for row in rows))
        return longest


def flat_out(folder: Path, seconds: float, *, disk: Sequence[str] = ()) -> dict[int, dict[str, Presses]]:
    """As fast as 8 and 32 clients can press, beside both yardsticks: same machine, same disk, same minutes."""
    found: dict[int, dict[str, Presses]] = {}
    server, copy = Behind(disk, folder), folder / "copy.db"
    with (
        small_town(folder, counters=32, server=server) as town,
        bare("tickets", str(folder / "bare.db"), disk) as least,
        bare("rows", str(_copied(town, copy)), disk) as frame,
    ):
        for clients in (8, 32):
            plan = [{"kind": "bare", "path": "/tickets", "body": {"service": "moving"}}] * clients
            found[clients] = {
                "bare": presses(load(least, "flat_out", plan, seconds), "bare", seconds),
                "rows": presses(load(frame, "flat_out", plan, seconds), "bare", seconds),
                "issue": presses(load(town.server.port, "flat_out", issuers(town, clients), seconds), "issue", seconds),
                "call": presses(load(town.server.port, "flat_out", callers(town, clients), seconds), "call", seconds),
            }
    return found


def _copied(town: Town, to: Path) -> Path:
    """The office's database with one number given, for somebody else to write into."""
    town.issue()
    with sqlite3.connect(town.server.folder / "matazu.db") as ours, sqlite3.connect(to) as theirs:
        ours.backup(theirs)
    return to


class Behind(RealServer):
    """A server whose command stands behind another, such as one that slows its disk down."""

    def __init__(self, before: Sequence[str], folder: Path) -> None:
        super().__init__(folder)
        self._before = before

    def command(self) -> list[str]:
        return [*self._before, *super().command()]


def thousand_screens(folder: Path, screens: int, calls: int) -> dict[str, list[float]]:
    """Call to last screen on PostgreSQL and Redis with two workers, and the bare broadcast on the same set-up."""
    with grown_town(folder, counters=DESKS) as town, wall(town.server.port, screens) as end:
        load(town.server.port, "flat_out", issuers(town, 4), max(2.0, calls / 10))
        rows = load(town.server.port, "paced", callers(town, 4, per_s=0.25), calls)
        ours = last_screen(rows, end())
    with redis_server() as redis, bare("broadcast", redis.url) as port, wall(port, screens) as end:
        said = [
            {
                "kind": "call",
                "path": "/say",
                "body": {**LIKE_A_BOARD, "version": n + 1},
                "per_s": 1.0 / calls,
                "offset": n / calls,
            }
            for n in range(calls)
        ]
        rows = [
            (*row[:4], n + 1) for n, row in enumerate(sorted(load(port, "paced", said, calls), key=lambda row: row[1]))
        ]
        theirs = last_screen(rows, end())
    return {"ours": ours, "bare": theirs}


LIKE_A_BOARD = {
    "office": "storm",
    "calls": [{"number": "B001", "counter": "1", "say": "x" * 400}] * 10,
    "queues": ["y" * 60] * 10,
}
"""About as long as a board with ten calls, so that both send the same amount."""


def last_screen(rows: list[Row], seen: list[list[list[float]]]) -> list[float]:
    """For each call, milliseconds from the press to the moment the last screen showed it."""
    lasts = []
    for kind, sent, _, status, version in rows:
        if kind == "call" and 200 <= status < 300 and version is not None:
            firsts = [next((at for at, shown in screen if shown >= version), float("inf")) for screen in seen]
            lasts.append(max(0.0, max(firsts) - sent) * 1000)
    return sorted(lasts)


@contextlib.contextmanager
def bare(what: str, with_what: str, before: Sequence[str] = ()) -> Iterator[int]:
    """The yardstick, running."""
    port = free_port()
    command = [*before, sys.executable, "-m", "scripts.bench.bare", what, str(port), with_what]
    process = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    probe = RealServer(Path(), port=port)
    try:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with contextlib.suppress(OSError):
                probe.get("/")
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # what stands before it would leave it running
        process.wait()


def start_and_rest(folder: Path) -> tuple[float, float, float]:
    """Seconds from start to ready on an existing database, then MB of all processes and of the worker at rest."""
    server = RealServer(folder)
    server.start()
    server.stop()
    server.start()
    server.get("/api/v1/offices/aoba/board")
    total, worker = memory(server)
    ready = server.ready_s
    server.stop()
    return ready, total, worker


def memory(server: RealServer) -> tuple[float, float]:
    assert server.process is not None
    master = server.process.pid
    found = subprocess.run(["pgrep", "-P", str(master)], capture_output=True, text=True, check=False)
    sizes = [_rss_mb(pid) for pid in (master, *(int(pid) for pid in found.stdout.split()))]
    return sum(sizes), max(sizes)


def _rss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
