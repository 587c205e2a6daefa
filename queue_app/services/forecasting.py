"""What was recorded of people who came unannounced, read once a day for the forecast.

Counts the recorded visits without a booking: that is what walk-ins are, and bookings are counted by themselves. Only
days that are over count. Leaves what follows from the counts to `domain.planning.forecast`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from queue_app.domain.discipline import VisitClass
from queue_app.domain.office import Office
from queue_app.domain.planning.forecast import Past
from queue_app.store.statistics_tables import VisitRecord

REMEMBERED = timedelta(days=400)
"""More than a year, so that the last moving season is among the days."""

PROFILED = timedelta(days=42)
HALF_HOURS = 48


def past_of(session: Session, office: Office, today: date) -> Past:
    """The recorded days before today."""
    days: dict[date, dict[str, int]] = {}
    rows = session.execute(
        select(VisitRecord.day, VisitRecord.service, func.count())
        .where(*_walk_ins(office), VisitRecord.day >= today - REMEMBERED, VisitRecord.day < today)
        .group_by(VisitRecord.day, VisitRecord.service)
    )
    for day, service, count in rows:
        days.setdefault(day, {})[service] = count
    return Past(days, _profiles(session, office, today))


def declared_walk_ins(office: Office) -> Mapping[str, float]:
    """The office's own numbers of a common day, where it gave any."""
    given = {code: service.extra.get("walk_ins_per_day") for code, service in office.services.items()}
    return {code: float(number) for code, number in given.items() if isinstance(number, int | float)}


def _profiles(session: Session, office: Office, today: date) -> dict[str, list[int]]:
    """Per service how many came in each half hour of the office's day."""
    rows = session.execute(
        select(VisitRecord.service, VisitRecord.arrived_at).where(
            *_walk_ins(office), VisitRecord.day >= today - PROFILED, VisitRecord.day < today
        )
    )
    profiles: dict[str, list[int]] = {}
    for service, at in rows:
        profiles.setdefault(service, [0] * HALF_HOURS)[_half_hour(office, at)] += 1
    return profiles


def _half_hour(office: Office, at: datetime) -> int:
    here = at.astimezone(office.zone)
    return here.hour * 2 + here.minute // 30


def _walk_ins(office: Office) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return VisitRecord.office_id == office.id, VisitRecord.visit_class != VisitClass.BOOKED
