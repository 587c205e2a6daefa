"""The next minutes of every queue, worked out in the background: how long somebody with so many people ahead will wait.

Decides when a look ahead is made (after a change, at most every few seconds) and what it knows: everybody in line with
their order, running services and how long they have lasted, counters on duty, bookings not yet here, deliveries that
will come back. Leaves the method to `domain.estimate`. Deeds and screens only look the answer up by the number of
people ahead, so a number is issued without any reckoning; a look that is too old, or that knew other counters, is not
used, and the quick estimate answers instead.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.calendar import open_intervals
from queue_app.domain.discipline import Rank, rank
from queue_app.domain.estimate import PATHS, Ahead, Coming, LiveState, Spread, spreads_in_line
from queue_app.domain.office import Office, queue_name
from queue_app.domain.planning.expectations import NO_SHOW, UNPUNCTUAL_MEAN, UNPUNCTUAL_SD, shows, stays
from queue_app.domain.planning.live_state import Running
from queue_app.domain.planning.office_day import clerks_of
from queue_app.domain.planning.shifts import duties_on
from queue_app.domain.reservation import State as Booked
from queue_app.domain.ticket import AT_A_COUNTER, StageKind
from queue_app.services import offices, waits
from queue_app.services.hall import Hall, LiveStage, read_hall
from queue_app.services.planned import pool_of_counter, shifts_of
from queue_app.services.ports import Ports
from queue_app.store.database import reading
from queue_app.store.office_tables import OfficeLog
from queue_app.store.reservation_tables import Reservation

Spans = tuple[tuple[float, float], ...]
log = logging.getLogger("matazu.outlook")

LOOK_EVERY_S: Final = 1.0
NOT_SOONER: Final = timedelta(seconds=5)
RENEW: Final = timedelta(seconds=30)
"""Also when nothing happens: services last longer meanwhile."""

JOINERS: Final = 8
"""People who may still join before the next look; the look knows their waits as well."""

EXPECTED_AHEAD: Final = timedelta(minutes=120)
EXPECTED_LATE: Final = timedelta(minutes=40)
FEW_PATHS: Final = 40
"""Enough for a queue in which nobody waits, and for a long one, whose range is wide and rounded to five minutes."""

CALLS: Final = 2500
"""So many calls of people are played for one queue: a hundred passes of 25 people. It bounds the time of a look."""


def look_ahead(session: Session, office: Office, ports: Ports) -> waits.Outlook:
    """The waits of every queue that somebody on duty serves, as the hall is now."""
    hall = read_hall(session, office, ports)
    expected, away = list(_expected(session, office, hall.now)), _breaks(hall, ports)
    rng = Random(hall.version)  # noqa: S311 - chance of waits, not of secrets
    found: dict[tuple[str, str], tuple[Spread, ...]] = {}
    for queue in sorted(_queues(office)):
        codes = [code for code in hall.clerks if office.counters[code].may_serve(*queue)]
        if codes:
            state = state_of(hall, queue, codes, expected, away)
            found[queue] = tuple(spreads_in_line(state, rng, paths=_paths(len(state.ahead))))
    return waits.Outlook(hall.version, hall.now, frozenset(hall.clerks), found)


def state_of(
    hall: Hall,
    queue: tuple[str, StageKind],
    codes: Iterable[str],
    expected: Iterable[tuple[str, datetime]],
    away: Mapping[str, Spans] = MappingProxyType({}),
) -> LiveState:
    """What an estimate may know of one queue, with some people behind it who have not come yet."""
    office, codes = hall.office, list(codes)
    served = {
        (service, kind)
        for code in codes
        for service in office.counters[code].services
        for kind in office.counters[code].stages
    }
    line = [stage for stage in hall.line if (stage.service, stage.kind) in served]
    joiner = Ahead(queue_name(*queue), waits.duration(office, *queue), order_min=0.0)
    return LiveState(
        stage=queue_name(*queue),
        ahead=(*_ahead(hall, line, len(codes)), *(joiner for _ in range(JOINERS))),
        coming=(*_coming(office, expected, served, hall.now), *_returning(hall, served)),
        clerks=tuple(replace(hall.clerks[code], away=away.get(code, ())) for code in codes),
    )


def _breaks(hall: Hall, ports: Ports) -> Mapping[str, Spans]:
    """Planned absences of the next two hours, where the office has a rota: the first lunch for the first open counter.

    The rota plans clerks, not counters; whoever is on duty now although the rota says otherwise stays.
    """
    office = hall.office
    spans = open_intervals(office.hours, office.today(hall.now), office.zone, ports.holidays)
    if not shifts_of(office) or not spans:
        return {}
    opens, closes = (each.astimezone(office.zone) for each in (spans[0][0], spans[-1][1]))
    pools, since = pool_of_counter(office), (hall.now - spans[0][0]).total_seconds() / 60
    duties = duties_on(
        shifts_of(office),
        pools,
        clerks_of(office),
        office.today(hall.now),
        opens=_of_day(opens),
        closes=_of_day(closes),
    )
    named = {pools[shift.group] for shift in shifts_of(office) if shift.group in pools}
    away: dict[str, Spans] = {}
    for pool in named:
        counters = [code for code in hall.clerks if pools.get(code) == pool]
        planned = [duty for duty in duties if duty.pool == pool]
        for code, duty in zip(counters, planned, strict=False):
            ahead = ((leaves - since, returns - since) for leaves, returns in duty.away)
            away[code] = tuple(span for span in ahead if 0 < span[0] < EXPECTED_AHEAD.total_seconds() / 60)
    return away


def _of_day(at: datetime) -> int:
    return at.hour * 60 + at.minute


def _paths(people: int) -> int:
    return FEW_PATHS if people <= JOINERS else min(PATHS, max(FEW_PATHS, CALLS // people))


def _queues(office: Office) -> set[tuple[str, StageKind]]:
    return {
        (service.code, kind)
        for service in office.services.values()
        for kind in service.stages
        if kind is not StageKind.BACK_OFFICE
    }


def _ahead(hall: Hall, line: list[LiveStage], clerks: int) -> Iterator[Ahead]:
    work = 0.0
    for stage in line[: waits.MOST_AHEAD]:
        law = waits.duration(hall.office, stage.service, stage.kind)
        learnt = hall.office.learnt.get((stage.service, stage.kind))
        remains = stays(learnt.leaves_per_min if learnt else 0.0, work / max(clerks, 1))
        assert stage.order_time is not None
        before_all = rank(stage.place, hall.now) is not Rank.IN_ORDER
        order = (stage.order_time - hall.now).total_seconds() / 60
        yield Ahead(queue_name(stage.service, stage.kind), law, -1e6 if before_all else min(order, 0.0), stays=remains)
        work += law.mean_min * remains


def _coming(
    office: Office, expected: Iterable[tuple[str, datetime]], served: set[tuple[str, StageKind]], now: datetime
) -> Iterator[Coming]:
    """Booked people who are not here: they count from their time, and some of them will not come."""
    lead = office.head_starts.booked_min
    for service, come_at in expected:
        queue = (service, office.services[service].stages[0])
        late = (now - come_at).total_seconds() / 60
        if queue in served and -late - lead < 1:
            yield Coming(
                queue_name(*queue),
                waits.duration(office, *queue),
                ready_in_min=UNPUNCTUAL_MEAN - late,
                ready_sd_min=UNPUNCTUAL_SD,
                order_min=-late - lead,
                shows=shows(late, NO_SHOW),
            )


def _returning(hall: Hall, served: set[tuple[str, StageKind]]) -> Iterator[Coming]:
    """Stops of people who are elsewhere in the house, and whose head start may let them pass."""
    before: dict[int, list[LiveStage]] = {}
    for stage in hall.stages:
        if stage.is_ready:
            before.setdefault(stage.ticket_id, []).append(stage)
    for stage in hall.stages:
        if stage.is_ready or (stage.service, stage.kind) not in served or stage.ticket_id not in before:
            continue
        rule = hall.office.head_starts
        lead = rule.booked_min if stage.visit_class == "booked" else _lead(stage, rule)
        chains = tuple((_rest(hall, each),) for each in before[stage.ticket_id])
        yield Coming(
            queue_name(stage.service, stage.kind),
            waits.duration(hall.office, stage.service, stage.kind),
            ready_in_min=0.0,
            head_start_min=lead,
            before=chains,
        )


def _lead(stage: LiveStage, rule: Any) -> float:
    return float(rule.delivery_min if stage.kind is StageKind.HANDOVER else rule.follow_on_min)


def _rest(hall: Hall, stage: LiveStage) -> Running:
    law = waits.duration(hall.office, stage.service, stage.kind)
    is_served = stage.state in AT_A_COUNTER and stage.since is not None
    elapsed = (hall.now - stage.since).total_seconds() / 60 if is_served and stage.since else 0.0
    return Running(law, max(0.0, elapsed))


def _expected(session: Session, office: Office, now: datetime) -> Iterator[tuple[str, datetime]]:
    rows = session.execute(
        select(Reservation.service, Reservation.come_at).where(
            Reservation.office_id == office.id,
            Reservation.state == Booked.BOOKED,
            Reservation.start_at >= now - EXPECTED_AHEAD,
            Reservation.come_at >= now - EXPECTED_LATE,
            Reservation.start_at <= now + EXPECTED_AHEAD,
        )
    )
    return ((service, come_at) for service, come_at in rows if service in office.services)


@dataclass
class Lookout:
    """One per process. `work` runs in a thread (or greenlet) beside the relay."""

    ports: Ports
    in_app: Callable[[], Any]
    _stop: threading.Event = field(default_factory=threading.Event)
    _looked: dict[int, tuple[int, datetime]] = field(default_factory=dict)

    def work(self) -> None:
        """Until `stop`: look ahead where something has changed."""
        while not self._stop.wait(LOOK_EVERY_S):
            try:
                with self.in_app():
                    self.look()
            except Exception:
                log.exception("the outlook could not be made; the quick estimate answers meanwhile")

    def look(self) -> int:
        """Look ahead in every office where it is due; in how many it was."""
        now = self.ports.clock()
        with reading() as session:
            rows = session.execute(select(OfficeLog.office_id, OfficeLog.version)).all()
        due = [row.office_id for row in rows if self._is_due(row.office_id, row.version, now)]
        for office_id in due:
            with reading() as session:
                office = offices.office_by_id(session, office_id)
                found = look_ahead(session, office, self.ports)
                waits.remember(session, office_id, found)
            self._looked[office_id] = (found.version, now)
        return len(due)

    def stop(self) -> None:
        self._stop.set()

    def _is_due(self, office_id: int, version: int, now: datetime) -> bool:
        seen, at = self._looked.get(office_id, (-1, now - RENEW))
        return now - at >= RENEW or (version != seen and now - at >= NOT_SOONER)
