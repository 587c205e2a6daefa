"""From the committed history to the screens: every process shows its own watchers what the database says.

Decides when a room's snapshot goes out: calls, recalls, undos and notices at once, everything else gathered, at most
two messages a second. A nudge says that an office's history has grown; a lost nudge costs one look at the version a
second later, so a bus that is down or deaf can delay a screen but never leave it wrong (docs/decisions/0005-relay.md).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.office import Office
from queue_app.services import offices
from queue_app.services.board import board
from queue_app.services.desk import desk, floor
from queue_app.services.hall import Hall, read_hall
from queue_app.services.ports import Ports, Publisher
from queue_app.services.routes import URGENT
from queue_app.services.tickets import ticket_views
from queue_app.store.database import reading
from queue_app.store.office_tables import OfficeLog
from queue_app.store.queue_tables import EventRow

log = logging.getLogger("matazu.relay")

GATHER = timedelta(milliseconds=500)
LOOK_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Room:
    """One room of one office: `board`, `floor`, `desk` of a counter, or `ticket` of an id."""

    kind: str
    office_id: int
    key: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.office_id}:{self.key}"

    @classmethod
    def parse(cls, name: str) -> Room:
        kind, office_id, key = name.split(":", 2)
        return cls(kind, int(office_id), key)


def snapshots(session: Session, hall: Hall, rooms: Iterable[Room]) -> dict[Room, dict[str, Any]]:
    """The snapshots of these rooms of one office, from one reading of the hall."""
    rooms = list(rooms)
    views = ticket_views(hall, session, [int(room.key) for room in rooms if room.kind == "ticket"])
    made: dict[Room, dict[str, Any]] = {}
    for room in rooms:
        match room.kind:
            case "board":
                made[room] = board(hall)
            case "floor":
                made[room] = floor(hall, session)
            case "desk" if room.key in hall.office.counters:
                made[room] = desk(hall, session, room.key)
            case "ticket" if int(room.key) in views:
                made[room] = views[int(room.key)]
    return made


@dataclass
class _News:
    """What this process has heard of one office, and what it has shown of it."""

    heard: int = -1
    shown: int = -1
    urgent: bool = False
    sent_at: datetime | None = None

    @property
    def is_owed(self) -> bool:
        return self.heard > self.shown

    def hear(self, version: int, *, urgent: bool) -> None:
        if version > self.shown:
            self.heard, self.urgent = max(self.heard, version), self.urgent or urgent

    def due_at(self, now: datetime) -> datetime:
        return now if self.urgent or self.sent_at is None else self.sent_at + GATHER


@dataclass
class Relay:
    """One per process. `nudge` may be called from anywhere; `work` runs in a thread (or greenlet) of its own."""

    ports: Ports
    publisher: Publisher
    in_app: Callable[[], Any]
    _news: dict[int, _News] = field(default_factory=dict)
    _told: dict[int, tuple[int, bool]] = field(default_factory=dict)
    _told_lock: threading.Lock = field(default_factory=threading.Lock)
    _wake: threading.Event = field(default_factory=threading.Event)
    _stop: threading.Event = field(default_factory=threading.Event)
    _watchers: list[Callable[[], None]] = field(default_factory=list)
    beat_at: datetime | None = None

    def nudge(self, office_id: int, version: int, *, urgent: bool) -> None:
        """The office's history has grown. Never blocks; wakes the relay only for what it is not waiting for already."""
        with self._told_lock:
            before, was_urgent = self._told.get(office_id, (-1, False))
            self._told[office_id] = max(before, version), urgent or was_urgent
        known = self._news.get(office_id)
        if urgent or known is None or not known.is_owed:
            self._wake.set()

    def every_second(self, chore: Callable[[], None]) -> None:
        """Something else to look after once a second, such as sockets whose access has ended."""
        self._watchers.append(chore)

    def work(self) -> None:
        """Until `stop`: send what is due when nudged, look at the database every second."""
        wait_s = 0.0
        while not self._stop.is_set():
            self._wake.wait(wait_s)
            self._wake.clear()
            try:
                with self.in_app():
                    wait_s = self._turn()
            except Exception:
                log.exception("the relay could not look; it tries again")
                wait_s = LOOK_AGAIN_S

    def stop(self) -> None:
        self._stop.set()
        self._wake.set()

    def look(self) -> float:
        """Hear of everything that stands in the database, send what is due; the seconds until there is more to do."""
        now = self.ports.clock()
        with reading() as session:
            versions = session.execute(select(OfficeLog.office_id, OfficeLog.version)).all()
        self._listen()
        for office_id, version in versions:
            self._see(office_id, version)
        for chore in self._watchers:
            chore()
        self.beat_at = now
        return self._send_due(now)

    def _turn(self) -> float:
        now = self.ports.clock()
        rested_s = (now - self.beat_at).total_seconds() if self.beat_at else LOOK_AGAIN_S
        if not 0 <= rested_s < LOOK_AGAIN_S:
            return self.look()
        return min(self._send_due(now), LOOK_AGAIN_S - rested_s)

    def _see(self, office_id: int, version: int) -> None:
        """What no nudge has told of is looked up: it may be a call."""
        news = self._news.setdefault(office_id, _News())
        known = max(news.heard, news.shown)
        if version > known:
            news.hear(version, urgent=self._holds_urgent(office_id, known))

    def _listen(self) -> None:
        with self._told_lock:
            told, self._told = self._told, {}
        for office_id, (version, urgent) in told.items():
            self._news.setdefault(office_id, _News()).hear(version, urgent=urgent)

    def _send_due(self, now: datetime) -> float:
        self._listen()
        wait_s = LOOK_AGAIN_S
        for office_id, news in self._news.items():
            if not news.is_owed:
                continue
            if now < news.due_at(now):
                wait_s = min(wait_s, (news.due_at(now) - now).total_seconds())
            else:
                news.urgent, news.sent_at = False, now
                news.shown = max(self._send(office_id), news.heard)
        return wait_s

    def _holds_urgent(self, office_id: int, since: int) -> bool:
        newer = (EventRow.office_id == office_id, EventRow.version > since, EventRow.name.in_(URGENT))
        with reading() as session:
            return session.scalar(select(EventRow.id).where(*newer).limit(1)) is not None

    def _send(self, office_id: int) -> int:
        """Show the office to everybody who watches it here; returns the version shown, -1 when nobody does."""
        rooms = [Room.parse(name) for name in self.publisher.watched(office_id)]
        if not rooms:
            return -1
        with reading() as session:
            office: Office = offices.office_by_id(session, office_id)
            hall = read_hall(session, office, self.ports)
            made = snapshots(session, hall, rooms)
        for room, snapshot in made.items():
            self.publisher.publish(str(room), room.kind, snapshot)
        return hall.version
