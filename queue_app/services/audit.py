"""Writing the audit trail: every action of staff, devices, programs and commands, in the transaction of the action.

Decides who is recorded (everybody with a role; residents act in the history alone) and what an entry says about it:
never a name, number or note of a resident. The office's log row is locked by every deed anyway, so the trail's end is
kept on it, and an entry costs one insert. After the commit the checkpoint outside the database moves on.
Leaves finding changes to `audit_check` and the sealed bytes to `store.audit_chain`.

Source: docs/decisions/0008-audit-chain.md.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from queue_app.domain.access import Identity
from queue_app.domain.audit import Act
from queue_app.domain.events import Event
from queue_app.services.ports import Ports, utc
from queue_app.store import office_log
from queue_app.store.audit_chain import BEGINNING, Content, chain_key, mac_of
from queue_app.store.audit_tables import AuditEntry
from queue_app.store.checkpoints import Checkpoint, Why
from queue_app.store.database import OneEngine, after_commit
from queue_app.store.office_log import Log
from queue_app.store.office_tables import OfficeLog
from queue_app.store.queue_tables import EventRow, Ticket
from queue_app.store.rows import append

if TYPE_CHECKING:
    from queue_app.services.deed import Deed

COMMAND = Identity(name="command")
"""Whoever stands at the terminal of the server."""

NOBODY = Identity(name="nobody")
"""Whoever tries to come in."""

LONGEST_SUBJECT, LONGEST_REASON = 80, 200
_UNTOLD = ("before", "estimate", "ready", "told", "procedures", "skipped")
"""What the history needs for undoing and statistics; the entry names the event instead."""


def of_event(deed: Deed, row: EventRow, ticket: Ticket | None) -> None:
    """The entry of a deed's event. Nothing for residents and for what the house does by itself."""
    if deed.identity.role is not None:
        facts = {name: value for name, value in row.data.items() if name not in _UNTOLD}
        told = {"ticket": row.ticket_id, "counter": row.counter, "service": row.service, "undoes": row.undoes}
        facts |= {name: value for name, value in told.items() if value is not None}
        said = Content(deed.now, row.actor, row.name, _subject(row, ticket), row.reason, facts | {"event": row.version})
        _append(deed.session, deed.log, deed.ports, said)
    if row.name == Event.DAY_CLOSED:
        _owe(deed.session, deed.log, deed.ports, deed.now, Why.DAY_CLOSED)


def note(deed: Deed, act: Act, subject: str = "", *, reason: str | None = None, **facts: Any) -> AuditEntry:
    """An act without an event, by whoever does the deed."""
    said = Content(deed.now, deed.identity.name, act, subject, reason, facts)
    return _noted(deed.session, deed.log, deed.ports, said)


def note_in(
    session: Session, office_id: int, ports: Ports, who: Identity, act: Act, subject: str = "", **facts: Any
) -> AuditEntry:
    """An act without an event outside a deed: locks the office's log row itself."""
    said = Content(ports.clock(), who.name, act, subject, None, facts)
    return _noted(session, office_log.locked(session, office_id), ports, said)


def note_everywhere(session: Session, ports: Ports, act: Act, **facts: Any) -> None:
    """An act at the terminal that concerns the whole database: every office hears of it."""
    for office_id in session.scalars(select(OfficeLog.office_id).order_by(OfficeLog.office_id)).all():
        note_in(session, office_id, ports, COMMAND, act, **facts)


def note_restore(session: Session, ports: Ports) -> None:
    """After a restore, which may go back: the trail says so and the checkpoints begin anew from there."""
    for office_id in session.scalars(select(OfficeLog.office_id).order_by(OfficeLog.office_id)).all():
        log = office_log.locked(session, office_id)
        lost = [mark.seq for mark in ports.checkpoints.read().marks if mark.chain == log.audit_chain]
        facts: dict[str, Any] = {"from": log.audit_seq, "had_reached": max(lost, default=log.audit_seq)}
        _noted(session, log, ports, Content(ports.clock(), COMMAND.name, Act.RESTORED, "", None, facts))
        _owe(session, log, ports, ports.clock(), Why.RESTORED)


