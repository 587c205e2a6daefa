"""The day at the counters: number series, tickets, stages, calls, the history, and what is to be sent.

Invariants live here as constraints: a number is unique per office and day, a counter has one live stage at most, the
history has no gaps to fill and no two events of one number.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from queue_app.domain.ticket import AT_A_COUNTER, LIVE, StageKind, State
from queue_app.store.columns import Instant, Sealed
from queue_app.store.database import Model
from queue_app.store.office_tables import Key


def _one_of(column: str, values: Any) -> str:
    return f"{column} IN ({', '.join(repr(str(value)) for value in values)})"


class SeriesRow(Model):
    """Today's last number of a series. Incremented, never computed from the tickets."""

    __tablename__ = "series"
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    name: Mapped[str] = mapped_column(String(8), primary_key=True)
    last_number: Mapped[int] = mapped_column(Integer, default=0)


class NumberLease(Model):
    """Numbers of an offline series that one kiosk may give while it has no server. `holder` is the browser that asked:
    another browser with the same token gets numbers of its own."""

    __tablename__ = "number_lease"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    token_id: Mapped[int] = mapped_column(ForeignKey("access_token.id"))
    holder: Mapped[str] = mapped_column(String(40))
    day: Mapped[date] = mapped_column(Date)
    series: Mapped[str] = mapped_column(String(8))
    first: Mapped[int] = mapped_column(Integer)
    last: Mapped[int] = mapped_column(Integer)
    made_at: Mapped[datetime] = mapped_column(Instant)
    __table_args__ = (
        UniqueConstraint("office_id", "day", "series", "first"),
        Index("ix_number_lease_token", "token_id", "day"),
        CheckConstraint("last >= first", name="not_empty"),
    )


class Ticket(Model):
    """One visit (受付番号). The state is derived from its stages; see `domain.ticket.ticket_state`."""

    __tablename__ = "ticket"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    day: Mapped[date] = mapped_column(Date)
    series: Mapped[str] = mapped_column(String(8))
    number: Mapped[int] = mapped_column(Integer)
    number_text: Mapped[str] = mapped_column(String(12))
    service: Mapped[str] = mapped_column(String(40))
    visit_class: Mapped[str] = mapped_column(String(10))
    language: Mapped[str] = mapped_column(String(12))
    needs: Mapped[list[str]] = mapped_column(JSON, default=list)
    note: Mapped[str | None] = mapped_column(Sealed)
    origin: Mapped[str] = mapped_column(String(20))
    issued_at: Mapped[datetime] = mapped_column(Instant)
    appointed_at: Mapped[datetime | None] = mapped_column(Instant)
    reservation_id: Mapped[int | None] = mapped_column(Key)
    nonce: Mapped[str] = mapped_column(String(32))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    notify_channel: Mapped[str | None] = mapped_column(String(10))
    notify_address: Mapped[str | None] = mapped_column(Sealed)
    estimate: Mapped[dict[str, int] | None] = mapped_column(JSON)
    postponed: Mapped[int] = mapped_column(Integer, default=0)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    shielded: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    stages: Mapped[list[Stage]] = relationship(back_populates="ticket", order_by="Stage.position", lazy="select")
    __table_args__ = (
        UniqueConstraint("office_id", "day", "series", "number"),
        UniqueConstraint("office_id", "day", "number_text"),
        ForeignKeyConstraint(["office_id", "service"], ["service.office_id", "service.code"]),
    )


class Stage(Model):
    """One stop of a visit (立寄り先). It can be called once it has a `reference_at`.

    `order_time` is `reference_at` minus the head start and decides who is next (`domain.discipline`).
    """

    __tablename__ = "stage"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    position: Mapped[int] = mapped_column(Integer)
    service: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(12))
    after: Mapped[list[int]] = mapped_column(JSON, default=list)
    state: Mapped[str] = mapped_column(String(10), default=State.WAITING)
    counter: Mapped[str | None] = mapped_column(String(20))
    only_counter: Mapped[str | None] = mapped_column(String(20))
    ready_at: Mapped[datetime | None] = mapped_column(Instant)
    reference_at: Mapped[datetime | None] = mapped_column(Instant)
    order_time: Mapped[datetime | None] = mapped_column(Instant)
    returned_at: Mapped[datetime | None] = mapped_column(Instant)
    since: Mapped[datetime | None] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(Integer, default=1)
    ticket: Mapped[Ticket] = relationship(back_populates="stages")
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        UniqueConstraint("ticket_id", "position"),
        CheckConstraint(_one_of("state", State), name="state"),
        CheckConstraint(_one_of("kind", StageKind), name="kind"),
        CheckConstraint(
            f"NOT ({_one_of('state', AT_A_COUNTER)}) OR counter IS NOT NULL", name="somebody_served_is_at_a_counter"
        ),
        ForeignKeyConstraint(["office_id", "service"], ["service.office_id", "service.code"]),
        ForeignKeyConstraint(["office_id", "counter"], ["counter.office_id", "counter.code"]),
        ForeignKeyConstraint(["office_id", "only_counter"], ["counter.office_id", "counter.code"]),
        Index(
            "uq_stage_one_live_per_counter",
            "office_id",
            "counter",
            unique=True,
            sqlite_where=text(_one_of("state", AT_A_COUNTER)),
            postgresql_where=text(_one_of("state", AT_A_COUNTER)),
        ),
        Index(
            "ix_stage_line",
            "office_id",
            "order_time",
            "ticket_id",
            sqlite_where=text("state = 'waiting' AND order_time IS NOT NULL"),
            postgresql_where=text("state = 'waiting' AND order_time IS NOT NULL"),
        ),
        Index(
            "ix_stage_longest_wait",
            "office_id",
            "reference_at",
            "ticket_id",
            sqlite_where=text("state = 'waiting' AND reference_at IS NOT NULL"),
            postgresql_where=text("state = 'waiting' AND reference_at IS NOT NULL"),
        ),
        Index(
            "ix_stage_live",
            "office_id",
            "ticket_id",
            sqlite_where=text(_one_of("state", LIVE)),
            postgresql_where=text(_one_of("state", LIVE)),
        ),
    )


