"""Slips on paper: asked for in the transaction that issued the number, printed after its commit, once.

Decides when a paper may be printed, and what is known about it afterwards: `due printing sent failed unknown`. A job
carries its whole slip, so that no printer, however late, can give one person's number to another. Nothing is ever
printed again by the machine: `unknown` waits for a person's answer. Leaves the device to `adapters.printer` and the
words to `domain.slip`.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple, Protocol

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.orm import Session

from queue_app.domain.access import SYSTEM, Right
from queue_app.domain.discipline import VisitClass
from queue_app.domain.errors import Conflict
from queue_app.domain.events import Event
from queue_app.domain.office import Office, label_in
from queue_app.domain.printing import PrintEnd, PrinterState, PrintJob, PrintResult
from queue_app.domain.slip import Line, Role, Slip, SlipFacts, Stop, reprint, slip
from queue_app.domain.ticket import StageKind, State
from queue_app.services.alarms import ask_help, end_alarms_of
from queue_app.services.deed import Deed, begin_by_id
from queue_app.services.ports import Ports
from queue_app.services.stops import StopShown, route_of
from queue_app.services.visits import current_stage, has_begun
from queue_app.services.waits import place_of
from queue_app.store.database import reading, table_of, writing
from queue_app.store.prepared import Prepared
from queue_app.store.queue_tables import PAPER, Delivery, Ticket

log = logging.getLogger("matazu.printing")

OF_USE_FOR = timedelta(seconds=60)
"""Nobody waits longer for a paper; one that comes later would be taken by the next person."""

LONGEST_JOB = timedelta(seconds=60)
LOOK_AGAIN_S = 0.3
ENDS = {PrintEnd.PRINTED: "sent", PrintEnd.PAGE: "sent", PrintEnd.FAILED: "failed", PrintEnd.UNSURE: "unknown"}


class SlipPrinter(Protocol):
    """What is needed of a printer; `adapters.printer` has them."""

    def print_slip(self, job: PrintJob) -> PrintResult: ...


@dataclass(frozen=True, slots=True)
class Paper:
    """What is known about a ticket's paper: `none due printing sent failed unknown`."""

    state: str
    is_reprint: bool = False


def slip_of(session: Session, office: Office, ticket: Ticket, status_url: str | None, *, now: datetime) -> Slip:
    """The paper of a ticket: its estimate as it was given, and how many people are before it at this moment."""
    service = office.services[ticket.service]
    stage = current_stage(ticket)
    waits_now = stage.state == State.WAITING and has_begun(stage)
    span = ticket.estimate or {}
    return slip(
        SlipFacts(
            office=label_in(office.name, "ja"),
            number=ticket.number_text,
            service=label_in(service.label, "ja"),
            area=label_in(service.area, "ja") if service.area else "",
            issued_at=ticket.issued_at.astimezone(office.zone),
            waiting=place_of(session, office, stage, now).ahead if waits_now else None,
            wait_min=(span["low_min"], span["high_min"]) if span.get("high_min") else None,
            order_at=stage.order_time.astimezone(office.zone) if stage.order_time and waits_now else None,
            counts_at=stage.reference_at.astimezone(office.zone) if stage.reference_at and waits_now else None,
            is_booked=ticket.visit_class == VisitClass.BOOKED,
            status_url=status_url,
            language=ticket.language,
            service_translated="" if ticket.language.startswith("ja") else label_in(service.label, ticket.language),
            stops=tuple(_stop(stop) for stop in route_of(office, ticket, "ja")),
            phone=office.phone,
        )
    )


def _stop(stop: StopShown) -> Stop:
    """Whoever comes to a counter twice must see that the second time is for the papers."""
    why = "お渡し" if stop.kind is StageKind.HANDOVER else ""
    return Stop(stop.where, stop.what, stop.is_done, why)


def print_slip(deed: Deed, ticket: Ticket, paper: Slip, *, printer: str, source: str) -> None:
    """Have a paper printed after the commit. `printer` is an address as in PRINTER_URL, `source` the kiosk's name."""
    _enqueue(deed, ticket, paper, "slip", printer, source, times=1)


def print_again(deed: Deed, ticket: Ticket, paper: Slip, *, printer: str, source: str) -> None:
    """A person says that no paper came: the same number once more, marked. Refuses `not_unsure` in any other case."""
    last = _last(deed.session, ticket.id)
    if last is None or last.state != "unknown":
        raise Conflict("not_unsure")
    last.state = "failed"
    deed.record(Event.REPRINTED, ticket=ticket)
    _enqueue(deed, ticket, reprint(paper), "reprint", printer, source, times=last.id + 1)


def paper_came(deed: Deed, ticket: Ticket) -> None:
    """A person says that the paper came after all."""
    last = _last(deed.session, ticket.id)
    if last is not None and last.state == "unknown":
        last.state, last.updated_at = "sent", deed.now


def paper_of(session: Session, ticket: Ticket) -> Paper:
    """What is known about the paper of a ticket."""
    last = _last(session, ticket.id)
    return Paper("none") if last is None else Paper(last.state, last.kind == "reprint")


class _OpenPaper(NamedTuple):
    """A paper that somebody has still to see to."""

    id: int
    state: str
    address: str


_DELIVERY = table_of(Delivery).c
_OPEN_PAPERS = Prepared(
    select(_DELIVERY.id, _DELIVERY.state, _DELIVERY.address)
    .where(
        _DELIVERY.channel == PAPER,
        or_(
            _DELIVERY.state == "due",
            and_(_DELIVERY.state == "printing", _DELIVERY.locked_until < bindparam("now")),
        ),
    )
    .order_by(_DELIVERY.id)
)
"""Asked three times a second, mostly for nothing."""


