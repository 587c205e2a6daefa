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

from queue_app.domain.events import Event
from queue_app.domain.office import Office
from queue_app.services import offices
from queue_app.services.board import board
from queue_app.services.desk import desk, floor
from queue_app.services.hall import Hall, read_hall
from queue_app.services.ports import Ports, Publisher
from queue_app.services.tickets import ticket_views
from queue_app.store.database import reading
from queue_app.store.office_tables import OfficeLog
from queue_app.store.queue_tables import EventRow

log = logging.getLogger("matazu.relay")

GATHER = timedelta(milliseconds=500)
LOOK_AGAIN_S = 1.0

AT_ONCE, GATHERED = "at_once", "gathered"
ROUTES: dict[Event, str] = {
    Event.ISSUED: GATHERED,
    Event.CALLED: AT_ONCE,
    Event.RECALLED: AT_ONCE,
    Event.STARTED: GATHERED,
    Event.TAKEN_UP: GATHERED,
    Event.MISSED: GATHERED,
    Event.REQUEUED: GATHERED,
    Event.HELD: GATHERED,
    Event.RESUMED: GATHERED,
    Event.FORWARDED: GATHERED,
    Event.FINISHED: GATHERED,
    Event.CANCELLED: GATHERED,
    Event.POSTPONED: GATHERED,
    Event.UNDONE: AT_ONCE,
    Event.NOTED: GATHERED,
    Event.NOTIFY_ASKED: GATHERED,
    Event.REPRINTED: GATHERED,
    Event.PRINT_FAILED: AT_ONCE,
    Event.HOLD_MADE: GATHERED,
    Event.HOLD_EXTENDED: GATHERED,
    Event.HOLD_RELEASED: GATHERED,
    Event.RESERVED: GATHERED,
    Event.RESCHEDULED: GATHERED,
    Event.RESERVATION_CANCELLED: GATHERED,
    Event.CHECKED_IN: GATHERED,
    Event.STOP_SKIPPED: GATHERED,
    Event.STOP_ADDED: GATHERED,
    Event.STOP_BROUGHT_FORWARD: GATHERED,
    Event.LEAVE_ADVISED: AT_ONCE,
    Event.HERE_SAID: GATHERED,
    Event.MOVED_BACK: GATHERED,
    Event.EARLY_TAKEN: GATHERED,
    Event.EARLY_DONE: GATHERED,
    Event.EARLY_BACK: GATHERED,
    Event.COUNTER_OPENED: GATHERED,
    Event.COUNTER_PAUSED: GATHERED,
    Event.COUNTER_CLOSED: GATHERED,
    Event.HELP_ASKED: AT_ONCE,
    Event.HELP_GIVEN: AT_ONCE,
    Event.DEVICE_REPORTED: AT_ONCE,
    Event.NOTICE_POSTED: AT_ONCE,
    Event.NOTICE_ENDED: AT_ONCE,
    Event.SERVICE_PAUSED: GATHERED,
    Event.SERVICE_RESUMED: GATHERED,
    Event.SETUP_CHANGED: GATHERED,
    Event.DAY_CLOSED: GATHERED,
}
"""How soon the rooms of the office hear of each event. Every event is here; a guard test says so."""

_URGENT = [str(event) for event, soon in ROUTES.items() if soon == AT_ONCE]


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
class _Shown:
    """What this process has sent of one office, and what it still owes."""

    version: int = -1
    owed: bool = False
    urgent: bool = False
    sent_at: datetime | None = None


@dataclass
class Relay:
    """One per process. `nudge` may be called from anywhere; `work` runs in a thread (or greenlet) of its own."""

    ports: Ports
    publisher: Publisher
    in_app: Callable[[], Any]
    _shown: dict[int, _Shown] = field(default_factory=dict)
    _wake: threading.Event = field(default_factory=threading.Event)
    _stop: threading.Event = field(default_factory=threading.Event)
    _watchers: list[Callable[[], None]] = field(default_factory=list)
    beat_at: datetime | None = None

    def nudge(self, office_id: int, version: int) -> None:
        """The office's history has grown; look soon. Never blocks."""
        self._wake.set()

    def every_second(self, chore: Callable[[], None]) -> None:
        """Something else to look after once a second, such as sockets whose access has ended."""
        self._watchers.append(chore)

    def work(self) -> None:
        """Until `stop`: look when nudged or after a second, send what is due."""
        wait_s = 0.0
        while not self._stop.is_set():
            self._wake.wait(wait_s)
            self._wake.clear()
            try:
                with self.in_app():
                    wait_s = self.look()
            except Exception:
                log.exception("the relay could not look; it tries again")
                wait_s = LOOK_AGAIN_S

    def stop(self) -> None:
        self._stop.set()
        self._wake.set()

    def look(self) -> float:
        """Send every office's due snapshots; returns the seconds until it should look again."""
        now = self.ports.clock()
        with reading() as session:
            rows = session.execute(select(OfficeLog.office_id, OfficeLog.version))
            versions = {row.office_id: row.version for row in rows}
        waits = [self._look_at(office_id, version, now) for office_id, version in versions.items()]
        for chore in self._watchers:
            chore()
        self.beat_at = now
        return min([LOOK_AGAIN_S, *waits])

    def _look_at(self, office_id: int, version: int, now: datetime) -> float:
        shown = self._shown.setdefault(office_id, _Shown())
        if version > shown.version:
            shown.urgent = shown.urgent or self._holds_urgent(office_id, shown.version)
            shown.owed, shown.version = True, version
        if not shown.owed:
            return LOOK_AGAIN_S
        due_at = now if shown.urgent or shown.sent_at is None else shown.sent_at + GATHER
        if now < due_at:
            return (due_at - now).total_seconds()
        shown.owed, shown.urgent, shown.sent_at = False, False, now
        self._send(office_id)
        return LOOK_AGAIN_S

    def _holds_urgent(self, office_id: int, since: int) -> bool:
        newer = (EventRow.office_id == office_id, EventRow.version > since, EventRow.name.in_(_URGENT))
        with reading() as session:
            return session.scalar(select(EventRow.id).where(*newer).limit(1)) is not None

    def _send(self, office_id: int) -> None:
        rooms = [Room.parse(name) for name in self.publisher.watched(office_id)]
        if not rooms:
            return
        with reading() as session:
            office: Office = offices.office_by_id(session, office_id)
            made = snapshots(session, read_hall(session, office, self.ports), rooms)
        for room, snapshot in made.items():
            self.publisher.publish(str(room), room.kind, snapshot)
