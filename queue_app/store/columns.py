"""Column types of our own: instants in UTC, sealed text, and the keyed hash beside it.

Sealed columns hold authenticated ciphertext (Fernet); the keys come from the settings and are never in the database.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import DateTime, LargeBinary
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept as UTC. A naive one is a mistake of ours and is refused."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError("a naive datetime reached the database")
        return value.astimezone(UTC).replace(tzinfo=None)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        """One step from what the driver hands over: SQLite keeps text, and a hall is some thousand instants."""
        return _from_text if dialect.name == "sqlite" else _from_naive


def _from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value + "+00:00")


def _from_naive(value: datetime | None) -> datetime | None:
    return None if value is None else value.replace(tzinfo=UTC)


class Keyring:
    """The data keys in force, newest first. Set once at start."""

    def __init__(self) -> None:
        self._box: MultiFernet | None = None
        self._hash_key = b""
        self.decoy = b""
        """Something sealed that says nothing: opened in place of what is not there, so that both take as long."""

    def use(self, keys: tuple[str, ...], search_key: str) -> None:
        """Seal with the first key, open with any. The search key is another one: hashes outlive a rotation of keys."""
        self._box = MultiFernet([Fernet(key) for key in keys])
        self._hash_key = hashlib.sha256(b"search|" + search_key.encode()).digest()
        self.decoy = self.seal("::::")

    def seal(self, text: str) -> bytes:
        return self._open_box().encrypt(text.encode("utf-8", "surrogatepass"))

    def unseal(self, sealed: bytes) -> str:
        return self._open_box().decrypt(sealed).decode("utf-8", "surrogatepass")

    def rotate(self, sealed: bytes) -> bytes:
        return self._open_box().rotate(sealed)

    def search_hash(self, text: str) -> str:
        """Keyed hash for exact search beside a sealed column. Normalise the text first."""
        return hmac.new(self._hash_key, text.encode(), hashlib.sha256).hexdigest()

    def _open_box(self) -> MultiFernet:
        if self._box is None:
            raise RuntimeError("data keys are not set")
        return self._box


KEYRING = Keyring()


class Sealed(TypeDecorator[str]):
    """Text that only this installation can read."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else KEYRING.seal(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else KEYRING.unseal(bytes(value))
