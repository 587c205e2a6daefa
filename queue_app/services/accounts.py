"""People who work here: their logins, and their passphrases as slow hashes.

Leaves which passphrases are too weak to `domain.passphrase`. Source: NIST SP 800-63B-4.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error
from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.access import STAFF, Role
from queue_app.domain.errors import Invalid, NotFound
from queue_app.domain.passphrase import LONGEST, SHORTEST, normalised, weakness
from queue_app.services import staff_sessions
from queue_app.services.tokens import new_secret
from queue_app.store.access_tables import UserRow
from queue_app.store.office_tables import OfficeRow


def add_user(
    session: Session, office_id: int, login: str, name: str, role: Role, passphrase: str, now: datetime
) -> UserRow:
    """A new member of staff. Refuses a login in use and a passphrase that is too weak, by field."""
    if role not in STAFF:
        raise Invalid.field("role", "not_a_staff_role", value=role)
    login = plain_login(login)
    if session.scalars(select(UserRow).where(UserRow.login == login)).first() is not None:
        raise Invalid.field("login", "already_used", value=login)
    check_passphrase(passphrase, [login, name, *_words_of_office(session, office_id)])
    user = UserRow(
        office_id=office_id,
        login=login,
        name=name,
        role=role,
        password_hash=hash_passphrase(passphrase),
        settings={},
        failures=0,
        active=True,
        created_at=now,
    )
    session.add(user)
    session.flush()
    return user


def set_passphrase(session: Session, login: str, passphrase: str, now: datetime) -> UserRow:
    """A new passphrase ends all sessions of the person."""
    user = user_by_login(session, login)
    check_passphrase(passphrase, [user.login, user.name, *_words_of_office(session, user.office_id)])
    user.password_hash = hash_passphrase(passphrase)
    staff_sessions.end_sessions(session, user.id, now)
    return user


def user_by_login(session: Session, login: str) -> UserRow:
    """The person who logs in by this name. Refuses `unknown_user`."""
    user = session.scalars(select(UserRow).where(UserRow.login == plain_login(login))).first()
    if user is None:
        raise NotFound("unknown_user", login=login)
    return user


def check_passphrase(passphrase: str, familiar: Iterable[str] = ()) -> None:
    """Refuses one that is too short or too easy to guess, by field."""
    code = weakness(passphrase, familiar)
    if code is not None:
        raise Invalid.field("passphrase", code, shortest=SHORTEST, longest=LONGEST)


def _words_of_office(session: Session, office_id: int) -> list[str]:
    row = session.get_one(OfficeRow, office_id)
    return [row.code, *row.name.values()]


def is_passphrase_of(user: UserRow, passphrase: str) -> bool:
    """Whether this is the person's present passphrase."""
    return verify(user.password_hash, passphrase)


def hash_passphrase(passphrase: str) -> str:
    """argon2id of the normalised passphrase."""
    return _hasher().hash(normalised(passphrase))


def plain_login(login: str) -> str:
    return unicodedata.normalize("NFKC", login).strip().lower()


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@lru_cache(maxsize=1)
def dummy_hash() -> str:
    """Checked for unknown names, so that they take as long as known ones."""
    return _hasher().hash(new_secret())


def verify(stored: str, passphrase: str) -> bool:
    try:
        return _hasher().verify(stored, normalised(passphrase))
    except Argon2Error:
        return False
