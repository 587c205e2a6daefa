"""The hall as it is now: every live stage, call, counter and notice of an office, read once in a few statements.

All screens are projections of this one value (`board`, `desk`, `floor`, `tickets`), so the number of statements does
not grow with the number of screens. Leaves what each screen may show to the projections.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from queue_app.domain.calendar import is_open, opens_next, takes_tickets, ticket_intervals
from queue_app.domain.discipline import Waiting, order_key, rank
from queue_app.domain.estimate import Clerk, Range
from queue_app.domain.office import Counter, Office
from queue_app.domain.ticket import AT_A_COUNTER, LIVE, StageKind, State
from queue_app.services import waits
from queue_app.services.ports import Ports
from queue_app.store.office_tables import CounterState, NoticeRow, OfficeLog
from queue_app.store.queue_tables import CallRow, EventRow, Stage, Ticket


@dataclass(frozen=True, slots=True)
class LiveStage:
    """One live stage with what the screens need of its ticket. Nothing personal: notes are read where they are due."""

    stage_id: int
    ticket_id: int
    position: int
    service: str
    kind: StageKind
    state: State
    counter: str | None
    only_counter: str | None
    ready_at: datetime | None
    reference_at: datetime | None
    order_time: datetime | None
    returned_at: datetime | None
    since: datetime | None
    number: str
    language: str
    needs: tuple[str, ...]
    visit_class: str
    issued_at: datetime
    appointed_at: datetime | None

    @property
    def is_ready(self) -> bool:
        return self.reference_at is not None

    @property
    def waits(self) -> bool:
        return self.state is State.WAITING and self.is_ready

    @property
    def place(self) -> Waiting:
        assert self.order_time is not None and self.reference_at is not None
        return Waiting(self.order_time, self.reference_at, self.ticket_id, self.returned_at)


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call that nobody has answered yet."""

    call_id: int
    stage_id: int
    counter: str
    at: datetime
    recalls: int
    sounded_at: datetime


@dataclass(frozen=True, slots=True)
class AtCounter:
    """Whether a counter is open, since when, and who sits there."""

    state: str
    since: datetime | None
    clerk: str | None


@dataclass(frozen=True)
class Hall:
    """Everything live in one office at one version of its history."""

    office: Office
    version: int
    now: datetime
    open: bool
    opens_at: datetime | None
    tickets_until: datetime | None
    stages: tuple[LiveStage, ...]
    calls: tuple[OpenCall, ...]
    states: dict[str, AtCounter]
    notices: tuple[dict[str, Any], ...]
    outlook: waits.Outlook | None = None

    @cached_property
    def line(self) -> list[LiveStage]:
        """Ready, waiting stages in the order in which they will be called, all queues together."""
        return sorted((stage for stage in self.stages if stage.waits), key=lambda s: order_key(s.place, self.now))

    @cached_property
    def queues(self) -> dict[tuple[str, StageKind], list[LiveStage]]:
        """The line of each service and kind, in order."""
        queues: dict[tuple[str, StageKind], list[LiveStage]] = {}
        for stage in self.line:
            queues.setdefault((stage.service, stage.kind), []).append(stage)
        return queues

    @cached_property
    def clerks(self) -> dict[str, Clerk]:
        """Open counters as the estimator sees them."""
        busy = {stage.counter: stage for stage in self.stages if stage.state in AT_A_COUNTER}
        clerks = {}
        for code, state in self.states.items():
            if state.state == "open" and code in self.office.counters:
                stage = busy.get(code)
                service, kind, since = (stage.service, stage.kind, stage.since) if stage else (None, None, None)
                clerks[code] = waits.clerk_at(self.office, code, service, kind, since, self.now)
        return clerks

    def state_of(self, counter: str) -> AtCounter:
        return self.states.get(counter, AtCounter("closed", None, None))

    def at(self, counter: str) -> LiveStage | None:
        """Who is called to or served at a counter."""
        return next((s for s in self.stages if s.counter == counter and s.state in AT_A_COUNTER), None)

    def callable_by(self, counter: Counter) -> list[LiveStage]:
        """The line in front of one counter, in order, back-office work included; without people who are elsewhere."""
        return [
            stage
            for stage in self.line
            if (
                stage.only_counter == counter.code
                or (stage.only_counter is None and counter.may_serve(stage.service, stage.kind))
            )
            and (stage.kind is StageKind.BACK_OFFICE or stage.ticket_id not in self.at_counters)
        ]

    @cached_property
    def at_counters(self) -> frozenset[int]:
        """Tickets whose holders stand at a counter."""
        return frozenset(
            s.ticket_id for s in self.stages if s.state in AT_A_COUNTER and s.kind is not StageKind.BACK_OFFICE
        )

    def why(self, stage: LiveStage) -> str:
        """Which of the three lines of the discipline the stage stands in."""
        return rank(stage.place, self.now).name.lower()

    def ahead_of(self, stage: LiveStage) -> int:
        """How many of the same queue come first."""
        return self.queues[stage.service, stage.kind].index(stage)

    def estimate_behind(self, service: str, kind: StageKind, *, before: LiveStage | None = None) -> Range | None:
        """The wait of somebody who joins a queue now, or of one who stands in it (`before`)."""
        ahead = self.ahead_of(before) if before is not None else len(self.queues.get((service, kind), ()))
        spread = self.outlook.spread((service, kind), ahead, self.clerks, self.now) if self.outlook else None
        if spread is not None:
            return waits.in_words(self.office, (service, kind), spread)
        codes = [code for code in self.clerks if self.office.counters[code].may_serve(service, kind)]
        served = {
            (name, each)
            for code in codes
            for name in self.office.counters[code].services
            for each in self.office.counters[code].stages
            if each is not StageKind.BACK_OFFICE
        } | {(service, kind)}
        counts: dict[tuple[str, str], int] = {}
        for stage in self.line:
            if before is not None and stage.stage_id == before.stage_id:
                break
            if (stage.service, stage.kind) in served:
                counts[stage.service, stage.kind] = counts.get((stage.service, stage.kind), 0) + 1
        return waits.estimate_for(self.office, service, kind, counts, [self.clerks[code] for code in codes])

    def wait_s(self, stage: LiveStage) -> int:
        """How long a ready stage has waited, in seconds; an appointment in the future has not begun to wait."""
        assert stage.reference_at is not None
        return max(0, int((self.now - stage.reference_at).total_seconds()))