def put_checkpoint(session: Session, office_id: int, ports: Ports) -> int:
    """A line in the checkpoint file for the trail as it stands; returns its last place."""
    log = office_log.locked(session, office_id)
    if log.audit_chain is not None:
        _owe(session, log, ports, ports.clock(), Why.ASKED)
    return log.audit_seq


def length(session: Session, office_id: int) -> int:
    """How many entries the trail of an office has."""
    return int(session.scalar(select(OfficeLog.audit_seq).where(OfficeLog.office_id == office_id)) or 0)


def _subject(row: EventRow, ticket: Ticket | None) -> str:
    """What the entry is found by: the number on the paper, or the part of the house."""
    if ticket is not None:
        return ticket.number_text
    data = row.data
    if "part" in data:
        return f"{data['part']}:{data.get('code', '')}"
    for name in ("reservation", "source", "device", "notice"):
        if name in data:
            return f"{name}:{data[name]}"
    return f"counter:{row.counter}" if row.counter else f"service:{row.service}" if row.service else ""


def _noted(session: Session, log: Log, ports: Ports, said: Content) -> AuditEntry:
    entry = _append(session, log, ports, said)
    office_log.write(session, log)
    return entry


def _append(session: Session, log: Log, ports: Ports, said: Content) -> AuditEntry:
    if log.audit_chain is None:
        _begin_chain(session, log, ports, said.at)
    _owe(session, log, ports, said.at, Why.ENTRIES)
    entry = _add(session, log, ports, said)
    _owe(session, log, ports, said.at, Why.ENTRIES)
    return entry


def _begin_chain(session: Session, log: Log, ports: Ports, at: datetime) -> None:
    """The first entry: no two trails are alike, and it says whether the office had a history before."""
    log.audit_seq, log.audit_mac = 0, BEGINNING
    facts = {"version": log.version, "nonce": secrets.token_hex(16)}
    log.audit_chain = _add(session, log, ports, Content(at, "system", Act.CHAIN_BEGUN, "", None, facts)).mac


def _add(session: Session, log: Log, ports: Ports, said: Content) -> AuditEntry:
    said = Content(
        utc(said.at),
        said.actor,
        str(said.action),
        said.subject[:LONGEST_SUBJECT],
        said.reason[:LONGEST_REASON] if said.reason else None,
        said.facts,
    )
    seq, previous = log.audit_seq + 1, log.audit_mac or BEGINNING
    mac = mac_of(chain_key(ports.secret), log.office_id, seq, previous, said)
    entry = AuditEntry(
        office_id=log.office_id,
        seq=seq,
        at=said.at,
        actor=said.actor,
        action=said.action,
        subject=said.subject,
        reason=said.reason,
        facts=said.facts,
        previous=previous,
        mac=mac,
    )
    append(session, entry)
    log.audit_seq, log.audit_mac = seq, mac
    return entry


@dataclass(slots=True)
class _Owed:
    """A checkpoint to be written after the commit."""

    log: Log
    at: datetime
    why: Why
    point: Checkpoint | None = None
    way: dict[int, str] = field(default_factory=dict)
    """The seals this transaction saw, by place."""


def _owe(session: Session, log: Log, ports: Ports, at: datetime, why: Why) -> None:
    owed: dict[int, _Owed] = session.info.setdefault("audit", {})
    found = owed.get(log.office_id)
    if found is None:
        found = owed[log.office_id] = _Owed(log, at, why)
        kept = found
        after_commit(session, lambda: ports.checkpoints.reached(kept.point, kept.way) if kept.point else None)
    found.log, found.at = log, at
    found.way[log.audit_seq] = log.audit_mac or BEGINNING
    if why != Why.ENTRIES:
        found.why = why


def _settle(session: Session) -> None:
    """What is really being committed: a part of the deed may have been taken back to a savepoint."""
    owed: dict[int, _Owed] = session.info.get("audit", {})
    for office_id, each in owed.items():
        log = each.log
        if log.audit_chain is not None:
            at = utc(each.at).isoformat(timespec="seconds")
            each.point = Checkpoint(office_id, log.audit_chain, log.audit_seq, log.audit_mac or BEGINNING, at, each.why)


event.listen(OneEngine, "before_commit", _settle)
