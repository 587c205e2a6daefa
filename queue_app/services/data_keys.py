"""Whether the data keys of the settings are the ones this database was written with.

A server with other keys would refuse each note and phone number it meets, and seal new ones that nobody else can open.
"""

from __future__ import annotations

from cryptography.fernet import InvalidToken
from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.store.database import writing
from queue_app.store.key_table import KeyCheck

WORD = "sealed by the keys of this installation"


def open_this_database() -> bool:
    """The word can be read. In a database without one, it is put down now, with the keys at hand."""
    try:
        writing(_read_or_put_down)
    except InvalidToken:
        return False
    return True


def _read_or_put_down(session: Session) -> None:
    if session.scalars(select(KeyCheck.word)).first() is None:
        session.add(KeyCheck(id=1, word=WORD))
