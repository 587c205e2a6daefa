"""The hall as it is now: every live stage, call, counter and notice of an office, read once in a few statements.

All screens are projections of this one value (`board`, `desk`, `floor`, `tickets`), so the number of statements does
not grow with the number of screens. Leaves what each screen may show to the projections.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from itertools import takewhile
from typing import Any, NamedTuple

from sqlalchemy import Text, bindparam, cast, func, join, select
from sqlalchemy.orm import Session

from queue_app.domain.calendar import is_open, opens_next, takes_tickets, ticket_intervals
from queue_app.domain.discipline import Waiting, order_key, rank
from queue_app.domain.estimate import Clerk, Range
from queue_app.domain.office import Counter, Office
from queue_app.domain.ticket import AT_A_COUNTER, StageKind, State
from queue_app.services import waits
from queue_app.services.ports import Ports
from queue_app.store.database import table_of
from queue_app.store.office_tables import CounterState, NoticeRow, OfficeLog
from queue_app.store.prepared import Prepared
from queue_app.store.queue_tables import IS_LIVE, CallRow, EventRow, Stage, Ticket


class LiveStage(NamedTuple):
    """One live stage with what the screens need of its ticket. Nothing personal: notes are read where they are due.

    A plain tuple in the order of the statement: a morning's hall has some hundred of them, read for every news.
    """

    kind: StageKind
    state: State
    needs: tuple[str, ...]
    stage_id: int
    ticket_id: int
    position: int
    service: str
    counter: str | None
    only_counter: str | None
    ready_at: datetime | None
    reference_at: datetime | None
    order_time: datetime | None
    returned_at: datetime | None
    since: datetime | None
    number: str
    language: str
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
        clerks = {}
        for code, state in self.states.items():
            if state.state == "open" and code in self.office.counters:
                stage = self.at(code)
                service, kind, since = (stage.service, stage.kind, stage.since) if stage else (None, None, None)
                clerks[code] = waits.clerk_at(self.office, code, service, kind, since, self.now)
        return clerks

    def state_of(self, counter: str) -> AtCounter:
        return self.states.get(counter, AtCounter("closed", None, None))

    def at(self, counter: str) -> LiveStage | None:
        """Who is called to or served at a counter."""
        return self._present.get(counter)

    @cached_property
    def _present(self) -> dict[str, LiveStage]:
        return {s.counter: s for s in self.stages if s.counter is not None and s.state in AT_A_COUNTER}

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

    def is_next(self, stage: LiveStage) -> bool:
        """Whether some counter on duty calls this person with its next press; while none is, the first of the queue."""
        before = {(s.service, s.kind) for s in takewhile(lambda other: other.stage_id != stage.stage_id, self.line)}
        codes = [code for code in self.clerks if self.office.counters[code].may_serve(stage.service, stage.kind)]
        return waits.is_next(self.office, (stage.service, stage.kind), before, codes)

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
        if before is None:
            counts = {queue: len(people) for queue, people in self.queues.items() if queue in served}
        else:
            for stage in takewhile(lambda other: other.stage_id != before.stage_id, self.line):
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
    facts = {"office": office.id}
    (version,) = _VERSION.first(session, facts) or (0,)
    opened = is_open(office.hours, now, office.zone, ports.holidays)
    return Hall(
        office=office,
        version=version,
        now=now,
        open=opened,
        opens_at=None if opened else opens_next(office.hours, now, office.zone, ports.holidays),
        tickets_until=_tickets_until(office, now, ports) if opened else None,
        stages=tuple(_live_stages(session, office)),
        calls=tuple(OpenCall(*row) for row in _OPEN_CALLS.rows(session, facts)),
        states={counter: AtCounter(*rest) for counter, *rest in _STATES_OF_COUNTERS.rows(session, facts)},
        notices=tuple(
            {"id": number, "level": level, "text": text, "at": at}
            for number, level, text, at in _NOTICES.rows(session, facts)
        ),
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
    for kind, state, needs, *plain in _LIVE_STAGES.rows(session, {"office": office.id}):
        yield LiveStage(_KINDS[kind], _STATES[state], _needs(needs), *plain)


_KINDS = {str(kind): kind for kind in StageKind}
_STATES = {str(state): state for state in State}


@lru_cache(maxsize=256)
def _needs(written: str) -> tuple[str, ...]:
    """Hundreds of people, but a handful of wishes: most have none."""
    return tuple(json.loads(written))


_STAGE, _TICKET, _CALL = table_of(Stage).c, table_of(Ticket).c, table_of(CallRow).c
_LOG, _STATE, _NOTICE = table_of(OfficeLog).c, table_of(CounterState).c, table_of(NoticeRow).c
_VERSION = Prepared(select(_LOG.version).where(_LOG.office_id == bindparam("office")))
_LIVE_STAGES = Prepared(
    select(
        _STAGE.kind,
        _STAGE.state,
        cast(_TICKET.needs, Text),
        _STAGE.id,
        _STAGE.ticket_id,
        _STAGE.position,
        _STAGE.service,
        _STAGE.counter,
        _STAGE.only_counter,
        _STAGE.ready_at,
        _STAGE.reference_at,
        _STAGE.order_time,
        _STAGE.returned_at,
        _STAGE.since,
        _TICKET.number_text,
        _TICKET.language,
        _TICKET.visit_class,
        _TICKET.issued_at,
        _TICKET.appointed_at,
    )
    .select_from(join(table_of(Stage), table_of(Ticket), _TICKET.id == _STAGE.ticket_id))
    .where(_STAGE.office_id == bindparam("office"), IS_LIVE)
    .order_by(_STAGE.ticket_id, _STAGE.position)
)
_OPEN_CALLS = Prepared(
    select(_CALL.id, _CALL.stage_id, _CALL.counter, _CALL.at, _CALL.recalls, _CALL.sounded_at)
    .select_from(join(table_of(CallRow), table_of(Stage), _STAGE.id == _CALL.stage_id))
    .where(_STAGE.office_id == bindparam("office"), _STAGE.state == State.CALLED, _CALL.answer.is_(None))
    .order_by(_CALL.sounded_at.desc(), _CALL.id.desc())
)
_STATES_OF_COUNTERS = Prepared(
    select(_STATE.counter, _STATE.state, _STATE.since, _STATE.clerk).where(_STATE.office_id == bindparam("office"))
)
_NOTICES = Prepared(
    select(_NOTICE.id, _NOTICE.level, _NOTICE.text, _NOTICE.posted_at)
    .where(_NOTICE.office_id == bindparam("office"), _NOTICE.ended_at.is_(None))
    .order_by(_NOTICE.id)
)
