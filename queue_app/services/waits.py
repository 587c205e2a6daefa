"""How long somebody at a place in the line will wait: builds the picture that `domain.estimate` works on.

Leaves the method to `domain.estimate`. One query for the people before, one for the counters on duty.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, repeat
from typing import Any

from sqlalchemy import and_, bindparam, outerjoin, select
from sqlalchemy.orm import Session

from queue_app.domain.estimate import (
    ESTIMATOR,
    ONE_PASS,
    QUICK,
    Ahead,
    Clerk,
    LiveState,
    Range,
    Running,
    Spread,
    calibrated,
    quick_spread,
    shown,
)
from queue_app.domain.office import Office, queue_name
from queue_app.domain.planning.lognormal import Duration
from queue_app.domain.ticket import StageKind
from queue_app.services import line
from queue_app.store.database import table_of
from queue_app.store.office_tables import CounterState
from queue_app.store.prepared import Prepared
from queue_app.store.queue_tables import IS_AT_A_COUNTER, Stage

MOST_AHEAD = 60
"""Beyond this many people the estimate is scaled, not scheduled: the answer is as good and costs the same."""

SPREAD = 0.6
"""Coefficient of variation of a service time until the office's own history is known."""


FRESH = timedelta(seconds=90)
"""An outlook older than this is not believed: whoever makes it has stopped."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What was worked out in the background (`outlook`): per queue, the wait of somebody with n people of it ahead."""

    version: int
    at: datetime
    on_duty: frozenset[str]
    spreads: Mapping[tuple[str, str], Sequence[Spread]]

    def spread(self, queue: tuple[str, str], ahead: int, on_duty: Iterable[str], now: datetime) -> Spread | None:
        """None where it is too old, knew other counters, or knows nothing of the queue."""
        known = self.spreads.get(queue)
        if not known or abs(now - self.at) > FRESH or self.on_duty != frozenset(on_duty):
            return None
        if ahead < len(known):
            return known[ahead]
        return known[-1].times((ahead + 1) / len(known))


_outlooks: dict[tuple[str, int], Outlook] = {}


def remember(session: Session, office_id: int, outlook: Outlook) -> None:
    """Keep the newest outlook of an office, in this process."""
    _outlooks[str(session.get_bind().engine.url), office_id] = outlook


def outlook_of(session: Session, office_id: int) -> Outlook | None:
    """The newest outlook; None where none was made."""
    return _outlooks.get((str(session.get_bind().engine.url), office_id))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a waiting stage stands: people of the same queue before it, and the wait as a range (None: no clerk)."""

    ahead: int
    estimate: Range | None
    is_next: bool
    told: dict[str, Any] | None = None
    """For the history: what the estimate was made of (`domain.estimate`), to be held against what happened."""

    p20_min: float | None = None
    """One time in five the wait is even shorter than this; for whoever has a way to go. Corrected, not rounded."""


def place_of(session: Session, office: Office, stage: Stage, now: datetime) -> Place:
    """The place of a ready, waiting stage."""
    session.flush()  # what the deed has changed counts; asking for columns alone does not write it first
    kind = StageKind(stage.kind)
    on_duty = clerks_on_duty(session, office, now)
    serving = {code: clerk for code, clerk in on_duty.items() if office.counters[code].may_serve(stage.service, kind)}
    queues = {(stage.service, kind)}.union(*(office.calls_from[code] for code in serving))
    counts = line.counts_before(session, office, stage, now, queues)
    ahead = counts.get((stage.service, kind), 0)
    outlook = outlook_of(session, office.id)
    spread = outlook.spread((stage.service, kind), ahead, on_duty, now) if outlook is not None else None
    if spread is not None:
        wait: Spread | None = corrected(office, (stage.service, kind), spread)
    else:
        wait = quick_for(office, stage.service, kind, counts, list(serving.values()))
    estimate = shown(wait) if wait is not None else None
    is_busy = ahead > 0 or all(clerk.running for clerk in serving.values())
    told = _told(estimate, spread, is_busy=is_busy)
    before = {queue for queue, people in counts.items() if people}
    first = is_next(office, (stage.service, kind), before, serving)
    return Place(ahead, estimate, first, told, wait.p20 if wait is not None else None)


def is_next(office: Office, queue: tuple[str, str], before: Set[tuple[str, str]], serving: Collection[str]) -> bool:
    """Whether the next press at one of the counters `serving` a queue calls its first: nobody of theirs is before."""
    return queue not in before and (not serving or any(not office.calls_from[code] & before for code in serving))


def corrected(office: Office, queue: tuple[str, str], spread: Spread) -> Spread:
    """The spread after what the queue's own past taught."""
    learnt = office.learnt.get(queue)
    return calibrated(spread, learnt.calibration) if learnt is not None else spread


def in_words(office: Office, queue: tuple[str, str], spread: Spread) -> Range:
    """The range as it is shown: corrected, rounded outwards."""
    return shown(corrected(office, queue, spread))


def _told(estimate: Range | None, spread: Spread | None, *, is_busy: bool) -> dict[str, Any] | None:
    """What was said, and from what: to be held against what happens. Nothing was said while nobody is on duty."""
    if estimate is None:
        return None
    told: dict[str, Any] = {
        "by": ESTIMATOR if spread is not None else QUICK,
        "shown": [estimate.low_min, estimate.likely_min, estimate.high_min],
        "busy": is_busy,
    }
    if spread is not None:
        told["raw"] = [round(each, 2) for each in (spread.p10, spread.p50, spread.p90)]
    return told


def estimate_for(
    office: Office, service: str, kind: StageKind, counts: dict[tuple[str, str], int], clerks: list[Clerk]
) -> Range | None:
    """The range for a person behind `counts` people of each queue, served by `clerks`, where no outlook answers."""
    found = quick_for(office, service, kind, counts, clerks)
    return shown(found) if found is not None else None


def quick_for(
    office: Office, service: str, kind: StageKind, counts: dict[tuple[str, str], int], clerks: list[Clerk]
) -> Spread | None:
    """The corrected spread of one pass with means. None: nobody is on duty."""
    total = sum(counts.values())
    share = min(1.0, MOST_AHEAD / total) if total else 1.0
    # One value for each queue, repeated: people of a queue differ only in their place.
    ahead = tuple(
        chain.from_iterable(
            repeat(Ahead(queue_name(*queue), duration(office, queue[0], StageKind(queue[1]))), round(count * share))
            for queue, count in counts.items()
        )
    )
    found = quick_spread(LiveState(stage=queue_name(service, kind), ahead=ahead, clerks=tuple(clerks)))
    return calibrated(found, ONE_PASS).times(1 / share) if found is not None else None


def clerks_on_duty(session: Session, office: Office, now: datetime) -> dict[str, Clerk]:
    """Open counters with what runs at them; paused and closed ones call nobody."""
    return {
        counter: clerk_at(office, counter, service, kind, since, now)
        for counter, service, kind, since in _ON_DUTY.rows(session, {"office": office.id})
        if counter in office.counters
    }


_STATE, _STAGE = table_of(CounterState).c, table_of(Stage).c
_ON_DUTY = Prepared(
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
    """Time at the counter for one stage, as its own past taught.

    Until enough is known, `minutes` of the service is the reception, and a delivery takes a third of it.
    """
    learnt = office.learnt.get((service, kind))
    if learnt is not None and learnt.law is not None:
        return learnt.law
    set_up = office.services.get(service)
    minutes = float(set_up.minutes) if set_up else 10.0
    if kind is StageKind.HANDOVER:
        minutes = max(1.0, minutes / 3)
    return Duration(minutes, SPREAD)
