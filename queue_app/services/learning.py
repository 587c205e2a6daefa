"""What an office learns from its past every night: how long services take, who gives up, how far estimates were off,
and how full it usually is by weekday and hour.

Decides how far back to look. Leaves the counting to `domain.figures` and the correction to `domain.planning`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from queue_app.domain.figures import Half, PastStop, PastVisit, by_hour, lessons, striking_halves
from queue_app.domain.office import Office
from queue_app.domain.planning.calibration import Lesson, calibrate
from queue_app.domain.planning.lognormal import Duration
from queue_app.domain.service_times import late_ends, law_of, laws_of
from queue_app.services import offices
from queue_app.services.history import mark_of
from queue_app.services.past import Span, past_stops, past_visits
from queue_app.store.statistics_tables import QueueLaw

LOOK_BACK = timedelta(weeks=8)
CALIBRATE_ON = timedelta(days=40)
"""Estimates are corrected by the last weeks only: a new clerk or a new form shows soon."""

MOST_LEAVING = 0.05
"""Of those waiting, per minute; more is a counting mistake, not impatience."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """What some weeks taught, not yet kept: seconds of counting that must not hold up whoever writes."""

    on: date
    laws: list[dict[str, Any]]
    usual: dict[str, Any]


def learn(session: Session, office: Office, now: datetime) -> Learnt:
    """Learn from the past weeks up to yesterday. Only reads."""
    today = office.today(now)
    span = Span(today - LOOK_BACK, today - timedelta(days=1))
    visits, stops = list(past_visits(session, office, span)), list(past_stops(session, office, span))
    usual = usual_load([each for each in visits if each.visit_class != "booked"])
    return Learnt(today, laws(visits, stops, since=today - CALIBRATE_ON), usual)


def keep(session: Session, office_id: int, learnt: Learnt, now: datetime) -> int:
    """Keep what was learnt in place of what was known; how many queues have a law of their own."""
    offices.setup_changed(session, office_id)  # whoever holds the office reads it again, with what was learnt
    session.execute(delete(QueueLaw).where(QueueLaw.office_id == office_id))
    session.add_all(QueueLaw(office_id=office_id, learnt_at=now, **row) for row in learnt.laws)
    mark = mark_of(session, office_id)
    mark.learnt_on, mark.usual = learnt.on, learnt.usual
    return sum(1 for row in learnt.laws if row["mean_min"] is not None)


def laws(visits: Iterable[PastVisit], stops: Sequence[PastStop], *, since: date) -> list[dict[str, Any]]:
    """One row per queue that was ever waited in, ready to be kept."""
    durations, counts = _durations(stops)
    leaving = _leaving(stops)
    learnt = lessons(each for each in visits if each.day >= since)
    first = {each: min((s for s in counts if s[0] == each), key=_reception_first, default=None) for each in learnt}
    rows = []
    for queue in sorted(counts.keys() | leaving.keys()):
        law = durations.get(queue)
        known = learnt[queue[0]] if first.get(queue[0]) == queue else []
        rows.append(_row(queue, law, counts.get(queue, 0), leaving.get(queue, 0.0), known))
    return rows


def usual_load(visits: Sequence[PastVisit]) -> dict[str, Any]:
    """Usual waits by weekday and hour of arrival, and the half days worth a sentence; empty from too few visits."""
    found = by_hour(visits)
    busiest, quietest = striking_halves(visits)
    return {
        "hours": [
            [weekday, hour, round(waits.mean, 1), waits.people]
            for (weekday, hour), waits in sorted(found.items())
            if waits.mean is not None
        ],
        "busiest": _half(busiest),
        "quietest": _half(quietest),
    }


def _durations(stops: Sequence[PastStop]) -> tuple[dict[tuple[str, str], Duration], dict[tuple[str, str], int]]:
    """Laws without the ends that were pressed late, and how many services each rests on."""
    served = [stop.served for stop in stops if stop.served is not None]
    late = late_ends(served, laws_of(served))
    believed: dict[tuple[str, str], list[float]] = defaultdict(list)
    for place, each in enumerate(served):
        if place not in late:
            believed[each.queue].append(each.took_min)
    found = {queue: law_of(minutes) for queue, minutes in believed.items()}
    return {queue: law for queue, law in found.items() if law}, {queue: len(each) for queue, each in believed.items()}


def _leaving(stops: Iterable[PastStop]) -> dict[tuple[str, str], float]:
    """People who gave up, per minute that anybody waited: the rate that a constant impatience would have."""
    left: dict[tuple[str, str], int] = defaultdict(int)
    waited: dict[tuple[str, str], float] = defaultdict(float)
    for stop in stops:
        if stop.wait is not None:
            left[stop.service, stop.kind] += not stop.wait[1]
            waited[stop.service, stop.kind] += stop.wait[0]
    return {queue: min(left[queue] / minutes, MOST_LEAVING) if minutes else 0.0 for queue, minutes in waited.items()}


def _row(
    queue: tuple[str, str], law: Duration | None, services: int, leaving: float, known: Sequence[Lesson]
) -> dict[str, Any]:
    correction = calibrate(known)
    taught = correction.low_z is not None
    return {
        "service": queue[0],
        "kind": queue[1],
        "services": services,
        "mean_min": law.mean_min if law else None,
        "cv": law.cv if law else None,
        "leaves_per_min": leaving,
        "scale": correction.scale if taught else None,
        "low_z": correction.low_z,
        "high_z": correction.high_z,
        "lessons": len(known),
    }


def _reception_first(queue: tuple[str, str]) -> tuple[bool, str]:
    return queue[1] != "reception", queue[1]


def _half(half: Half | None) -> dict[str, Any] | None:
    return None if half is None else {"weekday": half.weekday, "morning": half.is_morning, "minutes": half.minutes}
