"""The links of the audit trail: which bytes of an entry are sealed, and with which key.

The bytes are pinned by a test: a change here would make every trail of every city look tampered with.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

BEGINNING = "0" * 64
"""What stands before the first entry."""


@dataclass(frozen=True, slots=True)
class Content:
    """What one entry says; its place in the chain is told apart."""

    at: datetime
    actor: str
    action: str
    subject: str
    reason: str | None
    facts: dict[str, Any]


@lru_cache(maxsize=8)
def chain_key(secret: bytes) -> bytes:
    """The key of the chain. Another label than every other use of the secret."""
    return hmac.new(secret, b"matazu audit chain 1", hashlib.sha256).digest()


@lru_cache(maxsize=8)
def checkpoint_key(secret: bytes) -> bytes:
    """The key of the lines outside the database."""
    return hmac.new(secret, b"matazu audit checkpoint 1", hashlib.sha256).digest()


def canonical(office_id: int, seq: int, previous: str, content: Content) -> bytes:
    """The same bytes on every machine and database: one JSON array, ASCII, keys in order, microseconds in UTC."""
    return json.dumps(
        [
            "matazu audit 1",
            office_id,
            seq,
            previous,
            content.at.astimezone(UTC).isoformat(timespec="microseconds"),
            content.actor,
            content.action,
            content.subject,
            content.reason,
            content.facts,
        ],
        ensure_ascii=True,
        sort_keys=True,
        separators=(",", ":"),
    ).encode()


def mac_of(key: bytes, office_id: int, seq: int, previous: str, content: Content) -> str:
    """The seal of an entry at this place, after that one."""
    return hmac.new(key, canonical(office_id, seq, previous, content), hashlib.sha256).hexdigest()
