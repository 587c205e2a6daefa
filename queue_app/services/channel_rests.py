"""When a channel keeps still: its provider cannot be reached, falls silent, or asks for less.

Decides that one bad mailbox or one slip stops nobody else: two failures in a row are tolerated, then all wait a second,
and twice as long with each further one. A provider that says "too many" is heard at once. Any answer begins anew.
Leaves when a single message is tried again to `outbox`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

TOLERATED = 2
LONGEST_S = 15


@dataclass
class Rests:
    """Shared by all who send in this process."""

    _in_a_row: dict[str, int] = field(default_factory=dict)
    _until: dict[str, datetime] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def resting(self, now: datetime) -> tuple[str, ...]:
        with self._lock:
            return tuple(channel for channel, until in self._until.items() if until > now)

    def failed(self, channel: str, now: datetime, *, was_told: bool = False) -> None:
        with self._lock:
            row = self._in_a_row.get(channel, 0) + 1
            self._in_a_row[channel] = row = max(row, TOLERATED + 1) if was_told else row
            if row > TOLERATED:
                self._until[channel] = now + timedelta(seconds=min(LONGEST_S, 2 ** (row - TOLERATED - 1)))

    def answered(self, channel: str) -> None:
        with self._lock:
            self._in_a_row.pop(channel, None)
