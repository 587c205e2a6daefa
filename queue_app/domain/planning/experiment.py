"""Many days under one policy: the runs behind every figure that the project states.

Decides what a scenario is and gathers its figures. Scenarios compared with the same seeds meet the same people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from random import Random

from queue_app.domain.errors import Refusal
from queue_app.domain.planning.appointments import appointments, expected_load
from queue_app.domain.planning.live import Passes
from queue_app.domain.planning.people import Guest, Outcome
from queue_app.domain.planning.policies import FULL, Policy
from queue_app.domain.planning.rota import Duty, absences, lunch_by_load, rota_of, standard_rota
from queue_app.domain.planning.simulator import simulate_day
from queue_app.domain.planning.statistics import Summary, mean_of_all, mean_of_days, share_within, summarise
from queue_app.domain.planning.workload import MOVERS, SW1_PEAK, Visitor, Workload, draw_day, slower

CLASSES = ("booked", "walk_in_movers", "direct", "certificates")


class Leaving(StrEnum):
    """By what people with a place leave home: a formula, or the hundred passes of the live system."""

    QUICK = "quick"
    PASSES = "passes"


class Lunch(StrEnum):
    """Where the breaks are taken from."""

    STANDARD = "standard"
    BY_LOAD = "by_load"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A workload, a policy, and what goes otherwise than planned. The planner knows neither absences nor slowness."""

    workload: Workload = SW1_PEAK
    policy: Policy = FULL
    service_factor: float = 1.0
    absent: tuple[str, ...] = ()
    lunch: Lunch = Lunch.STANDARD
    leaving: Leaving = Leaving.QUICK


@dataclass(slots=True)
class Figures:
    """What was seen, per day."""

    first_call: dict[str, list[list[float]]] = field(default_factory=dict)
    idle: dict[str, list[list[float]]] = field(default_factory=dict)
    person_hours: list[float] = field(default_factory=list)
    overtime_min: list[float] = field(default_factory=list)
    from_wish_min: list[list[float]] = field(default_factory=list)
    busy_min: dict[str, float] = field(default_factory=dict)
    duty_min: dict[str, float] = field(default_factory=dict)
    used: dict[str, list[float]] = field(default_factory=dict)

    def summary(self, name: str) -> tuple[Summary, Summary] | None:
        """First call and idle time of a class; None when nobody was in it."""
        calls, idles = self.first_call.get(name, []), self.idle.get(name, [])
        first = summarise(calls)
        idle = first if calls == idles else summarise(idles)
        return None if first is None or idle is None else (first, idle)

    @property
    def utilisation(self) -> dict[str, float]:
        """Busy minutes over planned minutes on duty, per pool."""
        return {pool: self.busy_min[pool] / minutes for pool, minutes in self.duty_min.items() if minutes}


def run(scenario: Scenario, seeds: Iterable[int]) -> Figures:
    """Simulate one day per seed."""
    workload, policy = scenario.workload, scenario.policy
    planned, real = rotas(scenario)
    lived = slower(workload, scenario.service_factor)
    figures = Figures()
    for seed in seeds:
        visitors = draw_day(lived, seed)
        booked = appointments(visitors, workload, planned, policy)
        advice = Passes(workload, Random(seed)) if scenario.leaving is Leaving.PASSES else None
        add_day(figures, simulate_day(visitors, booked, real, policy, day_min=workload.day_min, advice=advice))
    if not figures.person_hours:
        raise Refusal("history_empty")
    return figures


def rotas(scenario: Scenario) -> tuple[list[Duty], list[Duty]]:
    """The rota that the planner believes in, and the one of the people who really came."""
    workload = scenario.workload
    planned = standard_rota(workload.clerks, workload.helpers)
    if scenario.lunch is Lunch.BY_LOAD:
        load = expected_load(workload, planned, scenario.policy)
        starts = {pool: lunch_by_load(row, workload.clerks[pool]) for pool, row in load.items()}
        planned = rota_of(workload.clerks, starts, workload.helpers)
    if not scenario.absent:
        return planned, planned
    if scenario.lunch is Lunch.STANDARD:
        return planned, standard_rota(workload.clerks, workload.helpers, scenario.absent)
    return planned, _without(planned, absences(workload.clerks, scenario.absent))


