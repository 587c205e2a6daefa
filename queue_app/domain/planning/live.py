"""What an estimator may know at a ticket: the simulated office as the live service would see it.

Decides nothing; builds the `LiveState` that the services build from rows. It looks only at what an office knows:
elapsed times, never the true durations; expected bookings, never who will really come.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

from queue_app.domain.discipline import StageRole, VisitClass, Waiting, order_key
from queue_app.domain.estimate import PATHS, sampled_waits, spread_of
from queue_app.domain.planning.expectations import shows
from queue_app.domain.planning.live_state import Ahead, Clerk, Coming, LiveState, Running
from queue_app.domain.planning.lognormal import Duration, remaining_mean
from queue_app.domain.planning.people import Desk, Guest
from queue_app.domain.planning.simulator import OPENS_AT, Day, moment
from queue_app.domain.planning.workload import LOGNORMAL_PATIENCE_SIGMA, Workload

Chains = tuple[tuple[Running, ...], ...]

NOBODY_MIN: Final = 1e6
"""Nobody is on duty: whoever is at home stays there."""

LATEST_MIN: Final = 40.0
"""A booked person who is later than this is not expected any more."""


def picture(day: Day, guest: Guest, position: int, workload: Workload) -> LiveState:
    """The queue in front of a guest who has just joined a line."""
    pool = guest.visitor.stages[position].pool
    own = guest.places[position]
    return _picture(day, guest, pool, own.waiting, workload)


def _from_afar(day: Day, guest: Guest, pool: str, workload: Workload) -> LiveState:
    """The same for somebody who has a place and is not here."""
    joined = moment(guest.joined_min)
    return _picture(day, guest, pool, Waiting(joined, joined, guest.visitor.number), workload)


def _picture(day: Day, guest: Guest, pool: str, own: Waiting, workload: Workload) -> LiveState:
    return LiveState(
        stage=pool,
        order_min=_minutes(own) - day.now,
        ahead=tuple(_ahead(day, own, pool, workload)),
        coming=(
            *_from_home(day, guest, pool, workload),
            *_expected(day, pool, workload),
            *_returning(day, guest, pool, workload),
        ),
        clerks=tuple(_clerk(day, desk, workload) for desk in day.pools[pool]),
    )


@dataclass(frozen=True, slots=True)
class Passes:
    """When to leave home, as the live system decides it: the 20 % point of the passes. A `simulator.Advice`."""

    workload: Workload
    rng: Random
    paths: int = PATHS

    def __call__(self, day: Day, guest: Guest) -> float:
        pool = guest.visitor.stages[0].pool
        if any(desk.is_free for desk in day.pools[pool]):
            return 0.0
        waits = sampled_waits(_from_afar(day, guest, pool, self.workload), self.rng, paths=self.paths)
        return spread_of(waits).p20 or 0.0 if waits else NOBODY_MIN


def all_busy(day: Day, pool: str) -> bool:
    """Whether a person joining now has to wait."""
    return all(desk.serving is not None or not desk.present for desk in day.pools[pool])


def law(workload: Workload, pool: str, role: StageRole) -> Duration:
    """The believed law of a stage."""
    for kind in workload.types:
        for stage in kind.stages:
            if stage.pool == pool and (stage.role is StageRole.DELIVERY) is (role is StageRole.DELIVERY):
                return stage.duration
    raise LookupError(pool)


def _ahead(day: Day, own: Waiting, pool: str, workload: Workload) -> Iterator[Ahead]:
    now = moment(day.now)
    mine = order_key(own, now)
    others = [place for place in day.lines[pool].places() if place.waiting is not own]
    before = sorted(((order_key(place.waiting, now), place) for place in others), key=lambda each: each[0])
    here = max(sum(1 for desk in day.pools[pool] if desk.present), 1)
    work = 0.0
    for key, place in before:
        if key > mine:
            return
        person, stage_position = place.person
        duration = law(workload, pool, person.visitor.stages[stage_position].role)
        stays = 1.0 if person.done else _stays(person, day.now, work / here, workload)
        yield Ahead(pool, duration, _minutes(place.waiting) - day.now, stays)
        work += duration.mean_min * stays


def _stays(person: Guest, now: float, more: float, workload: Workload) -> float:
    """Chance that somebody who is still here has not left `more` minutes from now."""
    median = next(kind.patience_min for kind in workload.types if kind.name == person.visitor.kind)
    waited = max(now - person.counts_from, 0.0)
    so_far = _outlasts(waited, median)
    return _outlasts(waited + more, median) / so_far if so_far > 1e-6 else 1.0


def _outlasts(minutes: float, median: float) -> float:
    if minutes <= 0:
        return 1.0
    return 0.5 * math.erfc(math.log(minutes / median) / LOGNORMAL_PATIENCE_SIGMA / math.sqrt(2))


def _expected(day: Day, pool: str, workload: Workload) -> Iterator[Coming]:
    """Booked people who are not here: known from the list of bookings, no-shows included."""
    punctual = workload.punctuality
    here = {person.visitor.number for person in day.outcome.guests if person.appointed_min is not None and person.came}
    lead = day.policy.head_starts.booked_min
    for number, appointed in day.appointments.items():
        late = day.now - appointed
        if number in here or late > LATEST_MIN or appointed - lead > day.now + 1:
            continue
        visitor_pool = day.first_pool[number]
        if visitor_pool != pool:
            continue
        yield Coming(
            pool,
            law(workload, pool, StageRole.FIRST),
            ready_in_min=punctual.mean_min - late,
            ready_sd_min=punctual.sd_min,
            order_min=appointed - lead - day.now,
            shows=shows(late, punctual.no_show, mean=punctual.mean_min, sd=punctual.sd_min),
        )


def _from_home(day: Day, guest: Guest, pool: str, workload: Workload) -> Iterator[Coming]:
    """Others with a place who are not here yet; they come soon after they are told to leave."""
    for person in day.on_the_way.values():
        stage = person.visitor.stages[0]
        if stage.pool == pool and person is not guest:
            arrives = person.expected_min if person.expected_min is not None else day.now + person.visitor.travel_min
            order = person.joined_min - day.now
            yield Coming(pool, law(workload, pool, stage.role), max(arrives - day.now, 0.0), 2.0, order)


def _returning(day: Day, guest: Guest, pool: str, workload: Workload) -> Iterator[Coming]:
    """Households somewhere else in the office whose delivery will come to this pool."""
    at_work = {(desk.serving[0].visitor.number, desk.serving[1]): desk for desk in day.desks if desk.serving}
    for person in day.inside.values():
        stages = person.visitor.stages
        if person is guest or not any(s.role is StageRole.DELIVERY and s.pool == pool for s in stages):
            continue
        chains = _before_delivery(day, person, at_work, workload)
        if chains is None:
            continue
        wait, before = chains
        lead = day.policy.head_starts
        head_start = lead.booked_min if person.visit_class is VisitClass.BOOKED else lead.delivery_min
        soonest = wait + max(sum(0.4 * remaining_mean(r.duration, r.elapsed_min) for r in chain) for chain in before)
        if soonest < head_start:
            yield Coming(pool, law(workload, pool, StageRole.DELIVERY), wait, head_start_min=head_start, before=before)


def _before_delivery(
    day: Day, person: Guest, at_work: Mapping[tuple[int, int], Desk], workload: Workload
) -> tuple[float, Chains] | None:
    """Expected time in lines, and the services still to end before the delivery; None: nothing is left before it."""
    papers: list[Running] = []
    counters: list[Running] = []
    waits = {True: 0.0, False: 0.0}
    for position, stage in enumerate(person.visitor.stages):
        if position in person.done or stage.role is StageRole.DELIVERY:
            continue
        duration = law(workload, stage.pool, stage.role)
        desk = at_work.get((person.visitor.number, position))
        each = Running(duration, day.now - desk.started_at if desk else 0.0)
        if stage.role is StageRole.FIRST:
            papers.append(each)
        if stage.resident:
            counters.append(each)
        else:
            papers.append(each)
        if desk is None:
            waits[stage.resident] += _wait_in_line(day, person, position, duration)
    chains = tuple(tuple(chain) for chain in (papers, counters) if chain)
    return (max(waits.values()), chains) if chains else None


def _wait_in_line(day: Day, person: Guest, position: int, duration: Duration) -> float:
    """A rough mean: the people before, shared by the clerks."""
    stage = person.visitor.stages[position]
    line, place = day.lines[stage.pool], person.places.get(position)
    desks = [desk for desk in day.pools[stage.pool] if desk.present]
    if any(desk.serving is None for desk in desks):
        return 0.0
    before = line.size
    if place is not None:
        before = sum(1 for other in line.places() if other.waiting.order_time < place.waiting.order_time)
    return (before + 0.5) * duration.mean_min / max(len(desks), 1)


def _clerk(day: Day, desk: Desk, workload: Workload) -> Clerk:
    now = day.now
    running = None
    if desk.serving is not None:
        person, position = desk.serving
        stage = person.visitor.stages[position]
        running = Running(law(workload, stage.pool, stage.role), now - desk.started_at)
    away = tuple((leaves - now, returns - now) for leaves, returns in desk.duty.away if leaves > now)
    if not desk.present:
        away = ((-1.0, desk.returns_at - now), *away)
    elif desk.break_due is not None:
        away = ((-1.0, desk.break_due - 1.0), *away)
    return Clerk(running=running, away=away)


def _minutes(waiting: Waiting) -> float:
    return (waiting.order_time - OPENS_AT).total_seconds() / 60
