"""Who is let in when everybody comes at once: the counters first, holders of a number next, the street last.

Decides how many requests of each class may be worked on at a time and how many may wait for a place. Beyond that the
answer is 503 with Retry-After within a second, given before the application is asked anything, so that a refusal costs
next to nothing. Staff, kiosks and displays pass without a gate once their session or token has been seen to be genuine
in this process; one that was not goes through a gate of its own, so that made-up credentials gain nothing. While a
counter is being served nobody else begins, for a moment at most: one interpreter does one thing at a time.

Leaves what is said to whoever is turned away to `turned_away`, limits of an address to `limits`, sockets to `sockets`.
Source: docs/decisions/0012-admission.md; OWASP API 2023, 4.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from time import monotonic
from typing import Any, Final

from flask import Flask, Response, g, request
from werkzeug.http import parse_cookie
from werkzeug.wsgi import ClosingIterator

from queue_app.web.auth import DEVICE_COOKIE, SESSION_COOKIE
from queue_app.web.context import KEY
from queue_app.web.turned_away import answer_full, full_message, language_of, place_of

_SAID: Final = re.compile(rb"(?mi)^(authorization|cookie|accept-language):([^\r\n]*)")
_NAMES: Final = {b"authorization": "AUTHORIZATION", b"cookie": "COOKIE", b"accept-language": "ACCEPT_LANGUAGE"}
_ENDS: Final = re.compile(rb"(?mi)^connection:[^\r\n]*close")
Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

PATIENCE_S: Final = 0.8
"""How long a request waits for a place before it hears no: the answer has to come within a second."""
STANDS_ASIDE_S: Final = 0.05
"""How long somebody who was let in waits for the counters: if these never paused, sixty a second would get past."""
RUSH_S: Final = 60.0
"""For so long after somebody was turned away a booking asks for proof (`proof`)."""
MOST_REMEMBERED: Final = 5_000
HELD: Final = ("/t/", "/r/", "/api/v1/tickets/", "/api/v1/reservations/")
"""Addresses that hold a capability: the number or booking of one person."""
PROBES: Final = ("/healthz", "/readyz", "/metrics")
SOCKETS: Final = "/socket.io/"
"""Stays open for hours, so it takes no place here; how many there may be is said in `socket_places`."""


class Comer(StrEnum):
    """A class of requests, by what can be seen without asking the database."""

    HOUSE = "house"
    PROBE = "probe"
    NEWCOMER = "newcomer"
    RESIDENT = "resident"
    ANONYMOUS = "anonymous"


@dataclass
class Gate:
    """So many inside at a time, so many waiting for a place. Counts whom it turned away."""

    inside: int
    waiting: int
    patience_s: float = PATIENCE_S
    turned_away: int = 0
    _places: threading.Semaphore = field(init=False)
    _in_line: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._places = threading.Semaphore(self.inside)

    def enter(self) -> bool:
        """True with a place taken, which `leave` gives back; False when there is none to be had in time."""
        if self._places.acquire(blocking=False):
            return True
        with self._lock:
            if self._in_line >= self.waiting:
                self.turned_away += 1
                return False
            self._in_line += 1
        got_in = self._places.acquire(timeout=self.patience_s)
        with self._lock:
            self._in_line -= 1
            self.turned_away += not got_in
        return got_in

    def leave(self) -> None:
        self._places.release()

    def is_full(self) -> bool:
        """Whether `enter` would say no at once."""
        return self.waiting > 0 and self._in_line >= self.waiting


class Counters:
    """Who of the house is being served, so that the street can stand aside meanwhile."""

    def __init__(self) -> None:
        self._at_work = 0
        self._none_left = threading.Condition()

    def come(self) -> None:
        with self._none_left:
            self._at_work += 1

    def go(self) -> None:
        with self._none_left:
            self._at_work -= 1
            if not self._at_work:
                self._none_left.notify_all()

    def stand_aside(self) -> None:
        """Until no counter is at work, or the moment is over."""
        if self._at_work:
            with self._none_left:
                self._none_left.wait_for(lambda: not self._at_work, STANDS_ASIDE_S)


def usual_gates() -> dict[Comer, Gate]:
    """A few at a time are as fast as many on one interpreter, and leave the others to the counters."""
    return {
        Comer.PROBE: Gate(inside=1, waiting=8),
        Comer.NEWCOMER: Gate(inside=3, waiting=32),
        Comer.RESIDENT: Gate(inside=3, waiting=64),
        Comer.ANONYMOUS: Gate(inside=3, waiting=64),
    }


class Admission:
    """The outermost layer of the application."""

    def __init__(
        self,
        inner: WsgiApp,
        gates: dict[Comer, Gate] | None = None,
        *,
        no_socket_is_free: Callable[[], bool] = lambda: False,
    ) -> None:
        self.inner, self.gates = inner, usual_gates() if gates is None else gates
        self._no_socket_is_free = no_socket_is_free
        self._counters = Counters()
        self._genuine: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()
        self._full_at = float("-inf")

    def is_rushed(self) -> bool:
        """Whether somebody was turned away within the last minute."""
        return monotonic() - self._full_at < RUSH_S

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(SOCKETS):
            return self.inner(environ, start_response)
        gate = self.gates.get(self.comer(environ))
        if gate is None:
            self._counters.come()
            return self._serve(environ, start_response, self._counters.go)
        if not gate.enter():
            self._full_at = monotonic()
            return answer_full(environ, start_response)
        self._counters.stand_aside()
        return self._serve(environ, start_response, gate.leave)

    def _serve(self, environ: Environ, start_response: StartResponse, leave: Callable[[], None]) -> Iterable[bytes]:
        try:
            return ClosingIterator(self.inner(environ, start_response), [leave])
        except BaseException:
            leave()
            raise

    def turn_away(self, head: bytes) -> bytes | None:
        """The whole answer for somebody who finds the gate full, from the head of the request; None for all others.

        For a server that asks before it gives a thread to a request (`front_door`). Bytes, made once per language.
        """
        line, _, rest = head.partition(b"\r\n")
        words = line.split(b" ")
        if len(words) != 3:
            return None
        path, _, query = words[1].partition(b"?")
        environ = {"PATH_INFO": path.decode("latin-1"), "QUERY_STRING": query.decode("latin-1"), **_shown_in(rest)}
        if not (self._finds_no_socket(environ) or self._finds_its_gate_full(environ)):
            return None
        stays = words[0] == b"GET" and words[2] == b"HTTP/1.1" and not _ENDS.search(rest)
        message = full_message(place_of(environ), language_of(environ), "keep-alive" if stays else "close")
        return message.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if words[0] == b"HEAD" else message

    def _finds_no_socket(self, environ: Environ) -> bool:
        """A stranger who wants to open a line: what engine.io would refuse as well, at a hundred times the price.

        Whoever shows a credential is not judged here: a display that has not been seen since a restart always gets in.
        """
        is_new = environ["PATH_INFO"].startswith(SOCKETS) and "sid=" not in environ["QUERY_STRING"]
        return is_new and shown_credential(environ) is None and self._no_socket_is_free()

    def _finds_its_gate_full(self, environ: Environ) -> bool:
        gate = self.gates.get(self.comer(environ))
        if gate is None or not gate.is_full():
            return False
        gate.turned_away += 1
        self._full_at = monotonic()
        return True

    def comer(self, environ: Environ) -> Comer:
        """Which class a request belongs to."""
        path, shown = environ["PATH_INFO"], shown_credential(environ)
        if path.startswith(SOCKETS) or shown in self._genuine:
            return Comer.HOUSE
        if path in PROBES:
            return Comer.PROBE
        if shown is not None:
            return Comer.NEWCOMER
        return Comer.RESIDENT if path.startswith(HELD) else Comer.ANONYMOUS

    def has_seen(self, shown: str) -> None:
        """This credential was genuine just now."""
        with self._lock:
            self._genuine[shown] = None
            self._genuine.move_to_end(shown)
            while len(self._genuine) > MOST_REMEMBERED:
                self._genuine.popitem(last=False)

    def no_longer(self, shown: str) -> None:
        """It has ended: whoever shows it comes as a newcomer again."""
        with self._lock:
            self._genuine.pop(shown, None)


def register(app: Flask) -> None:
    """Wrap the application, and learn from its answers whose credentials are genuine.

    Not where the limits of the public side are switched off (`RATE_LIMIT_PUBLIC=off`): something else stands in front.
    """
    if app.extensions[KEY].settings.rate_limit_public == "off":
        return
    admission = Admission(app.wsgi_app, no_socket_is_free=app.extensions[KEY].sockets.places.is_full)
    app.wsgi_app = admission  # type: ignore[method-assign]
    app.extensions[KEY].turn_away = admission.turn_away
    app.extensions[KEY].is_rushed = admission.is_rushed

    @app.after_request
    def learn(response: Response) -> Response:
        shown = shown_credential(request.environ)
        if shown is not None and "identity" in g:
            (admission.no_longer if g.identity.role is None else admission.has_seen)(shown)
        return response


def shown_credential(environ: Environ) -> str | None:
    """A digest of the bearer token, session or device that a request shows, or None. Genuine or not."""
    token = environ.get("HTTP_AUTHORIZATION")
    if token:
        return hashlib.sha256(token.encode("latin-1", "replace")).hexdigest()
    cookies = environ.get("HTTP_COOKIE", "")
    if SESSION_COOKIE not in cookies and DEVICE_COOKIE not in cookies:
        return None
    held = parse_cookie(environ).items()
    shown = sorted(f"{name}={value}" for name, value in held if SESSION_COOKIE in name or DEVICE_COOKIE in name)
    return hashlib.sha256("|".join(shown).encode("utf-8", "surrogatepass")).hexdigest() if shown else None


def _shown_in(head: bytes) -> dict[str, str]:
    """What a request says of itself in the three headers that are looked at here."""
    return {f"HTTP_{_NAMES[name.lower()]}": value.strip().decode("latin-1") for name, value in _SAID.findall(head)}
