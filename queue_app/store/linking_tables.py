"""Codes that tie somebody's LINE account to one number or one booking, for half an hour."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from queue_app.store.columns import Instant, Sealed
from queue_app.store.database import Model
from queue_app.store.office_tables import Key


class LinkCode(Model):
    """Shown on the holder's page, sent to the city's account by its holder, used once."""

    __tablename__ = "link_code"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    ticket_id: Mapped[int | None] = mapped_column(Key)
    reservation_id: Mapped[int | None] = mapped_column(Key)
    code: Mapped[str] = mapped_column(Sealed)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)
    used_at: Mapped[datetime | None] = mapped_column(Instant)
    __table_args__ = (
        CheckConstraint("(ticket_id IS NULL) <> (reservation_id IS NULL)", name="one_thing"),
        Index("ix_link_code_ticket", "ticket_id"),
        Index("ix_link_code_reservation", "reservation_id"),
    )
