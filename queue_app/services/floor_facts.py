"""What the floor view knows beside the line: machines, alarms, and how long people waited today.

A machine that has not been heard of for a minute is down; what it says about itself is believed.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from statistics import median
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from queue_app.domain.access import Role
from queue_app.domain.office import Office
from queue_app.domain.reservation import State
from queue_app.services.alarms import open_alarms
from queue_app.store.access_tables import AccessToken
from queue_app.store.queue_tables import CallRow, Stage, Ticket
from queue_app.store.reservation_tables import Reservation

Snapshot = dict[str, Any]
SILENT = timedelta(seconds=60)


def devices(session: Session, office_id: int, now: datetime) -> list[Snapshot]:
    """Kiosks and displays of the office with their state: ok, trouble (it says so) or down (silent)."""
    query = (
        select(AccessToken)
        .where(
            AccessToken.office_id == office_id,
            AccessToken.role.in_((Role.KIOSK, Role.DISPLAY)),
            AccessToken.revoked_at.is_(None),
        )
        .order_by(AccessToken.role.desc(), AccessToken.name)
    )
    return [
        {
            "name": row.name,
            "role": row.role,
            "seen_at": row.seen_at,
            "state": _state(row, now),
            "status": row.status,
        }
        for row in session.scalars(query)
    ]


def alarms(session: Session, office_id: int) -> list[Snapshot]:
    """What nobody has dealt with yet, oldest first."""
    return [
        {"id": row.id, "kind": row.kind, "source": row.source, "facts": row.facts, "at": row.at}
        for row in open_alarms(session, office_id)
    ]


def waits_of_today(session: Session, office: Office, now: datetime) -> dict[str, int | None]:
    """Median and 90 % value, in minutes, of the waits that ended in a call today. None before the first call."""
    rows = session.execute(
        select(CallRow.at, Stage.reference_at)
        .join(Stage, Stage.id == CallRow.stage_id)
        .join(Ticket, Ticket.id == Stage.ticket_id)
        .where(
            Ticket.office_id == office.id,
            Ticket.day == office.today(now),
            Stage.reference_at.is_not(None),
            CallRow.answer.is_distinct_from("withdrawn"),
        )
    )
    waited = sorted(max(0.0, (called - since).total_seconds() / 60) for called, since in rows if since is not None)
    if not waited:
        return {"median_min": None, "p90_min": None}
    return {"median_min": round(median(waited)), "p90_min": round(waited[min(len(waited) - 1, int(0.9 * len(waited)))])}


def attendance_of_today(session: Session, office: Office, now: datetime) -> int | None:
    """Percent of today's bookings, due by now, whose holders came. None before the first was due."""
    begin = datetime.combine(office.today(now), time.min, office.zone)
    states = session.execute(
        select(Reservation.state, func.count().label("people"))
        .where(
            Reservation.office_id == office.id,
            Reservation.start_at >= begin,
            Reservation.come_at < now - timedelta(minutes=office.booking.late_min),
            Reservation.state.in_((State.BOOKED, State.ARRIVED, State.NO_SHOW)),
        )
        .group_by(Reservation.state)
    )
    counts: dict[str, int] = {row.state: row.people for row in states}
    due = sum(counts.values())
    return round(100 * counts.get(State.ARRIVED, 0) / due) if due else None


def _state(row: AccessToken, now: datetime) -> str:
    if row.seen_at is None or now - row.seen_at > SILENT:
        return "down"
    return "trouble" if row.status.get("trouble") or row.status.get("state") in ("trouble", "error") else "ok"
