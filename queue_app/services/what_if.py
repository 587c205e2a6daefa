"""Questions to the simulator: asked on a page, worked on in a process of its own, read when they are done.

Decides what an office's own days are made of (`services.past`'s records) and that one question is worked on at a time.
Leaves the simulation to `domain.planning.change` and starting the process to the `aside` of the ports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.calendar import open_intervals
from queue_app.domain.discipline import StageRole
from queue_app.domain.errors import Conflict, Invalid, NotFound, Refusal
from queue_app.domain.history import End
from queue_app.domain.office import Office
from queue_app.domain.planning.change import (
    MOST_DAYS,
    SW1_OPENS,
    Change,
    Days,
    Ground,
    compare,
    recorded_days,
    standard_days,
)
from queue_app.domain.planning.congestion import BIN_MIN
from queue_app.domain.planning.office_day import clerks_of, pools_of, service_min
from queue_app.domain.planning.rota import first_wave
from queue_app.domain.planning.shift_rules import minutes_of
from queue_app.domain.planning.staffing import Goal, Need, staffing_table
from queue_app.domain.planning.staffing_check import ROUNDS, Checked, check
from queue_app.domain.planning.whatif import RecordedStage, RecordedVisit, mean_services
from queue_app.domain.planning.workload import SW1_PEAK
from queue_app.domain.ticket import StageKind
from queue_app.domain.written_day import written_day
from queue_app.services import offices
from queue_app.services.deed import Deed
from queue_app.services.planned import DayFacts, OfficePlanner, planner_of
from queue_app.services.ports import Ports
from queue_app.store.database import after_commit, reading, writing
from queue_app.store.planning_tables import WhatIfRun
from queue_app.store.statistics_tables import StopRecord, VisitRecord

OWN, STANDARD = "own", "sw1"
WAITING, RUNNING, DONE, REFUSED, STOPPED = "waiting", "running", "done", "refused", "stopped"
SILENT = timedelta(minutes=2)
"""A worker that has said nothing for so long is gone."""

LOOK_BACK = timedelta(days=180)
LOOK_AHEAD_DAYS = 60
SHOWN = 12
COMMAND = "what-if"
MOST_WAVES = 6
CUSTOMARY_GOAL = Goal()
STAFFING_DAYS = 20
"""Enough to see where many wait; the rounds run them up to six times."""


def ask(deed: Deed, question: dict[str, Any]) -> WhatIfRun:
    """Put a question; it is worked on after the commit. Refuses wrong values by field and `what_if_busy`."""
    change_of(question, opens=0)
    day_of(question)
    stop_silent(deed.session, deed.office.id, deed.now)
    open_one = select(WhatIfRun.id).where(
        WhatIfRun.office_id == deed.office.id, WhatIfRun.state.in_((WAITING, RUNNING))
    )
    if deed.session.scalar(open_one) is not None:
        raise Conflict("what_if_busy")
    row = WhatIfRun(
        office_id=deed.office.id,
        asked_by=deed.identity.name,
        asked_at=deed.now,
        question=question,
        state=WAITING,
        done=0,
        total=int(question["days"]),
        beat_at=deed.now,
    )
    deed.session.add(row)
    deed.session.flush()
    run_id, aside = row.id, deed.ports.aside
    after_commit(deed.session, lambda: aside([COMMAND, str(run_id)]))
    return row


def runs(session: Session, office: Office) -> list[WhatIfRun]:
    """The newest questions of an office."""
    query = select(WhatIfRun).where(WhatIfRun.office_id == office.id).order_by(WhatIfRun.id.desc())
    return list(session.scalars(query.limit(SHOWN)))


def run_of(session: Session, office: Office, run_id: int) -> WhatIfRun:
    row = session.get(WhatIfRun, run_id)
    if row is None or row.office_id != office.id:
        raise NotFound()
    return row


def stop_silent(session: Session, office_id: int, now: datetime) -> None:
    """Questions whose worker was killed do not block the next one."""
    query = select(WhatIfRun).where(WhatIfRun.office_id == office_id, WhatIfRun.state.in_((WAITING, RUNNING)))
    for row in session.scalars(query):
        if row.beat_at < now - SILENT:
            row.state = STOPPED


def work(run_id: int, ports: Ports) -> str:
    """Work on one question, in whatever process; returns the state in which it ended."""
    question = writing(lambda session: _begin(session, run_id, ports))
    if question is None:
        return STOPPED
    office_id, said = question
    try:
        with reading() as session:
            office = offices.office_by_id(session, office_id)
            ground, days, change, opens = prepared(session, office, said, ports)
        result = compare(ground, days, change, lambda done: _beat(run_id, done, ports))
        if said.get("staffing"):
            result["opens"] = opens
            result["staffing"] = staffing_of(ground, days[:STAFFING_DAYS], service_minutes(office, said))
    except Refusal as refusal:
        problem = {"code": refusal.code, "facts": {k: str(v) for k, v in refusal.facts.items()}}
        return writing(lambda session: _end(session, run_id, REFUSED, ports, problem=problem))
    return writing(lambda session: _end(session, run_id, DONE, ports, result=result))


def prepared(
    session: Session, office: Office, question: dict[str, Any], ports: Ports
) -> tuple[Ground, Days, Change, int]:
    """The clerks, the days and the change of a question, and the minute of the day at which the office opens."""
    days = int(question["days"])
    if question["basis"] == STANDARD:
        ground, found = standard_days(days)
        return ground, found, change_of(question, opens=SW1_OPENS), SW1_OPENS
    today = office.today(ports.clock())
    planner = planner_of(session, office, ports.holidays, today)
    facts = next_open_day(planner, day_of(question) or today)
    ground = ground_of(planner, facts)
    found = recorded_days(history_of(session, office, today, ports), days)
    change = change_of(question, opens=facts.opens)
    return ground, found, replace(change, pool=planner.pool_of.get(change.pool, change.pool)), facts.opens


def change_of(question: dict[str, Any], *, opens: int) -> Change:
    """The change of a question; times of day become minutes after opening. Refuses wrong values by field."""
    times = {}
    for name in ("from", "to"):
        text = question.get(name) or ""
        times[name] = minutes_of(text)
        if text and times[name] is None:
            raise Invalid.field(name, "not_a_time")
    begins, ends = times["from"], times["to"]
    if begins is not None and ends is not None and begins >= ends:
        raise Invalid.field("to", "ends_before_it_begins")
    waves = [minutes_of(text.strip()) for text in str(question.get("waves") or "").split(",") if text.strip()]
    if None in waves or len(waves) > MOST_WAVES:
        raise Invalid.field("waves", "not_a_time")
    clerks, busier, slow = question.get("clerks", 0), question.get("busier", 0), question.get("slower", 0)
    for name, value, low, high in (("clerks", clerks, -9, 9), ("busier", busier, -90, 300), ("slower", slow, -50, 200)):
        if not isinstance(value, int) or not low <= value <= high:
            raise Invalid.field(name, "out_of_range", low=low, high=high)
    if not isinstance(question.get("days"), int) or not 1 <= question["days"] <= MOST_DAYS:
        raise Invalid.field("days", "out_of_range", low=1, high=MOST_DAYS)
    return Change(
        pool=str(question.get("group", "")),
        clerks=clerks,
        from_min=float(max(begins - opens, 0)) if begins is not None else 0.0,
        to_min=float(max(ends - opens, 0)) if ends is not None else 1e6,
        lunch_by_load=bool(question.get("lunch")),
        waves=tuple(float(at - opens) for at in waves if at is not None),
        busier=1 + busier / 100,
        who=str(question.get("who", "")),
        slower=1 + slow / 100,
    )


def day_of(question: Mapping[str, Any]) -> date | None:
    """The day whose rota and opening hours hold; None: the next open one. Refuses by field what is no day."""
    text = str(question.get("day") or "")
    try:
        return written_day(text) if text else None
    except ValueError as wrong:
        raise Invalid.field("day", "not_a_date") from wrong


def service_minutes(office: Office | None, question: dict[str, Any]) -> dict[str, float]:
    """Mean minutes of a service in each group, of the office or of the standard day."""
    if office is None or question["basis"] == STANDARD:
        return mean_services(SW1_PEAK)
    return {pool: service_min(office, pool) for pool in clerks_of(office)}


def staffing_of(
    ground: Ground, days: Days, minutes: Mapping[str, float], goal: Goal = CUSTOMARY_GOAL, rounds: int = ROUNDS
) -> dict[str, Any]:
    """Clerks needed per group and half hour, by offered load and then checked by simulation, as one plain object.

    Without days (or rounds) the table by load alone.
    """
    bins = int(ground.day_min // BIN_MIN)
    tables = {pool: staffing_table(row[:bins], minutes[pool], goal) for pool, row in ground.load.items()}
    checked = check(tables, days, goal=goal, day_min=ground.day_min, rounds=rounds) if days and rounds else None
    return {
        "groups": {pool: _needs(table, checked, pool) for pool, table in tables.items()},
        "rounds": checked.rounds if checked else 0,
        "is_met": checked.is_met if checked else None,
    }


def _needs(table: Sequence[Need], checked: Checked | None, pool: str) -> list[dict[str, Any]]:
    return [
        {
            "from_min": need.from_min,
            "load": need.load,
            "by_load": need.clerks,
            "clerks": checked.clerks[pool][half] if checked else need.clerks,
            "late_share": checked.late_share[pool][half] if checked else need.late_share,
        }
        for half, need in enumerate(table)
    ]


def next_open_day(planner: OfficePlanner, day: date) -> DayFacts:
    """The day, or the first open one after it. Refuses an office that is never open."""
    for ahead in range(LOOK_AHEAD_DAYS):
        facts = planner.facts(day + timedelta(days=ahead))
        if facts is not None:
            return facts
    raise Refusal("never_open", days=LOOK_AHEAD_DAYS)


def ground_of(planner: OfficePlanner, facts: DayFacts) -> Ground:
    """The rota of a day and its expected load. Bookings of a usual day are part of what was recorded."""
    load = dict(zip(planner.clerks, facts.load, strict=True))
    return Ground(tuple(facts.duties), facts.day_min, load, first_wave(facts.opens, facts.day_min))


def history_of(session: Session, office: Office, today: date, ports: Ports) -> list[list[RecordedVisit]]:
    """The recorded days as visits that can be run again; the stops of one service go one behind the other."""
    since = today - LOOK_BACK
    stops: dict[int, list[StopRecord]] = {}
    for stop in session.scalars(
        select(StopRecord)
        .where(StopRecord.office_id == office.id, StopRecord.day >= since, StopRecord.day < today)
        .order_by(StopRecord.ticket_id, StopRecord.stage_id)
    ):
        stops.setdefault(stop.ticket_id, []).append(stop)
    pools = pools_of(office)
    days: dict[date, list[RecordedVisit]] = {}
    opening: dict[date, datetime | None] = {}
    for visit in session.scalars(
        select(VisitRecord).where(VisitRecord.office_id == office.id, VisitRecord.day >= since, VisitRecord.day < today)
    ):
        if visit.day not in opening:
            spans = open_intervals(office.hours, visit.day, office.zone, ports.holidays)
            opening[visit.day] = spans[0][0] if spans else None
        opens_at = opening[visit.day]
        made = _visit(visit, stops.get(visit.ticket_id, []), pools, opens_at) if opens_at else None
        if made is not None:
            days.setdefault(visit.day, []).append(made)
    return [days[day] for day in sorted(days)]


def _visit(
    visit: VisitRecord, stops: list[StopRecord], pools: dict[tuple[str, StageKind], str], opens_at: datetime
) -> RecordedVisit | None:
    stages: list[RecordedStage] = []
    last_of: dict[str, int] = {}
    for stop in stops:
        pool = pools.get((stop.service, StageKind(stop.kind)))
        if pool is None or stop.served_s <= 0:
            continue
        kind = StageKind(stop.kind)
        after = (last_of[stop.service],) if stop.service in last_of else ((0,) if stages else ())
        role = StageRole.FIRST if not stages else StageRole.FOLLOW_ON
        role = StageRole.DELIVERY if kind is StageKind.HANDOVER and stages else role
        last_of[stop.service] = len(stages)
        stages.append(RecordedStage(pool, stop.served_s / 60, role, after, kind is not StageKind.BACK_OFFICE))
    if not stages:
        return None
    arrived = max((visit.arrived_at - opens_at).total_seconds() / 60, 0.0)
    booked = visit.visit_class == "booked"
    appointed = max((visit.counts_from - opens_at).total_seconds() / 60, 0.0) if booked else None
    gave_up = visit.end in (End.LEFT, End.MISSED) and visit.ended_at is not None
    waited = (visit.ended_at - visit.counts_from).total_seconds() / 60 if gave_up and visit.ended_at else None
    return RecordedVisit(visit.service, arrived, tuple(stages), appointed, gave_up_after_min=waited)


def _begin(session: Session, run_id: int, ports: Ports) -> tuple[int, dict[str, Any]] | None:
    row = session.get(WhatIfRun, run_id, with_for_update=True)
    if row is None or row.state != WAITING:
        return None
    row.state, row.beat_at = RUNNING, ports.clock()
    return row.office_id, dict(row.question)


def still_waiting(run_id: int, ports: Ports) -> None:
    """Another office's question is worked on at this machine; this one is not forgotten."""

    def write(session: Session) -> None:
        session.get_one(WhatIfRun, run_id).beat_at = ports.clock()

    writing(write)


def _beat(run_id: int, done: int, ports: Ports) -> None:
    """Every tenth day: the page shows how far it is."""
    if done % 10:
        return

    def write(session: Session) -> None:
        row = session.get_one(WhatIfRun, run_id)
        row.done, row.beat_at = done, ports.clock()

    writing(write)


def _end(session: Session, run_id: int, state: str, ports: Ports, **found: Any) -> str:
    row = session.get_one(WhatIfRun, run_id)
    row.state, row.beat_at = state, ports.clock()
    row.done = row.total if state == DONE else row.done
    row.result, row.problem = found.get("result"), found.get("problem")
    return state
