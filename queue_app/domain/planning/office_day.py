"""A real office's day before the planner: its counters become pools, its services become visits.

Decides how the set-up of an office is read as clerks and work, and how many places a slot with a planned capacity has.
Leaves rows, locks and slot ids to the booking service, and the forecast to whoever knows the past; without any, a
customary share of the clerks' time is kept for people who come unannounced.

Times are minutes after opening.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from queue_app.domain.discipline import StageRole
from queue_app.domain.errors import Refusal
from queue_app.domain.office import Office, Service
from queue_app.domain.planning.footprint import Footprint, footprint, walk_in_load
from queue_app.domain.planning.lognormal import Duration
from queue_app.domain.planning.planner import DayPlan, released_at, replay
from queue_app.domain.planning.policies import PlannerRule, Route
from queue_app.domain.planning.rota import Duty, standard_rota
from queue_app.domain.planning.shifts import DAY_WITH_LUNCH_MIN
from queue_app.domain.planning.workload import Floats, Punctuality, StagePlan, VisitType
from queue_app.domain.ticket import StageKind

Queue = tuple[str, StageKind]
"""A service's code and a kind of stage."""

SPREAD: Final = 0.5
HANDOVER_SHARE: Final = 1 / 3
WALK_IN_SHARE: Final = 0.4
"""Of the clerks' time, as long as no past days are known."""

UNKNOWN_MIN: Final = 10.0
CUSTOMARY: Final = PlannerRule()
ROLES: Final = {
    StageKind.RECEPTION: StageRole.FOLLOW_ON,
    StageKind.BACK_OFFICE: StageRole.FOLLOW_ON,
    StageKind.HANDOVER: StageRole.DELIVERY,
}


@dataclass(frozen=True, slots=True)
class Booked:
    """One booking row: the service, the minutes after opening, and what is known of the visit."""

    service: str
    start_min: float
    minutes: float = 0.0
    route: tuple[str, ...] = ()
    """Minutes at the first counter (0: the service's usual ones), and the further services of the visit."""


_last_pools: list[tuple[Office, dict[Queue, str]]] = []


def pools_of(office: Office) -> dict[Queue, str]:
    """Which pool works on a queue. Counters that share a queue are one pool; it is called after its first counter.

    The last office's answer is kept: a day is worked out with some two hundred questions about the same office.
    """
    last = _last_pools[0] if _last_pools else None
    if last is None or last[0] is not office:
        last = (office, _pools_of(office))
        _last_pools[:] = [last]
    return last[1]


def _pools_of(office: Office) -> dict[Queue, str]:
    pools: dict[str, tuple[set[str], set[Queue]]] = {}
    for counter in office.counters.values():
        queues = {(service, kind) for service in counter.services for kind in counter.stages}
        members = {counter.code}
        for name in [name for name, (_, known) in pools.items() if known & queues]:
            joined, known = pools.pop(name)
            members |= joined
            queues |= known
        pools[min(members)] = (members, queues)
    return {queue: name for name, (_, queues) in pools.items() for queue in queues}


def clerks_of(office: Office) -> dict[str, int]:
    """Counters per pool; each has one clerk."""
    pools = pools_of(office)
    clerks: dict[str, int] = {}
    for counter in office.counters.values():
        if counter.services and counter.stages:
            pool = pools[counter.services[0], counter.stages[0]]
            clerks[pool] = clerks.get(pool, 0) + 1
    return clerks


def visit_stages(office: Office, service: Service, minutes: float = 0.0) -> tuple[StagePlan, ...]:
    """The stages of a service that need a counter, one behind the other. Refuses a service that no counter serves.

    `minutes` is what the first counter takes for this visit, if it is known.
    """
    pools = pools_of(office)
    stages: list[StagePlan] = []
    for kind in service.stages:
        pool = pools.get((service.code, kind))
        if pool is None:
            continue
        length = service.minutes * (HANDOVER_SHARE if kind is StageKind.HANDOVER else 1.0)
        if minutes and kind is StageKind.RECEPTION:
            length = minutes
        after = (len(stages) - 1,) if stages else ()
        role = ROLES[kind] if stages else StageRole.FIRST
        stages.append(
            StagePlan(pool, Duration(max(length, 1.0), SPREAD), role, after, resident=kind is not StageKind.BACK_OFFICE)
        )
    if not stages:
        raise Refusal("rota_nobody", pools=[service.code])
    return tuple(stages)


def visit_of(office: Office, service: Service, minutes: float = 0.0, route: Sequence[str] = ()) -> Footprint:
    """What one booked visit asks of the clerks: its own counters, and those it goes on to after the first."""
    stages = list(visit_stages(office, service, minutes))
    for code in route:
        further = office.services.get(code)
        if further is None or code == service.code or not _is_served(office, further):
            continue
        offset = len(stages)
        for stage in visit_stages(office, further):
            after = tuple(before + offset for before in stage.after) or (0,)
            role = StageRole.FOLLOW_ON if stage.role is StageRole.FIRST else stage.role
            stages.append(replace(stage, role=role, after=after))
    return footprint(tuple(stages), Route.EVERY_COUNTER, Punctuality())


