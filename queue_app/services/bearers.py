"""Bearer tokens of devices and programs: made, shown once, kept as a hash, revoked, dead when nobody uses them.

Leaves pairing a browser to `pairing`. Source: OWASP ASVS 5.0, chapter 7.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from queue_app.domain.access import Identity, Role
from queue_app.domain.errors import Invalid, NotFound
from queue_app.services import token_memory
from queue_app.services.tokens import new_secret, secret_hash
from queue_app.store.access_tables import AccessToken

DEVICE_ROLES = (Role.KIOSK, Role.DISPLAY)
UNUSED = timedelta(days=30)
"""So long may a kiosk or display be switched off; after that it has to be paired again."""
USE_NOTED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token just made; the secret is shown this once."""

    name: str
    secret: str


def identity_of_token(session: Session, secret: str, now: datetime) -> Identity | None:
    """Whose bearer token this is, or None: also of a device that nobody has used for `UNUSED`."""
    row = session.execute(_LIVE_TOKEN, {"hash": secret_hash(secret)}).first()
    if row is None or is_unused(row, now):
        return None
    return Identity(f"token:{row.id}", Role(row.role), row.office_id, row.counter, label=row.name)


def is_unused(row: Any, now: datetime) -> bool:
    """A kiosk or display that was put away, or stolen from the cupboard, opens nothing any more."""
    return row.role in DEVICE_ROLES and now - (row.seen_at or row.created_at) >= UNUSED


def days_left(row: Any, now: datetime) -> int:
    """Days, begun ones counted, after which a kiosk or display that nobody uses is dead; 0 for one that is."""
    idle: timedelta = now - (row.seen_at or row.created_at)
    return max(0, -((idle - UNUSED) // timedelta(days=1)))


def use_is_old(session: Session, device: Identity, now: datetime) -> bool:
    """Whether it was last noted a day ago that a device is in use."""
    row = session.get_one(AccessToken, int(device.name.removeprefix("token:")))
    return now - (row.seen_at or row.created_at) >= USE_NOTED


def note_use(session: Session, device: Identity, now: datetime) -> None:
    """A device that sends requests and no pulses is in use all the same; written once a day."""
    session.get_one(AccessToken, int(device.name.removeprefix("token:"))).seen_at = now


_TOKEN_FACTS = (AccessToken.id, AccessToken.role, AccessToken.seen_at, AccessToken.created_at)
_LIVE_TOKEN = select(*_TOKEN_FACTS, AccessToken.office_id, AccessToken.counter, AccessToken.name).where(
    AccessToken.token_hash == bindparam("hash"), AccessToken.revoked_at.is_(None)
)


def live_tokens(session: Session, asked: set[Identity]) -> Any:
    ids = [int(who.name.removeprefix("token:")) for who in asked if who.name.startswith("token:")]
    return session.execute(select(*_TOKEN_FACTS).where(AccessToken.id.in_(ids), AccessToken.revoked_at.is_(None)))


def issue_token(
    session: Session,
    office_id: int,
    role: Role,
    name: str,
    now: datetime,
    *,
    counter: str | None = None,
    settings: dict[str, Any] | None = None,
) -> NewToken:
    """A bearer token. Names are unique in an office, revoked ones included: the history names tokens."""
    taken = session.scalars(
        select(AccessToken).where(AccessToken.office_id == office_id, AccessToken.name == name)
    ).first()
    if taken is not None:
        raise Invalid.field("name", "already_used", value=name)
    secret = new_secret()
    session.add(
        AccessToken(
            office_id=office_id,
            role=role,
            name=name,
            counter=counter,
            token_hash=secret_hash(secret),
            settings=settings or {},
            status={},
            created_at=now,
        )
    )
    return NewToken(name, secret)


def revoke_token(session: Session, office_id: int, name: str, now: datetime) -> None:
    """The token is dead from now on; its live sockets are closed within seconds."""
    row = session.scalars(
        select(AccessToken).where(AccessToken.office_id == office_id, AccessToken.name == name)
    ).first()
    if row is None:
        raise NotFound("unknown_token", name=name)
    row.revoked_at = row.revoked_at or now
    token_memory.forget_after(session)


def list_tokens(session: Session, office_id: int) -> list[AccessToken]:
    """All tokens of an office, oldest first."""
    query = select(AccessToken).where(AccessToken.office_id == office_id).order_by(AccessToken.id)
    return list(session.scalars(query))
