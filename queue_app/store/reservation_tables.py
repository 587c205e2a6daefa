"""Reservations and the places they take in slots.

A hold is a reservation that nobody has confirmed yet: one row from the first click to the visit, so that its places
never change hands in between. Invariants live here as constraints: a place in a slot is taken once, a code is unique.
"""

from __future__ import annotations

from datetime import date, datetime

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
from sqlalchemy.orm import Mapped, mapped_column

from queue_app.domain.reservation import State
from queue_app.store.columns import Instant, Sealed
from queue_app.store.database import Model
from queue_app.store.office_tables import Key

_STATES = ", ".join(repr(str(state)) for state in State)
_HELD = f"state = '{State.HELD}'"
_BOOKED = f"state = '{State.BOOKED}'"


class Reservation(Model):
    """One visit promised for a time, or held for a moment while somebody fills in a form.

    `start_at` is the beginning of the slot, `come_at` when the holder of this place is asked to come. `answers` are the
    navigator's, as JSON; `route` are the services the visit goes on to, which the planner and
    the back office need. The hashes beside sealed columns serve exact search only.
    """

    __tablename__ = "reservation"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    service: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(10))
    start_at: Mapped[datetime] = mapped_column(Instant)
    end_at: Mapped[datetime] = mapped_column(Instant)
    come_at: Mapped[datetime] = mapped_column(Instant)
    people: Mapped[int] = mapped_column(Integer)
    need_min: Mapped[int] = mapped_column(Integer)
    moved_on: Mapped[date | None] = mapped_column(Date)
    answers: Mapped[str | None] = mapped_column(Sealed)
    route: Mapped[list[str] | None] = mapped_column(JSON)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    extensions: Mapped[int] = mapped_column(Integer, default=0)
    nonce: Mapped[str] = mapped_column(String(32))
    hold_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    code: Mapped[str | None] = mapped_column(Sealed)
    code_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    pin: Mapped[str | None] = mapped_column(Sealed)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    next_try_at: Mapped[datetime | None] = mapped_column(Instant)
    """These two are no longer used (`guess_tables`); the version before still writes them while it is replaced."""
    name_kana: Mapped[str | None] = mapped_column(Sealed)
    name_hash: Mapped[str | None] = mapped_column(String(64))
    contact_channel: Mapped[str | None] = mapped_column(String(10))
    contact_address: Mapped[str | None] = mapped_column(Sealed)
    contact_hash: Mapped[str | None] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(12), default="ja")
    needs: Mapped[list[str]] = mapped_column(JSON, default=list)
    origin: Mapped[str] = mapped_column(String(20))
    sequence: Mapped[int] = mapped_column(Integer, default=0)
    ticket_id: Mapped[int | None] = mapped_column(Key)
    made_at: Mapped[datetime] = mapped_column(Instant)
    changed_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    shielded: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint(f"NOT ({_HELD}) OR expires_at IS NOT NULL", name="a_hold_expires"),
        CheckConstraint(f"NOT ({_BOOKED}) OR code_hash IS NOT NULL", name="a_booking_has_a_code"),
        ForeignKeyConstraint(["office_id", "service"], ["service.office_id", "service.code"]),
        Index("ix_reservation_coming", "office_id", "state", "start_at"),
        Index("ix_reservation_contact", "contact_hash", "service"),
        Index("ix_reservation_name", "office_id", "name_hash"),
        Index(
            "ix_reservation_holds",
            "office_id",
            "expires_at",
            sqlite_where=text(_HELD),
            postgresql_where=text(_HELD),
        ),
    )


class SlotPlace(Model):
    """One taken place in one slot. A long booking has a row in every slot that it covers.

    `taken_until` is set for places that come back by themselves: those of holds, and those that rest for a while after
    a cancellation (then nobody's, `reservation_id` NULL). A row past that instant counts as free, cleared away or not.
    """

    __tablename__ = "slot_place"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    slot: Mapped[str] = mapped_column(String(80))
    place: Mapped[int] = mapped_column(Integer)
    start_at: Mapped[datetime] = mapped_column(Instant)
    service: Mapped[str] = mapped_column(String(40))
    reservation_id: Mapped[int | None] = mapped_column(ForeignKey("reservation.id"), index=True)
    taken_until: Mapped[datetime | None] = mapped_column(Instant)
    __table_args__ = (
        UniqueConstraint("office_id", "slot", "place"),
        Index("ix_slot_place_times", "office_id", "service", "start_at"),
        Index(
            "ix_slot_place_passing",
            "office_id",
            "taken_until",
            sqlite_where=text("taken_until IS NOT NULL"),
            postgresql_where=text("taken_until IS NOT NULL"),
        ),
    )
