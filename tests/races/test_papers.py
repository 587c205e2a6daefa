"""Paper is the record: three bad printers, two print rooms, and no paper that is another one's or comes twice (G12)."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from queue_app.domain.access import Right, Role
from queue_app.domain.printing import PrintEnd, PrinterState, PrintJob, PrintResult
from queue_app.domain.slip import Role as LineRole
from queue_app.services import bearers, printing, reception
from queue_app.services.deed import run
from queue_app.services.printing import PrintRoom
from queue_app.store.database import reading
from queue_app.store.queue_tables import Delivery, Ticket
from tests.races.arena import Arena, together
from tests.world import Clock, World

PRINTERS = ("tcp://one.test", "tcp://two.test", "tcp://three.test")
SERVICES = ("moving", "permit")
Paper = tuple[str, str, str]


@dataclass
class BadPrinter:
    """Is away, out of paper, slow or dies in mid-job, in turn. What came out of it lies in `papers`."""

    papers: list[Paper]
    turn: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def print_slip(self, job: PrintJob) -> PrintResult:
        with self.lock:
            self.turn += 1
            turn = self.turn
        if turn % 7 == 3:
            return PrintResult(job.id, PrintEnd.FAILED, PrinterState.PAPER_OUT)
        if turn % 11 == 5:
            return PrintResult(job.id, PrintEnd.UNSURE, PrinterState.UNKNOWN)  # it died before the paper
        self.papers.append((job.slip.number, job.slip.qr or "", job.slip.text(LineRole.SERVICE)))
        if turn % 5 == 2:
            return PrintResult(job.id, PrintEnd.UNSURE, PrinterState.UNKNOWN)  # too slow: the paper came all the same
        return PrintResult(job.id, PrintEnd.PRINTED, PrinterState.OK)


@dataclass
class HandsOn(PrintRoom):
    """The broken twin: a job that timed out goes to the next printer."""

    def _print(self, address: str, job: PrintJob) -> PrintResult:
        result = super()._print(address, job)
        if result.end is PrintEnd.UNSURE:
            return super()._print(PRINTERS[(PRINTERS.index(address) + 1) % len(PRINTERS)], job)
        return result


@pytest.fixture
def arena(app: Flask, clock: Clock) -> Arena:
    return Arena(World(app, clock), 1)


def everybody_prints(arena: Arena, jobs: int, kind: type[PrintRoom]) -> list[str]:
    """What is wrong with the papers of so many people at three printers; two rooms work at each."""
    ask_for_papers(arena, jobs)
    papers: list[Paper] = []
    printers: dict[str, Any] = {address: BadPrinter(papers) for address in PRINTERS}
    rooms = [kind(arena.ports, printers.__getitem__, arena.world.app.app_context) for _ in range(2)]

    def work(room: PrintRoom, address: str) -> int:
        with arena.world.app.app_context():
            return room.print_due(address)

    claimed = together([lambda room=room, at=at: work(room, at) for room in rooms for at in PRINTERS])  # type: ignore[misc]
    wrong = [f"a room broke: {each}" for each in claimed if not isinstance(each, int)]
    return wrong + judge(arena, papers)


def ask_for_papers(arena: Arena, jobs: int) -> None:
    with arena.world.app.app_context():
        with reading() as session:
            kiosk = bearers.identity_of_token(session, arena.kiosk_token, arena.world.clock())
        assert kiosk is not None and kiosk.role is Role.KIOSK

        def ask(deed: Any, start: int) -> None:
            for n in range(start, min(start + 50, jobs)):
                ticket = reception.issue_ticket(deed, reception.Arrival(SERVICES[n % 2]))
                slip = printing.slip_of(
                    deed.session, deed.office, ticket, f"https://t.test/{ticket.number_text}", now=deed.now
                )
                printing.print_slip(deed, ticket, slip, printer=PRINTERS[n % 3], source="発券機A")

        for start in range(0, jobs, 50):
            run("aoba", Right.ISSUE, kiosk, arena.ports, lambda deed, start=start: ask(deed, start))  # type: ignore[misc]


def judge(arena: Arena, papers: list[Paper]) -> list[str]:
    with arena.world.app.app_context(), reading() as session:
        labels = {"moving": "住民異動", "permit": "許可"}
        wanted = {row.number_text: labels[row.service] for row in session.scalars(select(Ticket))}
        ends = dict(
            session.execute(
                select(Ticket.number_text, Delivery.state).join(Delivery, Delivery.ticket_id == Ticket.id)
            ).all()
        )
    count = Counter(number for number, _, _ in papers)
    wrong = [f"{number} came out {times} times" for number, times in count.items() if times > 1]
    wrong += [f"{paper} is not the record's" for paper in papers if paper != own_paper(paper[0], wanted)]
    wrong += [
        f"{number}: {state} with a paper" for number, state in ends.items() if state == "failed" and count[number]
    ]
    wrong += [f"{number}: sent without one" for number, state in ends.items() if state == "sent" and not count[number]]
    return wrong + [f"{number}: {state}" for number, state in ends.items() if state in ("due", "printing")]


def own_paper(number: str, wanted: dict[str, str]) -> Paper:
    return (number, f"https://t.test/{number}", wanted[number])


def test_no_paper_is_another_ones_and_none_comes_twice(arena: Arena) -> None:
    assert everybody_prints(arena, 60, PrintRoom) == []


@pytest.mark.storm
@pytest.mark.timeout(1800)
def test_five_thousand_papers_on_three_bad_printers(arena: Arena) -> None:
    assert everybody_prints(arena, 5_000, PrintRoom) == []


def test_a_room_that_hands_a_job_on_after_a_time_out_prints_papers_twice(arena: Arena) -> None:
    assert any("times" in fault for fault in everybody_prints(arena, 60, HandsOn))
