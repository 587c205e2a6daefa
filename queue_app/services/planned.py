"""How many bookings a time still bears where the capacity is planned: rota, forecast and bookings before the planner.

Decides what the planner is told of an office's day. What follows from the set-up and from days gone by is kept until
either changes; bookings are read as rows each time, inside the transaction that takes a place, so nothing is counted up
and nothing can drift. Leaves the cost of a time to `domain.planning.planner`, and places and locks to `places`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.orm import Session

from queue_app.domain.calendar import Holidays, open_intervals
from queue_app.domain.hours import DAY_MIN
from queue_app.domain.office import Office, Service
from queue_app.domain.planning.congestion import BIN_MIN
from queue_app.domain.planning.footprint import bins_of
from queue_app.domain.planning.forecast import Expected, Past, Source, expected, season_of, weights
from queue_app.domain.planning.office_day import (
    CUSTOMARY,
    Booked,
    clerks_of,
    planned_places,
    pools_of,
    usual_walk_ins,
    visit_of,
    visit_stages,
    walk_ins_of,
    with_bookings,
)
from queue_app.domain.planning.planner import DayPlan, Level, level_of
from queue_app.domain.planning.rota import Duty, on_duty
from queue_app.domain.planning.shift_rules import Shift, parse_rota
from queue_app.domain.planning.shifts import duties_on
from queue_app.domain.planning.workload import Floats
from queue_app.domain.reservation import State
from queue_app.domain.slots import Offer, SlotTime, grid
from queue_app.services.forecasting import declared_walk_ins, past_of
from queue_app.store.reservation_tables import Reservation

MOST_AT_ONCE = 6
"""No time is given to more bookings of one service than this beyond those it has."""

OFFICES_KEPT = 16
ANSWERS_KEPT = 600
ROUND_TO_MIN = 5
USUAL_OPENING = 8 * 60 + 30


@dataclass(frozen=True, slots=True)
class Bearing:
    """What one time of a day bears: bookings that may still be taken, and those that wait for their release."""

    left: int
    held_back: int
    level: Level
    cost_min: float


class Coming(NamedTuple):
    """A booking as far as the load of its day goes; nothing of it that is sealed is read."""

    id: int
    service: str
    start_at: datetime
    come_at: datetime
    need_min: int
    route: list[str] | None


@dataclass(frozen=True, slots=True)
class DayFacts:
    """A day as the planner sees it before anybody has booked."""

    day: date
    opens_at: datetime
    opens: int
    day_min: float
    expected: Expected
    duties: Sequence[Duty]
    load: Floats


def shifts_of(office: Office) -> tuple[Shift, ...]:
    """The office's rota; empty when it has none of its own."""
    return parse_rota(office.extra.get("rota", []))


def pool_of_counter(office: Office) -> dict[str, str]:
    """Counter -> the group of counters that it shares its queues with."""
    pools = pools_of(office)
    return {
        counter.code: pools[counter.services[0], counter.stages[0]]
        for counter in office.counters.values()
        if counter.services and counter.stages
    }


def bookings_of(session: Session, office: Office, first: date, last: date, now: datetime) -> list[Coming]:
    """Bookings and live holds of these days that people are expected to come for, or have come for."""
    midnight = datetime(first.year, first.month, first.day, tzinfo=office.zone)
    until = midnight + timedelta(days=(last - first).days + 1)
    asked = {"office": office.id, "midnight": midnight, "until": until, "now": now}
    return [Coming(*row) for row in session.execute(_COMING, asked)]


_COMING = (
    select(*(getattr(Reservation, name) for name in Coming._fields))
    .where(
        Reservation.office_id == bindparam("office"),
        Reservation.start_at >= bindparam("midnight"),
        Reservation.start_at < bindparam("until"),
        or_(
            Reservation.state.in_((State.BOOKED, State.ARRIVED)),
            and_(Reservation.state == State.HELD, Reservation.expires_at > bindparam("now")),
        ),
    )
    .order_by(Reservation.come_at, Reservation.id)
)
"""Put together once: that took as long as everything the planner does with the answer."""


