"""Kiosks and displays report how they are.

Decides which of two talking displays of one waiting area must be quiet: the one paired later. Leaves pairing and tokens
to `services.access`, and what staff see of it to `services.floor_facts`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.access import Identity, Right, Role
from queue_app.domain.events import Event
from queue_app.services.deed import begin_by_id
from queue_app.services.ports import Ports
from queue_app.store.access_tables import AccessToken

WRITTEN_EVERY = timedelta(seconds=10)
LATE_AFTER = timedelta(seconds=45)
"""Three reports in a row are missing: they come every 15 seconds."""

SPEAKING = ("on", "blocked")
Report = dict[str, Any]


def settings_of(session: Session, identity: Identity) -> Report:
    """What the device was set up as; empty for somebody who is no device."""
    row = _token_of(session, identity)
    return dict(row.settings) if row is not None else {}


def report(session: Session, identity: Identity, ports: Ports, *, status: Report) -> bool:
    """The device is alive, and this is its state. Returns whether it must be silent, because another one speaks."""
    row, now = _token_of(session, identity), ports.clock()
    if row is None:
        return False
    conflict = status.get("voice", "off") != "off" and _speaks_already(session, row, status, now)
    alarms = sorted({*status.get("alarms", []), *(["voice_conflict"] if conflict else [])})
    shown = {**status, "alarms": alarms, "trouble": bool(alarms)}
    if alarms != row.status.get("alarms", []):
        _tell_staff(session, identity, ports, row, alarms)
    elif row.seen_at is not None and now - row.seen_at < WRITTEN_EVERY:
        return conflict
    row.status, row.seen_at = shown, now
    return conflict


def _token_of(session: Session, identity: Identity) -> AccessToken | None:
    kind, _, key = identity.name.partition(":")
    return session.get(AccessToken, int(key)) if kind == "token" and key.isdecimal() else None


def _speaks_already(session: Session, row: AccessToken, status: Report, now: datetime) -> bool:
    elder = select(AccessToken).where(
        AccessToken.office_id == row.office_id,
        AccessToken.role == Role.DISPLAY,
        AccessToken.revoked_at.is_(None),
        AccessToken.seen_at > now - LATE_AFTER,
        AccessToken.id < row.id,
    )
    return any(
        other.status.get("voice") in SPEAKING and other.status.get("zone", "") == status.get("zone", "")
        for other in session.scalars(elder)
    )


def _tell_staff(session: Session, identity: Identity, ports: Ports, row: AccessToken, alarms: list[str]) -> None:
    """An alarm that begins or ends is history, so that the floor view hears of it at once."""
    deed = begin_by_id(session, row.office_id, Right.REPORT_DEVICE, identity, ports)
    deed.record(Event.DEVICE_REPORTED, device=row.name, alarms=alarms)
