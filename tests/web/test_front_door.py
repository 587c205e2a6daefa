"""The front door of the embedded set-up: when a request has been heard out, and what turning one away costs.

That whoever never finishes holds nobody up is seen at the real server (`test_odd_requests`, `storm/test_unfinished`).
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import sys
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config

from queue_app import server
from queue_app.front_door import LONGEST_BODY, LONGEST_HEAD, MOST_UNREAD, FrontDoor, is_whole
from queue_app.web.admission import Admission, Comer, Gate
from queue_app.web.context import KEY
from tests.web.test_admission import GENUINE, Desk, shown

HEAD = b"POST /api/v1/offices/aoba/holds HTTP/1.1\r\nHost: aoba\r\n"
STREET = b"GET /crowd/aoba HTTP/1.1\r\nHost: aoba\r\nAccept-Language: vi\r\n"
CALLS_OF_A_REFUSAL = 60
"""Measured: 45 (22 µs); 344 (151 µs) and a change of threads when the parser and the application were asked first."""


@pytest.mark.parametrize(
    ("heard", "whole"),
    [
        (b"", False),
        (b"GET / HTTP/1.1\r\nHost: aoba\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: aoba\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", True),
        (HEAD + b"Content-Length: 4\r\n\r\nabc", False),
        (HEAD + b"Content-Length: 4\r\n\r\nabcd", True),
        (HEAD + b"content-length:4\r\n\r\nabcdGET /", True),
        (HEAD + f"Content-Length: {LONGEST_BODY + 1}\r\n\r\n".encode(), None),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", False),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", None),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"x" * LONGEST_BODY, None),
        (HEAD + b"Content-Length: 4\r\nExpect: 100-continue\r\n\r\n", None),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * LONGEST_HEAD, None),
    ],
)
def test_a_request_is_given_a_thread_when_it_has_been_heard_out(heard: bytes, whole: bool | None) -> None:
    assert is_whole(bytearray(heard)) is whole


@pytest.fixture
def full() -> Admission:
    """A house whose gates are full, for the street and for whoever comes with an unknown credential."""
    made = Admission(Desk(), {each: Gate(inside=0, waiting=1) for each in (Comer.ANONYMOUS, Comer.NEWCOMER)})
    for gate in made.gates.values():
        gate._in_line = 1
    return made


def test_the_street_is_turned_away_by_its_first_lines(full: Admission) -> None:
    answer = full.turn_away(STREET)
    assert answer is not None
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    for line in (b"Retry-After: 5", b"Cache-Control: no-store", b"Connection: keep-alive"):
        assert line in head
    assert f"Content-Length: {len(body)}".encode() in head
    assert "Hiện đang rất đông" in body.decode()
    assert full.is_rushed()
    assert full.gates[Comer.ANONYMOUS].turned_away == 1


def test_programs_hear_a_document_and_a_line_that_cannot_stay_ends(full: Admission) -> None:
    answer = full.turn_away(HEAD)
    assert answer is not None
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert json.loads(body)["code"] == "busy"
    for line in (HEAD, STREET + b"Connection: close\r\n", STREET.replace(b"1.1", b"1.0", 1)):
        assert b"\r\nConnection: close\r\n" in (full.turn_away(line) or b"")
    only_head = full.turn_away(STREET.replace(b"GET", b"HEAD", 1))
    assert only_head is not None
    assert only_head.endswith(b"\r\n\r\n")


def test_a_stranger_who_opens_a_line_is_turned_away_when_there_is_no_socket_left() -> None:
    house = Admission(Desk(), {}, no_socket_is_free=lambda: True)
    opening = b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: aoba\r\n"
    answer = house.turn_away(opening)
    assert answer is not None
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert not house.is_rushed(), "bookings go on without a sum to solve"
    for shows in (b"Cookie: matazu_device_display=unseen\r\n", b"Authorization: Bearer unseen\r\n"):
        assert house.turn_away(opening + shows) is None, "a screen that nobody has seen since a restart"
    assert house.turn_away(opening.replace(b"polling", b"polling&sid=x")) is None, "a line that is open already"
    assert Admission(Desk(), {}).turn_away(opening) is None


def test_the_counters_and_whoever_finds_room_are_not_turned_away(full: Admission) -> None:
    full.has_seen(shown(GENUINE))
    for line in (b"Authorization: Bearer genuine\r\n", b"authorization:Bearer genuine\r\n"):
        assert full.turn_away(STREET + line) is None
    assert full.turn_away(STREET + b"Authorization: Bearer made up\r\n") is not None
    assert full.turn_away(b"nonsense\r\n") is None, "the parser says what is wrong with it"
    full.gates[Comer.ANONYMOUS]._in_line = 0
    assert full.turn_away(STREET) is None


def test_a_refusal_costs_a_few_calls(full: Admission) -> None:
    """Calls are counted and not time: a busy machine does not move them."""
    full.turn_away(STREET)
    calls = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        full.turn_away(STREET)
    finally:
        sys.setprofile(None)
    assert calls < CALLS_OF_A_REFUSAL, calls


class Line:
    """As much of a connection as the door asks of one that its thread has closed."""

    def __init__(self) -> None:
        self.sock, self._other = socket.socketpair()
        self.sock.close()
        self._other.close()

    def close(self) -> None:
        self.sock.close()


def test_a_line_that_its_own_thread_has_closed_is_given_up_and_nothing_breaks() -> None:
    """Sockets are closed by whoever held them; the loop hears of it when their request is over."""
    door = FrontDoor.__new__(FrontDoor)
    door.callers, door.long_bodies, door.nr_conns = {}, {}, 1
    door.poller, door.cfg = selectors.DefaultSelector(), Config()
    over: Future[bool] = Future()
    over.set_result(False)
    door.finish_request(Line(), over)
    assert (door.callers, door.nr_conns) == ({}, 0)
    door.poller.close()


class OpenLine:
    """As much of a connection as the door asks of one that it listens to."""

    def __init__(self) -> None:
        self.sock, self.other = socket.socketpair()

    def close(self) -> None:
        self.sock.close()


def test_a_line_closed_by_its_own_thread_while_it_is_listened_to_leaves_its_number_to_the_next() -> None:
    """A WebSocket's thread may close its socket after the door has begun to see it out; numbers of files come again."""
    door = FrontDoor.__new__(FrontDoor)
    door.callers, door.nr_conns, door.poller = {}, 2, selectors.DefaultSelector()
    first, second = OpenLine(), OpenLine()
    door._listen_to(first, 10.0)
    number = first.sock.fileno()
    first.sock.close()
    second.sock = socket.socket(fileno=os.dup2(second.sock.detach(), number))
    door._listen_to(second, 10.0)
    assert (list(door.callers), door.nr_conns) == ([second], 1)
    for line in (first, second):
        line.other.close()
        line.sock.close()
    door.poller.close()


