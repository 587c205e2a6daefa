"""What the past looks like in figures: waits, services, absences, bookings, estimates, and the usual load.

Pure counting over past visits and stops; the services read them from the records, tests make them up. Waits are summed
up with those who gave up counted as having waited at least so long (`survival`). A figure that cannot be told is None.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

from queue_app.domain.estimate import Spread
from queue_app.domain.history import End
from queue_app.domain.planning.calibration import Lesson
from queue_app.domain.service_times import Served, late_ends, laws_of
from queue_app.domain.survival import FEW, Observation, Summary, summary

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Told:
    """What a number's holder was told on getting it: the range as shown, the uncorrected points, who estimated."""

    low: float
    likely: float
    high: float
    busy: bool
    raw: Spread | None = None


@dataclass(frozen=True, slots=True)
class PastVisit:
    """One visit. `wait` is to the first call (None: it never began to tell); times are of the office's clock."""

    day: date
    hour: int
    service: str
    visit_class: str
    end: str
    wait: Observation | None
    idle_min: float | None = None
    told: Told | None = None

    @property
    def weekday(self) -> int:
        return self.day.weekday()


@dataclass(frozen=True, slots=True)
class PastStop:
    """One stop of a visit. `served` is None while nobody was served to an end."""

    day: date
    hour: int
    service: str
    kind: str
    visit_class: str
    end: str
    wait: Observation | None
    served: Served | None = None
    calls: int = 0
    recalls: int = 0
    misses: int = 0


@dataclass(frozen=True, slots=True)
class ServiceFigures:
    """Minutes at the counter; `late` ends are counted but kept out of the other figures."""

    services: int
    late: int
    median: float | None = None
    p90: float | None = None
    mean: float | None = None


@dataclass(frozen=True, slots=True)
class EstimateFigures:
    """How estimates of people who had to wait held: minutes, and the share of waits inside the range shown."""

    told: int
    error: float | None = None
    bias: float | None = None
    coverage: float | None = None
    width: float | None = None


def first_calls(visits: Iterable[PastVisit], key: Callable[[PastVisit], K]) -> dict[K, Summary]:
    """Waits to the first call, per key."""
    return _summaries((key(each), each.wait) for each in visits if each.wait is not None)


def stage_waits(stops: Iterable[PastStop], key: Callable[[PastStop], K]) -> dict[K, Summary]:
    """Waits at each stop, from being ready to the call, per key."""
    return _summaries((key(each), each.wait) for each in stops if each.wait is not None)


def idle_on_site(visits: Iterable[PastVisit], key: Callable[[PastVisit], K]) -> dict[K, Summary]:
    """Time on site without a clerk, per key; visits that were broken off count as having been idle at least so long."""
    return _summaries(
        (key(each), (each.idle_min, each.end == End.DONE)) for each in visits if each.idle_min is not None
    )


def service_figures(stops: Iterable[PastStop], key: Callable[[PastStop], K]) -> dict[K, ServiceFigures]:
    """Time at the counter, per key."""
    some = [each for each in stops if each.served is not None]
    served = [each.served for each in some if each.served is not None]
    late = late_ends(served, laws_of(served))
    good: dict[K, list[float]] = defaultdict(list)
    forgotten: dict[K, int] = defaultdict(int)
    for place, (stop, each) in enumerate(zip(some, served, strict=True)):
        if place in late:
            forgotten[key(stop)] += 1
        else:
            good[key(stop)].append(each.took_min)
    return {each: _service_figures(good[each], forgotten[each]) for each in good.keys() | forgotten.keys()}


def estimate_figures(visits: Iterable[PastVisit], key: Callable[[PastVisit], K]) -> dict[K, EstimateFigures]:
    """Error of the likely value and coverage of the range, over people who were called and had to wait.

    Whoever found a free clerk is left out: an estimate of nothing that comes true says nothing about estimates.
    """
    pairs: dict[K, list[tuple[Told, float]]] = defaultdict(list)
    for each in visits:
        if each.told is not None and each.told.busy and each.wait is not None and each.wait[1]:
            pairs[key(each)].append((each.told, each.wait[0]))
    return {each: _estimate_figures(some) for each, some in pairs.items()}


def lessons(visits: Iterable[PastVisit]) -> dict[str, list[Lesson]]:
    """What calibration may learn from, per service."""
    found: dict[str, list[Lesson]] = defaultdict(list)
    for each in visits:
        if each.told is not None and each.told.raw and each.told.busy and each.wait is not None and each.wait[1]:
            found[each.service].append(Lesson(each.told.raw, each.wait[0]))
    return found


def by_hour(visits: Iterable[PastVisit]) -> dict[tuple[int, int], Summary]:
    """Waits to the first call by weekday (Monday is 0) and hour of arrival."""
    return first_calls(visits, lambda each: (each.weekday, each.hour))


QUIET, BUSY = 10.0, 20.0
"""Minutes of usual wait: up to ten is quiet, over twenty is busy."""

STRIKING: Final = 1.4
"""A half day is worth a sentence when its wait is so many times the usual one, or less than its inverse."""


@dataclass(frozen=True, slots=True)
class Half:
    """A morning (or an afternoon) of a weekday with its usual wait."""

    weekday: int
    is_morning: bool
    minutes: float


def striking_halves(visits: Sequence[PastVisit]) -> tuple[Half | None, Half | None]:
    """The busiest half day and the quietest one, where they stand out; residents are told of these in words."""
    halves = first_calls(visits, lambda each: (each.weekday, each.hour < 12))
    means = [Half(*key, found.mean) for key, found in halves.items() if found.mean is not None]
    usual = summary(each.wait for each in visits if each.wait is not None).mean
    if len(means) < 2 or not usual:
        return None, None
    busiest, quietest = max(means, key=_minutes), min(means, key=_minutes)
    return (
        busiest if busiest.minutes >= STRIKING * usual and busiest.minutes > QUIET / 2 else None,
        quietest if quietest.minutes <= usual / STRIKING else None,
    )


def _minutes(half: Half) -> float:
    return half.minutes


def _summaries(observed: Iterable[tuple[K, Observation]]) -> dict[K, Summary]:
    groups: dict[K, list[Observation]] = defaultdict(list)
    for key, one in observed:
        groups[key].append(one)
    return {key: summary(some) for key, some in groups.items()}


def _service_figures(minutes: list[float], late: int) -> ServiceFigures:
    if len(minutes) < FEW:
        return ServiceFigures(len(minutes) + late, late)
    plain = summary((each, True) for each in minutes)
    return ServiceFigures(len(minutes) + late, late, plain.median, plain.p90, plain.mean)


def _estimate_figures(pairs: list[tuple[Told, float]]) -> EstimateFigures:
    count = len(pairs)
    if count < FEW:
        return EstimateFigures(count)
    errors = [told.likely - wait for told, wait in pairs]
    inside = sum(told.low <= wait <= told.high for told, wait in pairs)
    return EstimateFigures(
        told=count,
        error=sum(map(abs, errors)) / count,
        bias=sum(errors) / count,
        coverage=inside / count,
        width=sum(told.high - told.low for told, _ in pairs) / count,
    )
