"""What planning adds to the day: numbers taken from home, papers done before a visit, questions to the simulator.

One row for each remote ticket, piece of early work, and question; what they are about stands in the tables of the day.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Date, ForeignKey, ForeignKeyConstraint, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from queue_app.store.columns import Instant, Sealed
from queue_app.store.database import Model
from queue_app.store.office_tables import Key

_IS_OPEN = "state IN ('waiting', 'running')"


class RemoteTicket(Model):
    """A number that was taken away from the office. `device_hash` says which browser holds it, only for its day.

    `expected_at` is when the holder will be there after being asked to leave; `here_at` is set once they are.
    """

    __tablename__ = "remote_ticket"
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True, autoincrement=False)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    day: Mapped[date] = mapped_column(Date)
    service: Mapped[str] = mapped_column(String(40))
    travel_min: Mapped[int] = mapped_column(Integer)
    device_hash: Mapped[str | None] = mapped_column(String(64))
    contact_hash: Mapped[str | None] = mapped_column(String(64))
    leave_at: Mapped[datetime | None] = mapped_column(Instant)
    expected_at: Mapped[datetime | None] = mapped_column(Instant)
    here_at: Mapped[datetime | None] = mapped_column(Instant)
    moved_back: Mapped[int] = mapped_column(Integer, default=0)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    __table_args__ = (
        CheckConstraint("travel_min BETWEEN 5 AND 60", name="a_way_that_can_be_gone"),
        Index("ix_remote_ticket_day", "office_id", "day", "service"),
        Index(
            "uq_remote_ticket_device",
            "office_id",
            "device_hash",
            unique=True,
            sqlite_where=text("ended_at IS NULL AND device_hash IS NOT NULL"),
            postgresql_where=text("ended_at IS NULL AND device_hash IS NOT NULL"),
        ),
    )


class EarlyWork(Model):
    """Papers of a booked visit that staff took up before it (事前処理). Without a row nobody has begun."""

    __tablename__ = "early_work"
    reservation_id: Mapped[int] = mapped_column(ForeignKey("reservation.id"), primary_key=True, autoincrement=False)
    service: Mapped[str] = mapped_column(String(40), primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    state: Mapped[str] = mapped_column(String(10))
    clerk: Mapped[str | None] = mapped_column(String(60))
    note: Mapped[str | None] = mapped_column(Sealed)
    since: Mapped[datetime] = mapped_column(Instant)
    __table_args__ = (
        CheckConstraint("state IN ('taken', 'done')", name="state"),
        ForeignKeyConstraint(["office_id", "service"], ["service.office_id", "service.code"]),
        Index("ix_early_work_office", "office_id", "state"),
    )


class WhatIfRun(Model):
    """One question put to the simulator, worked on outside the server, and its answer."""

    __tablename__ = "what_if_run"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    asked_by: Mapped[str] = mapped_column(String(60))
    asked_at: Mapped[datetime] = mapped_column(Instant)
    question: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    done: Mapped[int] = mapped_column(Integer, default=0)
    total: Mapped[int] = mapped_column(Integer, default=0)
    beat_at: Mapped[datetime] = mapped_column(Instant)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'running', 'done', 'refused', 'stopped')", name="state"),
        Index("ix_what_if_run_office", "office_id", "id"),
        Index(
            "uq_what_if_run_one_at_a_time",
            "office_id",
            unique=True,
            sqlite_where=text(_IS_OPEN),
            postgresql_where=text(_IS_OPEN),
        ),
    )
