"""One question to the simulator: today's way and a change of it, on the same people.

Decides what can be asked (one more clerk for some hours, a window closed, other lunch waves or lunch by load, more
people of one kind, longer services) and runs both ways on the same days. Days come as recorded visits, or from the
standard workload.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from queue_app.domain.errors import Refusal
from queue_app.domain.planning.appointments import appointments
from queue_app.domain.planning.experiment import CLASSES, Figures, add_day, report, with_share
from queue_app.domain.planning.policies import FULL
from queue_app.domain.planning.rota import FIRST_WAVE, LUNCH_MIN, Duty, lunch_by_load, rota_of, standard_rota
from queue_app.domain.planning.simulator import simulate_day
from queue_app.domain.planning.whatif import RecordedVisit, visitor_of
from queue_app.domain.planning.workload import SW1_PEAK, Floats, Visitor, Workload, draw_day, slower

MOST_DAYS: Final = 500
LEAST_RECORDED: Final = 5
SW1_OPENS: Final = 8 * 60 + 30

Days = Sequence[tuple[list[Visitor], dict[int, float]]]
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be different. Clerks may be added (more than 0) or taken away for some minutes after opening."""

    pool: str = ""
    clerks: int = 0
    from_min: float = 0.0
    to_min: float = 1e6
    lunch_by_load: bool = False
    waves: tuple[float, ...] = ()
    """Lunch of every group in these waves (minutes after opening), evenly; empty: as in the rota."""

    busier: float = 1.0
    who: str = ""
    """The kind of visit of which there are more (or fewer) walk-ins; empty: every kind."""

    slower: float = 1.0


@dataclass(frozen=True, slots=True)
class Ground:
    """What the days are run on: the clerks as planned, the day's length, and the load for lunch by load."""

    duties: tuple[Duty, ...]
    day_min: float
    load: Mapping[str, Floats]
    first_wave: float = FIRST_WAVE
    """When lunch usually begins, in minutes after opening."""


def changed_rota(ground: Ground, change: Change) -> list[Duty]:
    """The rota with the change.

    Refuses `rota_unknown_group`, `change_outside_the_day`, `rota_impossible`, and a rota that leaves nobody.
    """
    pools = sorted({duty.pool for duty in ground.duties} | set(ground.load))
    if not ground.duties:
        raise Refusal("rota_nobody", pools=pools)
    duties = _lunch(ground, change)
    if change.clerks and change.pool not in pools:
        raise Refusal("rota_unknown_group", group=change.pool, groups=pools)
    if change.clerks and (change.from_min >= change.to_min or change.from_min >= ground.day_min):
        raise Refusal("change_outside_the_day", pool=change.pool)
    if change.clerks > 0:
        away = [(0.0, change.from_min)] if change.from_min > 0 else []
        away += [(change.to_min, 1e6)] if change.to_min < ground.day_min else []
        duties += [Duty(change.pool, tuple(away))] * change.clerks
    elif change.clerks < 0:
        duties = _taken_away(duties, change)
    if not duties:
        raise Refusal("rota_nobody", pools=pools)
    return duties


def compare(ground: Ground, days: Days, change: Change, progress: Progress) -> dict[str, Any]:
    """Both ways as reports, and the difference of each day's waiting with its interval."""
    rotas = {"before": list(ground.duties), "after": changed_rota(ground, change)}
    if not days:
        raise Refusal("history_empty", days=0)
    found = {name: Figures() for name in rotas}
    more = np.random.default_rng(7)
    for number, (visitors, booked) in enumerate(days):
        changed = (_busier(visitors, change, more), booked)
        for name, (people, appointed) in {"before": (visitors, booked), "after": changed}.items():
            lived = [_slower(v, change.slower) for v in people] if name == "after" else people
            day = simulate_day(lived, appointed, rotas[name], FULL, day_min=ground.day_min)
            add_day(found[name], day)
        progress(number + 1)
    kinds = {visitor.kind for visitors, _ in days for visitor in visitors}
    if change.busier != 1.0 and change.who and change.who not in kinds:
        raise Refusal("nobody_of_this_kind", kind=change.who, kinds=sorted(kinds))
    classes = sorted({name for figures in found.values() for name in figures.idle}, key=_class_order)
    saved = np.array(found["before"].person_hours) - np.array(found["after"].person_hours)
    return {
        "classes": classes,
        "before": report(found["before"], classes),
        "after": report(found["after"], classes),
        "saved_hours": round(float(saved.mean()), 2),
        "saved_hours_ci95": round(float(1.96 * saved.std(ddof=1) / np.sqrt(len(saved))), 2) if len(saved) > 1 else 0.0,
    }


