"""Who gets which time: wished times become appointments, policy by policy.

Decides the appointments of one simulated day. People choose in random order, each the nearest or best time still
there. The planner used is the product's own (`planner.DayPlan`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from queue_app.domain.planning.footprint import Footprint, footprint, needing, walk_in_load
from queue_app.domain.planning.planner import DayPlan, table_of_places
from queue_app.domain.planning.policies import Booking, Policy, Route
from queue_app.domain.planning.rota import Duty
from queue_app.domain.planning.workload import StagePlan, Visitor, VisitType, Workload, without_papers

HALF_HOUR_MIN: Final = 30.0


def appointments(visitors: Sequence[Visitor], workload: Workload, rota: Sequence[Duty], policy: Policy) -> dict[int, float]:
    """Visitor number -> appointed minute, for everybody who books and finds a place."""
    bookers = sorted((visitor for visitor in visitors if visitor.books), key=lambda visitor: visitor.turn)
    if policy.booking is Booking.NONE or not bookers:
        return {}
    if policy.booking is Booking.HALF_HOURS:
        return _nearest(bookers, _half_hours(workload, bookers))
    plan = day_plan(workload, rota, policy)
    if policy.booking is Booking.TABLE:
        count = round(sum(kind.per_day for kind in workload.types if kind.bookable) * workload.booking_share)
        return _nearest(bookers, table_of_places(plan, _average(workload, policy.route), count))
    return _planned(bookers, plan, workload, policy.route)


def day_plan(workload: Workload, rota: Sequence[Duty], policy: Policy) -> DayPlan:
    """The day before anybody has booked: forecast and rota only."""
    pools = tuple(workload.clerks)
    load = walk_in_load(workload.types, _walk_ins(workload, policy), pools, workload.day_min, policy.route)
    return DayPlan(pools, rota, load, day_min=workload.day_min, rule=policy.planner)


def _walk_ins(workload: Workload, policy: Policy) -> list[float]:
    booked = workload.booking_share
    factor = policy.planner.forecast_factor
    return [factor * kind.per_day * (1 - booked if kind.bookable else 1.0) for kind in workload.types]


def _planned(bookers: Sequence[Visitor], plan: DayPlan, workload: Workload, route: Route) -> dict[int, float]:
    given: dict[int, float] = {}
    for visitor in bookers:
        visit = _footprint_of(visitor, workload, route)
        given[visitor.number] = plan.choose(visit, visitor.wish_min)
        plan.add(visit, given[visitor.number])
    return given


def _footprint_of(visitor: Visitor, workload: Workload, route: Route) -> Footprint:
    known = without_papers(visitor) if visitor.prework else visitor
    return footprint(_known_stages(known, workload), route, workload.punctuality)


def _known_stages(visitor: Visitor, workload: Workload) -> tuple[StagePlan, ...]:
    """The law of each stage that this visitor will need; needs are known at booking, durations are not."""
    kind = _kind_of(workload, visitor.kind)
    wanted = {(stage.pool, stage.role) for stage in visitor.stages}
    return needing(kind, tuple((plan.pool, plan.role) in wanted for plan in kind.stages))


@lru_cache(maxsize=64)
def _kind_index(types: tuple[VisitType, ...]) -> Mapping[str, VisitType]:
    return {kind.name: kind for kind in types if kind.bookable}


def _kind_of(workload: Workload, name: str) -> VisitType:
    return _kind_index(workload.types)[name]


def _average(workload: Workload, route: Route) -> Footprint:
    kind = next(kind for kind in workload.types if kind.bookable)
    return footprint(kind.stages, route, workload.punctuality)


def _half_hours(workload: Workload, bookers: Sequence[Visitor]) -> dict[float, int]:
    """The customary table: as many places at every full and half hour as there are clerks at the first counter."""
    places = workload.clerks[bookers[0].stages[0].pool]
    return {30.0 * half: places for half in range(int(workload.day_min // HALF_HOUR_MIN))}


def _nearest(bookers: Sequence[Visitor], places: dict[float, int]) -> dict[int, float]:
    given: dict[int, float] = {}
    left = dict(places)
    for visitor in bookers:
        if not left:
            break
        start = min(left, key=lambda start: (abs(start - visitor.wish_min), start))
        given[visitor.number] = start
        left[start] -= 1
        if not left[start]:
            del left[start]
    return given
