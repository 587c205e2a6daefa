"""People at their phones when a season's bookings open: reads, holds and bookings at a fixed rate.

Runs as a process of its own (`python -m scripts.bench.rush`, a JSON wish on standard input, a JSON result on standard
output). Each press is timed from the moment it was due, so a slow server cannot slow its clients down and look quick.
"""

from __future__ import annotations

import http.client
import itertools
import json
import queue
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any

CLIENTS = 64
PATTERN = ("read",) * 8 + ("hold",) + ("read",) * 4 + ("book",) + ("read",) * 5 + ("hold",)
"""Of twenty presses seventeen read, two hold a place, one makes a booking of a held one."""


@dataclass
class Rush:
    """One rush against one office. `wish`: port, office, service, slots, page, cookie, seconds, per_s."""

    wish: dict[str, Any]
    held: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)
    rows: list[tuple[str, float, float, int]] = field(default_factory=list)
    numbers: Any = field(default_factory=itertools.count)

    def run(self) -> None:
        self.begin = time.monotonic() + 0.3
        threads = [threading.Thread(target=self._work) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _work(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.wish["port"], timeout=60)
        waiting = threading.Event()
        while True:
            number = next(self.numbers)
            due = self.begin + number / self.wish["per_s"]
            if due > self.begin + self.wish["seconds"]:
                return
            waiting.wait(max(0.0, due - time.monotonic()))
            kind, method, path, body, headers = self._press(number)
            status, data = _ask(connection, method, path, body=body, headers=headers)
            self.rows.append((kind, due - self.begin, time.monotonic() - self.begin, status))
            if kind == "hold" and status == 201:
                self.held.put(json.loads(data)["id"])

    def _press(self, number: int) -> tuple[str, str, str, dict[str, Any] | None, dict[str, str]]:
        api = f"/api/v1/offices/{self.wish['office']}"
        kind = PATTERN[number % len(PATTERN)] if self.wish["mixed"] else "page"
        if kind == "hold":
            slots = self.wish["slots"]
            body: dict[str, Any] = {"slot": slots[number * 7919 % len(slots)], "people": 1}
            return kind, "POST", f"{api}/holds", body, _key(number)
        if kind == "book" and not self.held.empty():
            body = {"hold": self.held.get(), "service": self.wish["service"], "people": 1, "name_kana": "アオバ ハナコ"}
            return kind, "POST", f"{api}/reservations", body, _key(number)
        if kind == "page" or number % 2:
            return kind if kind == "page" else "read", "GET", self.wish["page"], None, {"Cookie": self.wish["cookie"]}
        return "read", "GET", f"{api}/slots?{self.wish['query']}", None, {}


def _ask(
    connection: http.client.HTTPConnection, method: str, path: str, *, body: Any, headers: dict[str, str]
) -> tuple[int, bytes]:
    try:
        raw = None if body is None else json.dumps(body).encode()
        connection.request(method, path, raw, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        connection.close()
        return 0, b""


def _key(number: int) -> dict[str, str]:
    return {"Idempotency-Key": f"rush-{number:032x}"}


if __name__ == "__main__":
    rush = Rush(json.load(sys.stdin))
    rush.run()
    json.dump(rush.rows, sys.stdout)
