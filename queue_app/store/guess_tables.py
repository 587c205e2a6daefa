"""Booking codes that somebody has tried, whether or not there is a booking behind them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from queue_app.store.columns import Instant
from queue_app.store.database import Model


class TriedCode(Model):
    """How often in a row a code was tried in vain. By keyed hash; forgotten a day after the last try."""

    __tablename__ = "tried_code"
    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    next_try_at: Mapped[datetime | None] = mapped_column(Instant)
    tried_at: Mapped[datetime] = mapped_column(Instant, index=True)
