"""How staff prove who they are at the login, and who of those let in before still may.

Failures slow the next try down. Leaves sessions to `staff_sessions`, tokens to `bearers`, passphrases to `accounts`,
one-time codes to `second_factor` and what a role may to `domain.access`.
Source: NIST SP 800-63B-4; OWASP ASVS 5.0, chapter 6.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from queue_app.domain.access import Identity
from queue_app.domain.errors import Conflict
from queue_app.services import accounts, bearers, second_factor, staff_sessions
from queue_app.store.access_tables import StaffSession, UserRow

NOBODY = 0
"""An id that no person has."""


def still_valid(session: Session, identities: Iterable[Identity], now: datetime) -> set[Identity]:
    """Which of these earlier identities still hold: not revoked, logged out, demoted or idled out. Two statements."""
    asked = set(identities)
    tokens = {
        f"token:{row.id}": row.role for row in bearers.live_tokens(session, asked) if not bearers.is_unused(row, now)
    }
    sessions = {row.StaffSession.id: row for row in staff_sessions.live_sessions(session, asked)}
    held = set()
    for identity in asked:
        row = sessions.get(identity.session_id) if identity.session_id is not None else None
        if identity.session_id is not None:
            if row is not None and staff_sessions.is_alive(row.StaffSession, now) and row.UserRow.role == identity.role:
                held.add(identity)
        elif identity.role is None or tokens.get(identity.name) == identity.role:
            held.add(identity)
    return held


def log_in(
    session: Session, login: str, passphrase: str, now: datetime, browser: str = ""
) -> tuple[UserRow, str] | None:
    """Check a passphrase and open a session; returns the person and the new session's secret.

    The session is half open as long as `second_factor.step_due` names a step.

    None for a wrong name or passphrase, which take the same time. Failures slow the next try down and never lock the
    owner out for longer than half a minute.
    """
    user = session.scalars(select(UserRow).where(UserRow.login == accounts.plain_login(login))).first()
    if user is not None:
        _check_may_try(user, now)
    if (
        not accounts.verify(user.password_hash if user else accounts.dummy_hash(), passphrase)
        or user is None
        or not user.active
    ):
        _failed(session, user, now)
        return None
    due = second_factor.step_due(user, now)
    if due is None:
        user.failures, user.next_try_at = 0, None
    return user, staff_sessions.open_session(session, user, now, due=due, browser=browser)


def prove(session: Session, half: StaffSession, user: UserRow, code: str, now: datetime) -> str | None:
    """The second proof: ends the half open session and returns the secret of a whole one. None for a wrong code.

    Wrong codes slow the next try down as wrong passphrases do, and count together with them.
    """
    _check_may_try(user, now)
    if not second_factor.proves(session, user, code, now):
        _failed(session, user, now)
        return None
    return make_whole(session, half, user, now)


def make_whole(session: Session, half: StaffSession, user: UserRow, now: datetime) -> str:
    """A new session in place of the half open one; its secret is new as well."""
    half.ended_at = now
    user.failures, user.next_try_at = 0, None
    return staff_sessions.open_session(session, user, now, browser=half.browser or "")


def _check_may_try(user: UserRow, now: datetime) -> None:
    if user.next_try_at is not None and now < user.next_try_at:
        raise Conflict("too_many_tries", retry_after_s=int((user.next_try_at - now).total_seconds()) + 1)


def _failed(session: Session, user: UserRow | None, now: datetime) -> None:
    """For a name that nobody has the same statement is sent, and changes nothing: it takes as long."""
    failures = user.failures + 1 if user else 1
    next_try_at = now + timedelta(seconds=min(30, 2 ** max(0, failures - 3) - 1))
    counted = update(UserRow).where(UserRow.id == (user.id if user else NOBODY))
    session.execute(counted.values(failures=failures, next_try_at=next_try_at))
