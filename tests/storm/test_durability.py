"""A sync before each "yes", seen from outside: between a request coming in and its 201 going out, the disk has answered.

`synchronous=NORMAL` is the twin: thirty times as fast, safe against kill -9, and a power cut takes acknowledged numbers.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from queue_app.store.database import prepare_engine
from tests.machines import cannot_run
from tests.storm.odd import OddServer

TICKETS = 5
_KINDS = (
    ("request", re.compile(r"POST /api/v1/offices/aoba/tickets")),
    ("answer", re.compile(r"HTTP/1\.1 201")),
    ("forced", re.compile(r"f(?:data)?sync(?:\(\d+\)| resumed>\)) += 0")),
)


class Traced(OddServer):
    """The server with its network and disk calls written down."""

    def command(self) -> list[str]:
        calls = "trace=fsync,fdatasync,recvfrom,sendto"
        return [
            "strace",
            "-f",
            "--seccomp-bpf",
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
        lines = (self.folder / "calls.txt").read_text("utf-8", "replace").splitlines()
        return [kind for line in lines for kind, shape in _KINDS if shape.search(line)]


def answers_without_a_sync(folder: Path, *odd: str) -> int:
    """Of five tickets, issued one after the other, how many were acknowledged before the disk had answered."""
    if shutil.which("strace") is None:
        cannot_run("strace is not installed")
    server = Traced(folder, odd=odd)
    server.start()
    try:
        kiosk = server.token("kiosk")
        for _ in range(TICKETS):
            assert server.post("/api/v1/offices/aoba/tickets", {"service": "moving"}, kiosk)[0] == 201
    finally:
        server.stop()
    seen = server.order_of_calls()
    begun, ended = ([n for n, kind in enumerate(seen) if kind == which] for which in ("request", "answer"))
    assert len(ended) == TICKETS, seen
    return sum("forced" not in seen[begin:end] for begin, end in zip(begun, ended, strict=True))


def test_every_acknowledged_ticket_was_forced_to_the_disk_before_its_answer(tmp_path: Path) -> None:
    assert answers_without_a_sync(tmp_path) == 0


@pytest.mark.storm
def test_the_setting_that_does_not_wait_for_the_disk_would_be_noticed(tmp_path: Path) -> None:
    assert answers_without_a_sync(tmp_path, "no waiting for the disk") > 0


def test_every_connection_of_the_pool_waits_for_the_disk(tmp_path: Path) -> None:
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
