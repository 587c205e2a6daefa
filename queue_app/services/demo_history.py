"""Eight recorded weeks of the example city, so that its statistics and its usual load have something to tell.

Made up: a day is played in order of arrival through the counters of the city, fuller on Mondays, after holidays and in
the late morning. Nobody of these weeks has a ticket; their ids lie below zero. Played in the background, a day at a
time, only for the example city and only once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from heapq import heappop, heappush, heapreplace
from random import Random
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.history import End, Stop, Visit
from queue_app.domain.itinerary import PlannedStage, stages_of
from queue_app.domain.office import Office
from queue_app.services import history, offices
from queue_app.services.ports import Ports
from queue_app.store.database import reading, writing
from queue_app.store.statistics_tables import VisitRecord

WEEKS: Final = 8
CLERKS: Final = {"moving": 2}
UTILISATION: Final = 0.84
SERVICES: Final = ("certificate", "moving", "mynumber_card", "card_pickup", "health_insurance", "child_benefits")
FILLED: Final = (1.3, 0.96, 0.86, 0.92, 0.98)
"""Monday to Friday."""

PROFILE: Final = (1.0, 1.2, 1.5, 1.7, 1.7, 1.5, 1.2, 0.9, 0.9, 1.1, 1.3, 1.2, 1.0, 0.9, 0.8, 0.7, 0.5)
"""Arrivals per half hour from 8:30."""

OPENS: Final = time(8, 30)
LONG_MIN: Final = 525.0
CV: Final = 0.5
SHARES: Final = {"reception": 1.0, "back_office": 0.8, "handover": 0.3}
"""Of the minutes of a service, per kind of stop."""


def play_if_demo(ports: Ports, office_id: int) -> int:
    """Record the weeks before today, unless this is a real city or they are there; how many visits there were."""
    with reading() as session:
        office = offices.office_by_id(session, office_id)
        recorded = select(VisitRecord.ticket_id).where(VisitRecord.office_id == office_id, VisitRecord.ticket_id < 0)
        if not office.extra.get("demo") or session.scalar(recorded.limit(1)) is not None:
            return 0
    played, today = 0, office.today(ports.clock())
    for day in working_days(today, ports):
        visits = list(day_of(office, day, ports, number=played))
        played += len(visits)
        writing(partial(put_down, office_id=office_id, day=day, visits=visits))
    return played


def put_down(session: Session, *, office_id: int, day: date, visits: list[Visit]) -> None:
    """Record the visits of one such day."""
    history.write(session, office_id, ((day, visit) for visit in visits))


def day_of(office: Office, day: date, ports: Ports, *, number: int) -> Iterator[Visit]:
    """The visits of one made-up day, the same ones each time; ids go on from `number`, below zero."""
    rng = Random(day.toordinal())  # noqa: S311 - a made-up day
    factor = FILLED[day.weekday()] * (1.2 if ports.holidays(day - timedelta(days=1)) else 1.0)
    factor *= (1.12 if day.day >= 25 else 1.0) * rng.gammavariate(60, 1 / 60)
    return _Hall(office, datetime.combine(day, OPENS, office.zone), rng, number).play(factor)


def working_days(today: date, ports: Ports) -> list[date]:
    days = [today - timedelta(days=back) for back in range(WEEKS * 7, 0, -1)]
    return [day for day in days if day.weekday() < 5 and ports.holidays(day) is None]


@dataclass
class _Hall:
    """One day in which everybody is served in the order in which they are ready."""

    office: Office
    opens: datetime
    rng: Random
    number: int

    def play(self, factor: float) -> Iterator[Visit]:
        visits = [self._visit(at, service, place) for place, (at, service) in enumerate(sorted(self._arrivals(factor)))]
        for code in SERVICES:
            if code in self.office.services:
                people = {visit.ticket: visit for visit in visits if visit.service == code}
                ready = [(self._minutes(visit.counts_from), visit.ticket) for visit in people.values()]
                planned = stages_of(self.office.services[code])
                for step, stage in enumerate(planned):
                    ready = list(self._pool(ready, people, stage, step, is_last=step + 1 == len(planned)))
        return iter(visits)

    def _pool(
        self, ready: list[tuple[float, int]], people: dict[int, Visit], stage: PlannedStage, step: int, *, is_last: bool
    ) -> Iterator[tuple[float, int]]:
        """Everybody through one kind of stop, smallest order time first; yields when each was served."""
        free = [(0.0, desk) for desk in range(CLERKS.get(stage.service, 1))]
        coming, present = sorted(ready, reverse=True), list[tuple[float, int, float]]()
        while coming or present:
            now, desk = free[0]
            now = max(now, coming[-1][0]) if not present and coming else now
            while coming and coming[-1][0] <= now:
                at, number = coming.pop()
                lead = 30.0 if people[number].visit_class == "booked" else 0.0
                heappush(present, (at - lead, number, at))
            _, number, at = heappop(present)
            ended = self._stop(people[number], stage, step, at=at, called=max(at, now), desk=desk)
            if ended is None:
                continue
            heapreplace(free, (self._after_lunch(ended, desk, len(free)), desk))
            if is_last:
                people[number].end, people[number].ended_at = End.DONE, self._at(ended)
            yield ended, number

    def _after_lunch(self, at: float, desk: int, desks: int) -> float:
        """Half of the clerks have lunch at twelve; a single one is stood in for."""
        return 270.0 if desks > 1 and desk % 2 and 210 <= at < 270 else at

    def _arrivals(self, factor: float) -> Iterator[tuple[float, str]]:
        for code in SERVICES:
            service = self.office.services.get(code)
            if service is None:
                continue
            load = UTILISATION if code in ("certificate", "moving") else UTILISATION - 0.12
            count = round(factor * load * CLERKS.get(code, 1) * LONG_MIN / service.minutes * 0.86)
            for _ in range(count):
                half = self.rng.choices(range(len(PROFILE)), PROFILE)[0]
                yield (half + self.rng.random()) * LONG_MIN / len(PROFILE), code

    def _visit(self, at: float, service: str, place: int) -> Visit:
        booked = self.office.services[service].slots is not None and self.rng.random() < 0.28
        arrived = self._at(at)
        appointed = arrived + timedelta(minutes=round(self.rng.gauss(4, 4))) if booked else None
        return Visit(
            ticket=-(self.number + place + 1),
            service=service,
            visit_class="booked" if booked else "walk_in",
            arrived_at=arrived,
            counts_from=max(arrived, appointed) if appointed else arrived,
            appointed_at=appointed,
        )

    def _stop(
        self, visit: Visit, stage: PlannedStage, step: int, *, at: float, called: float, desk: int
    ) -> float | None:
        """Serve one stop; when it ended, or None for somebody who gave up before."""
        minutes = self.office.services[stage.service].minutes
        row = self._row(visit, stage, step, at)
        if step == 0:
            self._tell(visit, at, called, minutes)
            patience = math.exp(math.log(55) + 0.5 * self.rng.gauss(0, 1))
            if called - at > patience:
                row.end = visit.end = End.LEFT
                row.ended_at = visit.ended_at = self._at(at + patience)
                return None
        takes = _lognormal(self.rng, minutes * SHARES[stage.kind])
        if self.rng.random() < 0.008:  # somebody forgot the button
            takes += self.rng.uniform(2, 4) * minutes
        row.called_at, row.calls, row.counter = self._at(called), 1, f"{stage.service[:8]}-{stage.kind[:4]}-{desk + 1}"
        row.served_s, row.ended_at, row.end = round(takes * 60), self._at(called + takes), End.DONE
        row.misses = int(step == 0 and self.rng.random() < 0.03)
        visit.first_called_at = visit.first_called_at or row.called_at
        return called + takes

    def _row(self, visit: Visit, stage: PlannedStage, step: int, at: float) -> Stop:
        number = visit.ticket * 10 - step
        ready = self._at(at)
        row = Stop(number, stage.service, stage.kind, ready, ready, 30.0 if visit.visit_class == "booked" else 0.0)
        visit.stops[number] = row
        return row

    def _tell(self, visit: Visit, at: float, called: float, minutes: float) -> None:
        """What the slip said: about right, a little too long, as a first estimate is."""
        wait = called - at
        likely = max(0.0, wait * math.exp(self.rng.gauss(0.06, 0.22)) + self.rng.gauss(0, minutes / 5))
        spread = 0.3 * likely + minutes / 4
        low, high = max(0.0, likely - spread), likely + spread
        visit.told = {
            "shown": [5 * (low // 5), round(likely), 5 * math.ceil(high / 5 + 0.01)],
            "busy": wait > 0,
            "by": "demo",
        }

    def _minutes(self, at: datetime) -> float:
        return (at - self.opens).total_seconds() / 60

    def _at(self, minutes: float) -> datetime:
        return self.opens + timedelta(seconds=round(60 * minutes))


def _lognormal(rng: Random, mean: float) -> float:
    variance = math.log1p(CV**2)
    return max(0.5, math.exp(rng.gauss(math.log(mean) - variance / 2, math.sqrt(variance))))
