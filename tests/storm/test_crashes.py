"""Killed without a word while people press: what was acknowledged is there afterwards, and the file is whole.

`make storm` runs these on the real server and prints the figures; the number of rounds is ROUNDS in the environment.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import re
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.machines import cannot_run
from tests.races.arena import hall
from tests.real_server import RealServer

ROUNDS = int(os.environ.get("ROUNDS", "40"))
WRITERS = 12
CLERKS = 4


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RealServer]:
    made = RealServer(tmp_path)
    made.start()
    (tmp_path / "hall.yaml").write_text(hall(CLERKS).replace("code: aoba", "code: storm"))
    made.command_line("office", "load", str(tmp_path / "hall.yaml"))
    yield made
    made.kill()


@pytest.mark.storm
@pytest.mark.timeout(3600)
def test_what_was_acknowledged_survives_a_kill_of_everything(
    server: RealServer, capsys: pytest.CaptureFixture[str]
) -> None:
    kiosk, clerk = (server.token(role, office="storm") for role in ("kiosk", "clerk"))
    for counter in range(1, CLERKS + 1):
        assert server.post(f"/api/v1/offices/storm/counters/{counter}/open", token=clerk)[0] == 200
    acknowledged = Acknowledged()
    ready: list[float] = []
    dice = random.Random(6)
    for _ in range(ROUNDS):
        crash_while_people_press(server, acknowledged, kiosk, clerk, after_s=dice.uniform(0.1, 1.5))
        assert whole(server.folder / "matazu.db") == "ok"
        server.start()
        ready.append(server.ready_s)
    lost = acknowledged.missing_in(server.folder / "matazu.db")
    with capsys.disabled():
        print(  # noqa: T201 - the figures are what the run is for
            f"\n{ROUNDS} kills, {len(acknowledged.tickets)} tickets and {len(acknowledged.calls)} calls acknowledged, "
            f"{len(lost)} lost; ready again after {max(ready):.1f} s at most"
        )
    assert lost == []
    assert acknowledged.tickets, "nobody got through; the test has seen nothing"
    assert acknowledged.calls


class Acknowledged:
    """What people hold in their hands: numbers printed, calls announced."""

    def __init__(self) -> None:
        self.tickets: list[str] = []
        self.calls: list[int] = []

    def missing_in(self, file: Path) -> list[Any]:
        with sqlite3.connect(file) as connection:
            numbers = {number for (number,) in connection.execute("SELECT number_text FROM ticket")}
            calls = {number for (number,) in connection.execute("SELECT id FROM call")}
        connection.close()
        twice = [number for number in self.tickets if self.tickets.count(number) > 1]
        return [n for n in self.tickets if n not in numbers] + [c for c in self.calls if c not in calls] + twice


def crash_while_people_press(
    server: RealServer, acknowledged: Acknowledged, kiosk: str, clerk: str, *, after_s: float
) -> None:
    over = threading.Event()

    def press_on(path: str, body: dict[str, Any], token: str, note: Callable[[Any], None]) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):  # the server died in the middle of an answer
            while not over.is_set():
                status, answer = server.post(f"/api/v1/offices/storm{path}", body, token)
                if status == 201:
                    note(answer)

    door = ("/tickets", {"service": "moving"}, kiosk, lambda ticket: acknowledged.tickets.append(ticket["number"]))
    people = [threading.Thread(target=press_on, args=door) for _ in range(WRITERS)]
    for code in range(1, CLERKS + 1):
        at = (
            f"/counters/{code}/calls",
            {"finish": True},
            clerk,
            lambda call: acknowledged.calls.append(call["call_id"]),
        )
        people.append(threading.Thread(target=press_on, args=at))
    for person in people:
        person.start()
    over.wait(after_s)
    server.kill()
    over.set()
    for person in people:
        person.join()


def whole(file: Path) -> str:
    connection = sqlite3.connect(file)
    try:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        connection.close()


def test_every_acknowledged_ticket_was_forced_to_the_disk_before_its_answer(tmp_path: Path) -> None:
    """Seen from outside: between a request's bytes coming in and its 201 going out, the system call has returned."""
    if shutil.which("strace") is None:
        cannot_run("strace is not installed")
    server = Traced(tmp_path)
    server.start()
    try:
        kiosk = server.token("kiosk")
        for _ in range(5):
            assert server.post("/api/v1/offices/aoba/tickets", {"service": "moving"}, kiosk)[0] == 201
    finally:
        server.stop()
    seen = server.order_of_calls()
    assert seen.count("answer") == 5
    for begin, end in zip(places(seen, "request"), places(seen, "answer"), strict=True):
        assert "forced" in seen[begin:end], seen


class Traced(RealServer):
    """The real server with its network and disk calls written down."""

    def command(self) -> list[str]:
        calls = "trace=fsync,fdatasync,recvfrom,sendto"
        return [
            "strace",
            "-f",
            "-tt",
            "-s",
            "64",
            "-e",
            calls,
            "-o",
            str(self.folder / "calls.txt"),
            *super().command(),
        ]

    def order_of_calls(self) -> list[str]:
        """What happened, in order, as far as it matters: request, forced, answer."""
        kinds = (
            ("request", re.compile(r"POST /api/v1/offices/aoba/tickets")),
            ("answer", re.compile(r"HTTP/1\.1 201")),
            ("forced", re.compile(r"f(?:data)?sync(?:\(\d+\)| resumed>\)) += 0")),
        )
        lines = (self.folder / "calls.txt").read_text("utf-8", "replace").splitlines()
        return [kind for line in lines for kind, shape in kinds if shape.search(line)]


def places(seen: list[str], kind: str) -> list[int]:
    return [place for place, found in enumerate(seen) if found == kind]


def test_every_connection_of_the_pool_waits_for_the_disk(tmp_path: Path) -> None:
    from sqlalchemy import create_engine, text

    from queue_app.store.database import prepare_engine

    engine = create_engine(f"sqlite:///{tmp_path / 'm.db'}", pool_size=3)
    prepare_engine(engine)
    held = [engine.connect() for _ in range(3)]
    try:
        asked = [
            [one.execute(text(f"PRAGMA {what}")).scalar() for what in ("synchronous", "journal_mode")] for one in held
        ]
        assert asked == [[2, "wal"]] * 3
    finally:
        for one in held:
            one.close()
        engine.dispose()
