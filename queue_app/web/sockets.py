"""Live updates: `watch` joins a room the server chose, after checking who may; then whole snapshots come.

Rooms are never named by the client. Access is checked at the join and again every two seconds; what ended is closed.
Leaves when to send to `services.relay`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, request

from queue_app.domain.access import RESIDENT, Identity, Right, check_counter, check_office, check_right
from queue_app.domain.errors import NotFound, Refusal
from queue_app.services import access, bearers, offices, staff_sessions
from queue_app.services.hall import read_hall
from queue_app.services.ports import Ports
from queue_app.services.relay import Room, snapshots
from queue_app.services.tickets import check_is_of_today, ticket_by_token
from queue_app.store.database import reading
from queue_app.web.admission import shown_credential
from queue_app.web.auth import identity_of_device, session_cookie
from queue_app.web.context import house
from queue_app.web.socket_lines import send_plainly
from queue_app.web.socket_places import MOST, MOST_THREADED, SocketPlaces
from queue_app.web.socketio_server import ConnectionRefusedError, SocketIO, disconnect, join_room
from queue_app.web.wire import Wire

MOST_ROOMS = 12
CHECK_S = 2.0
MOST_EVENTS, PER_S = 60, 10.0
"""A console sends a dozen wishes when it opens and none later. Whoever sends more than this is no screen of ours."""


@dataclass
class _Watcher:
    identity: Identity
    rooms: set[str] = field(default_factory=set)
    events: int = 0
    counted_from: float = 0.0

    def may_speak(self, now_s: float) -> bool:
        """Counts one event; False from the first that is too many for its span of `PER_S` seconds."""
        if now_s - self.counted_from >= PER_S:
            self.events, self.counted_from = 0, now_s
        self.events += 1
        return self.events <= MOST_EVENTS


class Sockets:
    """The Socket.IO server of one process, and the `Publisher` of its relay."""

    def __init__(self) -> None:
        self.io = SocketIO()
        self._watchers: dict[str, _Watcher] = {}
        self._lock = threading.Lock()
        self._checked_at = 0.0

    def bind(self, app: Flask, *, async_mode: str, origins: list[str] | None, websocket_only: bool) -> None:
        """Attach to the application. Without sticky balancing several workers can only speak websocket."""
        transports = {"transports": ["websocket"]} if websocket_only else {}
        self.io.init_app(
            app,
            async_mode=async_mode,
            cors_allowed_origins=origins,
            json=Wire,
            manage_session=False,
            max_http_buffer_size=20_000,
            ping_interval=10,
            ping_timeout=10,
            **transports,
        )
        engine = self.io.server.eio
        _never_wait_for_a_goodbye(engine)
        send_plainly(engine)
        most = MOST_THREADED if async_mode == "threading" else MOST
        self.places = SocketPlaces(engine, most, lambda environ: _is_of_the_house(app, environ))
        self.io.on_event("connect", self._connect)
        self.io.on_event("disconnect", self._disconnect)
        self.io.on_event("watch", self._watch)
        self.io.on_event("*", self._other)

    def publish(self, room: str, event: str, snapshot: dict[str, object]) -> None:
        self.io.emit(event, snapshot, to=room, namespace="/")

    def watched(self, office_id: int) -> frozenset[str]:
        with self._lock:
            rooms = {room for watcher in self._watchers.values() for room in watcher.rooms}
        return frozenset(room for room in rooms if Room.parse(room).office_id == office_id)

    def count(self) -> int:
        """Live sockets of this process."""
        return len(self._watchers)

    def close_ended(self, ports: Ports) -> Callable[[], None]:
        """A chore for the relay: close the sockets whose session, token or role has ended."""

        def chore() -> None:
            now = ports.clock()
            if 0 <= now.timestamp() - self._checked_at < CHECK_S:  # a clock that was put back must not stop it
                return
            self._checked_at = now.timestamp()
            with self._lock:
                bound = {sid: w.identity for sid, w in self._watchers.items() if w.identity.role is not None}
            if not bound:
                return
            with reading() as session:
                held = access.still_valid(session, bound.values(), now)
            for sid, identity in bound.items():
                if identity not in held:
                    self.io.server.disconnect(sid, namespace="/")

        return chore

    def _connect(self, auth: object = None) -> None:
        who = _identify(auth)
        with self._lock:
            self._watchers[_sid()] = _Watcher(who)

    def _disconnect(self, *_reason: object) -> None:
        with self._lock:
            self._watchers.pop(_sid(), None)

    def _watch(self, wish: object = None, *_more: object) -> dict[str, Any]:
        watcher = self._watchers.get(_sid())
        if watcher is None or not watcher.may_speak(_now_s()):
            disconnect()
            return {"ok": False, "code": "unauthenticated" if watcher is None else "too_many_tries"}
        if len(watcher.rooms) >= MOST_ROOMS:
            return {"ok": False, "code": "too_many_rooms"}
        try:
            return self._join(watcher, _read_wish(wish))
        except Refusal as refusal:
            return {"ok": False, "code": refusal.code}

    def _other(self, *_event: object) -> None:
        """An event that nobody knows: counted, otherwise nothing."""
        watcher = self._watchers.get(_sid())
        if watcher is None or not watcher.may_speak(_now_s()):
            disconnect()

    def _join(self, watcher: _Watcher, wish: dict[str, str]) -> dict[str, Any]:
        """Join first, look second: a change in between is sent to the room."""
        ports = house().ports
        with reading() as session:
            if watcher.identity.role and watcher.identity not in access.still_valid(
                session, [watcher.identity], ports.clock()
            ):
                raise Refusal("unauthenticated")
            room = _room(session, watcher.identity, wish, ports)
        try:
            join_room(str(room))
        except (KeyError, ValueError) as gone:  # hung up while the wish was looked at: nobody hears the answer
            raise Refusal("unauthenticated") from gone
        with self._lock:
            watcher.rooms.add(str(room))
        with reading() as session:
            hall = read_hall(session, offices.office_by_id(session, room.office_id), ports)
            return {"ok": True, "snapshot": snapshots(session, hall, [room])[room]}


def _read_wish(wish: object) -> dict[str, str]:
    """What a wish names, as text. Whatever else a client may have put there names nothing."""
    said = wish if isinstance(wish, dict) else {}
    named = {name: str(value) for name, value in said.items() if isinstance(value, str | int)}
    return {name: text for name, text in named.items() if text.isprintable()}


def _room(session: Any, identity: Identity, wish: dict[str, str], ports: Ports) -> Room:
    """The room somebody may enter for this wish, or the refusal."""
    kind = wish.get("room", "")
    if kind == "ticket":
        check_right(identity, Right.HOLD_TICKET)
        ticket = ticket_by_token(session, wish.get("token", ""))
        check_is_of_today(ticket, offices.office_by_id(session, ticket.office_id), ports.clock())
        return Room("ticket", ticket.office_id, str(ticket.id))
    rights = {"board": Right.READ_PUBLIC, "desk": Right.SERVE, "floor": Right.SEE_FLOOR}
    if kind not in rights:
        raise NotFound("unknown_room")
    if identity.role is None and kind != "board":
        raise Refusal("unauthenticated")
    office = offices.office_by_code(session, wish.get("office", ""))
    check_office(identity, rights[kind], office.id)
    if kind != "desk":
        return Room(kind, office.id)
    counter = wish.get("counter", "")
    check_counter(identity, counter)
    if counter not in office.counters:
        raise NotFound("unknown_counter")
    return Room("desk", office.id, counter)


def _identify(auth: object) -> Identity:
    """A bearer token in `auth`, else a session, else a paired device, else a resident. A wrong token is refused."""
    now = house().ports.clock()
    token = auth.get("token") if isinstance(auth, dict) else None
    with reading() as session:
        if token is not None:
            found = bearers.identity_of_token(session, str(token), now)
            if found is None:
                raise ConnectionRefusedError("unauthenticated")
            return found
        secret = request.cookies.get(session_cookie())
        person = staff_sessions.identity_of_session(session, secret, now) if secret else None
        devices = (identity_of_device(session, role) for role in bearers.DEVICE_ROLES)
        return person or next(filter(None, devices), RESIDENT)


def _is_of_the_house(app: Flask, environ: dict[str, Any]) -> bool:
    """Whether the handshake shows a genuine session or device; the database is asked only about what is shown."""
    if shown_credential(environ) is None:
        return False
    with app.request_context(environ):
        try:
            return _identify(None).role is not None
        except Refusal:
            return False


def _never_wait_for_a_goodbye(engine: Any) -> None:
    """engine.io answers a broken packet only after the client has fetched its good-bye.

    One that never does would keep a thread for good, so whoever sends a few hundred of them stops the server.
    """

    def disconnect(sid: str | None = None) -> None:
        for known in list(engine.sockets) if sid is None else [sid]:
            found = engine.sockets.pop(known, None)
            if found is not None:
                found.close(wait=False, reason=engine.reason.SERVER_DISCONNECT)

    engine.disconnect = disconnect


def _now_s() -> float:
    return float(house().ports.clock().timestamp())


def _sid() -> str:
    return str(request.sid)  # type: ignore[attr-defined]