@dataclass
class PrintRoom:
    """Prints what is due, one job after the other at each printer. One per process; jobs are claimed."""

    ports: Ports
    printer_at: Callable[[str], SlipPrinter]
    in_app: Callable[[], Any]
    _printers: dict[str, SlipPrinter] = field(default_factory=dict)
    _busy: set[str] = field(default_factory=set)
    _stop: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        """Until `stop`: look again and again."""
        while not self._stop.wait(LOOK_AGAIN_S):
            try:
                with self.in_app():
                    self.look()
            except Exception:
                log.exception("the print room could not look; it tries again")

    def look(self) -> None:
        """A thread for each printer that has due papers; nobody knows what became of those that a dead process had."""
        papers = self._open_papers()
        for paper in papers:
            if paper.state == "printing":
                writing(partial(self._give_up, job_id=paper.id))
        for address in {paper.address for paper in papers if paper.state == "due"} - self._busy:
            self._busy.add(address)
            threading.Thread(target=self._work_at, args=(address,), daemon=True, name="printer").start()

    def stop(self) -> None:
        self._stop.set()

    def print_due(self, address: str) -> int:
        """Print everything that is due at one printer, oldest first; returns how many jobs were claimed."""
        claimed = 0
        while (job := self._next_at(address)) is not None:
            claimed += 1
            result = self._print(address, job)
            writing(partial(self._note, job=job, result=result))
        return claimed

    def _work_at(self, address: str) -> None:
        try:
            with self.in_app():
                self.print_due(address)
        except Exception:
            log.exception("a printer's thread ended")
        finally:
            self._busy.discard(address)

    def _open_papers(self) -> list[_OpenPaper]:
        """What is due, and what a process that died while it printed has left."""
        with reading() as session:
            return [_OpenPaper(*row) for row in _OPEN_PAPERS.rows(session, {"now": self.ports.clock()})]

    def _next_at(self, address: str) -> PrintJob | None:
        due = (paper.id for paper in self._open_papers() if paper.state == "due" and paper.address == address)
        for job_id in due:
            if job := writing(partial(self._claim, job_id=job_id)):
                return job
        return None

    def _claim(self, session: Session, job_id: int) -> PrintJob | None:
        """Ours, if nobody was faster; a paper that nobody waits for any more is not printed."""
        row = session.get_one(Delivery, job_id, with_for_update=True)
        now = self.ports.clock()
        if row.state != "due":
            return None
        if row.expires_at <= now:
            self._end(session, row, "failed", PrinterState.UNKNOWN)
            return None
        row.state, row.attempts, row.locked_until, row.updated_at = "printing", 1, now + LONGEST_JOB, now
        return PrintJob(str(row.id), _slip_from(row.payload))

    def _print(self, address: str, job: PrintJob) -> PrintResult:
        try:
            if address not in self._printers:
                self._printers[address] = self.printer_at(address)
            return self._printers[address].print_slip(job)
        except Exception:
            # Whatever broke, it may have broken after the paper came out.
            log.exception("a slip printer broke")
            return PrintResult(job.id, PrintEnd.UNSURE, PrinterState.UNKNOWN)

    def _note(self, session: Session, job: PrintJob, result: PrintResult) -> None:
        row = session.get_one(Delivery, int(job.id), with_for_update=True)
        if row.state == "printing":
            self._end(session, row, ENDS[result.end], result.state)

    def _give_up(self, session: Session, job_id: int) -> None:
        row = session.get_one(Delivery, job_id, with_for_update=True)
        if row.state == "printing":
            self._end(session, row, "unknown", PrinterState.UNKNOWN)

    def _end(self, session: Session, row: Delivery, state: str, printer: PrinterState) -> None:
        deed = begin_by_id(session, row.office_id, Right.READ_PUBLIC, SYSTEM, self.ports)
        row.state, row.updated_at, row.last_error = state, deed.now, None if state == "sent" else str(printer)
        source = json.loads(row.payload)["source"]
        if state == "failed":
            ticket = session.get(Ticket, row.ticket_id) if row.ticket_id else None
            deed.record(Event.PRINT_FAILED, ticket=ticket, source=source, printer=str(printer))
        if state != "sent" or printer is PrinterState.PAPER_LOW:
            ask_help(deed, "printer", source, state=str(printer), paper=state)
        else:
            end_alarms_of(deed, "printer", source)


def _enqueue(deed: Deed, ticket: Ticket, paper: Slip, kind: str, printer: str, source: str, *, times: int) -> None:
    deed.session.add(
        Delivery(
            office_id=deed.office.id,
            ticket_id=ticket.id,
            channel=PAPER,
            kind=kind,
            address=printer,
            payload=json.dumps({**asdict(paper), "source": source}, ensure_ascii=False),
            dedupe=f"{PAPER}:{ticket.id}:{times}",
            due_at=deed.now,
            expires_at=deed.now + OF_USE_FOR,
            updated_at=deed.now,
        )
    )


def _last(session: Session, ticket_id: int) -> Delivery | None:
    query = select(Delivery).where(Delivery.channel == PAPER, Delivery.ticket_id == ticket_id)
    return session.scalars(query.order_by(Delivery.id.desc())).first()


def _slip_from(payload: str) -> Slip:
    told = json.loads(payload)
    lines = tuple(Line(Role(line.pop("role")), **line) for line in told["lines"])
    return Slip(told["number"], lines, told["qr"])
