"""How good the estimates are: asked at simulated tickets, compared with the waits that came true.

Decides which tickets count (those issued while all clerks of the pool are busy; a free clerk is no forecast) and which
figures are stated. The estimator is the live one, `domain.estimate`, shown only what an office knows (`live.picture`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

from queue_app.domain.discipline import VisitClass
from queue_app.domain.errors import Refusal
from queue_app.domain.estimate import (
    PATHS,
    UNCALIBRATED,
    Ahead,
    Calibration,
    LiveState,
    Spread,
    calibrated,
    quick_spread,
    sampled_waits,
    spread_of,
    spreads_in_line,
)
from queue_app.domain.planning.appointments import appointments
from queue_app.domain.planning.calibration import Lesson, calibrate
from queue_app.domain.planning.live import all_busy, picture
from queue_app.domain.planning.lognormal import Duration
from queue_app.domain.planning.people import Guest
from queue_app.domain.planning.policies import FCFS, FULL, Policy
from queue_app.domain.planning.rota import standard_rota
from queue_app.domain.planning.simulator import Day, simulate_day
from queue_app.domain.planning.statistics import mean_of_all
from queue_app.domain.planning.whatif import mean_services
from queue_app.domain.planning.workload import SW1_PEAK, Workload, draw_day, slower

Estimator = Callable[[LiveState, Random], Spread | None]


@dataclass(frozen=True, slots=True)
class Case:
    """Which queue under which policy; only every n-th busy ticket is asked where there are very many."""

    name: str
    policy: Policy
    booking_share: float
    pool: str
    every: int = 1
    believed_factor: float = 1.0


CASES: Final = (
    Case("moving_no_bookings", FCFS, 0.0, "M"),
    Case("certificates", FCFS, 0.0, "C", every=4),
    Case("moving_half_booked", FULL, 0.5, "M"),
    Case("moving_means_15_too_long", FCFS, 0.0, "M", believed_factor=1.15),
    Case("moving_means_15_too_short", FCFS, 0.0, "M", believed_factor=0.85),
)


@dataclass(frozen=True, slots=True)
class Score:
    """Minutes; `coverage80` and `width` are those of the 80 % range before rounding; 95 % half widths over days."""

    mae_busy: float
    bias: float
    coverage80: float
    width: float
    mean_wait: float
    tickets: int
    mae_ci95: float
    bias_ci95: float
    coverage_ci95: float


def many_passes(state: LiveState, rng: Random) -> Spread | None:
    """The full estimator."""
    waits = sampled_waits(state, rng, paths=PATHS)
    return spread_of(waits) if waits else None


def place_in_line(state: LiveState, rng: Random) -> Spread | None:
    """The estimator of the live system, which asks once for the whole line: here for whoever joined last."""
    joined = replace(state, ahead=(*state.ahead, Ahead(state.stage, Duration(1.0, 0.0), state.order_min)))
    found = spreads_in_line(joined, rng)
    return found[-1] if found else None


def one_pass(state: LiveState, _rng: Random) -> Spread | None:
    """The quick estimator of every ticket issue."""
    return quick_spread(state)


def lessons(case: Case, estimator: Estimator, seeds: Iterable[int], workload: Workload = SW1_PEAK) -> list[Lesson]:
    """Estimates and true waits of the busy tickets of these days; people who gave up are left out."""
    workload = replace(workload, booking_share=case.booking_share)
    watch = _Watch(case, estimator, slower(workload, case.believed_factor))
    rota = standard_rota(workload.clerks, workload.helpers)
    for seed in seeds:
        visitors = draw_day(workload, seed)
        booked = appointments(visitors, workload, rota, case.policy)
        watch.begin_day(seed)
        simulate_day(visitors, booked, rota, case.policy, day_min=workload.day_min, observer=watch)
    return watch.lessons


def score(learnt: Sequence[Lesson], calibration: Calibration = UNCALIBRATED) -> Score:
    """How far from the truth the estimates were, with a correction learnt elsewhere."""
    if not learnt:
        raise Refusal("history_empty")
    spreads = [calibrated(lesson.spread, calibration) for lesson in learnt]
    count = len(learnt)
    errors = [spread.p50 - lesson.wait_min for spread, lesson in zip(spreads, learnt, strict=True)]
    inside = [float(s.p10 <= lesson.wait_min <= s.p90) for s, lesson in zip(spreads, learnt, strict=True)]
    mae, mae_ci = _over_days(learnt, [abs(error) for error in errors])
    bias, bias_ci = _over_days(learnt, errors)
    coverage, coverage_ci = _over_days(learnt, inside)
    return Score(
        mae_busy=mae,
        bias=bias,
        coverage80=coverage,
        width=sum(spread.p90 - spread.p10 for spread in spreads) / count,
        mean_wait=sum(lesson.wait_min for lesson in learnt) / count,
        tickets=count,
        mae_ci95=mae_ci,
        bias_ci95=bias_ci,
        coverage_ci95=coverage_ci,
    )


def _over_days(learnt: Sequence[Lesson], values: Sequence[float]) -> tuple[float, float]:
    days: dict[int, list[float]] = {}
    for lesson, value in zip(learnt, values, strict=True):
        days.setdefault(lesson.day, []).append(value)
    return mean_of_all(list(days.values())) or (0.0, 0.0)


def calibrated_score(
    case: Case, estimator: Estimator, learn_on: Sequence[int], test_on: Sequence[int]
) -> tuple[Score, Calibration]:
    """Learn on earlier days, then score on later ones."""
    calibration = calibrate(lessons(case, estimator, learn_on))
    return score(lessons(case, estimator, test_on), calibration), calibration


@dataclass(slots=True)
class _Watch:
    """Asks the estimator when a walk-in joins its first line, and looks again when it is called."""

    case: Case
    estimator: Estimator
    believed: Workload
    lessons: list[Lesson] = field(default_factory=list)
    _open: dict[int, tuple[float, Spread]] = field(default_factory=dict)
    _seen: int = 0
    _day: int = 0
    _rng: Random = field(default_factory=lambda: Random(20270329))

    def begin_day(self, day: int) -> None:
        self._day = day
        self._open.clear()

    def joined(self, day: Day, guest: Guest, position: int) -> None:
        stage = guest.visitor.stages[position]
        if stage.pool != self.case.pool or guest.visit_class is not VisitClass.WALK_IN or not all_busy(day, stage.pool):
            return
        self._seen += 1
        if self._seen % self.case.every == 0:
            spread = self.estimator(picture(day, guest, position, self.believed), self._rng)
            if spread is not None:
                self._open[guest.visitor.number] = (day.now, spread)

    def called(self, day: Day, guest: Guest, position: int) -> None:
        asked = self._open.pop(guest.visitor.number, None)
        if asked is not None:
            self.lessons.append(Lesson(asked[1], day.now - asked[0], self._day))

    def began(self, day: Day, guest: Guest, position: int) -> None:
        """Only the first call was forecast."""

    def gave_up(self, day: Day, guest: Guest) -> None:
        self._open.pop(guest.visitor.number, None)


def queue_times_mean(workload: Workload = SW1_PEAK) -> Estimator:
    """The customary rule, for comparison: people ahead times the mean, divided by the clerks."""

    means = mean_services(workload)

    def estimate(state: LiveState, _rng: Random) -> Spread | None:
        mean = means[state.stage]
        here = sum(1 for clerk in state.clerks if not clerk.away or clerk.away[0][0] > 0 or clerk.running)
        wait = (len(state.ahead) + 1) * mean / max(here, 1)
        return Spread(wait, wait, wait)

    return estimate