class OfficePlanner:
    """One office at one version of its set-up. Everything kept here follows from its arguments alone."""

    def __init__(self, office: Office, holidays: Holidays) -> None:
        self.office, self.holidays = office, holidays
        self.clerks = clerks_of(office)
        self.pool_of = pool_of_counter(office)
        self.shifts = shifts_of(office)
        self._past: tuple[date, Past] | None = None
        self._days: dict[date, DayFacts | None] = {}
        self._answers: dict[tuple[Any, ...], tuple[Bearing | None, ...]] = {}

    def learn(self, session: Session, today: date) -> None:
        """Read the past once a day; what was reckoned from an older past is thrown away."""
        if self._past is None or self._past[0] != today:
            past = past_of(session, self.office, today)
            self._past, self._days, self._answers = (today, past), {}, {}

    def facts(self, day: date) -> DayFacts | None:
        """The day before anybody has booked; None when the office is closed."""
        if day not in self._days:
            self._days[day] = self._facts(day)
        return self._days[day]

    def plan(self, facts: DayFacts, bookings: Sequence[Booked], starts: Sequence[float] | None) -> DayPlan | None:
        """The day with these bookings; None when nobody at all is on duty."""
        if not facts.duties:
            return None
        plan = DayPlan(
            tuple(self.clerks), facts.duties, facts.load, day_min=facts.day_min, rule=CUSTOMARY, starts=starts
        )
        return with_bookings(self.office, plan, bookings)

    def bearings(
        self,
        facts: DayFacts,
        bookings: Sequence[Booked],
        visit: tuple[Service, float, tuple[str, ...]],
        starts: tuple[float, ...],
        begun: tuple[int, ...],
        days_before: float,
    ) -> tuple[Bearing | None, ...]:
        """What each start bears for one more such visit; None while nobody is at its first counter.

        Kept by all that it follows from.
        """
        key = (facts.day, tuple(bookings), visit[0].code, *visit[1:], starts, begun, days_before)
        if key not in self._answers:
            if len(self._answers) >= ANSWERS_KEPT:
                self._answers.clear()
            self._answers[key] = self._bearings(facts, bookings, visit, starts, begun, days_before)
        return self._answers[key]

    def on_duty(self, facts: DayFacts) -> Floats:
        """Clerks per group and five-minute bin."""
        return on_duty(facts.duties, tuple(self.clerks), bins_of(facts.day_min))

    def _bearings(
        self,
        facts: DayFacts,
        bookings: Sequence[Booked],
        visit: tuple[Service, float, tuple[str, ...]],
        starts: tuple[float, ...],
        begun: tuple[int, ...],
        days_before: float,
    ) -> tuple[Bearing | None, ...]:
        plan = self.plan(facts, bookings, starts)
        if plan is None or not starts:
            return (None,) * len(starts)
        asks, first = visit_of(self.office, *visit), visit_stages(self.office, visit[0])[0].pool
        costs, bears = plan.costs(asks), plan.places_left(asks, MOST_AT_ONCE)
        out = planned_places(bears, days_before=days_before, booked=begun)
        return tuple(
            Bearing(left, all_in - left, level_of(float(cost)), float(cost)) if is_there else None
            for left, all_in, cost, is_there in zip(out, bears, costs, plan.staffed(first), strict=True)
        )

    def _facts(self, day: date) -> DayFacts | None:
        spans = open_intervals(self.office.hours, day, self.office.zone, self.holidays)
        if not spans:
            return None
        opens_at = spans[0][0]
        day_min = min((spans[-1][1] - opens_at).total_seconds() / 60, float(DAY_MIN))
        here = opens_at.astimezone(self.office.zone)
        opens = here.hour * 60 + here.minute
        awaited = self._expected(day, day_min)
        past = self._past[1] if self._past else Past({}, {})
        when = {code: weights(past, code, opens, day_min) for code in self.office.services}
        duties = duties_on(self.shifts, self.pool_of, self.clerks, day, opens=opens, closes=opens + round(day_min))
        load = walk_ins_of(self.office, open_min=day_min, walk_ins=awaited.per_service, weights=when)
        return DayFacts(day, opens_at, opens, day_min, awaited, duties, load)

    def _expected(self, day: date, day_min: float) -> Expected:
        own = declared_walk_ins(self.office)
        declared = {**usual_walk_ins(self.office, day_min), **own}
        usual = [n for n, spans in enumerate(self.office.hours.weekly) if spans] or range(7)
        season = partial(season_of, is_open=self._is_open, usual=usual)
        past = self._past[1] if self._past else Past({}, {})
        found = expected(past, day, self.office.services, season, declared)
        if found.source is Source.DECLARED and not own:
            return Expected(found.per_service, found.season, Source.CUSTOMARY, found.days_recorded)
        return found

    def _is_open(self, day: date) -> bool:
        return bool(open_intervals(self.office.hours, day, self.office.zone, self.holidays))


