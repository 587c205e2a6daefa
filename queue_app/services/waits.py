"""How long somebody at a place in the line will wait: builds the picture that `domain.estimate` works on.

Leaves the method to `domain.estimate`. One query for the people before, one for the counters on duty.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import chain, repeat
from typing import Any

from sqlalchemy import and_, bindparam, outerjoin, select
from sqlalchemy.orm import Session

from queue_app.domain.estimate import Ahead, Clerk, LiveState, Range, Running, quick_estimate
from queue_app.domain.office import Office, queue_name
from queue_app.domain.planning.lognormal import Duration
from queue_app.domain.ticket import StageKind
from queue_app.services import line
from queue_app.store.database import table_of
from queue_app.store.office_tables import CounterState
from queue_app.store.queue_tables import IS_AT_A_COUNTER, Stage

MOST_AHEAD = 60
"""Beyond this many people the estimate is scaled, not scheduled: the answer is as good and costs the same."""

SPREAD = 0.6
"""Coefficient of variation of a service time until the office's own history is known."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a waiting stage stands: people of the same queue before it, and the wait as a range (None: no clerk)."""

    ahead: int
    estimate: Range | None
    told: dict[str, Any] | None = None
    """For the history: what the estimate was made of (`domain.estimate`), to be held against what happened."""


def place_of(session: Session, office: Office, stage: Stage, now: datetime) -> Place:
    """The place of a ready, waiting stage."""
    session.flush()  # what the deed has changed counts; asking for columns alone does not write it first
    kind = StageKind(stage.kind)
    on_duty = clerks_on_duty(session, office, now)
    serving = {code: clerk for code, clerk in on_duty.items() if office.counters[code].may_serve(stage.service, kind)}
    queues = {(stage.service, kind)}.union(*(office.calls_from[code] for code in serving))
    counts = line.counts_before(session, office, stage, now, queues)
    return Place(
        counts.get((stage.service, kind), 0), estimate_for(office, stage.service, kind, counts, list(serving.values()))
    )


def estimate_for(
    office: Office, service: str, kind: StageKind, counts: dict[tuple[str, str], int], clerks: list[Clerk]
) -> Range | None:
    """The range for a person behind `counts` people of each queue, served by `clerks`."""
    total = sum(counts.values())
    share = min(1.0, MOST_AHEAD / total) if total else 1.0
    # One value for each queue, repeated: people of a queue differ only in their place.
    ahead = tuple(
        chain.from_iterable(
            repeat(Ahead(queue_name(*queue), duration(office, queue[0], StageKind(queue[1]))), round(count * share))
            for queue, count in counts.items()
        )
    )
    found = quick_estimate(LiveState(stage=queue_name(service, kind), ahead=ahead, clerks=tuple(clerks)))
    if found is None or share == 1.0:
        return found
    return Range(*(round(minutes / share / 5) * 5 for minutes in (found.low_min, found.likely_min, found.high_min)))


def clerks_on_duty(session: Session, office: Office, now: datetime) -> dict[str, Clerk]:
    """Open counters with what runs at them; paused and closed ones call nobody."""
    rows = session.execute(_ON_DUTY, {"office": office.id})
    return {
        row.counter: clerk_at(office, row.counter, row.service, row.kind, row.since, now)
        for row in rows
        if row.counter in office.counters
    }


_STATE, _STAGE = table_of(CounterState).c, table_of(Stage).c
_ON_DUTY = (
    select(_STATE.counter, _STAGE.service, _STAGE.kind, _STAGE.since)
    .select_from(
        outerjoin(
            table_of(CounterState),
            table_of(Stage),
            and_(_STAGE.office_id == _STATE.office_id, _STAGE.counter == _STATE.counter, IS_AT_A_COUNTER),
        )
    )
    .where(_STATE.office_id == bindparam("office"), _STATE.state == "open")
)
"""Of the tables and not of the mapped classes: only columns are wanted, and this is asked for every ticket."""


def clerk_at(
    office: Office, counter: str, service: str | None, kind: str | None, since: datetime | None, now: datetime
) -> Clerk:
    """One counter on duty as the estimator sees it."""
    running = None
    if service is not None and kind is not None and since is not None:
        elapsed = max(0.0, (now - since).total_seconds() / 60)
        running = Running(duration(office, service, StageKind(kind)), elapsed)
    return Clerk(serves=office.queues_at[counter], running=running)


def duration(office: Office, service: str, kind: StageKind) -> Duration:
    """Time at the counter for one stage. `minutes` of the service is the reception; a delivery takes a third of it."""
    set_up = office.services.get(service)
    minutes = float(set_up.minutes) if set_up else 10.0
    if kind is StageKind.HANDOVER:
        minutes = max(1.0, minutes / 3)
    return Duration(minutes, SPREAD)
