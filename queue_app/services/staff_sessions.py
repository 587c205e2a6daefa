"""Sessions of staff: opened, kept alive, idled out, ended, by one's own hand or another's. Secrets as hashes only.

Leaves the proof before a session to `access`. Source: OWASP ASVS 5.0, chapter 7.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from queue_app.domain.access import Identity, Role
from queue_app.services import second_factor
from queue_app.services.tokens import new_secret, secret_hash
from queue_app.store.access_tables import StaffSession, UserRow
from queue_app.store.office_tables import CounterState

IDLE = timedelta(minutes=15)
ABSOLUTE = timedelta(hours=10)
STEP_TIME = timedelta(minutes=10)
"""How long a login may take between the passphrase and the second proof."""


def identity_of_session(session: Session, secret: str, now: datetime) -> Identity | None:
    """Whose browser this is, or None when the session ended, idled out, or the person may no longer work here."""
    row = session.execute(
        select(StaffSession, UserRow)
        .join(UserRow, UserRow.id == StaffSession.user_id)
        .where(_opened_by(secret), StaffSession.due.is_(None))
    ).first()
    if row is None or not is_alive(row.StaffSession, now):
        return None
    user: UserRow = row.UserRow
    return Identity(f"user:{user.id}", Role(user.role), user.office_id, None, row.StaffSession.id, user.name)


def half_open(session: Session, secret: str, now: datetime) -> tuple[StaffSession, UserRow] | None:
    """A login that waits for its second proof, or None once it is whole, over or too old."""
    row = session.execute(
        select(StaffSession, UserRow)
        .join(UserRow, UserRow.id == StaffSession.user_id)
        .where(_opened_by(secret), StaffSession.due.is_not(None))
    ).first()
    if row is None or now - row.StaffSession.created_at >= STEP_TIME:
        return None
    return row.StaffSession, row.UserRow


def _opened_by(secret: str) -> ColumnElement[bool]:
    return and_(StaffSession.token_hash == secret_hash(secret), StaffSession.ended_at.is_(None), UserRow.active)


def live_sessions(session: Session, asked: set[Identity]) -> Any:
    ids = [who.session_id for who in asked if who.session_id is not None]
    return session.execute(
        select(StaffSession, UserRow)
        .join(UserRow, UserRow.id == StaffSession.user_id)
        .where(StaffSession.id.in_(ids), StaffSession.ended_at.is_(None), StaffSession.due.is_(None), UserRow.active)
    )


def open_session(
    session: Session, user: UserRow, now: datetime, *, due: second_factor.Step | None = None, browser: str = ""
) -> str:
    """A new session for a person who has proved who they are; returns its secret.

    Whoever idled out at a counter comes back to it, unless somebody else sits there by now.
    """
    secret = new_secret()
    counter = _seat_left(session, user, now) if due is None else None
    session.add(
        StaffSession(
            user_id=user.id,
            token_hash=secret_hash(secret),
            counter=counter,
            created_at=now,
            seen_at=now,
            due=due,
            browser=browser,
        )
    )
    return secret


def sessions_of(session: Session, user_id: int, now: datetime) -> list[StaffSession]:
    """Where somebody is logged in now, the newest sign of life first."""
    query = select(StaffSession).where(
        StaffSession.user_id == user_id, StaffSession.ended_at.is_(None), StaffSession.due.is_(None)
    )
    alive = [row for row in session.scalars(query) if is_alive(row, now)]
    return sorted(alive, key=lambda row: (row.seen_at, row.id), reverse=True)


def end_sessions(
    session: Session, user_id: int, now: datetime, *, only: int | None = None, but: int | None = None
) -> int:
    """End the sessions of a person: all, one, or all but one. Returns how many were open."""
    ended = 0
    for row in session.scalars(
        select(StaffSession).where(StaffSession.user_id == user_id, StaffSession.ended_at.is_(None))
    ):
        if row.id != but and only in (None, row.id):
            row.ended_at = now
            ended += 1
    return ended


def log_out(session: Session, secret: str, now: datetime) -> StaffSession | None:
    """End the session; None for one that is unknown or has ended already."""
    row = session.scalars(select(StaffSession).where(StaffSession.token_hash == secret_hash(secret))).first()
    if row is None or row.ended_at is not None:
        return None
    row.ended_at = now
    return row


def touch_session(session: Session, session_id: int, now: datetime, counter: str | None = None) -> None:
    """The person is still there; remembers the counter the browser sits at."""
    row = session.get_one(StaffSession, session_id)
    row.seen_at = now
    if counter is not None:
        row.counter = counter


def _seat_left(session: Session, user: UserRow, now: datetime) -> str | None:
    """The counter of the person's newest session, if that has ended and the counter is still theirs."""
    last = session.scalars(
        select(StaffSession)
        .where(StaffSession.user_id == user.id, StaffSession.counter.is_not(None))
        .order_by(StaffSession.id.desc())
    ).first()
    if last is None or (last.ended_at is None and is_alive(last, now)):
        return None
    state = session.get(CounterState, (user.office_id, last.counter))
    if state is None or state.state == "closed" or state.clerk != f"user:{user.id}":
        return None
    counter, last.counter = last.counter, None
    return counter


def is_alive(row: StaffSession, now: datetime) -> bool:
    return now - row.seen_at < IDLE and now - row.created_at < ABSOLUTE