_planners: dict[int, OfficePlanner] = {}


def planner_of(session: Session, office: Office, holidays: Holidays, today: date) -> OfficePlanner:
    """The planner of an office as it is set up now, with the past up to yesterday.

    Kept by the office object, of which there is one for each version of a set-up; the planner holds on to it.
    """
    planner = _planners.get(id(office))
    if planner is None or planner.office is not office:
        if len(_planners) >= OFFICES_KEPT:
            _planners.clear()
        planner = _planners[id(office)] = OfficePlanner(office, holidays)
    planner.learn(session, today)
    return planner


@dataclass
class PlannedCapacity:
    """How many bookings each slot of some days holds in all, taken ones included: a `slots.CapacityOf`."""

    planner: OfficePlanner
    visit: tuple[Service, float, tuple[str, ...]]
    now: datetime
    rows: Mapping[date, Sequence[Coming]]
    taken: Mapping[str, int]
    offer: Offer
    minute_away: float = CUSTOMARY.kappa
    """What a minute away from the wished time weighs against a minute that others wait."""
    _known: dict[str, Bearing | None] = field(default_factory=dict)

    def __call__(self, cell: SlotTime) -> int | None:
        bearing = self.bearing(cell)
        return self.taken.get(cell.id, 0) + bearing.left if bearing else None

    def bearing(self, cell: SlotTime) -> Bearing | None:
        """What the slot bears; None where the office is closed, or nobody is there for the service as it begins."""
        if cell.id not in self._known:
            self._reckon(self.planner.office.today(cell.start))
        return self._known.get(cell.id)

    def _reckon(self, day: date) -> None:
        facts, cells = self.planner.facts(day), grid(self.offer, day)
        if facts is None:
            return
        rows = self.rows.get(day, ())
        starts = tuple(minutes_after(facts, cell.start) for cell in cells)
        begin = Counter(row.start_at for row in rows if row.service == self.visit[0].code)
        begun = tuple(begin[cell.start] for cell in cells)
        before = days_before(self.planner.office, facts, self.now)
        found = self.planner.bearings(facts, booked_of(facts, rows), self.visit, starts, begun, before)
        self._known.update(zip((cell.id for cell in cells), found, strict=True))


def minutes_after(facts: DayFacts, at: datetime) -> float:
    """Minutes after opening, inside the day and on the planner's grid."""
    minutes = (at - facts.opens_at).total_seconds() / 60
    return float(min(max(round(minutes / BIN_MIN) * BIN_MIN, 0.0), facts.day_min))


def booked_of(facts: DayFacts, rows: Sequence[Coming]) -> tuple[Booked, ...]:
    """The rows as the planner reads them."""
    return tuple(
        Booked(row.service, minutes_after(facts, row.come_at), rounded(row.need_min), tuple(row.route or ()))
        for row in rows
    )


def rounded(minutes: float) -> float:
    """To the grid: visits that differ by a minute ask the same of the clerks."""
    return float(max(ROUND_TO_MIN, ROUND_TO_MIN * round(minutes / ROUND_TO_MIN)))


def days_before(office: Office, facts: DayFacts, now: datetime) -> float:
    """Whole days until the day, a half until its opening, then none: the steps of the staged release."""
    days = (facts.day - office.today(now)).days
    return float(days) if days > 0 else 0.5 if now < facts.opens_at else 0.0


def planned_capacity(
    session: Session,
    office: Office,
    visit: tuple[Service, float, tuple[str, ...]],
    *,
    offer: Offer,
    days: tuple[date, date],
    now: datetime,
    taken: Mapping[str, int],
    leaving_out: int | None = None,
) -> PlannedCapacity:
    """The capacity of these days from the rows as they are now. `leaving_out` is the booking that looks for a place."""
    planner = planner_of(session, office, offer.holidays, office.today(now))
    rows: dict[date, list[Coming]] = {}
    for row in bookings_of(session, office, *days, now):
        if row.id != leaving_out:
            rows.setdefault(office.today(row.start_at), []).append(row)
    service, minutes, route = visit
    return PlannedCapacity(planner, (service, rounded(minutes), route), now, rows, taken, offer)
