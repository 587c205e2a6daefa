"""The time of day as people read it on a wall: `8:30`, `0:05`, `14:40`.

One home, because taking a leading zero off a text makes midnight `:00`.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo


def clock_text(at: datetime, zone: ZoneInfo) -> str:
    """Hours without a leading zero, minutes with one, on the clocks of a zone."""
    local = at.astimezone(zone)
    return f"{local.hour}:{local.minute:02d}"
