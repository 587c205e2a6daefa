"""How people, devices and programs prove who they are: passwords, sessions, bearer tokens, pairing codes.

Secrets are kept as hashes only. Leaves what a role may to `domain.access`, which passphrases are too weak to
`domain.passphrase` and one-time codes to `second_factor`.
Source: NIST SP 800-63B-4 for passphrases and throttling; OWASP ASVS 5.0 chapters 6 and 7.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error
from sqlalchemy import ColumnElement, and_, bindparam, select
from sqlalchemy.orm import Session

from queue_app.domain.access import STAFF, Identity, Role
from queue_app.domain.errors import Conflict, Invalid, NotFound
from queue_app.domain.passphrase import LONGEST, SHORTEST, normalised, weakness
from queue_app.services import second_factor, token_memory
from queue_app.services.tokens import new_secret, secret_hash
from queue_app.store.access_tables import AccessToken, PairingCode, StaffSession, UserRow
from queue_app.store.office_tables import CounterState, OfficeRow

IDLE = timedelta(minutes=15)
ABSOLUTE = timedelta(hours=10)
STEP_TIME = timedelta(minutes=10)
"""How long a login may take between the passphrase and the second proof."""
PAIRING_TIME = timedelta(minutes=10)
DEVICE_ROLES = (Role.KIOSK, Role.DISPLAY)
UNUSED = timedelta(days=30)
"""So long may a kiosk or display be switched off; after that it has to be paired again."""
USE_NOTED = timedelta(days=1)
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


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


def identity_of_session(session: Session, secret: str, now: datetime) -> Identity | None:
    """Whose browser this is, or None when the session ended, idled out, or the person may no longer work here."""
    row = session.execute(
        select(StaffSession, UserRow)
        .join(UserRow, UserRow.id == StaffSession.user_id)
        .where(_opened_by(secret), StaffSession.due.is_(None))
    ).first()
    if row is None or not _is_alive(row.StaffSession, now):
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


def still_valid(session: Session, identities: Iterable[Identity], now: datetime) -> set[Identity]:
    """Which of these earlier identities still hold: not revoked, logged out, demoted or idled out. Two statements."""
    asked = set(identities)
    tokens = {f"token:{row.id}": row.role for row in _live_tokens(session, asked) if not is_unused(row, now)}
    sessions = {row.StaffSession.id: row for row in _live_sessions(session, asked)}
    held = set()
    for identity in asked:
        row = sessions.get(identity.session_id) if identity.session_id is not None else None
        if identity.session_id is not None:
            if row is not None and _is_alive(row.StaffSession, now) and row.UserRow.role == identity.role:
                held.add(identity)
        elif identity.role is None or tokens.get(identity.name) == identity.role:
            held.add(identity)
    return held


def _live_tokens(session: Session, asked: set[Identity]) -> Any:
    ids = [int(who.name.removeprefix("token:")) for who in asked if who.name.startswith("token:")]
    return session.execute(select(*_TOKEN_FACTS).where(AccessToken.id.in_(ids), AccessToken.revoked_at.is_(None)))


def _live_sessions(session: Session, asked: set[Identity]) -> Any:
    ids = [who.session_id for who in asked if who.session_id is not None]
    return session.execute(
        select(StaffSession, UserRow)
        .join(UserRow, UserRow.id == StaffSession.user_id)
        .where(StaffSession.id.in_(ids), StaffSession.ended_at.is_(None), StaffSession.due.is_(None), UserRow.active)
    )


def log_in(
    session: Session, login: str, passphrase: str, now: datetime, browser: str = ""
) -> tuple[UserRow, str] | None:
    """Check a passphrase and open a session; returns the person and the new session's secret.

    The session is half open as long as `second_factor.step_due` names a step.

    None for a wrong name or passphrase, which take the same time. Failures slow the next try down and never lock the
    owner out for longer than half a minute.
    """
    user = session.scalars(select(UserRow).where(UserRow.login == _plain(login))).first()
    if user is not None:
        _check_may_try(user, now)
    if not _verify(user.password_hash if user else _dummy_hash(), passphrase) or user is None or not user.active:
        if user is not None:
            _failed(user, now)
        return None
    due = second_factor.step_due(user, now)
    if due is None:
        user.failures, user.next_try_at = 0, None
    return user, open_session(session, user, now, due=due, browser=browser)


def prove(session: Session, half: StaffSession, user: UserRow, code: str, now: datetime) -> str | None:
    """The second proof: ends the half open session and returns the secret of a whole one. None for a wrong code.

    Wrong codes slow the next try down as wrong passphrases do, and count together with them.
    """
    _check_may_try(user, now)
    if not second_factor.proves(session, user, code, now):
        _failed(user, now)
        return None
    return make_whole(session, half, user, now)


def make_whole(session: Session, half: StaffSession, user: UserRow, now: datetime) -> str:
    """A new session in place of the half open one; its secret is new as well."""
    half.ended_at = now
    user.failures, user.next_try_at = 0, None
    return open_session(session, user, now, browser=half.browser or "")


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


def _check_may_try(user: UserRow, now: datetime) -> None:
    if user.next_try_at is not None and now < user.next_try_at:
        raise Conflict("too_many_tries", retry_after_s=int((user.next_try_at - now).total_seconds()) + 1)


def _failed(user: UserRow, now: datetime) -> None:
    user.failures += 1
    user.next_try_at = now + timedelta(seconds=min(30, 2 ** max(0, user.failures - 3) - 1))


def sessions_of(session: Session, user_id: int, now: datetime) -> list[StaffSession]:
    """Where somebody is logged in now, the newest sign of life first."""
    query = select(StaffSession).where(
        StaffSession.user_id == user_id, StaffSession.ended_at.is_(None), StaffSession.due.is_(None)
    )
    alive = [row for row in session.scalars(query) if _is_alive(row, now)]
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


def add_user(
    session: Session, office_id: int, login: str, name: str, role: Role, passphrase: str, now: datetime
) -> UserRow:
    """A new member of staff. Refuses a login in use and a passphrase that is too weak, by field."""
    if role not in STAFF:
        raise Invalid.field("role", "not_a_staff_role", value=role)
    login = _plain(login)
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
    end_sessions(session, user.id, now)
    return user


def user_by_login(session: Session, login: str) -> UserRow:
    """The person who logs in by this name. Refuses `unknown_user`."""
    user = session.scalars(select(UserRow).where(UserRow.login == _plain(login))).first()
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
    return _verify(user.password_hash, passphrase)


def hash_passphrase(passphrase: str) -> str:
    """argon2id of the normalised passphrase."""
    return _hasher().hash(normalised(passphrase))


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


def pairing_code(
    session: Session, office_id: int, role: Role, name: str, now: datetime, settings: dict[str, Any] | None = None
) -> str:
    """A code of 10 signs (50 bits) that turns one browser into a kiosk or display within ten minutes."""
    if role not in DEVICE_ROLES:
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


def pair(session: Session, typed: str, now: datetime) -> tuple[NewToken, PairingCode]:
    """Exchange a pairing code for a device token. Refuses `wrong_code` for unknown, used and expired codes alike."""
    code = "".join(char for char in unicodedata.normalize("NFKC", typed).upper() if char.isalnum())
    row = session.scalars(select(PairingCode).where(PairingCode.code_hash == secret_hash(code))).first()
    if row is None or row.used_at is not None or row.expires_at <= now:
        raise Invalid.field("code", "wrong_code")
    row.used_at = now
    revoke_earlier(session, row.office_id, row.name, now)
    name = free_name(session, row.office_id, row.name)
    token = issue_token(session, row.office_id, Role(row.role), name, now, settings=row.settings)
    return token, row


def revoke_earlier(session: Session, office_id: int, name: str, now: datetime) -> None:
    """Pairing again under the same name leaves the old token dead, whoever has it by now."""
    numbered = re.compile(rf"{re.escape(name)}( \(\d+\))?")
    for token in list_tokens(session, office_id):
        if token.revoked_at is None and token.role in DEVICE_ROLES and numbered.fullmatch(token.name):
            revoke_token(session, office_id, token.name, now)


def free_name(session: Session, office_id: int, wanted: str) -> str:
    """The name, with a number behind it if it has been used: the history names tokens, dead ones too."""
    names = {token.name for token in list_tokens(session, office_id)}
    if wanted not in names:
        return wanted
    return next(name for number in range(2, 10_000) if (name := f"{wanted} ({number})") not in names)


def _seat_left(session: Session, user: UserRow, now: datetime) -> str | None:
    """The counter of the person's newest session, if that has ended and the counter is still theirs."""
    last = session.scalars(
        select(StaffSession)
        .where(StaffSession.user_id == user.id, StaffSession.counter.is_not(None))
        .order_by(StaffSession.id.desc())
    ).first()
    if last is None or (last.ended_at is None and _is_alive(last, now)):
        return None
    state = session.get(CounterState, (user.office_id, last.counter))
    if state is None or state.state == "closed" or state.clerk != f"user:{user.id}":
        return None
    counter, last.counter = last.counter, None
    return counter


def _is_alive(row: StaffSession, now: datetime) -> bool:
    return now - row.seen_at < IDLE and now - row.created_at < ABSOLUTE


def _plain(login: str) -> str:
    return unicodedata.normalize("NFKC", login).strip().lower()


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@lru_cache(maxsize=1)
def _dummy_hash() -> str:
    """Checked for unknown names, so that they take as long as known ones."""
    return _hasher().hash(new_secret())


def _verify(stored: str, passphrase: str) -> bool:
    try:
        return _hasher().verify(stored, normalised(passphrase))
    except Argon2Error:
        return False
