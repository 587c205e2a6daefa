"""The staffing table tried on simulated days: where too many still wait too long, one clerk more, at most five times.

Erlang's formula knows neither bookings nor people who come in waves from another counter; the days know both. Decides
which waits count for which half hour: from the moment a stop was ready and its person free, until a clerk began.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from queue_app.domain.planning.change import Days
from queue_app.domain.planning.people import Guest
from queue_app.domain.planning.policies import FULL
from queue_app.domain.planning.rota import Duty
from queue_app.domain.planning.simulator import Day, simulate_day
from queue_app.domain.planning.staffing import MOST_CLERKS, STEP_MIN, Goal, Need

ROUNDS: Final = 5
FEWEST_WAITS: Final = 10
"""A half hour in which fewer people were seen on all days asks for nobody."""

Clerks = dict[str, list[int]]
Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Checked:
    """Clerks per group and half hour after the rounds, the share of people who then waited too long, and whether the
    goal is met in every half hour."""

    clerks: Clerks
    late_share: Mapping[str, list[float | None]]
    rounds: int
    is_met: bool


def check(
    tables: Mapping[str, Sequence[Need]], days: Days, *, goal: Goal, day_min: float, rounds: int = ROUNDS
) -> Checked:
    """Simulate with the clerks of the tables; add one wherever the goal is missed, `rounds` times at most."""
    clerks = _first(tables, days)
    late, missed = _late(clerks, days, goal, day_min)
    done = 0
    while missed and done < rounds:
        for pool, half in missed:
            clerks[pool][half] = min(clerks[pool][half] + 1, MOST_CLERKS)
        done += 1
        late, missed = _late(clerks, days, goal, day_min)
    return Checked(clerks, late, done, not missed)


def duties_of(clerks: Clerks) -> list[Duty]:
    """Clerks who come and go with the table. The last half hour's stay until everybody has been served."""
    duties = []
    for pool, per_half in clerks.items():
        for level in range(1, max(per_half, default=0) + 1):
            here = [count >= level for count in per_half]
            duties.append(Duty(pool, tuple(_away(here))))
    return duties


def _first(tables: Mapping[str, Sequence[Need]], days: Days) -> Clerks:
    """At least one clerk all day in every group that anybody goes to, whatever the forecast believes."""
    visited = {stage.pool for visitors, _ in days for visitor in visitors for stage in visitor.stages}
    halves = max((len(table) for table in tables.values()), default=0)
    return {
        pool: [max(need.clerks, int(pool in visited)) for need in tables.get(pool, ())] or [1] * halves
        for pool in sorted(visited | set(tables))
    }


def _away(here: Sequence[bool]) -> list[tuple[float, float]]:
    spans: list[tuple[float, float]] = []
    for half, is_here in enumerate(here):
        begins = half * STEP_MIN
        if is_here:
            continue
        if spans and spans[-1][1] == begins:
            spans[-1] = (spans[-1][0], begins + STEP_MIN)
        else:
            spans.append((begins, begins + STEP_MIN))
    return spans


def _late(clerks: Clerks, days: Days, goal: Goal, day_min: float) -> tuple[dict[str, list[float | None]], list[Place]]:
    halves = max((len(per_half) for per_half in clerks.values()), default=0)
    watch = _Waits(goal.patience_min, halves)
    rota = duties_of(clerks)
    for visitors, booked in days:
        simulate_day(visitors, booked, rota, FULL, day_min=day_min, observer=watch)
    shares = {pool: [watch.share(pool, half) for half in range(halves)] for pool in clerks}
    missed = [(p, h) for p, row in shares.items() for h, share in enumerate(row) if (share or 0.0) > goal.late_share]
    return shares, missed


@dataclass(slots=True)
class _Waits:
    """Counts, per group and half hour, who waited and who waited too long."""

    patience_min: float
    halves: int
    seen: dict[Place, int] = field(default_factory=dict)
    late: dict[Place, int] = field(default_factory=dict)

    def share(self, pool: str, half: int) -> float | None:
        seen = self.seen.get((pool, half), 0)
        return round(self.late.get((pool, half), 0) / seen, 3) if seen >= FEWEST_WAITS else None

    def joined(self, day: Day, guest: Guest, position: int) -> None:
        """Only the end of a wait tells anything."""

    def called(self, day: Day, guest: Guest, position: int) -> None:
        """`began` counts first calls as well."""

    def began(self, day: Day, guest: Guest, position: int) -> None:
        stage = guest.visitor.stages[position]
        since = max(guest.ready_at[position], guest.free_at if stage.resident else 0.0)
        self._count(stage.pool, max(since, guest.counts_from if not guest.done else 0.0), day.now)

    def gave_up(self, day: Day, guest: Guest) -> None:
        self._count(guest.visitor.stages[0].pool, guest.counts_from, day.now)

    def _count(self, pool: str, since: float, now: float) -> None:
        place = (pool, min(int(since // STEP_MIN), self.halves - 1))
        self.seen[place] = self.seen.get(place, 0) + 1
        self.late[place] = self.late.get(place, 0) + (now - since > self.patience_min)
