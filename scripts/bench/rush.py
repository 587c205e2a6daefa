"""People at their phones when a season's bookings open: reads, holds and bookings at a fixed rate.

Runs as a process of its own (`python -m scripts.bench.rush`, a JSON wish on standard input, a JSON result on standard
output). Each press is timed from the moment it was due and waits for no other, so a slow server cannot slow its clients
down and look quick. Written on bare sockets: the clients share the server's cores, and are to leave them to it.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from queue_app.domain.proof import digest_of

PATTERN = ("read",) * 8 + ("hold",) + ("read",) * 4 + ("book",) + ("read",) * 5 + ("hold",)
"""Of twenty presses seventeen read, two hold a place, one makes a booking of a held one."""

PATIENCE_S = 60
RESTED_S = 4
"""The server closes a connection that rests for five seconds."""

Press = tuple[str, bytes]
Row = tuple[str, float, float, int]


@dataclass(eq=False)
class Line:
    """One kept connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    used: float

    async def ask(self, sent: bytes) -> tuple[int, bytes]:
        self.writer.write(sent)
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        body = await self.reader.readexactly(length)
        return int(head[9:12]), body


@dataclass
class Rush:
    """One rush against one office. `wish`: port, office, service, slots, page, cookie, seconds, per_s."""

    wish: dict[str, Any]
    wanted: Iterator[int] = field(default_factory=itertools.count)
    """Counts the holds: by the number of the press only a tenth of the slots would ever be asked for."""
    held: deque[str] = field(default_factory=deque)
    rows: list[Row] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    async def run(self) -> None:
        self.begin = time.monotonic() + 0.3
        count = int(self.wish["seconds"] * self.wish["per_s"])
        presses = set()
        for number in range(count):
            due = self.begin + number / self.wish["per_s"]
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            presses.add(asyncio.create_task(self._one(number, due)))
        await asyncio.gather(*presses)

    async def _one(self, number: int, due: float) -> None:
        kind, sent = self._press(number)
        if self.wish.get("carriers"):  # everybody of one network comes from one address
            sent = sent.replace(
                b"\r\n", b"\r\nX-Forwarded-For: 198.51.100.%d\r\n" % (number % self.wish["carriers"]), 1
            )
        status, body = await self._ask(sent)
        if status == 429 and b'"proof_needed"' in body:  # as a browser does by itself
            proof = f"\r\nProof: {await asyncio.to_thread(solved, json.loads(body)['challenge'])}\r\n"
            status, body = await self._ask(sent.replace(b"\r\n", proof.encode(), 1))
        self.rows.append((kind, due - self.begin, time.monotonic() - self.begin, status))
        if kind == "hold" and status == 201:
            self.held.append(json.loads(body)["id"])

    async def _ask(self, sent: bytes) -> tuple[int, bytes]:
        """0 for a connection that broke or was never answered."""
        try:
            line = await self._line()
            answer = await asyncio.wait_for(line.ask(sent), PATIENCE_S)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            return 0, b""
        line.used = time.monotonic()
        self.lines.append(line)
        return answer

    async def _line(self) -> Line:
        """One that rests, the one used last first; else a new one."""
        while self.lines:
            line = self.lines.pop()
            if time.monotonic() - line.used < RESTED_S:
                return line
            line.writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.wish["port"])
        return Line(reader, writer, time.monotonic())

    def _press(self, number: int) -> Press:
        api = f"/api/v1/offices/{self.wish['office']}"
        kind = PATTERN[number % len(PATTERN)] if self.wish["mixed"] else "page"
        if kind == "hold":
            slots, wanted = self.wish["slots"], next(self.wanted)
            return kind, _post(f"{api}/holds", {"slot": slots[wanted * 7919 % len(slots)], "people": 1}, number)
        if kind == "book" and self.held:
            who = {"service": self.wish["service"], "people": 1, "name_kana": "アオバ ハナコ"}
            return kind, _post(f"{api}/reservations", {"hold": self.held.popleft(), **who}, number)
        if kind == "page" or number % 2:
            return "page" if kind == "page" else "read", _get(self.wish["page"], f"Cookie: {self.wish['cookie']}\r\n")
        return "read", _get(f"{api}/slots?{self.wish['query']}")


def solved(challenge: dict[str, Any]) -> str:
    """What the header `Proof` wants."""
    salt, digest = challenge["salt"], challenge["digest"]
    number = next(n for n in range(challenge["largest"]) if digest_of(salt, n) == digest)
    return f"{salt}.{digest}.{challenge['made_at']}.{challenge['seal']}.{number}"


def _get(path: str, headers: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode()


def _post(path: str, body: dict[str, Any], number: int) -> bytes:
    raw = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Idempotency-Key: rush-{number:032x}\r\nContent-Length: {len(raw)}\r\n\r\n".encode() + raw


if __name__ == "__main__":
    rush = Rush(json.load(sys.stdin))
    asyncio.run(rush.run())
    json.dump(rush.rows, sys.stdout)
