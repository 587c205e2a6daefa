"""A day before the planner, for whoever runs the office: load against clerks, what is offered and why not.

Also the lunch that would cost least waiting, and taking it over into the rota. Read-only but for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from queue_app.domain.errors import Conflict
from queue_app.domain.office import Office, Service, label_in
from queue_app.domain.planning.change import best_lunch_of
from queue_app.domain.planning.congestion import BIN_MIN
from queue_app.domain.planning.office_day import clerks_of, service_min
from queue_app.domain.planning.planner import Level
from queue_app.domain.planning.shift_rules import Shift, clock
from queue_app.domain.planning.staffing import Goal, clerks_for
from queue_app.domain.slots import grid
from queue_app.services.availability import offer_of
from queue_app.services.deed import Deed
from queue_app.services.errands import Errand, slot_plan
from queue_app.services.places import Whose, taken_between
from queue_app.services.planned import (
    DayFacts,
    OfficePlanner,
    booked_of,
    bookings_of,
    planned_capacity,
    planner_of,
    shifts_of,
)
from queue_app.services.ports import Ports
from queue_app.services.setup import change_rota
from queue_app.services.what_if import ground_of

HALF_HOUR_BINS = 6
FAR_MIN = 1_000.0
"""Beyond this the extra waiting says only that clerks are missing: the number itself tells nobody anything."""


@dataclass(frozen=True, slots=True)
class Group:
    """One group of counters: load, clerks and clerks needed per half hour, and the best lunch."""

    code: str
    counters: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    lunch: tuple[str, ...]


def day_of(session: Session, office: Office, day: date, ports: Ports) -> dict[str, Any] | None:
    """Everything about one day; None when the office is closed."""
    planner = planner_of(session, office, ports.holidays, office.today(ports.clock()))
    facts = planner.facts(day)
    if facts is None:
        return None
    rows = bookings_of(session, office, day, day, ports.clock())
    return {
        "facts": facts,
        "bookings": len(rows),
        "groups": _groups(planner, facts, rows),
        "services": [_times(session, office, service, facts, ports) for service in _planned(office)],
        "nobody": not facts.duties,
    }


def adopt_lunch(deed: Deed, made_from: int, group: str, lunch: list[str]) -> None:
    """Take a lunch over into the rota of every day. Refuses `lunch_not_simple` where shifts differ by day or hour."""
    planner = planner_of(deed.session, deed.office, deed.ports.holidays, deed.today)
    own = [shift for shift in planner.shifts if planner.pool_of.get(shift.group) == group]
    whole = [s for s in own if s.begins is None and s.ends is None and not s.days and s.on is None]
    if own and not whole:
        raise Conflict("lunch_not_simple", group=group)
    clerks = sum(shift.clerks for shift in whole) if whole else clerks_of(deed.office).get(group, 0)
    others: list[Shift] = [shift for shift in shifts_of(deed.office) if shift not in whole]
    entry = {"group": group, "clerks": clerks, "lunch": lunch}
    change_rota(deed, made_from, [entry, *(shift.to_value() for shift in others)])


def _groups(planner: OfficePlanner, facts: DayFacts, rows: list[Any]) -> list[Group]:
    plan = planner.plan(facts, booked_of(facts, rows), None)
    load = plan.day_load if plan else facts.load
    duty = planner.on_duty(facts)
    lunch = best_lunch_of(ground_of(planner, facts)) if facts.duties else {}
    found = []
    for place, pool in enumerate(planner.clerks):
        minutes = service_min(planner.office, pool)
        halves = range(0, int(facts.day_min // BIN_MIN), HALF_HOUR_BINS)
        shown = tuple(
            {
                "clock": clock(facts.opens + first * BIN_MIN),
                "load": round(float(load[place, first : first + HALF_HOUR_BINS].mean()), 2),
                "clerks": round(float(duty[place, first : first + HALF_HOUR_BINS].mean()), 1),
                "needed": clerks_for(float(load[place, first : first + HALF_HOUR_BINS].max()), minutes, Goal()),
            }
            for first in halves
        )
        counters = tuple(code for code, each in planner.pool_of.items() if each == pool)
        breaks = tuple(clock(facts.opens + start) for start in lunch.get(pool, ()))
        found.append(Group(pool, counters, shown, breaks))
    return found


def _planned(office: Office) -> list[Service]:
    return [service for service in office.services.values() if service.slots and service.slots.capacity is None]


def _times(session: Session, office: Office, service: Service, facts: DayFacts, ports: Ports) -> dict[str, Any]:
    plan = slot_plan(service)
    assert plan is not None
    errand = Errand(service, plan, 1, service.minutes)
    offer, now = offer_of(office, errand, ports), ports.clock()
    cells = grid(offer, facts.day)
    span = (facts.opens_at, cells[-1].end) if cells else (facts.opens_at, facts.opens_at)
    taken = taken_between(session, office.id, service.code, span=span, now=now, whose=Whose.STAFF)
    days = (facts.day, facts.day)
    capacity = planned_capacity(
        session, office, (service, float(service.minutes), ()), offer=offer, days=days, now=now, taken=taken
    )
    times = []
    for cell in cells:
        bearing = capacity.bearing(cell)
        if bearing is not None:
            times.append(
                {
                    "at": cell.start,
                    "level": bearing.level,
                    "left": bearing.left,
                    "held_back": bearing.held_back,
                    "cost": round(bearing.cost_min),
                    "is_far": bearing.cost_min >= FAR_MIN,
                    "why": _why(bearing.left, bearing.held_back, bearing.level, is_past=cell.start <= now),
                }
            )
    return {"code": service.code, "label": label_in(service.label, "ja"), "labels": service.label, "times": times}


def _why(left: int, held_back: int, level: Level, *, is_past: bool) -> str:
    """Why a time is not offered: `past`, `full` or `not_released`; `offered` when it is."""
    if is_past:
        return "past"
    if left:
        return "offered"
    return "not_released" if held_back and level is not Level.FULL else "full"
