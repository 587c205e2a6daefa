"""What every deed stands on: who does it, in which office, when, and the history it writes.

A deed locks the office's log row before it reads anything else. So the deeds of an office have one order, which is the
order of its events, and no two of them can see the same waiting person or the same free number. See
docs/scarce-things.md and docs/decisions/0002-one-lock-per-office.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from queue_app.domain.access import Identity, Right, check_office
from queue_app.domain.discipline import RULE_VERSION
from queue_app.domain.errors import NotFound
from queue_app.domain.events import Event
from queue_app.domain.office import Counter, Office, Service
from queue_app.services import audit, offices
from queue_app.services.ports import Ports
from queue_app.services.routes import URGENT
from queue_app.services.waits import Place
from queue_app.store import office_log
from queue_app.store.database import after_commit, writing
from queue_app.store.images import Image, Imaged, image_of
from queue_app.store.office_log import Log
from queue_app.store.queue_tables import EventRow, Stage, Ticket
from queue_app.store.rows import append

T = TypeVar("T")


@dataclass
class Deed:
    """One transaction in one office. Made by `begin`, ended by the commit of `store.database.writing`."""

    session: Session
    office: Office
    identity: Identity
    ports: Ports
    now: datetime
    log: Log
    places: dict[int, Place] = field(default_factory=dict)
    """Stage id -> its place in line, where the deed has worked it out already."""
    emptied: set[str] = field(default_factory=set)
    """Counters that this deed has made free, under the lock that it still holds."""
    _images: dict[str, dict[str, Image | None]] = field(default_factory=dict)
    _readied: list[Stage] = field(default_factory=list)

    @property
    def today(self) -> date:
        return self.office.today(self.now)

    def service(self, code: str) -> Service:
        """The service, or `not_found`."""
        if code not in self.office.services:
            raise NotFound("unknown_service", service=code)
        return self.office.services[code]

    def counter(self, code: str) -> Counter:
        """The counter, or `not_found`."""
        if code not in self.office.counters:
            raise NotFound("unknown_counter", counter=code)
        return self.office.counters[code]

    def changing(self, *rows: Imaged) -> None:
        """Remember how the rows looked, so that the next recorded event can be undone. Call before changing them."""
        for row in rows:
            self._images.setdefault(row.__tablename__, {}).setdefault(str(row.id), image_of(row))

    def created(self, *rows: Imaged) -> None:
        """Remember that an undo takes these rows away again. Call after they have their ids."""
        for row in rows:
            self._images.setdefault(row.__tablename__, {})[str(row.id)] = None

    def readied(self, stage: Stage) -> None:
        """The stage can be called from now on; the next recorded event keeps what its order time is made of."""
        self._readied.append(stage)

    def record(
        self,
        event: Event,
        *,
        ticket: Ticket | None = None,
        stage: Stage | None = None,
        counter: str | None = None,
        service: str | None = None,
        reason: str | None = None,
        undoes: int | None = None,
        **data: Any,
    ) -> EventRow:
        """Write one row of history and of the audit trail, and tell the screens after the commit."""
        images, self._images = self._images, {}
        readied, self._readied = self._readied, []
        if readied:
            data |= {"ready": [_order_time_of(each) for each in readied], "rule": RULE_VERSION}
        self.log.version += 1
        row = EventRow(
            office_id=self.office.id,
            version=self.log.version,
            at=self.now,
            day=self.today,
            name=event,
            ticket_id=ticket.id if ticket else None,
            stage_id=stage.id if stage else None,
            service=service or (stage.service if stage else None) or (ticket.service if ticket else None),
            counter=counter or (stage.counter if stage else None),
            actor=self.identity.name,
            reason=reason,
            undoes=undoes,
            data={**data, "before": images} if images else data,
        )
        append(self.session, row)
        self._nudge_after_commit(event)
        audit.of_event(self, row, ticket)
        office_log.write(self.session, self.log)
        return row

    def _nudge_after_commit(self, event: Event) -> None:
        """One nudge for all that the transaction records; before the effects that no screen waits for."""
        pending: dict[int, int] = self.session.info.setdefault("nudged", {})
        urgent: set[int] = self.session.info.setdefault("urgent", set())
        office = self.office.id
        if office not in pending:
            after_commit(self.session, lambda: self.ports.nudge(office, pending[office], urgent=office in urgent))
        pending[office] = self.log.version
        if event in URGENT:
            urgent.add(office)


def _order_time_of(stage: Stage) -> dict[str, Any]:
    assert stage.reference_at is not None and stage.order_time is not None
    return {
        "stage": stage.id,
        "service": stage.service,
        "kind": stage.kind,
        "reference": stage.reference_at.isoformat(),
        "lead_min": (stage.reference_at - stage.order_time).total_seconds() / 60,
    }


def begin(session: Session, office_code: str, right: Right, identity: Identity, ports: Ports) -> Deed:
    """Lock the office and check the right. Refuses `unknown_office`, `forbidden`, `other_office`."""
    found = office_log.locked_by_code(session, office_code)
    if found is None:
        raise NotFound("unknown_office", office=office_code)
    return _begin(session, found, right, identity, ports)


def begin_by_id(session: Session, office_id: int, right: Right, identity: Identity, ports: Ports) -> Deed:
    """The same for an office that is known by its id."""
    return _begin(session, office_log.locked(session, office_id), right, identity, ports)


def _begin(session: Session, log: Log, right: Right, identity: Identity, ports: Ports) -> Deed:
    check_office(identity, right, log.office_id)
    office = offices.office_at(session, log.office_id, log.setup_version)
    return Deed(session, office, identity, ports, ports.clock(), log)


def run(office_code: str, right: Right, identity: Identity, ports: Ports, act: Callable[[Deed], T]) -> T:
    """One deed in a transaction of its own; for commands, the relay and tests. Views share theirs with the answer."""
    return writing(lambda session: act(begin(session, office_code, right, identity, ports)))
