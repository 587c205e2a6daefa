"""The waiting goals, again: every run behind docs/planning.md, on days that no rule was tuned on.

`make bench ARGS=goals` runs all of it (a quarter of an hour of one core), `ARGS="goals --write"` puts the figures into
docs/benchmarks.md. Each row is also a command of its own: `flask --app run simulate` with the options of its name.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from statistics import mean
from typing import Any, NamedTuple

from queue_app.commands.simulate import RARE_SWEEPS
from queue_app.domain.estimate import LiveState, Spread, sampled_waits, spread_of
from queue_app.domain.planning.calibration import calibrate
from queue_app.domain.planning.experiment import (
    CLASSES,
    Figures,
    Leaving,
    Lunch,
    Scenario,
    report,
    run,
    with_helpers,
    with_share,
)
from queue_app.domain.planning.policies import FCFS, FULL, NAIVE, PLANNED
from queue_app.domain.planning.prediction import CASES, Score, lessons, score
from queue_app.domain.planning.workload import SW1_HELPERS, SW1_NORMAL, SW1_PEAK

DAYS = 200
FULLEST = 3
PEAK = with_share(SW1_PEAK, 0.7)
PAPERS = with_share(SW1_PEAK, 0.7, prework=0.7)
BOTH = with_helpers(PAPERS, SW1_HELPERS)
BEST = "full --flex --prework 0.7"

RUNS = {
    "fcfs": Scenario(PEAK, FCFS),
    "naive": Scenario(PEAK, NAIVE),
    "planned": Scenario(PEAK, PLANNED),
    "full": Scenario(PEAK, FULL),
    "full --flex": Scenario(with_helpers(PEAK, SW1_HELPERS), FULL),
    "full --prework 0.7": Scenario(PAPERS, FULL),
    BEST: Scenario(BOTH, FULL),
    "full --lunch by_load": Scenario(PEAK, FULL, lunch=Lunch.BY_LOAD),
    f"{BEST} --lunch by_load": Scenario(BOTH, FULL, lunch=Lunch.BY_LOAD),
    "full --services 1.1": Scenario(PEAK, FULL, service_factor=1.1),
    "full --absent M1,B1": Scenario(PEAK, FULL, absent=("M1", "B1")),
    "full --normal --share 0.5": Scenario(with_share(SW1_NORMAL, 0.5), FULL),
}
LEARN_FROM = 3000
ESTIMATE_DAYS = 40


class Wanted(NamedTuple):
    """One part of a goal: in which run, which figure and its half width, and its limit."""

    name: str
    figure: Callable[[dict[str, Any]], float]
    half: Callable[[dict[str, Any]], float]
    limit: float
    is_least: bool = False
    unit: str = ""

    def reached(self, told: dict[str, Any]) -> bool:
        return self.figure(told) >= self.limit if self.is_least else self.figure(told) <= self.limit

    def words(self, told: dict[str, Any]) -> str:
        if self.unit == "%":
            return f"{self.figure(told):.1%} ±{self.half(told):.1%}"
        return f"{self.figure(told):.1f} ±{self.half(told):.1f}"

    @property
    def sign(self) -> str:
        limit = f"{self.limit:.0%}" if self.unit == "%" else f"{self.limit:g}"
        return f"{'≥' if self.is_least else '≤'} {limit}"


def wait(name: str, group: str, which: str, point: str, limit: float) -> Wanted:
    half = "ci95" if point == "mean" else f"ci95_{point}"
    return Wanted(name, lambda told: told[group][which][point], lambda told: told[group][which][half], limit)


def share(name: str, key: str, limit: float) -> Wanted:
    least = Wanted(name, lambda told: told["booked"][key], lambda told: told["booked"][f"{key}_ci95"], limit)
    return least._replace(is_least=True, unit="%")


def plain(name: str, key: str, limit: float) -> Wanted:
    return Wanted(name, lambda told: told[key], lambda told: told[f"{key}_ci95"], limit)


GOALS: dict[str, tuple[Wanted, ...]] = {
    "booked: called within a minute; 95 %": (
        share("full", "within_1_min", 0.97),
        wait("full", "booked", "first_call", "p95", 0.8),
    ),
    "booked idle: mean; 95 %": (
        wait("full", "booked", "idle", "mean", 7.5),
        wait("full", "booked", "idle", "p95", 22),
    ),
    "the same with papers and helpers; under a minute in all": (
        wait(BEST, "booked", "idle", "mean", 2.2),
        wait(BEST, "booked", "idle", "p95", 12.5),
        share(BEST, "idle_within_1_min", 0.7),
    ),
    "walk-in movers idle: mean; 90 %; first call 90 %": (
        wait("full", "walk_in_movers", "idle", "mean", 14.5),
        wait("full", "walk_in_movers", "idle", "p90", 34),
        wait("full", "walk_in_movers", "first_call", "p90", 8),
    ),
    "direct visitors, 90 %": (wait("full", "direct", "idle", "p90", 16),),
    "person-hours of waiting a day": (plain("full", "person_hours", 80),),
    "the same with papers and helpers": (plain(BEST, "person_hours", 65),),
    "minutes from the wish": (plain("full", "from_wish_min", 30),),
    "services 10 % longer: booked idle 95 %": (wait("full --services 1.1", "booked", "idle", "p95", 35),),
    "two clerks absent: booked first call 95 %": (wait("full --absent M1,B1", "booked", "first_call", "p95", 5),),
    "normal day, half book: booked idle mean; 95 %; walk-in 90 %": (
        wait("full --normal --share 0.5", "booked", "idle", "mean", 7.5),
        wait("full --normal --share 0.5", "booked", "idle", "p95", 22),
        wait("full --normal --share 0.5", "walk_in_movers", "idle", "p90", 30),
    ),
}
ESTIMATES = {
    "moving_no_bookings": 1.9,
    "certificates": 1.3,
    "moving_half_booked": 2.8,
    "moving_means_15_too_long": 2.0,
    "moving_means_15_too_short": 2.0,
}


def tables(size: float) -> Iterator[str]:
    """Everything as Markdown, table by table."""
    gc.set_threshold(*RARE_SWEEPS)
    days = max(10, round(DAYS * size))
    found = {name: run(scenario, range(days)) for name, scenario in RUNS.items()}
    told = {name: report(figures) for name, figures in found.items()}
    told["full, without the three fullest days"] = report(without_fullest(found["full"]))
    told["full, tuning seeds 1000-1099"] = report(run(RUNS["full"], range(1000, 1000 + min(days, 100))))
    some = range(1000, 1000 + max(2, days // 10))
    for leaving in Leaving:
        scenario = replace(RUNS["full"], leaving=leaving)
        told[f"full --leaving {leaving.value}, {len(some)} tuning days"] = report(run(scenario, some))
    yield from _against(told, days)
    yield ""
    yield from _figures(told)
    yield ""
    yield from _estimates(max(2, round(ESTIMATE_DAYS * size)))


def without_fullest(figures: Figures) -> Figures:
    """The same days but the three on which booked people were idle longest."""
    means = [mean(day) if day else 0.0 for day in figures.idle["booked"]]
    kept = sorted(range(len(means)), key=lambda day: means[day])[:-FULLEST]
    return Figures(
        first_call={name: [days[day] for day in kept] for name, days in figures.first_call.items()},
        idle={name: [days[day] for day in kept] for name, days in figures.idle.items()},
        person_hours=[figures.person_hours[day] for day in kept],
        overtime_min=[figures.overtime_min[day] for day in kept],
        from_wish_min=[figures.from_wish_min[day] for day in kept],
    )


def _against(told: dict[str, dict[str, Any]], days: int) -> Iterator[str]:
    yield f"| goal ({days} days, `full` unless said otherwise) | wanted | reached | |"
    yield "|---|---|---|---|"
    for goal, parts in GOALS.items():
        wanted = "; ".join(part.sign for part in parts)
        reached = "; ".join(part.words(told[part.name]) for part in parts)
        are = [part.reached(told[part.name]) for part in parts]
        yield f"| {goal} | {wanted} | {reached} | {_verdict(are)} |"
    worse = [
        f"{group} {told['full'][group]['idle']['p90']:.1f} ({told['fcfs'][group]['idle']['p90']:.1f})"
        for group in CLASSES[1:]
    ]
    none = all(told["full"][group]["idle"]["p90"] <= 1.02 * told["fcfs"][group]["idle"]["p90"] for group in CLASSES[1:])
    yield f"| nobody's 90 % point over first come first served + 2 % | each | {', '.join(worse)} | {_verdict([none])} |"


def _verdict(are: list[bool]) -> str:
    return "yes" if all(are) else "no" if not any(are) else "in part"


def _figures(told: dict[str, dict[str, Any]]) -> Iterator[str]:
    yield (
        "| run | booked first call (within a minute) | booked idle (under a minute) | walk-in movers first call "
        "| walk-in movers idle | direct | certificates | person-hours | from wish | after closing |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for name, each in told.items():
        booked, walk_in = each["booked"], each["walk_in_movers"]
        cells = [f"`{name}`" if name in RUNS else name]
        if booked is None:
            cells += ["-", "-"]
        else:
            cells.append(f"{_points(booked['first_call'])} ({booked['within_1_min']:.1%})")
            cells.append(f"{_points(booked['idle'])} ({booked['idle_within_1_min']:.0%})")
        cells += [_points(walk_in["first_call"]), _points(walk_in["idle"])]
        cells += [_points(each["direct"]["idle"]), _points(each["certificates"]["idle"])]
        wish = "-" if each["from_wish_min"] is None else f"{each['from_wish_min']} ±{each['from_wish_min_ci95']}"
        cells += [f"{each['person_hours']} ±{each['person_hours_ci95']}", wish, f"{each['overtime_min']:.0f}"]
        yield "| " + " | ".join(cells) + " |"


def _points(one: dict[str, float]) -> str:
    return " / ".join(f"{one[point]:.1f}±{one[half]:.1f}" for point, half in POINTS)


POINTS = (("mean", "ci95"), ("p90", "ci95_p90"), ("p95", "ci95_p95"))


def _estimates(days: int) -> Iterator[str]:
    learn, test = range(LEARN_FROM, LEARN_FROM + days), range(LEARN_FROM + days, LEARN_FROM + 2 * days)
    yield (
        f"| tickets issued while all are busy (learnt on {days} days, tested on the {days} after) | mean wait | error "
        "| its own passes expect | wanted | bias | coverage of 80 % | width | factor learnt |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for case in CASES:
        own: list[float] = []
        calibration = calibrate(lessons(case, _expecting([]), learn))
        found: Score = score(lessons(case, _expecting(own), test), calibration)
        yield (
            f"| {case.name} | {found.mean_wait:.1f} | {found.mae_busy:.2f} ±{found.mae_ci95:.2f} | {mean(own):.2f} "
            f"| {ESTIMATES[case.name]} | {found.bias:.2f} ±{found.bias_ci95:.2f} "
            f"| {found.coverage80:.1%} ±{found.coverage_ci95:.1%} | {found.width:.1f} | {calibration.scale:.2f} |"
        )


def _expecting(own: list[float]) -> Callable[[LiveState, Random], Spread | None]:
    """The full estimator, which also notes the error that its passes expect of their middle."""

    def estimate(state: LiveState, rng: Random) -> Spread | None:
        waits = sampled_waits(state, rng)
        if not waits:
            return None
        spread = spread_of(waits)
        own.append(mean(abs(wait - spread.p50) for wait in waits))
        return spread

    return estimate