class CallRow(Model):
    """One call (呼出し) of a stage to a counter, with its answer: came, missed, withdrawn, or none yet."""

    __tablename__ = "call"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    stage_id: Mapped[int] = mapped_column(ForeignKey("stage.id"), index=True)
    counter: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(Instant)
    recalls: Mapped[int] = mapped_column(Integer, default=0)
    sounded_at: Mapped[datetime] = mapped_column(Instant)
    answer: Mapped[str | None] = mapped_column(String(10))
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    __table_args__ = (
        CheckConstraint("answer IS NULL OR answer IN ('came', 'missed', 'withdrawn')", name="answer"),
        Index(
            "uq_call_one_open_per_stage",
            "stage_id",
            unique=True,
            sqlite_where=text("answer IS NULL"),
            postgresql_where=text("answer IS NULL"),
        ),
    )


class EventRow(Model):
    """One thing that happened. Append-only; `version` counts per office without gaps.

    `data` holds the facts that statistics and undo need (before-images of the rows a deed changed); never anything
    personal. An undone deed keeps its row; the undoing row names it in `undoes`.
    """

    __tablename__ = "event"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    version: Mapped[int] = mapped_column(Key)
    at: Mapped[datetime] = mapped_column(Instant)
    day: Mapped[date] = mapped_column(Date)
    name: Mapped[str] = mapped_column(String(20))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
    stage_id: Mapped[int | None] = mapped_column(Key)
    service: Mapped[str | None] = mapped_column(String(40))
    counter: Mapped[str | None] = mapped_column(String(20))
    actor: Mapped[str] = mapped_column(String(60))
    reason: Mapped[str | None] = mapped_column(String(200))
    undoes: Mapped[int | None] = mapped_column(Key)
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    __table_args__ = (
        UniqueConstraint("office_id", "version"),
        Index("ix_event_ticket", "ticket_id", "id"),
        Index("ix_event_day", "office_id", "day"),
    )


PAPER = "print"
"""The channel of papers: they go to a kiosk's printer, never through the senders of messages."""


class Delivery(Model):
    """One message or paper to be sent, recorded in the transaction of its cause and sent after its commit.

    Ends as sent, delivered, failed, unknown (the provider may have it) or dropped (its use was over). Messages are
    `sending` meanwhile, papers `printing`.
    """

    __tablename__ = "delivery"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    event_id: Mapped[int | None] = mapped_column(Key)
    ticket_id: Mapped[int | None] = mapped_column(Key)
    reservation_id: Mapped[int | None] = mapped_column(Key)
    channel: Mapped[str] = mapped_column(String(10))
    kind: Mapped[str] = mapped_column(String(30))
    address: Mapped[str | None] = mapped_column(Sealed)
    address_hash: Mapped[str | None] = mapped_column(String(64))
    payload: Mapped[str] = mapped_column(Sealed)
    dedupe: Mapped[str] = mapped_column(String(120), unique=True)
    due_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    state: Mapped[str] = mapped_column(String(10), default="due")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    locked_until: Mapped[datetime | None] = mapped_column(Instant)
    provider_id: Mapped[str | None] = mapped_column(String(80), index=True)
    last_error: Mapped[str | None] = mapped_column(String(200))
    updated_at: Mapped[datetime] = mapped_column(Instant)
    __table_args__ = (
        Index("ix_delivery_due", "state", "due_at", "expires_at", "channel"),
        Index("ix_delivery_of_office", "office_id", "channel", "updated_at", "state"),
        Index("ix_delivery_to", "address_hash", "updated_at"),
        Index("ix_delivery_reservation", "reservation_id"),
    )


class Answer(Model):
    """The first answer to an Idempotency-Key, kept at least 24 hours. Sealed: it may hold a capability."""

    __tablename__ = "answer"
    scope: Mapped[str] = mapped_column(String(80), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(Integer)
    content_type: Mapped[str] = mapped_column(String(60), default="application/json")
    body: Mapped[str] = mapped_column(Sealed)
    at: Mapped[datetime] = mapped_column(Instant, index=True)


IS_AT_A_COUNTER = text(f"stage.{_one_of('state', AT_A_COUNTER)}")
IS_LIVE = text(f"stage.{_one_of('state', LIVE)}")
"""In so many words, for statements: SQLite does not see that a parameter fits a partial index."""

WITH_ITS_VISIT = joinedload(Stage.ticket, innerjoin=True).joinedload(Ticket.stages, innerjoin=True)
"""A stage read together with its ticket and all its stages, for deeds that want all three; rows come `unique()`."""
