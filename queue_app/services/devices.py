"""Kiosks and displays report how they are.

Decides which of two talking displays of one waiting area must be quiet: the one paired later; and that a
token used by two browsers at once was copied. Leaves pairing and tokens
to `bearers` and `pairing`, and what staff see of it to `services.floor_facts`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.access import Identity, Right, Role
from queue_app.domain.events import Event
from queue_app.services.alarms import ask_help, open_alarms
from queue_app.services.deed import begin_by_id
from queue_app.services.ports import Ports
from queue_app.store.access_tables import AccessToken

WRITTEN_EVERY = timedelta(seconds=10)
LATE_AFTER = timedelta(seconds=45)
"""Three reports in a row are missing: they come every 15 seconds."""

CLONED = "cloned"
LONGEST_BROWSER = 40
SPEAKING = ("on", "blocked")
Report = dict[str, Any]


def settings_of(session: Session, identity: Identity) -> Report:
    """What the device was set up as; empty for somebody who is no device."""
    row = _token_of(session, identity)
    return dict(row.settings) if row is not None else {}


def copied(session: Session, office_id: int) -> set[str]:
    """The names of devices whose token two browsers used, until somebody has seen to the alarm."""
    return {alarm.source for alarm in open_alarms(session, office_id) if alarm.kind == CLONED}


def report(session: Session, identity: Identity, ports: Ports, *, status: Report, browser: str = "") -> bool:
    """The device is alive, and this is its state. Returns whether it must be silent, because another one speaks.

    `browser` is what the browser calls itself: two of them by turns with one token raise the alarm of a copied token.
    """
    row, now = _token_of(session, identity), ports.clock()
    if row is None:
        return False
    conflict = status.get("voice", "off") != "off" and _speaks_already(session, row, status, now)
    browsers = _browsers(row, browser[:LONGEST_BROWSER], now)
    cloned = _by_turns(browsers, browser[:LONGEST_BROWSER])
    own = [name for name, is_so in (("voice_conflict", conflict), (CLONED, cloned)) if is_so]
    alarms = sorted({*status.get("alarms", []), *own})
    shown = {**status, "alarms": alarms, "trouble": bool(alarms), "browsers": browsers}
    is_news = browsers.keys() != row.status.get("browsers", {}).keys()
    if alarms != row.status.get("alarms", []):
        _tell_staff(session, identity, ports, row, alarms)
    elif not is_news and not cloned and row.seen_at is not None and now - row.seen_at < WRITTEN_EVERY:
        return conflict
    row.status, row.seen_at = shown, now
    return conflict


def _browsers(row: AccessToken, browser: str, now: datetime) -> dict[str, list[float]]:
    """The browsers heard of lately with this token: when each was first and last heard of."""
    at, recent = now.timestamp(), (now - LATE_AFTER).timestamp()
    known = {name: span for name, span in row.status.get("browsers", {}).items() if span[1] > recent}
    if browser:
        known[browser] = [known.get(browser, [at])[0], at]
    return known


def _by_turns(browsers: dict[str, list[float]], browser: str) -> bool:
    """Whether another browser was heard of after this one began. One that took over from a dead one is alone."""
    began = browsers.get(browser, [0.0])[0]
    return bool(browser) and any(span[1] > began for name, span in browsers.items() if name != browser)


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
    if CLONED in alarms:
        ask_help(deed, CLONED, row.name)
