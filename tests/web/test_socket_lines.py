"""A screen that reads slowly still gets whole frames, and every screen gets them as they are."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import simple_websocket

from queue_app.web.socket_lines import WholeSends, send_plainly

SNAPSHOT = "市" * 400_000
LONG = 5_000_000
HANDSHAKE = {
    "HTTP_UPGRADE": "websocket", "HTTP_CONNECTION": "Upgrade", "HTTP_SEC_WEBSOCKET_VERSION": "13",
    "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==", "HTTP_HOST": "aoba.example",
    "REQUEST_METHOD": "GET", "PATH_INFO": "/socket.io/", "QUERY_STRING": "",
}  # fmt: skip


@contextlib.contextmanager
def screen(line_of: Any) -> Iterator[tuple[simple_websocket.Server, socket.socket]]:
    """A websocket of ours and the screen's end. A time limit makes `send` stop where the buffers are full, as gevent's
    sockets do."""
    ours, theirs = socket.socketpair()
    ours.settimeout(30)
    with ours, theirs:
        yield simple_websocket.Server({**HANDSHAKE, "gunicorn.socket": line_of(ours)}), theirs


def frames(end: socket.socket) -> list[int]:
    """The lengths of the frames that come until the line ends. Refuses what is no text frame."""
    with end.makefile("rb") as read:
        while read.readline() != b"\r\n":
            pass
        found = []
        while head := read.read(2):
            assert head == b"\x81\x7f", f"no beginning of a frame: {head!r}"
            length = int.from_bytes(read.read(8))
            assert len(read.read(length)) == length
            found.append(length)
        return found


def say(ours: simple_websocket.Server) -> None:
    ours.send(SNAPSHOT)
    ours.send(SNAPSHOT)
    ours.sock.shutdown(socket.SHUT_WR)


def read_after(line_of: Any) -> list[int]:
    with screen(line_of) as (ours, theirs):
        speaker = threading.Thread(target=say, args=(ours,))
        speaker.start()
        try:
            return frames(theirs)
        finally:
            speaker.join()


def test_every_frame_arrives_whole_however_slowly_it_is_read() -> None:
    assert read_after(WholeSends) == [len(SNAPSHOT.encode())] * 2


def test_without_it_the_second_frame_begins_in_the_middle_of_the_first() -> None:
    with pytest.raises(AssertionError):
        read_after(lambda line: line)


class NoTurns(WholeSends):
    """The twin: whole, but not one after the other."""

    def send(self, data: bytes) -> int:
        self._line.sendall(data)
        return len(data)


@pytest.mark.parametrize(("line_of", "stays_apart"), [(WholeSends, True), (NoTurns, False)])
def test_two_who_speak_at_once_do_not_cut_into_each_other(line_of: Any, *, stays_apart: bool) -> None:
    with screen(line_of) as (ours, theirs):
        speakers = [threading.Thread(target=ours.sock.send, args=(kind * LONG,)) for kind in (b"a", b"b")]
        for speaker in speakers:
            speaker.start()
        with theirs.makefile("rb") as read:
            while read.readline() != b"\r\n":
                pass
            halves = [set(read.read(LONG)) for _ in speakers]
        for speaker in speakers:
            speaker.join()
    assert all(len(half) == 1 for half in halves) is stays_apart


class Engine:
    """Answers a handshake as engine.io does: a websocket made of what the request says."""

    def handle_request(self, environ: dict[str, Any], _start: Any) -> simple_websocket.Server:
        return simple_websocket.Server(environ)


@pytest.mark.parametrize(("prepare", "is_compressed"), [(send_plainly, False), (lambda _engine: None, True)])
def test_a_browsers_offer_to_compress_is_not_taken_up(prepare: Any, *, is_compressed: bool) -> None:
    engine = Engine()
    prepare(engine)
    with line() as (ours, theirs):
        offer = {"HTTP_SEC_WEBSOCKET_EXTENSIONS": "permessage-deflate; client_max_window_bits"}
        engine.handle_request({**HANDSHAKE, **offer, "gunicorn.socket": ours}, None)
        assert (b"permessage-deflate" in theirs.recv(4096)) is is_compressed


@contextlib.contextmanager
def line() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        theirs = socket.create_connection(server.getsockname())
        ours, _ = server.accept()
        with ours, theirs:
            yield ours, theirs
