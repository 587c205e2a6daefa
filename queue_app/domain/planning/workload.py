"""What a day asks of an office: who comes when, for what, and how long each service takes.

Decides the make-up of a random day. Every draw is made per visitor before any policy is applied, so that two
policies are compared on the very same people (common random numbers). `SW1_PEAK` and `SW1_NORMAL` are the standard
workload of the project's queueing study; an office's own days are built by `whatif.own_days` from its event rows.

Times are minutes after opening.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from queue_app.domain.discipline import StageRole
from queue_app.domain.planning.lognormal import Duration, parameters

SEED_FAMILY: Final = 20270329
CERTIFICATES: Final = "certificates"
MOVERS: Final = "movers"
DIRECT: Final = "direct"
LOGNORMAL_PATIENCE_SIGMA: Final = 0.5

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StagePlan:
    """One stage of a visit type: the pool that does it, its law, what comes before (positions), and for how many.

    `resident` False: work on papers, nobody has to stand at the counter.
    """

    pool: str
    duration: Duration
    role: StageRole = StageRole.FIRST
    after: tuple[int, ...] = ()
    share: float = 1.0
    resident: bool = True


@dataclass(frozen=True, slots=True)
class VisitType:
    """One kind of visit with its expected number per day."""

    name: str
    per_day: float
    stages: tuple[StagePlan, ...]
    weights: tuple[float, ...]
    patience_min: float = 120.0
    bookable: bool = False
    remote_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Punctuality:
    """How booked people come: the chance that they do, and minutes around the appointed time."""

    no_show: float = 0.08
    mean_min: float = -5.0
    sd_min: float = 8.0


@dataclass(frozen=True, slots=True)
class Workload:
    """An office's day: length, visit types, clerks per pool, and the share of bookable households that book."""

    name: str
    day_min: float
    types: tuple[VisitType, ...]
    clerks: Mapping[str, int]
    booking_share: float = 0.0
    prework_share: float = 0.0
    punctuality: Punctuality = Punctuality()
    day_factor_shape: float = 100.0
    helpers: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """(own pool, other pool) -> how many clerks of the first may help the second when idle."""


@dataclass(slots=True)
class Stage:
    """One stage of one visitor, with the time that it will really take."""

    pool: str
    minutes: float
    role: StageRole
    after: tuple[int, ...]
    resident: bool = True
    mean_min: float = 0.0


@dataclass(slots=True)
class Visitor:
    """One visit of one day. Everything random about it is already drawn."""

    number: int
    kind: str
    wish_min: float
    stages: tuple[Stage, ...]
    patience_min: float
    books: bool = False
    turn: float = 0.0
    shows: bool = True
    lateness_min: float = 0.0
    remote: bool = False
    travel_min: float = 0.0
    travel_error_min: float = 0.0
    prework: bool = False


ARRIVALS: Final = (1.0, 1.1, 1.4, 1.6, 1.6, 1.5, 1.3, 1.1, 1.1, 1.3, 1.4, 1.3, 1.1, 1.0, 0.9, 0.8, 0.6, 0.15)
"""Per half hour from 8:30; the last entry is the last quarter of an hour."""

LUNCH_CERTIFICATES: Final = tuple(weight * (1.35 if 7 <= half < 9 else 1.0) for half, weight in enumerate(ARRIVALS))


def _standard(name: str, movers: float, clerks: dict[str, int]) -> Workload:
    follow_on, delivery = StageRole.FOLLOW_ON, StageRole.DELIVERY
    insurance, child = Duration(12, 0.6), Duration(15, 0.6)
    moving = (
        StagePlan("M", Duration(14, 0.5)),
        StagePlan("B", Duration(12, 0.5), follow_on, (0,), resident=False),
        StagePlan("M", Duration(5, 0.5), delivery, (0, 1, 3, 4)),
        StagePlan("H", insurance, follow_on, (0,), share=0.6),
        StagePlan("K", child, follow_on, (0,), share=0.3),
    )
    types = (
        VisitType(CERTIFICATES, 500, (StagePlan("C", Duration(5, 0.6)),), LUNCH_CERTIFICATES, 45, remote_share=0.3),
        VisitType(MOVERS, movers, moving, ARRIVALS, bookable=True, remote_share=0.5),
        VisitType(DIRECT, 80, (StagePlan("H", insurance),), ARRIVALS, remote_share=0.3),
        VisitType(DIRECT, 25, (StagePlan("K", child),), ARRIVALS, remote_share=0.3),
    )
    return Workload(name, 525.0, types, clerks)