@pytest.mark.parametrize(("unread", "is_answered"), [(MOST_UNREAD // 2, True), (2 * MOST_UNREAD, False)])
def test_who_asks_on_without_taking_the_earlier_answers_is_hung_up_on(unread: int, *, is_answered: bool) -> None:
    """What is asked is read to its end either way; only then it is seen what is still to be taken."""
    door = FrontDoor.__new__(FrontDoor)
    door.callers, door.long_bodies, door.nr_conns, door.poller = {}, {}, 1, selectors.DefaultSelector()
    answered: list[Any] = []
    door._give_a_thread = lambda caller: answered.append(caller.conn)  # type: ignore[method-assign]
    door.wsgi = SimpleNamespace(extensions={KEY: SimpleNamespace(turn_away=lambda _head: None)})
    line = OpenLine()
    line.sock.sendall(b"x" * unread)
    door._listen_to(line, 10.0)
    door._listen_on(door.callers[line], b"GET / HTTP/1.1\r\nHost: aoba\r\n\r\n")
    assert (answered == [line], door.nr_conns) == (is_answered, 1 if is_answered else 0)
    line.sock.close()
    line.other.close()
    door.poller.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends such lines by itself")
def test_every_line_ends_that_took_nothing_for_twenty_seconds() -> None:
    """The system sees to it; `storm/test_deaf_readers` waits for it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server._do_not_wait_for_the_deaf(SimpleNamespace(LISTENERS=[SimpleNamespace(sock=listener)]))
        with socket.create_connection(listener.getsockname()):
            line, _ = listener.accept()
            with line:
                assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 20_000
                assert line.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) >= server.WHOLE_ANSWER
