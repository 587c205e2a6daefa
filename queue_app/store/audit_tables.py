"""The audit trail: one row for each action of staff, devices, programs and commands, chained row by row.

`seq` counts per office without gaps. `mac` covers the whole row and the `mac` before it (`store.audit_chain`), with a
key that is not in the database. Where the chain has got to stands in `office_log`, the row every deed locks anyway.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from queue_app.store.columns import Instant
from queue_app.store.database import Model
from queue_app.store.office_tables import Key


class AuditEntry(Model):
    """One action. `facts` never holds anything personal of a resident; `actor` is a name like `user:3`."""

    __tablename__ = "audit_entry"
    office_id: Mapped[int] = mapped_column(Integer, ForeignKey("office.id"), primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Instant)
    actor: Mapped[str] = mapped_column(String(60))
    action: Mapped[str] = mapped_column(String(24))
    subject: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str | None] = mapped_column(String(200))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    previous: Mapped[str] = mapped_column(String(64))
    mac: Mapped[str] = mapped_column(String(64))
    __table_args__ = (Index("ix_audit_entry_at", "office_id", "at"),)
