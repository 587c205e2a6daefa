"""Readers who keep their lines alive and take nothing of what is sent: they hold nobody up, and nothing of them stays."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from tests.storm.handshakes import read_slowly
from tests.storm.odd import OddServer
from tests.storm.test_unfinished import answered
from tests.storm.town import OFFICE, Town, grown_town, say, small_town

pytestmark = [pytest.mark.storm, pytest.mark.timeout(600)]

READERS = int(os.environ.get("READERS", "100"))
MORE_THAN_THREADS = 640
SCRIPT = b"GET /static/vendor/socket.io/socket.io.esm.min.js HTTP/1.1\r\nHost: aoba\r\n\r\n"
LONGEST_S = 75.0
"""Until the buffers between are full, then 20 seconds; the twin is given as long."""


@pytest.mark.parametrize("town_of", [small_town, grown_town])
@pytest.mark.parametrize("odd", [(), ("waits for the deaf",)])
def test_who_takes_nothing_is_let_go(
    tmp_path: Path, town_of: Any, odd: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with town_of(tmp_path, counters=10, server=OddServer(tmp_path, odd=odd)) as town, asyncio.Runner() as street:
        before, began = lines_of(town), time.monotonic()
        held = street.run(deaf_readers(town.server.port))
        most, presses = lines_of(town), 0
        while lines_of(town) > before + READERS // 10 and time.monotonic() - began < LONGEST_S:
            town.issue()
            assert town.call(presses % town.counters + 1)[0] in (201, 204)
            presses += 1
        left, took = lines_of(town) - before, time.monotonic() - began
        say(capsys, f"{most - before} lines held, {left} after {took:.0f} s and {presses} presses")
        assert most >= before + READERS
        assert (left > READERS // 10) is bool(odd)
        street.run(hang_up(held))


async def deaf_readers(port: int) -> list[asyncio.StreamWriter]:
    """Nothing is read once this has returned: the loop stands still."""
    found = [await read_slowly(port, OFFICE) for _ in range(READERS)]
    return [line for line in found if line is not None]


async def hang_up(lines: list[asyncio.StreamWriter]) -> None:
    for line in lines:
        line.transport.abort()
    await asyncio.sleep(0.1)


def lines_of(town: Town) -> int:
    """Connections to the server that its end of the system still has."""
    port, established = f":{town.server.port:04X}", "01"
    told = (each.split() for each in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:])
    return sum(1 for each in told if each[1].endswith(port) and each[3] == established)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("odd", [(), ("answers on and on", "waits for the deaf")])
def test_who_asks_on_and_takes_no_answer_holds_nobody_up(tmp_path: Path, odd: tuple[str, ...]) -> None:
    """More of them than there are threads, with forty pages asked for at once. The twin answers as long as it can."""
    server = OddServer(tmp_path, odd=odd)
    server.start()
    try:
        with contextlib.ExitStack() as street:
            for _ in range(MORE_THAN_THREADS):
                line = street.enter_context(socket.socket())
                line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
                line.connect(("127.0.0.1", server.port))
                line.sendall(SCRIPT * 40)
            until, held_up = time.monotonic() + LONGEST_S, False
            while not held_up and time.monotonic() < until:
                held_up = not answered(server.port, 10)
        assert held_up is bool(odd)
    finally:
        server.kill()