def recorded_days(history: Sequence[Sequence[RecordedVisit]], days: int, seed: int = 0) -> Days:
    """Past days drawn with replacement, appointments as they were. Refuses a past that is too short."""
    known = [day for day in history if day]
    if len(known) < LEAST_RECORDED or not 1 <= days <= MOST_DAYS:
        raise Refusal("history_empty", days=len(known), least=LEAST_RECORDED)
    drawn = np.random.default_rng(seed).integers(0, len(known), days)
    found = []
    for chosen in drawn:
        visits = known[int(chosen)]
        booked = {n: v.appointed_min for n, v in enumerate(visits) if v.appointed_min is not None}
        found.append(([visitor_of(n, visit) for n, visit in enumerate(visits)], booked))
    return found


def standard_days(days: int, share: float = 0.7, workload: Workload = SW1_PEAK) -> tuple[Ground, Days]:
    """Days of the standard workload under today's way of running it."""
    if not 1 <= days <= MOST_DAYS:
        raise Refusal("history_empty", days=days, least=1)
    from queue_app.domain.planning.appointments import expected_load

    workload = with_share(workload, share)
    duties = tuple(standard_rota(workload.clerks))
    found = []
    for seed in range(days):
        visitors = draw_day(slower(workload, 1.0), seed)
        found.append((visitors, appointments(visitors, workload, duties, FULL)))
    return Ground(duties, workload.day_min, expected_load(workload, duties, FULL)), found


def best_lunch_of(ground: Ground) -> dict[str, tuple[float, ...]]:
    """The lunch that costs least waiting in each group, by trying every combination."""
    counts = _counts(ground)
    return {
        pool: lunch_by_load(row, counts[pool], ground.first_wave)
        for pool, row in ground.load.items()
        if counts.get(pool)
    }


def _lunch(ground: Ground, change: Change) -> list[Duty]:
    """The duties with the lunch that was asked for. Refuses waves outside the day."""
    if change.lunch_by_load:
        return rota_of(_counts(ground), best_lunch_of(ground))
    if not change.waves:
        return list(ground.duties)
    if not all(0 < start <= ground.day_min - LUNCH_MIN for start in change.waves):
        raise Refusal("lunch_outside_the_day", waves=len(change.waves))
    counts, waves = _counts(ground), change.waves
    return rota_of(counts, {pool: [waves[n % len(waves)] for n in range(many)] for pool, many in counts.items()})


def _counts(ground: Ground) -> dict[str, int]:
    counts: dict[str, int] = {}
    for duty in ground.duties:
        counts[duty.pool] = counts.get(duty.pool, 0) + 1
    return counts


def _taken_away(duties: list[Duty], change: Change) -> list[Duty]:
    """The last clerks of the group are away then; refused when there are not so many."""
    theirs = [place for place, duty in enumerate(duties) if duty.pool == change.pool]
    if len(theirs) < -change.clerks:
        raise Refusal("rota_impossible", pool=change.pool, clerks=len(theirs) + change.clerks)
    for place in theirs[change.clerks :]:
        spans = sorted([*duties[place].away, (change.from_min, change.to_min)])
        merged: list[tuple[float, float]] = []
        for leaves, returns in spans:
            if merged and leaves <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], returns))
            else:
                merged.append((leaves, returns))
        duties[place] = replace(duties[place], away=tuple(merged))
    return duties


def _busier(visitors: list[Visitor], change: Change, rng: np.random.Generator) -> list[Visitor]:
    """More or fewer people without a booking: some come twice, a little later, or not at all."""
    factor = change.busier
    if factor == 1.0:
        return visitors
    kept = list(visitors)
    meant = {v.number for v in visitors if not v.books and change.who in ("", v.kind)}
    walk_ins = [v for v in visitors if v.number in meant]
    if factor > 1:
        for visitor in walk_ins:
            for _ in range(int(factor - 1) + int(rng.random() < (factor - 1) % 1)):
                later = max(0.0, visitor.wish_min + float(rng.normal(0, 10)))
                kept.append(replace(visitor, number=len(kept), wish_min=later))
        return kept
    return [v for v in kept if v.number not in meant or rng.random() < factor]


def _slower(visitor: Visitor, factor: float) -> Visitor:
    if factor == 1.0:
        return visitor
    return replace(visitor, stages=tuple(replace(s, minutes=s.minutes * factor) for s in visitor.stages))


def _class_order(name: str) -> tuple[int, str]:
    return (CLASSES.index(name) if name in CLASSES else len(CLASSES), name)
