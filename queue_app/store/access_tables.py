"""Who may: people with a password, their sessions, and the tokens of devices and programs. Secrets only as hashes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from queue_app.store.columns import Instant, Sealed
from queue_app.store.database import Model
from queue_app.store.office_tables import Key

DEMO = "demo_hash"
"""In the settings of the demo city's staff: the hash of the passphrase that the login page shows."""


class UserRow(Model):
    """A member of staff. `password_hash` is argon2id.

    `totp_since` is when one-time codes began to count; a secret without it is being set up. `totp_step` is the last
    thirty seconds whose code was used: none counts twice.
    """

    __tablename__ = "user"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    login: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    role: Mapped[str] = mapped_column(String(12))
    password_hash: Mapped[str] = mapped_column(String(200))
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    next_try_at: Mapped[datetime | None] = mapped_column(Instant)
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    totp_secret: Mapped[str | None] = mapped_column(Sealed)
    totp_since: Mapped[datetime | None] = mapped_column(Instant)
    totp_step: Mapped[int | None] = mapped_column(Integer)


class RecoveryCode(Model):
    """One of the codes on paper that stand in for a lost phone, each for one login."""

    __tablename__ = "recovery_code"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class StaffSession(Model):
    """One browser somebody is logged in with. As long as a step is `due` it opens nothing but that step's page."""

    __tablename__ = "staff_session"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    counter: Mapped[str | None] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    due: Mapped[str | None] = mapped_column(String(12))
    browser: Mapped[str | None] = mapped_column(String(40))


class AccessToken(Model):
    """A bearer token of a device or program, bound to an office, a role and perhaps one counter."""

    __tablename__ = "access_token"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    role: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(80))
    counter: Mapped[str | None] = mapped_column(String(20))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    status: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    __table_args__ = (UniqueConstraint("office_id", "name"),)


class PairingCode(Model):
    """A one-time code that turns a browser into a kiosk or display."""

    __tablename__ = "pairing_code"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    role: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(80))
    code_hash: Mapped[str] = mapped_column(String(64), index=True)
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    used_at: Mapped[datetime | None] = mapped_column(Instant)
