"""An audit trail to look at: made longer quickly, checked, changed behind its back and put back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from click.testing import Result
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from queue_app.domain.audit import Act
from queue_app.services import audit
from queue_app.services.audit_check import Finding, first_wrong_place
from queue_app.services.ports import Ports
from queue_app.store.audit_tables import AuditEntry
from queue_app.store.checkpoints import Kept
from queue_app.store.database import db, reading, writing
from queue_app.web.context import KEY
from tests.world import World

LENGTH = 40


def ports_of(app: Flask) -> Ports:
    ports: Ports = app.extensions[KEY].ports
    return ports


def grow(world: World, length: int = LENGTH) -> None:
    """A trail of that many entries, quickly."""
    ports = ports_of(world.app)

    def write(session: Session) -> None:
        while audit.length(session, 1) < length:
            n = audit.length(session, 1)
            audit.note_in(session, 1, ports, audit.COMMAND, Act.TOKEN_ISSUED, f"kiosk {n}", role="kiosk", n=n)
            session.flush()

    with world.app.app_context():
        writing(write)


def check(app: Flask, *, secret: bytes | None = None, kept: Kept | None = None) -> Finding | None:
    ports = ports_of(app)
    known = ports.checkpoints.read() if kept is None else kept
    assert known.damaged == ()
    with app.app_context(), reading() as session:
        return first_wrong_place(session, 1, ports.secret if secret is None else secret, known)


def behind_its_back(app: Flask, change: Callable[[Session], object]) -> None:
    with app.app_context():
        writing(change)


def entries(app: Flask) -> list[AuditEntry]:
    with app.app_context(), reading() as session:
        return list(session.scalars(select(AuditEntry).order_by(AuditEntry.office_id, AuditEntry.seq)))


def verify(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["audit", "verify", *words])


Tamper = Callable[[Session, int], object]


def edit(column: str, value: object) -> Tamper:
    def tamper(session: Session, seq: int) -> object:
        return session.execute(
            text(f"UPDATE audit_entry SET {column} = :value WHERE office_id = 1 AND seq = :seq"),  # noqa: S608 - ours
            {"value": value, "seq": seq},
        )

    return tamper


def delete(session: Session, seq: int) -> None:
    session.execute(text("DELETE FROM audit_entry WHERE seq = :seq"), {"seq": seq})


def truncate(session: Session, seq: int) -> None:
    session.execute(text("DELETE FROM audit_entry WHERE seq >= :seq"), {"seq": seq})


def roll_back(session: Session, seq: int) -> None:
    """As if the tables of an earlier moment had been put in their place: everything in the database fits."""
    truncate(session, seq)
    last = session.execute(text("SELECT mac FROM audit_entry WHERE seq = :n"), {"n": seq - 1}).scalar_one()
    session.execute(text("UPDATE office_log SET audit_seq = :n, audit_mac = :mac"), {"n": seq - 1, "mac": last})


Snapshot = dict[str, list[dict[str, Any]]]


def snapshot(app: Flask) -> Snapshot:
    with app.app_context(), reading() as session:
        return {
            table: [dict(row) for row in session.execute(select(db.metadata.tables[table])).mappings()]
            for table in ("audit_entry", "office_log")
        }


def put_back(app: Flask, kept: Snapshot) -> None:
    def write(session: Session) -> None:
        for table, rows in kept.items():
            session.execute(db.metadata.tables[table].delete())
            session.execute(db.metadata.tables[table].insert(), rows)

    behind_its_back(app, write)