SW1_PEAK: Final = _standard("sw1", 150, {"C": 7, "M": 8, "B": 5, "H": 6, "K": 3})
SW1_NORMAL: Final = _standard("sw1-normal", 40, {"C": 7, "M": 3, "B": 2, "H": 4, "K": 2})
SW1_HELPERS: Final = {("M", "B"): 3, ("B", "M"): 2, ("H", "K"): 2, ("K", "H"): 1}


def slower(workload: Workload, factor: float) -> Workload:
    """The same day with every service longer by `factor`."""
    types = tuple(
        replace(
            kind,
            stages=tuple(
                replace(stage, duration=replace(stage.duration, mean_min=stage.duration.mean_min * factor))
                for stage in kind.stages
            ),
        )
        for kind in workload.types
    )
    return replace(workload, types=types)


def draw_day(workload: Workload, seed: int) -> list[Visitor]:
    """The people of one random day in order of their wished times."""
    rng = np.random.default_rng([SEED_FAMILY, seed])
    factor = rng.gamma(workload.day_factor_shape) / workload.day_factor_shape
    visitors: list[Visitor] = []
    for kind in workload.types:
        visitors += _draw_type(workload, kind, int(rng.poisson(kind.per_day * factor)), rng)
    visitors.sort(key=lambda visitor: visitor.wish_min)
    for number, visitor in enumerate(visitors):
        visitor.number = number
    return visitors


def without_papers(visitor: Visitor) -> Visitor:
    """The same visit with the back office's part done before the day."""
    kept = [position for position, stage in enumerate(visitor.stages) if stage.resident]
    place = {position: new for new, position in enumerate(kept)}
    stages = tuple(
        replace(stage, after=tuple(place[before] for before in stage.after if before in place))
        for stage in (visitor.stages[position] for position in kept)
    )
    return replace(visitor, stages=stages)


def intensity(weights: tuple[float, ...], day_min: float) -> tuple[Floats, Floats]:
    """Edges of the half hours (the last is cut by the end of the day) and the share of the day's arrivals in each."""
    edges = np.minimum(np.arange(len(weights) + 1) * 30.0, day_min)
    shares = np.asarray(weights, dtype=np.float64)
    return edges, shares / shares.sum()


def _draw_type(workload: Workload, kind: VisitType, count: int, rng: np.random.Generator) -> list[Visitor]:
    edges, shares = intensity(kind.weights, workload.day_min)
    half = rng.choice(len(shares), size=count, p=shares)
    wish = edges[half] + rng.random(count) * (edges[half + 1] - edges[half])
    times = [_draw_durations(stage.duration, count, rng) for stage in kind.stages]
    needs = [rng.random(count) < stage.share for stage in kind.stages]
    patience = kind.patience_min * np.exp(LOGNORMAL_PATIENCE_SIGMA * rng.standard_normal(count))
    books, turn, shows = rng.random(count), rng.random(count), rng.random(count)
    late, remote, prework = rng.standard_normal(count), rng.random(count), rng.random(count)
    travel, error = rng.uniform(10, 25, count), 2.0 * rng.standard_normal(count)
    punctuality = workload.punctuality
    return [
        Visitor(
            number=0,
            kind=kind.name,
            wish_min=float(wish[i]),
            stages=_stages(kind, [float(column[i]) for column in times], [bool(column[i]) for column in needs]),
            patience_min=float(patience[i]),
            books=bool(kind.bookable and books[i] < workload.booking_share),
            turn=float(turn[i]),
            shows=bool(shows[i] >= punctuality.no_show),
            lateness_min=float(punctuality.mean_min + punctuality.sd_min * late[i]),
            remote=bool(remote[i] < kind.remote_share),
            travel_min=float(travel[i]),
            travel_error_min=float(error[i]),
            prework=bool(prework[i] < workload.prework_share),
        )
        for i in range(count)
    ]


def _draw_durations(duration: Duration, count: int, rng: np.random.Generator) -> Floats:
    mu, sigma = parameters(duration)
    drawn: Floats = np.exp(mu + sigma * rng.standard_normal(count))
    return drawn


def _stages(kind: VisitType, minutes: list[float], needed: list[bool]) -> tuple[Stage, ...]:
    """The stages that this visitor needs; positions in `after` are renumbered to those that are left."""
    kept = [position for position, need in enumerate(needed) if need]
    place = {position: new for new, position in enumerate(kept)}
    return tuple(
        Stage(
            plan.pool,
            minutes[position],
            plan.role,
            tuple(place[before] for before in plan.after if before in place),
            plan.resident,
            plan.duration.mean_min,
        )
        for position, plan in ((position, kind.stages[position]) for position in kept)
    )
