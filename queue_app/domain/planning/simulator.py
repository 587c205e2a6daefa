"""One day of an office, minute by minute.

Decides nothing about order: every call is made by `domain.discipline` through `lines.Line`, with the reference times
and head starts that real tickets carry. What it models: arrivals and appointments, no-shows, patience, stage graphs
with work that needs no resident, lunch breaks (a running service is finished first), idle clerks who help another
pool, and people who join from a phone and leave home when advised.

Times are minutes after opening; waits follow the study: *first call* is counted from the later of arrival and
appointment, *idle* is everything after that moment which is not spent with a clerk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from typing import Any, Final

from queue_app.domain.discipline import (
    HeadStarts,
    StageRole,
    VisitClass,
    Waiting,
    first_reference,
    head_start,
)
from queue_app.domain.errors import Refusal
from queue_app.domain.planning.lines import Line, Place
from queue_app.domain.planning.people import Desk, Guest, Observer, Outcome
from queue_app.domain.planning.policies import Policy, Reception, Route, Safety
from queue_app.domain.planning.remote import leave_now
from queue_app.domain.planning.rota import Duty
from queue_app.domain.planning.workload import Stage, Visitor, without_papers

OPENS_AT: Final = datetime(2000, 1, 3, 8, 30, tzinfo=UTC)
"""Any moment does: only differences count."""

BOOKED_FIRST: Final = HeadStarts(booked_min=1_000, delivery_min=0, follow_on_min=0, first_min=0)
P20: Final = 0.8416
RECHECK_MIN: Final = 2.0
FOREVER: Final = 1e9
Advice = Callable[["Day", Guest], float]
Act = Callable[[Any], None]
"""The 20 % point of the wait, in minutes, of somebody who has a place and is still at home."""

STUCK_MIN: Final = 7 * 24 * 60.0
"""Whoever still waits so long after the last arrival waits for somebody who never comes back."""


def simulate_day(
    visitors: Sequence[Visitor],
    appointments: Mapping[int, float],
    rota: Sequence[Duty],
    policy: Policy,
    *,
    day_min: float,
    observer: Observer | None = None,
    advice: Advice | None = None,
) -> Outcome:
    """Run one day. `appointments` maps a visitor's number to the appointed minute; everybody else walks in."""
    return Day(visitors, appointments, rota, policy, day_min=day_min, observer=observer, advice=advice).run()


