"""One sealed word per installation, by which wrong data keys are noticed before anything is written with them."""

from __future__ import annotations

from sqlalchemy import Integer
from sqlalchemy.orm import Mapped, mapped_column

from queue_app.store.columns import Sealed
from queue_app.store.database import Model


class KeyCheck(Model):
    """The single row is sealed again with everything else when the keys change."""

    __tablename__ = "key_check"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    word: Mapped[str] = mapped_column(Sealed)
