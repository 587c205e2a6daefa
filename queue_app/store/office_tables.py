"""The office's set-up: what the admin pages edit and the office file loads. The one home of these facts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, ForeignKey, ForeignKeyConstraint, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from queue_app.store.columns import Instant
from queue_app.store.database import Model

Key = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only for a plain INTEGER."""


class OfficeRow(Model):
    """One office. `settings` holds what the office file calls by the same names (hours, booking, languages ...)."""

    __tablename__ = "office"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[dict[str, str]] = mapped_column(JSON)
    zone: Mapped[str] = mapped_column(String(60))
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)


class OfficeLog(Model):
    """The office's place in its own history. Every deed locks this row first: one order of events per office.

    `version` is the number of the last event; `setup_version` grows when the set-up changes.
    `audit_*` is the end of the audit trail (`store.audit_tables`): its first entry's seal, its length, its last seal.
    """

    __tablename__ = "office_log"
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), primary_key=True)
    version: Mapped[int] = mapped_column(Key, default=0)
    setup_version: Mapped[int] = mapped_column(Integer, default=1)
    audit_chain: Mapped[str | None] = mapped_column(String(64))
    audit_seq: Mapped[int] = mapped_column(Key, default=0)
    audit_mac: Mapped[str | None] = mapped_column(String(64))


class ServiceRow(Model):
    """One service (取扱業務) of an office."""

    __tablename__ = "service"
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    position: Mapped[int] = mapped_column(Integer)
    series: Mapped[str] = mapped_column(String(8))
    label: Mapped[dict[str, str]] = mapped_column(JSON)
    minutes: Mapped[int] = mapped_column(Integer)
    stages: Mapped[list[str]] = mapped_column(JSON)
    slots: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    paused: Mapped[bool] = mapped_column(Boolean, default=False)
    active: Mapped[bool] = mapped_column(Boolean, default=True)


class CounterRow(Model):
    """One counter (窓口) of an office: set-up, and whether it is open now."""

    __tablename__ = "counter"
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(20), primary_key=True)
    position: Mapped[int] = mapped_column(Integer)
    label: Mapped[dict[str, str]] = mapped_column(JSON)
    services: Mapped[list[str]] = mapped_column(JSON)
    stages: Mapped[list[str]] = mapped_column(JSON)
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    active: Mapped[bool] = mapped_column(Boolean, default=True)


class CounterState(Model):
    """Whether a counter is open now, since when, and who sits there. `helps` are services it takes over until then."""

    __tablename__ = "counter_state"
    office_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    counter: Mapped[str] = mapped_column(String(20), primary_key=True)
    state: Mapped[str] = mapped_column(String(10), default="closed")
    since: Mapped[Any] = mapped_column(Instant, nullable=True)
    clerk: Mapped[str | None] = mapped_column(String(60))
    helps: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    __table_args__ = (ForeignKeyConstraint(["office_id", "counter"], ["counter.office_id", "counter.code"]),)


class NoticeRow(Model):
    """A sentence shown on the office's screens until it is ended."""

    __tablename__ = "notice"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), index=True)
    level: Mapped[str] = mapped_column(String(10), default="info")
    text: Mapped[dict[str, str]] = mapped_column(JSON)
    posted_at: Mapped[Any] = mapped_column(Instant)
    ended_at: Mapped[Any] = mapped_column(Instant, nullable=True)


class AlarmRow(Model):
    """Somebody or something needs staff: help asked at a kiosk or counter, a printer without paper, a silent screen."""

    __tablename__ = "alarm"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    source: Mapped[str] = mapped_column(String(80))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    at: Mapped[Any] = mapped_column(Instant)
    ended_at: Mapped[Any] = mapped_column(Instant, nullable=True)
