"""The staff of an office: who is there, who may no longer log in, and a fresh passphrase for whoever forgot theirs.

Leaves adding and hashing to `access`.
"""

from __future__ import annotations

import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.access import STAFF
from queue_app.domain.errors import Conflict, Invalid, NotFound
from queue_app.domain.events import Event
from queue_app.services import accounts, second_factor, staff_sessions
from queue_app.services.deed import Deed
from queue_app.store.access_tables import UserRow

_WORDS = "23456789abcdefghjkmnpqrstuvwxyz"


def people(session: Session, office_id: int) -> list[UserRow]:
    """All staff of the office, by login."""
    return list(session.scalars(select(UserRow).where(UserRow.office_id == office_id).order_by(UserRow.login)))


def disable(deed: Deed, user_id: int) -> None:
    """No login from now on, and every open session ends. Nobody can shut themselves out."""
    user = _of_office(deed, user_id)
    if deed.identity.name == f"user:{user.id}":
        raise Conflict("not_yourself")
    user.active = False
    staff_sessions.end_sessions(deed.session, user.id, deed.now)
    deed.record(Event.SETUP_CHANGED, part="person", code=str(user.id), active=False)


def enable(deed: Deed, user_id: int) -> None:
    user = _of_office(deed, user_id)
    user.active = True
    deed.record(Event.SETUP_CHANGED, part="person", code=str(user.id), active=True)


def change_role(deed: Deed, user_id: int, role: str) -> None:
    """Another place in the house: every open session ends, so that nothing of the old one lives on. Never one's own."""
    user = _of_office(deed, user_id)
    if role not in STAFF:
        raise Invalid.field("role", "not_a_staff_role", value=role)
    if deed.identity.name == f"user:{user.id}":
        raise Conflict("not_yourself")
    if user.role != role:
        deed.record(
            Event.SETUP_CHANGED, part="person", code=str(user.id), act="role_changed", before=user.role, after=role
        )
        user.role = role
        staff_sessions.end_sessions(deed.session, user.id, deed.now)


def reset_passphrase(deed: Deed, user_id: int) -> tuple[str, str]:
    """Login and a new passphrase of 100 bits, told this once. All sessions of the person end."""
    user = _of_office(deed, user_id)
    fresh = new_passphrase()
    accounts.set_passphrase(deed.session, user.login, fresh, deed.now)
    user.failures, user.next_try_at = 0, None
    deed.record(Event.SETUP_CHANGED, part="person", code=str(user.id), act="passphrase_reset")
    return user.login, fresh


def remove_second_factor(deed: Deed, user_id: int) -> None:
    """For a lost phone and lost paper: the next login asks for neither. All sessions of the person end."""
    user = _of_office(deed, user_id)
    second_factor.remove(deed.session, user)
    staff_sessions.end_sessions(deed.session, user.id, deed.now)
    deed.record(Event.SETUP_CHANGED, part="person", code=str(user.id), act="second_factor_removed")


def log_out_everywhere(deed: Deed, user_id: int) -> None:
    """Every open session of the person ends."""
    user = _of_office(deed, user_id)
    staff_sessions.end_sessions(deed.session, user.id, deed.now)
    deed.record(Event.SETUP_CHANGED, part="person", code=str(user.id), act="sessions_ended")


def new_passphrase() -> str:
    """Five groups of four signs without look-alikes."""
    return "-".join("".join(secrets.choice(_WORDS) for _ in range(4)) for _ in range(5))


def _of_office(deed: Deed, user_id: int) -> UserRow:
    user = deed.session.get(UserRow, user_id)
    if user is None or user.office_id != deed.office.id:
        raise NotFound("unknown_user")
    return user
