"""The counters while the street is under attack: the same presses quiet, attacked, and attacked with the gates off.

The flood comes from a process of its own (`python -m scripts.bench.attack`, a JSON wish on standard input, a JSON
result on standard output). Each request has an address of its own behind a trusted proxy, so that limits per address do
not answer for the gates, and is timed from the moment it was due.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.bench.measures import DESKS, Presses, callers, issuers, load, presses
from tests.real_server import ROOT, RealServer
from tests.storm.town import OFFICE, small_town

CONNECTIONS = 128
OFFERED_PER_S = 600
"""Sixty times what one address may ask (`RATE_LIMIT_PUBLIC`), from as many addresses as there are requests."""

PAGES = (f"/crowd/{OFFICE}", f"/?office={OFFICE}", f"/api/v1/offices/{OFFICE}/board", f"/book/{OFFICE}")
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Stand:
    """What the counters and the street heard in one run."""

    issue: Presses
    call: Presses
    offered_per_s: float
    refused: float
    street_p95_ms: float
    refusal_p95_ms: float


@dataclass
class Flood:
    """`per_s` requests a second, however slow the answers are, as far as the connections reach."""

    port: int
    per_s: float
    seconds: float
    rows: list[tuple[float, int]] = field(default_factory=list)
    numbers: Any = field(default_factory=itertools.count)

    async def run(self) -> None:
        self.begin = time.monotonic() + 0.2
        await asyncio.gather(*(self._work() for _ in range(CONNECTIONS)))

    async def _work(self) -> None:
        streams = None
        while True:
            number = next(self.numbers)
            due = self.begin + number / self.per_s
            if due > self.begin + self.seconds or time.monotonic() > self.begin + self.seconds:
                return
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            try:
                streams = streams or await asyncio.open_connection("127.0.0.1", self.port)
                status = await asyncio.wait_for(_get(*streams, number), 20)
            except (OSError, asyncio.IncompleteReadError, TimeoutError):
                status, streams = 0, None
            self.rows.append((time.monotonic() - due, status))


async def _get(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> int:
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    writer.write(
        f"GET {PAGES[number % len(PAGES)]} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: {address}\r\n\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    length = LENGTH.search(head)
    await reader.readexactly(int(length[1]) if length else 0)
    if b"\r\nConnection: close" in head:
        raise asyncio.IncompleteReadError(b"", None)
    return int(head[9:12])


def under_attack(folder: Path, seconds: float) -> dict[str, Stand]:
    """The runs, by what was different."""
    found: dict[str, Stand] = {}
    for name, per_s, environ, switch in (
        ("quiet", 0, {}, None),
        ("attacked", OFFERED_PER_S, {}, None),
        ("attacked, gates off (twin)", OFFERED_PER_S, {"RATE_LIMIT_PUBLIC": "off"}, None),
        ("attacked, threads change every 0.5 ms", OFFERED_PER_S, {}, 0.0005),
        ("quiet, threads change every 0.5 ms", 0, {}, 0.0005),
    ):
        here = folder / str(len(found))
        here.mkdir()
        found[name] = _stand(here, seconds, per_s, {**_switching(here, switch), **environ})
    return found


def _stand(folder: Path, seconds: float, per_s: float, environ: dict[str, str]) -> Stand:
    told = {"RATE_LIMIT_PUBLIC": "600/minute", "TRUSTED_PROXIES": "1", **environ}
    with small_town(folder, counters=DESKS, server=RealServer(folder, environ=told)) as town:
        plan = issuers(town, 5, per_s=1.0) + callers(town, 4, per_s=0.5)
        load(town.server.port, "paced", plan, 4)  # tokens are known, pages are drawn once
        with flood(town.server.port, per_s, seconds + 2) as street:
            rows = load(town.server.port, "paced", plan, seconds)
    issue, call = presses(rows, "issue", seconds), presses(rows, "call", seconds)
    refused = sorted(took for took, status in street if status in (429, 503))
    every = sorted(took for took, _status in street)
    share = len(refused) / len(street) if street else 0.0
    return Stand(issue, call, len(street) / (seconds + 2), share, _p95(every), _p95(refused))


@contextlib.contextmanager
def flood(port: int, per_s: float, seconds: float) -> Iterator[list[tuple[float, int]]]:
    """The street, from a process of its own; what it heard is in the list after the block."""
    heard: list[tuple[float, int]] = []
    if not per_s:
        yield heard
        return
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.bench.attack"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(json.dumps({"port": port, "per_s": per_s, "seconds": seconds}))
    process.stdin.close()
    process.stdin = None
    try:
        yield heard
        heard.extend(tuple(row) for row in json.loads(process.communicate()[0]))
    finally:
        if process.poll() is None:
            process.kill()


def _switching(folder: Path, every_s: float | None) -> dict[str, str]:
    """Python's own turn between threads, set from outside: the product itself is not changed for a measurement."""
    if every_s is None:
        return {}
    (folder / "sitecustomize.py").write_text(f"import sys\nsys.setswitchinterval({every_s})\n", encoding="utf-8")
    return {"PYTHONPATH": str(folder)}


def _p95(sorted_s: list[float]) -> float:
    return sorted_s[int(len(sorted_s) * 0.95)] * 1000 if sorted_s else float("nan")


if __name__ == "__main__":
    street = Flood(**json.load(sys.stdin))
    asyncio.run(street.run())
    json.dump(street.rows, sys.stdout)
