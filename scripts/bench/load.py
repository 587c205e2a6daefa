"""Clients at the door and at the counters: threads with one kept connection each, each press timed.

Runs as a process of its own (`python -m scripts.bench.load`, a JSON plan on standard input, a JSON result on standard
output), so that its work is not counted as the server's on the same interpreter.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Press:
    """One press of a button: when it was due and sent, when its answer came, and the answer."""

    kind: str
    sent: float
    answered: float
    status: int
    version: int | None = None


class Client:
    """One connection, kept open as a kiosk or console keeps it."""

    def __init__(self, port: int, token: str | None = None) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {"Content-Type": "application/json"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"

    def press(self, kind: str, path: str, body: dict[str, Any]) -> Press:
        sent = time.monotonic()
        try:
            self._connection.request("POST", path, json.dumps(body), self._headers)
            answer = self._connection.getresponse()
            data, status = answer.read(), answer.status
        except (OSError, http.client.HTTPException):
            self._connection.close()
            data, status = b"", 0
        answered = time.monotonic()
        return Press(kind, sent, answered, status, _version(data))


def flat_out(port: int, plan: list[dict[str, Any]], seconds: float) -> list[Press]:
    """Each entry of the plan is a client that presses again as soon as it has its answer."""
    presses: list[Press] = []
    until = time.monotonic() + seconds

    def work(entry: dict[str, Any]) -> None:
        client = Client(port, entry.get("token"))
        mine = []
        while time.monotonic() < until:
            mine.append(client.press(entry["kind"], entry["path"], entry["body"]))
        presses.extend(mine)

    _together(work, plan)
    return presses


def paced(port: int, plan: list[dict[str, Any]], seconds: float) -> list[Press]:
    """Each client presses `per_s` times a second, whether or not the last answer was slow."""
    presses: list[Press] = []
    begin = time.monotonic() + 0.2
    waiting = threading.Event()

    def work(entry: dict[str, Any]) -> None:
        client = Client(port, entry.get("token"))
        step = 1 / entry["per_s"]
        due = begin + step * entry["offset"]
        while due < begin + seconds:
            waiting.wait(max(0.0, due - time.monotonic()))
            presses.append(client.press(entry["kind"], entry["path"], entry["body"]))
            due += step

    _together(work, plan)
    return presses


def at_once(port: int, plan: list[dict[str, Any]], seconds: float) -> list[Press]:
    """Every client presses once, spread over `seconds`."""
    presses: list[Press] = []
    begin = time.monotonic() + 0.2
    waiting = threading.Event()

    def work(entry: dict[str, Any]) -> None:
        client = Client(port, entry.get("token"))
        waiting.wait(max(0.0, begin + seconds * entry["offset"] - time.monotonic()))
        presses.append(client.press(entry["kind"], entry["path"], entry["body"]))

    _together(work, plan)
    return presses


def _together(work: Any, plan: list[dict[str, Any]]) -> None:
    threads = [threading.Thread(target=work, args=(entry,)) for entry in plan]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _version(data: bytes) -> int | None:
    """The version of the office's history after this press, without reading the whole answer."""
    at = data.rfind(b'"version":')
    return int(data[at + 10 :].split(b",")[0].rstrip(b"}")) if at >= 0 else None


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    how = {"flat_out": flat_out, "paced": paced, "at_once": at_once}[asked["how"]]
    made = how(asked["port"], asked["plan"], asked["seconds"])
    json.dump([[p.kind, p.sent, p.answered, p.status, p.version] for p in made], sys.stdout)