def add_day(figures: Figures, outcome: Outcome) -> None:
    """Add what one day was like. Abandoned waits count until they were given up."""
    first: dict[str, list[float]] = {}
    idle: dict[str, list[float]] = {}
    for guest in outcome.guests:
        name = class_of(guest)
        first.setdefault(name, []).append(guest.first_call or 0.0)
        idle.setdefault(name, []).append(guest.idle or 0.0)
    known = len(figures.person_hours)
    for name in {*first, *figures.idle}:
        for per_day, today in ((figures.first_call, first), (figures.idle, idle)):
            per_day.setdefault(name, [[] for _ in range(known)]).append(today.get(name, []))
    figures.person_hours.append(sum(sum(values) for values in idle.values()) / 60)
    figures.overtime_min.append(outcome.overtime_min)
    figures.from_wish_min.append(outcome.from_wish_min)
    for pool in outcome.busy_min:
        figures.busy_min[pool] = figures.busy_min.get(pool, 0.0) + outcome.busy_min[pool]
        figures.duty_min[pool] = figures.duty_min.get(pool, 0.0) + outcome.duty_min[pool]
        if outcome.duty_min[pool]:
            figures.used.setdefault(pool, []).append(outcome.busy_min[pool] / outcome.duty_min[pool])


def class_of(guest: Guest) -> str:
    """The name under which a visitor's waits are reported."""
    if guest.appointed_min is not None:
        return "booked"
    return "walk_in_movers" if guest.visitor.kind == MOVERS else guest.visitor.kind


def report(figures: Figures, classes: Sequence[str] = CLASSES) -> dict[str, object]:
    """The figures as one plain object; a class in which nobody was is null, never zero."""
    hours, hours_ci = mean_of_days(figures.person_hours)
    overtime, overtime_ci = mean_of_days(figures.overtime_min)
    wish = mean_of_all(figures.from_wish_min)
    return {
        **{name: _class_report(figures, name) for name in classes},
        "person_hours": round(hours, 1),
        "person_hours_ci95": round(hours_ci, 1),
        "overtime_min": round(overtime, 1),
        "overtime_min_ci95": round(overtime_ci, 1),
        "from_wish_min": round(wish[0], 1) if wish else None,
        "from_wish_min_ci95": round(wish[1], 1) if wish else None,
        "utilisation": {pool: round(share, 3) for pool, share in figures.utilisation.items()},
        "utilisation_ci95": {pool: round(mean_of_days(shares)[1], 3) for pool, shares in figures.used.items()},
        "days": len(figures.person_hours),
    }


def with_share(workload: Workload, share: float, *, prework: float = 0.0) -> Workload:
    """The workload with another share of bookings and of papers done beforehand."""
    for name, value in (("share", share), ("prework", prework)):
        if not 0.0 <= value <= 1.0:
            raise Refusal("share_impossible", name=name, value=value)
    return replace(workload, booking_share=share, prework_share=prework)


def with_helpers(workload: Workload, helpers: Mapping[tuple[str, str], int]) -> Workload:
    """The workload with clerks who help another pool when idle."""
    return replace(workload, helpers=helpers)


def visitors_of(scenario: Scenario, seed: int) -> list[Visitor]:
    """The people of one day of a scenario."""
    return draw_day(slower(scenario.workload, scenario.service_factor), seed)


def _without(rota: Sequence[Duty], missing: Mapping[str, int]) -> list[Duty]:
    left = dict(missing)
    present = []
    for duty in rota:
        if left.get(duty.pool, 0) > 0:
            left[duty.pool] -= 1
        else:
            present.append(duty)
    return present


def _class_report(figures: Figures, name: str) -> dict[str, object] | None:
    both = figures.summary(name)
    if both is None:
        return None
    called = share_within(figures.first_call[name], 1.0) or (0.0, 0.0)
    at_once = share_within(figures.idle[name], 1.0) or (0.0, 0.0)
    return {
        "first_call": both[0].as_dict(),
        "idle": both[1].as_dict(),
        "within_1_min": round(called[0], 4),
        "within_1_min_ci95": round(called[1], 4),
        "idle_within_1_min": round(at_once[0], 4),
        "idle_within_1_min_ci95": round(at_once[1], 4),
    }
