"""The worker of the embedded set-up: hears every request out before a thread is given to it.

gunicorn's own threaded worker gives a thread to whoever connects. Six hundred callers who never finish their sentence
would hold all of them, and each request of a rush would wake a thread only to be turned away. Here one loop listens to
all who have not said everything yet, with a limit of time; it turns people away by itself when their gate is full
(`web.admission`), and hands only whole requests to threads. When every connection is taken, whoever has been silent
longest makes room. Bodies that are too long to wait for are read by their thread, under a limit of time as well.
Whoever asks on without having taken the earlier answers has to call again, so that no thread waits for that.

Leaves reading HTTP to gunicorn's parser: what is looked for here is only where a request ends.
Source: RFC 9112; docs/decisions/0020-front-door.md.
"""

from __future__ import annotations

import re
import selectors
import socket
import sys
import termios
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from fcntl import ioctl
from functools import partial
from time import monotonic
from typing import Any, Final

from gunicorn.workers.gthread import TConn, ThreadWorker

HEARD_OUT_S: Final = 10.0
"""How long somebody may take from the first sign of a request to its end."""
LONG_BODY_S: Final = 60.0
"""The same for what a thread has to read: uploads, and bodies that do not say how long they are."""
SEEN_OUT_S: Final = 2.0
MOST_LONG_BODIES: Final = 50
"""Threads that may be reading at a time; the one that has read longest gives way."""
LONGEST_HEAD: Final = 16 * 1024
LONGEST_BODY: Final = 64 * 1024
"""Longer ones are read by a thread, which refuses most of them (`app.LARGEST_BODY`)."""
MOST_UNREAD: Final = 64 * 1024
"""Bytes of earlier answers with which somebody may ask for more. Nobody's thread waits until they are taken."""
ACCEPTED_AT_ONCE: Final = 64
LOOK_EVERY_S: Final = 0.25
TOO_SLOW: Final = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_END: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,9})[ \t]*\r\n", re.IGNORECASE)
_IN_PIECES: Final = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_ASKS_FIRST: Final = re.compile(rb"\r\nexpect:", re.IGNORECASE)


@dataclass(eq=False)
class Caller:
    """One connection while nobody works for it: what was heard so far, and until when there is time."""

    conn: Any
    until: float
    heard: bytearray = field(default_factory=bytearray)
    is_leaving: bool = False
    """Has had the last answer; whatever still comes is thrown away, so that the answer is not torn."""


def is_whole(heard: bytearray) -> bool | None:
    """Whether a request was heard to its end, well-formed or not; None when only its reader can tell."""
    end = heard.find(_END)
    if end < 0:
        return None if len(heard) > LONGEST_HEAD else False
    head = bytes(heard[: end + 2])
    if _ASKS_FIRST.search(head):
        return None
    if _IN_PIECES.search(head):
        return None if heard.endswith(b"0\r\n\r\n") or len(heard) > LONGEST_BODY else False
    length = _LENGTH.search(head)
    if length is None:
        return True
    if int(length[1]) > LONGEST_BODY:
        return None
    return len(heard) >= end + len(_END) + int(length[1])


def unread(sock: socket.socket) -> int:
    """Bytes that were sent and not taken yet; 0 where the system does not say."""
    if sys.platform != "linux":
        return 0
    return int.from_bytes(ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4)), sys.byteorder)