class Day:
    """The state of the office while the day runs."""

    def __init__(
        self,
        visitors: Sequence[Visitor],
        appointments: Mapping[int, float],
        rota: Sequence[Duty],
        policy: Policy,
        *,
        day_min: float,
        observer: Observer | None = None,
        advice: Advice | None = None,
    ) -> None:
        self.visitors, self.appointments, self.policy, self.day_min = visitors, appointments, policy, day_min
        self.observer = observer
        self.advice = advice or quick_advice
        self.now = 0.0
        self.desks = [Desk(duty) for duty in rota]
        self.pools: dict[str, list[Desk]] = {}
        for desk in self.desks:
            self.pools.setdefault(desk.duty.pool, []).append(desk)
        self.present = {pool: len(desks) for pool, desks in self.pools.items()}
        self.helpers = _helpers(self.desks)
        self.lines: dict[str, Line[tuple[Guest, int]]] = {pool: Line() for pool in self.pools}
        self.outcome = Outcome(busy_min=dict.fromkeys(self.pools, 0.0))
        self.inside: dict[int, Guest] = {}
        self.on_the_way: dict[int, Guest] = {}
        self.first_pool = {visitor.number: visitor.stages[0].pool for visitor in visitors}
        self._coming: list[tuple[float, int, Act, Any]] = []
        self._agenda: list[tuple[float, int, Act, Any]] = []
        self._serial = 0
        self._last_departure = 0.0
        self._leads: dict[tuple[VisitClass, StageRole], timedelta] = {}

    def run(self) -> Outcome:
        """Everything until the last person has left."""
        self._check()
        for desk in self.desks:
            for leaves, returns in desk.duty.away:
                self._from_the_start(leaves, self._break_due, (desk, returns - leaves))
        for visitor in self.visitors:
            self._expect(visitor)
        latest = max([self.day_min, *(visitor.wish_min for visitor in self.visitors)]) + STUCK_MIN
        coming, agenda = self._coming, self._agenda
        coming.sort(reverse=True)
        while coming or agenda:
            is_known = coming and (not agenda or coming[-1] < agenda[0])
            self.now, _, act, whom = coming.pop() if is_known else heappop(agenda)
            if self.now > latest:
                break
            act(whom)
        return self._closed()

    # People

    def _expect(self, visitor: Visitor) -> None:
        appointed = self.appointments.get(visitor.number)
        if appointed is not None:
            self.outcome.from_wish_min.append(abs(appointed - visitor.wish_min))
            if visitor.shows:
                known = without_papers(visitor) if visitor.prework else visitor
                guest = self._guest(known, VisitClass.BOOKED)
                guest.appointed_min = appointed
                self._from_the_start(max(appointed + visitor.lateness_min, 0.0), self._arrive, guest)
        elif visitor.remote and self.policy.remote:
            guest = self._guest(visitor, VisitClass.REMOTE)
            self._from_the_start(max(visitor.wish_min - visitor.travel_min, 0.0), self._join_from_home, guest)
        else:
            guest = self._guest(visitor, VisitClass.WALK_IN)
            self._from_the_start(visitor.wish_min, self._arrive, guest)

    def _guest(self, visitor: Visitor, visit_class: VisitClass) -> Guest:
        guest = Guest(visitor, visit_class)
        self.outcome.guests.append(guest)
        return guest

    def _join_from_home(self, guest: Guest) -> None:
        guest.joined_min = self.now
        self.on_the_way[guest.visitor.number] = guest
        self._advise(guest)

    def _advise(self, guest: Guest) -> None:
        """Leave home when the wait may have shrunk to the way and a little; ask again until then."""
        visitor = guest.visitor
        wait = self.advice(self, guest)
        if leave_now(wait, visitor.travel_min):
            guest.expected_min = self.now + visitor.travel_min
            way = max(visitor.travel_min + visitor.travel_error_min, 0.0)
            self._at(self.now + way, self._arrive, guest)
        else:
            more = (wait - visitor.travel_min) / 2  # a line seldom becomes shorter twice as fast as time goes by
            self._at(self.now + max(RECHECK_MIN, more), self._advise, guest)

    def rough_wait(self, stage: Stage) -> float:
        """By people before, mean and clerks who are here."""
        return self.lines[stage.pool].size * stage.mean_min / (self.present[stage.pool] or 0.5)

    def _arrive(self, guest: Guest) -> None:
        guest.came = True
        self.on_the_way.pop(guest.visitor.number, None)
        guest.arrived_min = self.now
        self.inside[guest.visitor.number] = guest
        if guest.visit_class is not VisitClass.REMOTE:
            guest.joined_min = self.now
        guest.counts_from = self.now if guest.appointed_min is None else max(self.now, guest.appointed_min)
        self._open_stages(guest)
        if guest.first_call is None:  # not called in the same moment
            self._at(guest.counts_from + guest.visitor.patience_min, self._give_up, guest)

    def _give_up(self, guest: Guest) -> None:
        if guest.first_call is None:
            guest.left = True
            del self.inside[guest.visitor.number]
            guest.first_call = guest.idle = self.now - guest.counts_from
            for place in guest.places.values():
                self.lines[guest.visitor.stages[place.person[1]].pool].leave(place)
            guest.places.clear()
            if self.observer:
                self.observer.gave_up(self, guest)

    # Stages

    def _open_stages(self, guest: Guest) -> None:
        """Everything whose predecessors are over becomes ready; then the person stands in lines again."""
        stages = guest.visitor.stages
        if len(stages) == 1:  # four of five visitors; the rest of this method would come to the same
            guest.ready_at[0] = self.now
            self._stand_in_line(guest, 0)
            return
        done, is_serial = guest.done, self.policy.route is Route.SERIAL
        for position, stage in enumerate(stages):
            if position in guest.ready_at:
                continue
            if len(done) == position if is_serial else done.issuperset(stage.after):
                guest.ready_at[position] = self.now
                guest.open.add(position)
                if not stage.resident:
                    self._stand_in_line(guest, position)
        for position in self._chosen(guest):
            # A free clerk may call at once; then the other lines are not for now.
            if not guest.busy and position in guest.open and position not in guest.places:
                self._stand_in_line(guest, position)

    def _chosen(self, guest: Guest) -> list[int]:
        """The lines a free resident stands in: all that are open, or the one with the least expected wait."""
        stages = guest.visitor.stages
        open_here = [position for position in sorted(guest.open) if stages[position].resident]
        if self.policy.route is not Route.BEST_COUNTER or len(open_here) < 2:
            return open_here
        return [min(open_here, key=lambda position: self.rough_wait(stages[position]))]

    def _stand_in_line(self, guest: Guest, position: int) -> None:
        pool = guest.visitor.stages[position].pool
        desk = self._free_desk(pool)
        if desk is not None and desk.duty.pool == pool and not self.lines[pool].size and not self.observer:
            self._serve(desk, guest, position)  # called in the moment of joining: half of all, and no order to look at
            return
        guest.places[position] = self.lines[pool].join(self._waiting(guest, position), (guest, position))
        if self.observer and not guest.done:
            self.observer.joined(self, guest, position)
        if desk is not None:
            self._call_next(desk)

    def _waiting(self, guest: Guest, position: int) -> Waiting:
        stage = guest.visitor.stages[position]
        if guest.done:
            reference = moment(guest.ready_at[position])
        else:
            appointed = None if guest.appointed_min is None else moment(guest.appointed_min)
            reference = first_reference(moment(guest.joined_min), appointed)
        return Waiting(reference - self._lead(guest.visit_class, stage.role), reference, guest.visitor.number)

    def _lead(self, visit_class: VisitClass, role: StageRole) -> timedelta:
        key = (visit_class, role)
        if key not in self._leads:
            rule = self.policy.head_starts
            if self.policy.reception is Reception.BOOKED_FIRST and role is StageRole.FIRST:
                rule = BOOKED_FIRST
            self._leads[key] = head_start(visit_class, role, has_need=False, rule=rule)
        return self._leads[key]

    # Clerks

    def _free_desk(self, pool: str) -> Desk | None:
        """An idle clerk of the pool, else an idle helper; those trained for another pool are kept free if possible."""
        best: Desk | None = None
        for desk in self.pools[pool]:
            if desk.serving is None and desk.present:
                if not desk.duty.helps:
                    return desk
                best = best or desk
        if best is not None:
            return best
        for desk in self.helpers.get(pool, ()):
            if desk.serving is None and desk.present:
                return desk
        return None

    def _call_next(self, desk: Desk) -> None:
        for pool in desk.calls:
            line = self.lines[pool]
            if line.size:
                self._serve(desk, *self._next_in(line).person)
                return

    def _serve(self, desk: Desk, guest: Guest, position: int) -> None:
        stage = guest.visitor.stages[position]
        if guest.first_call is None:
            guest.first_call = max(self.now - guest.counts_from, 0.0)
            if self.observer:
                self.observer.called(self, guest, position)
        if stage.resident:
            self._sit_down(guest)
        elif position in guest.places:
            self.lines[stage.pool].leave(guest.places.pop(position))
        guest.open.discard(position)
        if self.observer:
            self.observer.began(self, guest, position)
        desk.serving, desk.started_at = (guest, position), self.now
        self._at(self.now + stage.minutes, self._finish, desk)

    def _next_in(self, line: Line[tuple[Guest, int]]) -> Place[tuple[Guest, int]]:
        """Whom the discipline calls from a line in which somebody stands."""
        first = line.undisputed() or line.first(OPENS_AT if self.policy.safety is Safety.NONE else moment(self.now))
        assert first is not None
        return first

    def _sit_down(self, guest: Guest) -> None:
        """At one counter: the other lines are left for as long, with their ready times kept."""
        guest.busy = True
        if guest.places:
            stages = guest.visitor.stages
            if len(stages) == 1:
                self.lines[stages[0].pool].leave(guest.places.pop(0))
                return
            for position in [position for position in guest.places if stages[position].resident]:
                self.lines[stages[position].pool].leave(guest.places.pop(position))

    def _finish(self, desk: Desk) -> None:
        assert desk.serving is not None
        guest, position = desk.serving
        stage = guest.visitor.stages[position]
        self.outcome.busy_min[desk.duty.pool] += self.now - desk.started_at
        desk.serving = None
        guest.done.add(position)
        if stage.resident:
            guest.busy, guest.free_at = False, self.now
            counted = self.now - max(desk.started_at, guest.counts_from)
            if counted > 0.0:
                guest.with_clerk += counted
        if desk.break_due is not None:
            self._take_break(desk)
        if len(guest.done) == len(guest.visitor.stages):
            self._depart(guest)
        else:
            self._open_stages(guest)
        if desk.present and desk.serving is None:
            self._call_next(desk)

    def _depart(self, guest: Guest) -> None:
        guest.left = True
        del self.inside[guest.visitor.number]
        guest.idle = max(self.now - guest.counts_from - guest.with_clerk, 0.0)
        self._last_departure = self.now  # the clock never goes back

    def _break_due(self, whose: tuple[Desk, float]) -> None:
        desk, desk.break_due = whose[0], whose[1]
        if desk.serving is None:
            self._take_break(desk)

    def _take_break(self, desk: Desk) -> None:
        """A running service came first; the break has its full length all the same."""
        assert desk.break_due is not None
        if desk.present:
            self.present[desk.duty.pool] -= 1
        desk.present = False
        desk.returns_at = self.now + desk.break_due
        if desk.returns_at < FOREVER:
            self._at(desk.returns_at, self._return_to_desk, desk)
        desk.break_due = None

    def _return_to_desk(self, desk: Desk) -> None:
        """Unless the next break was due before this one, which a service had delayed, was over."""
        if self.now < desk.returns_at:
            return
        desk.present = True
        self.present[desk.duty.pool] += 1
        if desk.is_free:
            self._call_next(desk)

    # The day's frame

    def _from_the_start(self, time: float, act: Act, whom: Any) -> None:
        """Stays out of the heap, because a small one is quicker."""
        self._serial += 1
        self._coming.append((time, self._serial, act, whom))

    def _at(self, time: float, act: Act, whom: Any) -> None:
        self._serial += 1
        heappush(self._agenda, (time, self._serial, act, whom))

    def _check(self) -> None:
        """A pool that somebody needs and where nobody ever works is an impossible rota, not an endless wait."""
        needed = {stage.pool for visitor in self.visitors for stage in visitor.stages}
        on_duty = [desk.duty for desk in self.desks if _minutes_on_duty(desk.duty, self.day_min) > 0]
        helped = {pool for duty in on_duty for pool in duty.helps}
        unserved = sorted(needed - {duty.pool for duty in on_duty} - helped)
        if unserved:
            raise Refusal("rota_nobody", pools=unserved)
        for pool in needed - set(self.lines):
            self.lines[pool], self.pools[pool], self.outcome.busy_min[pool] = Line(), [], 0.0
            self.present[pool] = 0

    def _closed(self) -> Outcome:
        waiting = {pool for pool, line in self.lines.items() if line.size}
        waiting |= {self.first_pool[number] for number in self.on_the_way}
        if waiting:
            raise Refusal("rota_nobody", pools=sorted(waiting))
        outcome = self.outcome
        outcome.overtime_min = max(self._last_departure - self.day_min, 0.0)
        for pool, desks in self.pools.items():
            outcome.duty_min[pool] = sum(_minutes_on_duty(desk.duty, self.day_min) for desk in desks)
        return outcome


def quick_advice(day: Day, guest: Guest) -> float:
    """The 20 % point of a wait from home by people before, mean and clerks: the line's work is taken for normal.

    The live system asks its hundred passes, and so can a day (`live.Passes`): figures move by tenths then, and a day
    takes fifteen times as long.
    """
    stage = guest.visitor.stages[0]
    wait, in_line = day.rough_wait(stage), day.lines[stage.pool].size
    return wait * (1 - P20 * 0.55 / in_line**0.5) if in_line else wait


def moment(minutes: float) -> datetime:
    """The discipline speaks of instants; the simulator counts minutes."""
    return OPENS_AT + timedelta(minutes=minutes)


def _helpers(desks: Sequence[Desk]) -> dict[str, list[Desk]]:
    helpers: dict[str, list[Desk]] = {}
    for desk in desks:
        for pool in desk.duty.helps:
            helpers.setdefault(pool, []).append(desk)
    return helpers


def _minutes_on_duty(duty: Duty, day_min: float) -> float:
    return day_min - sum(min(returns, day_min) - min(leaves, day_min) for leaves, returns in duty.away)
