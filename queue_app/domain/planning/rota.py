"""Who is on duty when: clerks, breaks, absences, and the lunch rota that costs least waiting.

Decides breaks only; how many clerks a day needs is `staffing`'s question. Times are minutes after opening.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Final

import numpy as np

from queue_app.domain.errors import Refusal
from queue_app.domain.planning.congestion import BIN_MIN, congestion
from queue_app.domain.planning.workload import Floats

LUNCH_MIN: Final = 60.0
FIRST_WAVE: Final = 180.0
"""Minutes after opening: 11:30 in an office that opens at 8:30."""

WAVES_AFTER: Final = (0.0, 60.0, 120.0)
HALF_PAST_ELEVEN: Final = 11 * 60 + 30
SOONEST_LUNCH: Final = 90.0
LUNCH_GRID: Final = tuple(30.0 * step for step in range(-1, 6))
"""Where lunch by load may begin, counted from the first wave: 11:00 to 14:00."""

WAVES: Final[Mapping[int, tuple[int, int, int]]] = {
    0: (0, 0, 0),
    1: (0, 0, 0),
    2: (1, 1, 0),
    3: (1, 1, 1),
    4: (1, 2, 1),
    5: (2, 2, 1),
    6: (2, 2, 2),
    7: (2, 3, 2),
    8: (3, 3, 2),
}
"""Clerks of a pool -> how many are away in each wave (standard workload)."""


@dataclass(frozen=True, slots=True)
class Duty:
    """One clerk's day: own pool, pools helped when idle, and spans away in order of time."""

    pool: str
    away: tuple[tuple[float, float], ...] = ()
    helps: tuple[str, ...] = ()


def standard_rota(
    clerks: Mapping[str, int],
    helpers: Mapping[tuple[str, str], int] | None = None,
    absent: Sequence[str] = (),
    *,
    first_wave: float = FIRST_WAVE,
) -> list[Duty]:
    """Everybody in three lunch waves. `absent` names clerks who are ill, as a pool and a number ("M1")."""
    missing = absences(clerks, absent)
    present = {pool: count - missing.get(pool, 0) for pool, count in clerks.items()}
    starts = {pool: _wave_starts(count, first_wave) for pool, count in present.items()}
    return rota_of(present, starts, helpers)


def first_wave(opens: float, day_min: float) -> float:
    """When lunch begins, in minutes after opening: at 11:30 by the clock.

    An office that opens late, or closes soon after noon, goes three hours after opening.
    """
    at = HALF_PAST_ELEVEN - opens
    return at if at >= SOONEST_LUNCH and at + WAVES_AFTER[-1] + LUNCH_MIN <= day_min else FIRST_WAVE


def rota_of(
    clerks: Mapping[str, int],
    lunch_starts: Mapping[str, Sequence[float]],
    helpers: Mapping[tuple[str, str], int] | None = None,
) -> list[Duty]:
    """A rota with the given lunch starts per pool (missing ones: no break)."""
    duties: list[Duty] = []
    for pool, count in clerks.items():
        if count < 0:
            raise Refusal("rota_impossible", pool=pool, clerks=count)
        starts = list(lunch_starts.get(pool, ()))[:count]
        spans = [((start, start + LUNCH_MIN),) for start in starts] + [()] * (count - len(starts))
        helps = _spread_helpers(pool, count, helpers or {})
        duties += [Duty(pool, away, helped) for away, helped in zip(spans, helps, strict=True)]
    return duties


def absences(clerks: Mapping[str, int], absent: Sequence[str]) -> dict[str, int]:
    """How many are missing per pool; names that fit nobody are refused."""
    missing: dict[str, int] = {}
    for name in sorted(set(absent)):
        pool, number = name.rstrip("0123456789"), name[len(name.rstrip("0123456789")) :]
        if pool not in clerks or not number or not 1 <= int(number) <= clerks[pool]:
            raise Refusal("rota_unknown_clerk", clerk=name, pools=sorted(clerks))
        missing[pool] = missing.get(pool, 0) + 1
    return missing


def on_duty(rota: Sequence[Duty], pools: Sequence[str], bins: int) -> Floats:
    """Clerks on duty per pool and bin, averaged over the bin."""
    duty = np.zeros((len(pools), bins))
    edges = np.arange(bins + 1) * BIN_MIN
    for clerk in rota:
        here = np.ones(bins)
        for leaves, returns in clerk.away:
            here -= np.clip(np.minimum(edges[1:], returns) - np.maximum(edges[:-1], leaves), 0, None) / BIN_MIN
        duty[pools.index(clerk.pool)] += here
    return duty


def best_lunch(
    load: Floats, clerks: int, starts_at: Sequence[float], *, at_least: int | None = None
) -> tuple[float, ...]:
    """The lunch starts with the least expected queue, found by trying every combination.

    `load` is the expected number of busy clerks per bin; `at_least` so many stay on duty (else half of them). Exact,
    and cheap: eight clerks and six possible starts are 1 287 combinations. Refused when there is nobody, no time to
    go, or no combination that leaves enough people.
    """
    if clerks < 1 or not starts_at:
        raise Refusal("rota_impossible", clerks=clerks, starts=len(starts_at))
    combos = np.array(list(combinations_with_replacement(range(len(starts_at)), clerks)))
    away_bins = np.zeros((len(starts_at), len(load)))
    for column, start in enumerate(starts_at):
        first = int(start // BIN_MIN)
        away_bins[column, first : first + int(LUNCH_MIN // BIN_MIN)] = 1.0
    counts = np.zeros((len(combos), len(starts_at)))
    np.add.at(counts, (np.arange(len(combos))[:, None], combos), 1.0)
    duty = clerks - counts @ away_bins
    staying = clerks // 2 if at_least is None else at_least
    allowed = duty.min(axis=1) >= staying
    if not allowed.any():
        raise Refusal("rota_impossible", clerks=clerks, at_least=staying, starts=len(starts_at))
    combos, duty = combos[allowed], duty[allowed]
    touched = away_bins.any(axis=0)
    cost = congestion(np.broadcast_to(load[touched], (len(combos), int(touched.sum()))), duty[:, touched]).sum(axis=1)
    return tuple(float(starts_at[column]) for column in combos[int(np.argmin(cost))])


def lunch_by_load(load: Floats, clerks: int, first: float = FIRST_WAVE) -> tuple[float, ...]:
    """The best breaks on the usual grid: every half hour from half an hour before the first wave."""
    return best_lunch(load, clerks, [first + step for step in LUNCH_GRID]) if clerks > 1 else ()


def _wave_starts(count: int, first: float) -> list[float]:
    waves = WAVES.get(count) or tuple((count + extra) // 3 for extra in (1, 2, 0))
    return [first + after for after, away in zip(WAVES_AFTER, waves, strict=True) for _ in range(away)]


def _spread_helpers(pool: str, count: int, helpers: Mapping[tuple[str, str], int]) -> list[tuple[str, ...]]:
    """The last clerks of a pool are the trained ones; with waves in order they do not all lunch together."""
    helped: list[tuple[str, ...]] = [() for _ in range(count)]
    for (own, other), trained in helpers.items():
        if own == pool:
            step = max(count / trained, 1.0) if trained else 1.0
            for place in sorted({min(int(k * step), count - 1) for k in range(min(trained, count))}):
                helped[place] = (*helped[place], other)
    return helped