class FrontDoor(ThreadWorker):  # type: ignore[misc]
    """Everything here but `handle`, which threads run, happens in the one loop of the worker."""

    def __init__(self, *args: Any, **facts: Any) -> None:
        super().__init__(*args, **facts)
        self.callers: dict[Any, Caller] = {}
        """By connection, whoever has been silent longest first."""
        self.long_bodies: dict[Any, float] = {}
        self._looked_at = 0.0

    @property
    def turn_away(self) -> Callable[[bytes], bytes | None]:
        """The gates' answer to the head of a request; None for whoever may come in."""
        from queue_app.web.context import KEY  # the parent of the workers stays without the application

        found: Callable[[bytes], bytes | None] = self.wsgi.extensions[KEY].turn_away
        return found

    def accept(self, listener: Any) -> None:
        """All who knock, a few dozen at a time: clerks stand in the same line as the street."""
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                sock, address = listener.accept()
            except OSError:
                return
            self.nr_conns += 1
            self._listen_to(TConn(self.cfg, sock, address, listener.getsockname()), HEARD_OUT_S)
            if self.nr_conns >= self.worker_connections:
                self._make_room()

    def _listen_to(self, conn: Any, for_s: float, heard: bytes = b"") -> None:
        conn.sock.setblocking(False)
        self._clear(conn.sock.fileno())
        caller = self.callers[conn] = Caller(conn, monotonic() + for_s, bytearray(heard))
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._hear, caller))

    def _clear(self, number: int) -> None:
        """A socket that its own thread (a WebSocket's) closed while it was seen out has left its number to this one."""
        known = self.poller.get_map().get(number)
        if known is not None:
            self.poller.unregister(number)
            self.callers.pop(known.data.args[0].conn, None)
            self.nr_conns -= 1

    def _hear(self, caller: Caller, sock: socket.socket) -> None:
        try:
            self._hear_piece(caller, sock)
        except Exception:  # noqa: BLE001 - one connection is never the end of the loop, which serves all of them
            self._give_up(caller)

    def _hear_piece(self, caller: Caller, sock: socket.socket) -> None:
        try:
            piece = sock.recv(LONGEST_BODY)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if piece and not caller.is_leaving:
            self._listen_on(caller, piece)
        elif not piece and caller.heard and not caller.is_leaving:
            self._give_a_thread(caller)  # it reads half a request, and then the end
        elif not piece:
            self._hang_up(caller)

    def _listen_on(self, caller: Caller, piece: bytes) -> None:
        if not caller.heard:
            caller.until = monotonic() + HEARD_OUT_S
        caller.heard += piece
        self._consider(caller)

    def _consider(self, caller: Caller) -> None:
        whole = is_whole(caller.heard)
        if whole is not False and unread(caller.conn.sock) > MOST_UNREAD:
            self._hang_up(caller)
        elif whole is None:
            self.long_bodies[caller.conn] = monotonic() + LONG_BODY_S
            self._give_a_thread(caller)
            if len(self.long_bodies) > MOST_LONG_BODIES:
                self._stop_reading(next(iter(self.long_bodies)))
        elif whole:
            head = bytes(caller.heard[: caller.heard.find(_END) + 2])
            answer = self.turn_away(head)
            if answer is None:
                self._give_a_thread(caller)
            else:
                self._turn_away(caller, answer, length=len(head) + 2)

    def _turn_away(self, caller: Caller, answer: bytes, *, length: int) -> None:
        """Said from here. Who said more than this request, or asked for the end, has to call again."""
        try:
            said = caller.conn.sock.send(answer)
        except OSError:
            said = 0
        if said != len(answer):
            self._hang_up(caller)
        elif len(caller.heard) != length or b"\r\nConnection: close\r\n" in answer:
            self._see_out(caller)
        else:
            caller.heard.clear()
            caller.until = monotonic() + self.cfg.keepalive

    def _give_a_thread(self, caller: Caller) -> None:
        conn = caller.conn
        self._let_go(caller)
        conn.init()
        conn.parser.unreader.unread(bytes(caller.heard))
        conn.data_ready = True
        self.enqueue_req(conn)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Answered: the line stays open for the next request, of which a part may have come already."""
        self.long_bodies.pop(conn, None)
        stays = False
        with suppress(Exception):
            stays = bool(not fs.cancelled() and fs.result())
        try:
            self._go_on(conn, stays=stays)
        except (OSError, ValueError):  # a socket's own thread has closed it
            self._hang_up(self.callers.get(conn) or Caller(conn, 0.0))
        except Exception:  # noqa: BLE001 - see above
            self._give_up(self.callers.get(conn) or Caller(conn, 0.0))

    def _go_on(self, conn: Any, *, stays: bool) -> None:
        rest = conn.parser.unreader.take_buffered() if stays else b""
        self._listen_to(conn, HEARD_OUT_S if rest else self.cfg.keepalive, rest)
        if not stays or len(self.callers) > self.max_keepalived:
            self._see_out(self.callers[conn])
        elif rest:
            self._consider(self.callers[conn])

    def _give_up(self, caller: Caller) -> None:
        """Say what went wrong and hang up; called where it was caught."""
        self.log.error("a connection was given up: %s", type(sys.exc_info()[1]).__name__)
        self._hang_up(caller)

    def murder_keepalived(self, force: bool = False) -> None:  # noqa: FBT001, FBT002 - gunicorn's own call
        """Nobody is listened to for longer than their time."""
        now = monotonic()
        if not force and now - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = now
        for caller in [each for each in self.callers.values() if force or now >= each.until]:
            if caller.heard and not caller.is_leaving:
                with suppress(OSError):
                    caller.conn.sock.send(TOO_SLOW)
            self._hang_up(caller)
        for conn in [conn for conn, until in self.long_bodies.items() if now >= until]:
            self._stop_reading(conn)

    def _stop_reading(self, conn: Any) -> None:
        """Its thread reads the end, and is free."""
        del self.long_bodies[conn]
        with suppress(OSError):
            conn.sock.shutdown(socket.SHUT_RD)

    def _cap_keepalive(self, deadline: float) -> None:
        for caller in self.callers.values():
            caller.until = min(caller.until, deadline)

    def _make_room(self) -> None:
        """Whoever has been silent longest hangs up; those who are being served stay."""
        silent = next(iter(self.callers.values()), None)
        if silent is not None:
            self._hang_up(silent)

    def _see_out(self, caller: Caller) -> None:
        """The end is said, and the other side has a moment to hear it (RFC 9112, 9.6). gunicorn waits for that here."""
        caller.is_leaving, caller.until = True, monotonic() + SEEN_OUT_S
        try:
            caller.conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._hang_up(caller)

    def _hang_up(self, caller: Caller) -> None:
        self._let_go(caller)
        self.nr_conns -= 1
        caller.conn.close()

    def _let_go(self, caller: Caller) -> None:
        self.callers.pop(caller.conn, None)
        with suppress(OSError, KeyError, ValueError):
            self.poller.unregister(caller.conn.sock)
