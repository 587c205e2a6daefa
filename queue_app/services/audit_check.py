"""Whether an audit trail is as it was written: the first place where it is not, and what was done there.

Everything is read as plain text, because whoever changed a row may have left something that is no date and no JSON.
The names of what was done are a help for people; the place is what counts.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import String, cast, func, select, type_coerce
from sqlalchemy.orm import Session

from queue_app.domain.audit import Act, Tampering
from queue_app.store.audit_chain import BEGINNING, Content, chain_key, mac_of
from queue_app.store.audit_tables import AuditEntry
from queue_app.store.checkpoints import Checkpoint, Kept
from queue_app.store.office_tables import OfficeLog

BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Finding:
    """The first wrong place of an office's trail."""

    office_id: int
    seq: int
    kind: Tampering


@dataclass(frozen=True, slots=True)
class _Row:
    """An entry as it stands in the database; `content` is None where it can no longer be read."""

    seq: int
    content: Content | None
    previous: str
    mac: str


def first_wrong_place(session: Session, office_id: int, secret: bytes, kept: Kept) -> Finding | None:
    """None for a trail as it was written. Read `kept` before the session's snapshot begins: it may only be behind."""
    log = session.get_one(OfficeLog, office_id)
    return _Check(session, log, chain_key(secret), kept).run()


class _Check:
    """One walk through the trail of one office."""

    def __init__(self, session: Session, log: OfficeLog, key: bytes, kept: Kept) -> None:
        self.session, self.log, self.key, self.kept = session, log, key, kept
        self.points: tuple[Checkpoint, ...] = ()
        self.expected, self.previous = 1, BEGINNING

    def run(self) -> Finding | None:
        wanted: dict[int, str] = {}
        for row in self._rows():
            if not (row.seq == self.expected and row.previous == self.previous and self._fits(row)):
                return self._found(self._name(row))
            if row.seq == 1:
                if self._begun_anew(row):
                    return self._found(Tampering.ROLLED_BACK)
                self.points = self.kept.of_chain(self.log.office_id, row.mac)
                wanted = {point.seq: point.mac for point in self.points}
            if wanted.get(row.seq, row.mac) != row.mac:
                return self._found(Tampering.ROLLED_BACK)
            self.expected, self.previous = self.expected + 1, row.mac
        return self._end()

    def _end(self) -> Finding | None:
        """Nothing wrong in what is there; is it all, and does the log row say the same?"""
        last = self.expected - 1
        if self.log.audit_seq > last:
            return self._found(Tampering.TRUNCATED)
        if any(point.seq > last for point in self.points):
            return self._found(Tampering.ROLLED_BACK)
        if last == 0:
            gone = self.log.version > 0 and self.kept.of_office(self.log.office_id)
            return self._found(Tampering.ROLLED_BACK) if gone else None
        if (self.log.audit_seq, self.log.audit_mac) != (last, self.previous):
            return Finding(self.log.office_id, last, Tampering.EDITED)
        return None

    def _begun_anew(self, first: _Row) -> bool:
        """A trail that began in the middle of a history, where another one is known."""
        if first.content is None or first.content.action != Act.CHAIN_BEGUN:
            return True
        had_history = bool(first.content.facts.get("version"))
        return had_history and self.kept.follows_another(self.log.office_id, first.mac)

    def _name(self, row: _Row) -> Tampering:
        """What was done at the expected place, where `row` is found instead of what belongs there."""
        if row.seq == self.expected and self._fits(row):
            return Tampering.EDITED
        genuine = self._genuine_elsewhere(row)
        if row.seq != self.expected:
            return Tampering.REORDERED if genuine or self._fits(row) else Tampering.DELETED
        highest = self._highest()
        if row.seq > self.log.audit_seq:
            return Tampering.INSERTED
        if self._belongs_elsewhere(row):
            if not genuine:
                return Tampering.DELETED
            return Tampering.INSERTED if highest > self.log.audit_seq else Tampering.REORDERED
        beyond = bool(self.points) and row.seq > max(point.seq for point in self.points)
        return Tampering.INSERTED if genuine or beyond else Tampering.EDITED

    def _fits(self, row: _Row) -> bool:
        """Whether this row's seal is the one of the expected place."""
        return self._sealed_as(row, self.expected, self.previous)

    def _sealed_as(self, row: _Row, seq: int, previous: str) -> bool:
        if row.content is None:
            return False
        return hmac.compare_digest(
            mac_of(self.key, self.log.office_id, seq, previous, row.content).encode(), row.mac.encode()
        )

    def _genuine_elsewhere(self, row: _Row) -> bool:
        """Whether the entry that belongs here stands at another place."""
        same = _query(self.log.office_id).where(AuditEntry.previous == self.previous, AuditEntry.seq != row.seq)
        return any(self._fits(_row(each)) for each in self.session.execute(same))

    def _belongs_elsewhere(self, row: _Row) -> bool:
        """Whether this is an entry of the trail, at a wrong place: by its own seal, or by what follows it elsewhere."""
        last = max(self.log.audit_seq, self._highest()) + 1
        if any(self._sealed_as(row, seq, row.previous) for seq in range(1, last + 1)):
            return True
        after = select(AuditEntry.seq).where(
            AuditEntry.office_id == self.log.office_id,
            AuditEntry.previous == row.mac,
            AuditEntry.seq != row.seq + 1,
        )
        return self.session.scalar(after.limit(1)) is not None

    def _highest(self) -> int:
        found = self.session.scalar(select(func.max(AuditEntry.seq)).where(AuditEntry.office_id == self.log.office_id))
        return int(found or 0)

    def _rows(self) -> Iterator[_Row]:
        last: int | None = None
        while True:
            query = _query(self.log.office_id).order_by(AuditEntry.seq).limit(BATCH)
            rows = self.session.execute(query if last is None else query.where(AuditEntry.seq > last)).all()
            yield from map(_row, rows)
            if len(rows) < BATCH:
                return
            last = rows[-1].seq

    def _found(self, kind: Tampering) -> Finding:
        return Finding(self.log.office_id, self.expected, kind)


def _query(office_id: int) -> Any:
    query = select(
        AuditEntry.seq,
        cast(AuditEntry.at, String).label("at"),
        AuditEntry.actor,
        AuditEntry.action,
        AuditEntry.subject,
        AuditEntry.reason,
        type_coerce(cast(AuditEntry.facts, String), String).label("facts"),
        AuditEntry.previous,
        AuditEntry.mac,
    )
    return query.where(AuditEntry.office_id == office_id)


def _row(row: Any) -> _Row:
    try:
        at = datetime.fromisoformat(row.at).replace(tzinfo=UTC)
        facts = json.loads(row.facts)
        content = Content(at, row.actor, row.action, row.subject, row.reason, facts)
    except (TypeError, ValueError):
        content = None
    return _Row(row.seq, content, str(row.previous), str(row.mac))
