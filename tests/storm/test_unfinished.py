"""Whoever never finishes a request is hung up on in time, and holds nobody up; gunicorn's own worker is the twin."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from queue_app.front_door import HEARD_OUT_S
from tests.real_server import RealServer
from tests.storm.odd import OddServer
from tests.web.test_odd_requests import BOARD, UNFINISHED, get, say, statuses, unfinished

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
