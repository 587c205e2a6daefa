"""The second proof of a login: one-time codes of a phone, and codes on paper for when the phone is lost.

Decides who needs one: managers and admins, from two weeks after they were added; everybody may. The staff of the demo
city are let off as long as their passphrases are the printed ones, which protect nothing anyway.

Source: RFC 6238; NIST SP 800-63B-4; OWASP ASVS 5.0, 6.3.3 and 6.5; docs/decisions/0010-second-factor.md.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from queue_app.domain.access import Role
from queue_app.domain.errors import Conflict, Invalid
from queue_app.domain.typed_digits import without_separators
from queue_app.store.access_tables import DEMO, RecoveryCode, UserRow
from queue_app.store.columns import KEYRING

NEEDED_BY: Final = (Role.MANAGER, Role.ADMIN)
GRACE: Final = timedelta(days=14)
STEP_S: Final = 30
DRIFT: Final = 1
"""Steps a phone's clock may be off, either way."""
RECOVERY_CODES: Final = 10
"""Each of 49 bits; kept as keyed hashes, so that a stolen database does not give them away."""
_SIGNS: Final = "23456789abcdefghjkmnpqrstuvwxyz"


class Step(StrEnum):
    """What a login still lacks after the passphrase."""

    CODE = "code"
    SET_UP = "set_up"


def step_due(user: UserRow, now: datetime) -> Step | None:
    """What this person has to do before the session is whole."""
    if user.totp_since is not None:
        return Step.CODE
    due = due_from(user)
    return Step.SET_UP if due is not None and now >= due else None


def due_from(user: UserRow) -> datetime | None:
    """From when the person cannot work without a second factor; None for those who have one or need none."""
    if user.totp_since is not None or user.role not in NEEDED_BY or user.settings.get(DEMO) == user.password_hash:
        return None
    return user.created_at + GRACE


def begin(user: UserRow) -> None:
    """A new secret for the person's phone; it counts once `confirm` has seen a code of it."""
    import pyotp

    user.totp_secret, user.totp_since, user.totp_step = pyotp.random_base32(), None, None


def address_for_phone(user: UserRow, issuer: str) -> str:
    """The otpauth address that an authenticator reads from the QR code."""
    import pyotp

    address: str = pyotp.TOTP(_secret(user)).provisioning_uri(name=user.login, issuer_name=issuer)
    return address


def confirm(session: Session, user: UserRow, code: str, now: datetime) -> list[str]:
    """The phone shows codes of this secret. Returns the recovery codes, told this once. Refuses `wrong_code`."""
    if user.totp_since is not None:
        raise Conflict("second_factor_there")
    if not _is_fresh_code(user, code, now):
        raise Invalid.field("code", "wrong_code")
    user.totp_since = now
    return _new_recovery_codes(session, user)


def proves(session: Session, user: UserRow, code: str, now: datetime) -> bool:
    """Whether this is a code of the phone that was not used yet, or a recovery code; either is used up by it."""
    return _is_fresh_code(user, code, now) or _use_recovery_code(session, user, code, now)


def remove(session: Session, user: UserRow) -> None:
    """Without a second factor again: a lost phone and lost paper, or a new phone."""
    user.totp_secret = user.totp_since = user.totp_step = None
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))


def recovery_codes_left(session: Session, user: UserRow) -> int:
    """How many of the codes on paper are unused."""
    return len(session.scalars(_unused(user)).all())


def _is_fresh_code(user: UserRow, code: str, now: datetime) -> bool:
    import pyotp

    if user.totp_secret is None:
        return False
    typed, phone = without_separators(code), pyotp.TOTP(user.totp_secret, interval=STEP_S)
    here = int(now.timestamp()) // STEP_S
    for step in range(max(here - DRIFT, (user.totp_step or 0) + 1), here + DRIFT + 1):
        if hmac.compare_digest(phone.generate_otp(step).encode(), typed.encode("utf-8", "surrogatepass")):
            user.totp_step = step
            return True
    return False


def _new_recovery_codes(session: Session, user: UserRow) -> list[str]:
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes = ["".join(secrets.choice(_SIGNS) for _ in range(10)) for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(user_id=user.id, code_hash=KEYRING.search_hash(code)) for code in codes)
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def _use_recovery_code(session: Session, user: UserRow, code: str, now: datetime) -> bool:
    typed = without_separators(code).lower()
    row = session.scalars(_unused(user).where(RecoveryCode.code_hash == KEYRING.search_hash(typed))).first()
    if row is None:
        return False
    row.used_at = now
    return True


def _unused(user: UserRow) -> Select[RecoveryCode]:
    return select(RecoveryCode).where(RecoveryCode.user_id == user.id, RecoveryCode.used_at.is_(None))


def _secret(user: UserRow) -> str:
    if user.totp_secret is None:
        raise Conflict("second_factor_not_begun")
    return user.totp_secret
