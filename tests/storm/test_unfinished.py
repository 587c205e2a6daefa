"""Whoever never finishes a request is hung up on in time, and holds nobody up; gunicorn's own worker is the twin."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from queue_app.front_door import HEARD_OUT_S
from tests.real_server import RealServer
from tests.storm.odd import OddServer
from tests.web.odd_shapes import BOARD, UNFINISHED, get
from tests.web.test_odd_requests import say, statuses, unfinished

pytestmark = [pytest.mark.storm, pytest.mark.timeout(600), pytest.mark.filterwarnings("default")]


def answered(port: int, limit_s: float) -> bool:
    """Whether somebody who does finish is answered."""
    with socket.create_connection(("127.0.0.1", port), timeout=limit_s) as line:
        try:
            line.sendall(get(BOARD))
            return line.recv(12) == b"HTTP/1.1 200"
        except OSError:
            return False


def test_a_server_that_gives_everybody_a_thread_is_held_up(tmp_path: Path) -> None:
    server = OddServer(tmp_path, odd=("a thread for everybody",))
    server.start()
    try:
        assert answered(server.port, 10)
        with unfinished(server.port, 620 * len(UNFINISHED) // (len(UNFINISHED) - 1)):
            assert not answered(server.port, 4)
    finally:
        server.kill()


def test_each_of_them_is_hung_up_on_in_time(tmp_path: Path) -> None:
    server = RealServer(tmp_path)
    server.start()
    try:
        for words in (UNFINISHED[0], UNFINISHED[1], UNFINISHED[2], b"GE", b""):
            began = time.monotonic()
            heard = say(server, words, more=True) if words else _silence(server)
            assert time.monotonic() - began < HEARD_OUT_S + 5
            assert statuses(heard) == ([408] if words else [])
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
            for byte in get(BOARD):  # a byte a second would take minutes
                try:
                    line.sendall(bytes([byte]))
                except OSError:
                    break
                line.settimeout(0.5)
                try:
                    if line.recv(1):
                        break
                except TimeoutError:
                    continue
            else:
                pytest.fail("a request of a byte each half second was heard to its end")
    finally:
        server.kill()


def _silence(server: RealServer) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=HEARD_OUT_S + 5) as line:
        return line.recv(1)


@contextlib.contextmanager
def nameless_sockets(port: int, count: int) -> Iterator[list[bytes]]:
    """So many WebSockets that answer every ping and never say who they are; the first lines of the answers."""
    lines, heads = [], []
    stop = threading.Event()

    def hold() -> None:
        with contextlib.suppress(OSError, TimeoutError), socket.create_connection(("127.0.0.1", port), 60) as line:
            line.sendall(WEBSOCKET.replace(b"PORT", str(port).encode()))
            heads.append(line.recv(4_096).partition(b"\r\n")[0])
            line.settimeout(0.5)
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    if not (said := line.recv(4_096)):
                        return
                    if said.endswith(b"2"):
                        line.sendall(b"\x81\x81\0\0\0\x003")

    for _ in range(count):
        lines.append(threading.Thread(target=hold))
        lines[-1].start()
    try:
        while len(heads) < min(count, 600):
            lines[0].join(0.1)
        yield heads
    finally:
        stop.set()
        for each in lines:
            each.join()


WEBSOCKET = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@pytest.mark.parametrize(("odd", "held_up"), [((), False), (("sockets without end",), True)])
def test_sockets_that_never_say_who_they_are_hold_nobody_up(
    tmp_path: Path, odd: tuple[str, ...], held_up: bool
) -> None:
    """Each would hold a thread; there are six hundred. The twin counts them only once they have a name."""
    server = OddServer(tmp_path, odd=odd)
    server.start()
    try:
        with nameless_sockets(server.port, 640) as heads:
            assert answered(server.port, 10) is not held_up
            assert any(b"401" in head for head in heads) is not held_up
    finally:
        server.kill()
