"""Who gets which time: wished times become appointments, policy by policy.

Decides the appointments of one simulated day. People choose in random order, each the nearest or best time still
there. The planner used is the product's own (`planner.DayPlan`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Final

import numpy as np

from queue_app.domain.discipline import StageRole
from queue_app.domain.planning.footprint import Footprint, footprint, needing, walk_in_load
from queue_app.domain.planning.planner import DayPlan, table_of_places
from queue_app.domain.planning.policies import Booking, Policy, Route
from queue_app.domain.planning.rota import Duty
from queue_app.domain.planning.workload import Floats, Visitor, VisitType, Workload, intensity

HALF_HOUR_MIN: Final = 30.0


def appointments(
    visitors: Sequence[Visitor], workload: Workload, rota: Sequence[Duty], policy: Policy
) -> dict[int, float]:
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


def expected_load(workload: Workload, rota: Sequence[Duty], policy: Policy) -> dict[str, Floats]:
    """Expected busy clerks per pool and bin with the bookings that are likely to come: what rota questions look at."""
    plan = day_plan(workload, rota, policy)
    for kind in workload.types:
        if not kind.bookable:
            continue
        visit = footprint(kind.stages, policy.route, workload.punctuality)
        for wish in _likely_wishes(kind, workload):
            plan.add(visit, plan.choose(visit, wish) if policy.booking is not Booking.NONE else round(wish / 5) * 5.0)
    return dict(zip(plan.pools, plan.day_load, strict=True))


def _likely_wishes(kind: VisitType, workload: Workload) -> list[float]:
    """One wish per expected booking at equal shares of the arrival profile, early and late ones mixed."""
    count = round(kind.per_day * workload.booking_share)
    edges, shares = intensity(kind.weights, workload.day_min)
    at = (np.arange(count) + 0.5) / max(count, 1)
    wishes = np.interp(at, np.concatenate(([0.0], np.cumsum(shares))), edges)
    return [float(wish) for wish in np.random.default_rng(1).permutation(wishes)]


def _walk_ins(workload: Workload, policy: Policy) -> list[float]:
    booked = workload.booking_share
    factor = policy.planner.forecast_factor
    return [factor * kind.per_day * (1 - booked if kind.bookable else 1.0) for kind in workload.types]


def _planned(bookers: Sequence[Visitor], plan: DayPlan, workload: Workload, route: Route) -> dict[int, float]:
    given: dict[int, float] = {}
    known: dict[tuple[tuple[str, StageRole], ...], Footprint] = {}
    for visitor in bookers:
        wanted = _wanted(visitor)
        visit = known.get(wanted)
        if visit is None:
            visit = known[wanted] = _footprint_of(visitor.kind, wanted, workload, route)
        given[visitor.number] = plan.choose(visit, visitor.wish_min)
        plan.add(visit, given[visitor.number])
    return given


def _wanted(visitor: Visitor) -> tuple[tuple[str, StageRole], ...]:
    """What is known at booking: which stages there will be. Durations are not."""
    return tuple((stage.pool, stage.role) for stage in visitor.stages if stage.resident or not visitor.prework)


def _footprint_of(name: str, wanted: Collection[tuple[str, StageRole]], workload: Workload, route: Route) -> Footprint:
    kind = _kind_of(workload, name)
    stages = needing(kind, [(plan.pool, plan.role) in wanted for plan in kind.stages])
    return footprint(stages, route, workload.punctuality)


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
