"""Codes that turn one browser into a kiosk or display: ten signs, ten minutes, once."""

from __future__ import annotations

import re
import secrets
import unicodedata
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.access import Role
from queue_app.domain.errors import Invalid
from queue_app.services import bearers
from queue_app.services.tokens import secret_hash
from queue_app.store.access_tables import PairingCode

PAIRING_TIME = timedelta(minutes=10)
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def pairing_code(
    session: Session, office_id: int, role: Role, name: str, now: datetime, settings: dict[str, Any] | None = None
) -> str:
    """A code of 10 signs (50 bits) that turns one browser into a kiosk or display within ten minutes."""
    if role not in bearers.DEVICE_ROLES:
        raise Invalid.field("role", "not_a_device_role", value=role)
    code = "".join(secrets.choice(_ALPHABET) for _ in range(10))
    session.add(
        PairingCode(
            office_id=office_id,
            role=role,
            name=name,
            code_hash=secret_hash(code),
            settings=settings or {},
            expires_at=now + PAIRING_TIME,
            tries=0,
        )
    )
    return f"{code[:5]}-{code[5:]}"


def pair(session: Session, typed: str, now: datetime) -> tuple[bearers.NewToken, PairingCode]:
    """Exchange a pairing code for a device token. Refuses `wrong_code` for unknown, used and expired codes alike."""
    code = "".join(char for char in unicodedata.normalize("NFKC", typed).upper() if char.isalnum())
    row = session.scalars(select(PairingCode).where(PairingCode.code_hash == secret_hash(code))).first()
    if row is None or row.used_at is not None or row.expires_at <= now:
        raise Invalid.field("code", "wrong_code")
    row.used_at = now
    revoke_earlier(session, row.office_id, row.name, now)
    name = free_name(session, row.office_id, row.name)
    token = bearers.issue_token(session, row.office_id, Role(row.role), name, now, settings=row.settings)
    return token, row


def revoke_earlier(session: Session, office_id: int, name: str, now: datetime) -> None:
    """Pairing again under the same name leaves the old token dead, whoever has it by now."""
    numbered = re.compile(rf"{re.escape(name)}( \(\d+\))?")
    for token in bearers.list_tokens(session, office_id):
        if token.revoked_at is None and token.role in bearers.DEVICE_ROLES and numbered.fullmatch(token.name):
            bearers.revoke_token(session, office_id, token.name, now)


def free_name(session: Session, office_id: int, wanted: str) -> str:
    """The name, with a number behind it if it has been used: the history names tokens, dead ones too."""
    names = {token.name for token in bearers.list_tokens(session, office_id)}
    if wanted not in names:
        return wanted
    return next(name for number in range(2, 10_000) if (name := f"{wanted} ({number})") not in names)
