"""Before-images: how the rows of a ticket looked before a deed, kept in the history so that it can be undone.

Only columns that deeds change are kept; none of them is personal.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from queue_app.store.queue_tables import CallRow, Stage, Ticket

Image = dict[str, Any]
Imaged = Stage | CallRow | Ticket

COLUMNS: dict[str, tuple[str, ...]] = {
    "stage": (
        "state",
        "counter",
        "only_counter",
        "after",
        "ready_at",
        "reference_at",
        "order_time",
        "returned_at",
        "since",
    ),
    "call": ("recalls", "sounded_at", "answer", "answered_at"),
    "ticket": ("service", "closed_at", "postponed"),
}
TABLES: dict[str, type[Imaged]] = {"stage": Stage, "call": CallRow, "ticket": Ticket}


def image_of(row: Imaged) -> Image:
    """The row's changing columns as JSON values."""
    return {column: _plain(getattr(row, column)) for column in COLUMNS[row.__tablename__]}


def restore(row: Imaged, image: Image) -> None:
    """Put the columns back."""
    for column, value in image.items():
        is_instant = value is not None and (column.endswith("_at") or column in ("order_time", "since"))
        setattr(row, column, datetime.fromisoformat(value) if is_instant else value)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