def read_hall(session: Session, office: Office, ports: Ports) -> Hall:
    """The hall now. Call inside `store.database.reading`, so that version and rows belong together."""
    now = ports.clock()
    version = session.scalar(select(OfficeLog.version).where(OfficeLog.office_id == office.id)) or 0
    opened = is_open(office.hours, now, office.zone, ports.holidays)
    return Hall(
        office=office,
        version=version,
        now=now,
        open=opened,
        opens_at=None if opened else opens_next(office.hours, now, office.zone, ports.holidays),
        tickets_until=_tickets_until(office, now, ports) if opened else None,
        stages=tuple(_live_stages(session, office)),
        calls=tuple(_open_calls(session, office)),
        states=_states(session, office),
        notices=tuple(_notices(session, office)),
        outlook=waits.outlook_of(session, office.id),
    )


def counts_of_today(session: Session, office: Office, now: datetime) -> dict[str, int]:
    """How often each thing happened today, undone deeds left out."""
    undone = select(EventRow.undoes).where(EventRow.office_id == office.id, EventRow.undoes.is_not(None))
    rows = session.execute(
        select(EventRow.name, func.count().label("times"))
        .where(EventRow.office_id == office.id, EventRow.day == office.today(now), EventRow.id.not_in(undone))
        .group_by(EventRow.name)
    )
    return {row.name: row.times for row in rows}


def _tickets_until(office: Office, now: datetime, ports: Ports) -> datetime | None:
    """When no more numbers are given (past in the day's last minutes); None when they are given on and on."""
    spans = ticket_intervals(office.hours, office.today(now), office.zone, ports.holidays)
    end = next((end for _, end in spans if now < end), spans[-1][1] if spans else None)
    return None if end is None or takes_tickets(office.hours, end, office.zone, ports.holidays) else end


def _live_stages(session: Session, office: Office) -> Iterable[LiveStage]:
    rows = session.execute(
        select(
            Stage.id.label("stage_id"),
            Stage.ticket_id,
            Stage.position,
            Stage.service,
            Stage.kind,
            Stage.state,
            Stage.counter,
            Stage.only_counter,
            Stage.ready_at,
            Stage.reference_at,
            Stage.order_time,
            Stage.returned_at,
            Stage.since,
            Ticket.number_text.label("number"),
            Ticket.language,
            Ticket.needs,
            Ticket.visit_class,
            Ticket.issued_at,
            Ticket.appointed_at,
        )
        .join(Ticket, Ticket.id == Stage.ticket_id)
        .where(Stage.office_id == office.id, Stage.state.in_(LIVE))
        .order_by(Stage.ticket_id, Stage.position)
    )
    for row in rows:
        typed = {"kind": StageKind(row.kind), "state": State(row.state), "needs": tuple(row.needs)}
        yield LiveStage(**{**row._mapping, **typed})


def _open_calls(session: Session, office: Office) -> Iterable[OpenCall]:
    rows = session.execute(
        select(CallRow.id, CallRow.stage_id, CallRow.counter, CallRow.at, CallRow.recalls, CallRow.sounded_at)
        .join(Stage, and_(Stage.id == CallRow.stage_id, Stage.state == State.CALLED))
        .where(Stage.office_id == office.id, CallRow.answer.is_(None))
        .order_by(CallRow.sounded_at.desc(), CallRow.id.desc())
    )
    return (OpenCall(*row) for row in rows)


def _states(session: Session, office: Office) -> dict[str, AtCounter]:
    rows = session.execute(
        select(CounterState.counter, CounterState.state, CounterState.since, CounterState.clerk).where(
            CounterState.office_id == office.id
        )
    )
    return {counter: AtCounter(state, since, clerk) for counter, state, since, clerk in rows}


def _notices(session: Session, office: Office) -> Iterable[dict[str, Any]]:
    rows = session.scalars(
        select(NoticeRow).where(NoticeRow.office_id == office.id, NoticeRow.ended_at.is_(None)).order_by(NoticeRow.id)
    )
    return ({"id": row.id, "level": row.level, "text": row.text, "at": row.posted_at} for row in rows)
