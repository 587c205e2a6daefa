"""What the statistics are counted from: one row per visit and per stop, read out of the events and never edited.

Everything here can be thrown away and made again from the history (`services.history`), but for wishes, which are
counted as they are looked up. No names, no addresses: ids, codes and times.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, Float, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from queue_app.store.columns import Instant
from queue_app.store.database import Model
from queue_app.store.office_tables import Key


class VisitRecord(Model):
    """One visit as it went. Recorded days of the example city have ids below zero and no ticket."""

    __tablename__ = "visit_record"
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(Date)
    service: Mapped[str] = mapped_column(String(40))
    visit_class: Mapped[str] = mapped_column(String(10))
    arrived_at: Mapped[datetime] = mapped_column(Instant)
    counts_from: Mapped[datetime] = mapped_column(Instant)
    first_called_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    end: Mapped[str] = mapped_column(String(12))
    with_clerk_s: Mapped[int] = mapped_column(Integer)
    idle_s: Mapped[int | None] = mapped_column(Integer)
    postponed: Mapped[int] = mapped_column(Integer)
    procedures: Mapped[list[str]] = mapped_column(JSON)
    told: Mapped[dict[str, Any]] = mapped_column(JSON)
    __table_args__ = (Index("ix_visit_record_day", "office_id", "day"),)


class StopRecord(Model):
    """One stop of a visit that could be called: its wait, service and end, and what its place in line was made of."""

    __tablename__ = "stop_record"
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), primary_key=True)
    stage_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    ticket_id: Mapped[int] = mapped_column(Key)
    day: Mapped[date] = mapped_column(Date)
    service: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(12))
    visit_class: Mapped[str] = mapped_column(String(10))
    counts_from: Mapped[datetime] = mapped_column(Instant)
    reference_at: Mapped[datetime] = mapped_column(Instant)
    lead_min: Mapped[float] = mapped_column(Float)
    called_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    counter: Mapped[str | None] = mapped_column(String(20))
    end: Mapped[str] = mapped_column(String(12))
    served_s: Mapped[int] = mapped_column(Integer)
    calls: Mapped[int] = mapped_column(Integer)
    recalls: Mapped[int] = mapped_column(Integer)
    misses: Mapped[int] = mapped_column(Integer)
    __table_args__ = (
        Index("ix_stop_record_day", "office_id", "day"),
        Index("ix_stop_record_ticket", "office_id", "ticket_id"),
    )


class HistoryMark(Model):
    """How far an office's events have been read, and what its past taught (`usual`: the load by weekday and hour)."""

    __tablename__ = "history_mark"
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), primary_key=True)
    version: Mapped[int] = mapped_column(Key, default=0)
    read_at: Mapped[datetime | None] = mapped_column(Instant)
    learnt_on: Mapped[date | None] = mapped_column(Date)
    usual: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class QueueLaw(Model):
    """What the past of one queue taught: how long its services take, how far its estimates were off, who gives up."""

    __tablename__ = "queue_law"
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), primary_key=True)
    service: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    services: Mapped[int] = mapped_column(Integer)
    mean_min: Mapped[float | None] = mapped_column(Float)
    cv: Mapped[float | None] = mapped_column(Float)
    leaves_per_min: Mapped[float] = mapped_column(Float, default=0.0)
    scale: Mapped[float | None] = mapped_column(Float)
    low_z: Mapped[float | None] = mapped_column(Float)
    high_z: Mapped[float | None] = mapped_column(Float)
    lessons: Mapped[int] = mapped_column(Integer, default=0)
    learnt_at: Mapped[datetime] = mapped_column(Instant)


class WishCount(Model):
    """How often somebody looked for a time on a day, and what they found. Counts only: nobody is in here."""

    __tablename__ = "wish_count"
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    service: Mapped[str] = mapped_column(String(40), primary_key=True)
    wished_on: Mapped[date] = mapped_column(Date, primary_key=True)
    found: Mapped[str] = mapped_column(String(12), primary_key=True)
    times: Mapped[int] = mapped_column(Integer)
    offered: Mapped[int] = mapped_column(Integer)
