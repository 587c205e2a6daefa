"""What would have been, had we done otherwise: own past days or the standard workload, run again.

Decides how recorded days become days to simulate. Loading them from event rows is the services'; here a recorded
visit is only times and stages, without a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from queue_app.domain.discipline import StageRole
from queue_app.domain.errors import Refusal
from queue_app.domain.planning.experiment import Figures, Scenario, add_day, rotas, run
from queue_app.domain.planning.policies import FULL, Policy
from queue_app.domain.planning.rota import Duty
from queue_app.domain.planning.simulator import simulate_day
from queue_app.domain.planning.workload import Stage, Visitor, Workload

CLOSED_LATE_MIN = 90.0
"""A service that seems longer than this was not closed in time; it is cut, not believed."""


@dataclass(frozen=True, slots=True)
class RecordedStage:
    """What the event rows say of one stage: the queue, minutes with a clerk, and its place in the visit."""

    pool: str
    minutes: float
    role: StageRole = StageRole.FIRST
    after: tuple[int, ...] = ()
    resident: bool = True


@dataclass(frozen=True, slots=True)
class RecordedVisit:
    """One past visit: minutes after opening. `appointed_min` is set for booked people, `came` is False for no-shows."""

    kind: str
    arrived_min: float
    stages: tuple[RecordedStage, ...]
    appointed_min: float | None = None
    came: bool = True
    gave_up_after_min: float | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A change against today's way, on the same people: minutes saved (positive is better) with 95 % half width."""

    saved_min: float
    ci95: float


def own_days(
    history: Sequence[Sequence[RecordedVisit]],
    rota: Sequence[Duty],
    *,
    day_min: float,
    days: int = 100,
    seed: int = 0,
    policy: Policy = FULL,
) -> Figures:
    """Past days drawn with replacement and run again under `rota` and `policy`, appointments as they were."""
    recorded = [day for day in history if day]
    if not recorded or days < 1:
        raise Refusal("history_empty", days=len(history))
    rng = np.random.default_rng(seed)
    figures = Figures()
    for chosen in rng.integers(0, len(recorded), days):
        visits = recorded[int(chosen)]
        visitors = [visitor_of(number, visit) for number, visit in enumerate(visits)]
        booked = {n: visit.appointed_min for n, visit in enumerate(visits) if visit.appointed_min is not None}
        add_day(figures, simulate_day(visitors, booked, rota, policy, day_min=day_min))
    return figures


def one_more_clerk(scenario: Scenario, seeds: Sequence[int]) -> dict[str, Difference]:
    """What one clerk more in each pool would save per mover, compared on the same days."""
    today = _idle_per_day(run(scenario, seeds))
    saved = {}
    for pool, clerks in scenario.workload.clerks.items():
        more = {**scenario.workload.clerks, pool: clerks + 1}
        with_more = _idle_per_day(run(replace(scenario, workload=replace(scenario.workload, clerks=more)), seeds))
        gains = np.array(today) - np.array(with_more)
        spread = float(gains.std(ddof=1)) if len(gains) > 1 else 0.0
        saved[pool] = Difference(float(gains.mean()), 1.96 * spread / float(np.sqrt(len(gains))))
    return saved


def mean_services(workload: Workload) -> dict[str, float]:
    """Mean minutes of one service in each pool, over everything done there in a day."""
    work: dict[str, float] = {}
    count: dict[str, float] = {}
    for kind in workload.types:
        for stage in kind.stages:
            times = kind.per_day * stage.share
            work[stage.pool] = work.get(stage.pool, 0.0) + times * stage.duration.mean_min
            count[stage.pool] = count.get(stage.pool, 0.0) + times
    return {pool: work[pool] / count[pool] for pool in work if count[pool]}


def staffed(scenario: Scenario) -> Mapping[str, int]:
    """Clerks per pool who really come in a scenario."""
    _, real = rotas(scenario)
    return {pool: sum(1 for duty in real if duty.pool == pool) for pool in scenario.workload.clerks}


def visitor_of(number: int, visit: RecordedVisit) -> Visitor:
    """A recorded visit as somebody to be simulated."""
    stages = tuple(
        Stage(s.pool, min(s.minutes, CLOSED_LATE_MIN), s.role, s.after, s.resident, s.minutes) for s in visit.stages
    )
    appointed = visit.appointed_min
    return Visitor(
        number=number,
        kind=visit.kind,
        wish_min=visit.arrived_min if appointed is None else appointed,
        stages=stages,
        patience_min=visit.gave_up_after_min if visit.gave_up_after_min is not None else 1e6,
        books=appointed is not None,
        shows=visit.came,
        lateness_min=0.0 if appointed is None else visit.arrived_min - appointed,
    )


def _idle_per_day(figures: Figures) -> list[float]:
    """Mean idle minutes of everybody with a moving household's visit, per day."""
    names = [name for name in ("booked", "walk_in_movers") if name in figures.idle]
    per_day = []
    for day in range(len(figures.person_hours)):
        values = [value for name in names for value in figures.idle[name][day]]
        per_day.append(sum(values) / len(values) if values else 0.0)
    return per_day