def office_day(
    office: Office,
    *,
    open_min: float,
    bookings: Iterable[Booked] = (),
    walk_ins: Mapping[str, float] | None = None,
    weights: Mapping[str, tuple[float, ...]] | None = None,
    rota: Sequence[Duty] | None = None,
    starts: Sequence[float] | None = None,
    rule: PlannerRule = CUSTOMARY,
) -> DayPlan:
    """The load of one day from its rows.

    `walk_ins` is the expected number per service, `weights` when they come (half hours from opening), `starts` the
    slots' beginnings. Without a rota every counter is staffed, with lunch in three waves on a long day.
    """
    load = walk_ins_of(office, open_min=open_min, walk_ins=walk_ins, weights=weights)
    rota = usual_rota(office, open_min) if rota is None else rota
    plan = DayPlan(tuple(clerks_of(office)), rota, load, day_min=open_min, rule=rule, starts=starts)
    return with_bookings(office, plan, bookings)


def walk_ins_of(
    office: Office,
    *,
    open_min: float,
    walk_ins: Mapping[str, float] | None = None,
    weights: Mapping[str, tuple[float, ...]] | None = None,
) -> Floats:
    """The load of a day on which nobody has booked."""
    served = [service for service in office.services.values() if _is_served(office, service)]
    expected = usual_walk_ins(office, open_min) if walk_ins is None else walk_ins
    when = weights or {}
    kinds = [
        VisitType(service.code, 0.0, visit_stages(office, service), when.get(service.code) or _flat(open_min))
        for service in served
    ]
    counts = [expected.get(service.code, 0.0) for service in served]
    return walk_in_load(kinds, counts, tuple(clerks_of(office)), open_min, Route.EVERY_COUNTER)


def with_bookings(office: Office, plan: DayPlan, bookings: Iterable[Booked]) -> DayPlan:
    """Count every booking of the day in. One of a service that no counter serves any more asks nothing of anybody."""
    known = [
        (visit_of(office, office.services[row.service], row.minutes, row.route), row.start_min)
        for row in bookings
        if row.service in office.services and _is_served(office, office.services[row.service])
    ]
    return replay(plan, known)


def usual_rota(office: Office, open_min: float) -> list[Duty]:
    """A clerk at every counter, with lunch in three waves on a long day."""
    clerks = clerks_of(office)
    if open_min >= DAY_WITH_LUNCH_MIN:
        return standard_rota(clerks)
    return [Duty(pool) for pool in clerks for _ in range(clerks[pool])]


def planned_places(bears: Sequence[int], *, days_before: float, booked: Sequence[int] | None = None) -> list[int]:
    """How many more bookings each start may take now, after the staged release, of those that it bears.

    `booked` is how many begin there already: the release counts what a time bears in all, given out or not.
    """
    begun = [0] * len(bears) if booked is None else booked
    return [
        min(left, max(0, released_at(place, left + taken, days_before) - taken))
        for place, (left, taken) in enumerate(zip(bears, begun, strict=True))
    ]


def usual_walk_ins(office: Office, open_min: float) -> dict[str, float]:
    """People per service and day if `WALK_IN_SHARE` of every pool's time goes to them, in equal numbers."""
    clerks = clerks_of(office)
    served = [service for service in office.services.values() if _is_served(office, service)]
    work: dict[str, float] = {}
    for service in served:
        for stage in visit_stages(office, service):
            work[stage.pool] = work.get(stage.pool, 0.0) + stage.duration.mean_min
    return {
        service.code: min(
            WALK_IN_SHARE * clerks[stage.pool] * open_min / work[stage.pool] for stage in visit_stages(office, service)
        )
        for service in served
    }


def service_min(office: Office, pool: str) -> float:
    """Mean minutes of a stage in a group of counters."""
    lengths = [
        stage.duration.mean_min
        for service in office.services.values()
        if _is_served(office, service)
        for stage in visit_stages(office, service)
        if stage.pool == pool
    ]
    return sum(lengths) / len(lengths) if lengths else UNKNOWN_MIN


def _is_served(office: Office, service: Service) -> bool:
    pools = pools_of(office)
    return any((service.code, kind) in pools for kind in service.stages)


@lru_cache(maxsize=32)
def _flat(open_min: float) -> tuple[float, ...]:
    """Nobody knows when people come: evenly, with the last half hour cut by the end of the day."""
    whole, rest = divmod(open_min, 30.0)
    return (1.0,) * int(whole) + ((rest / 30.0,) if rest else ())
