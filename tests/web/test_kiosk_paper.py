"""Paper of the kiosk: printed once for each number, told to the person and to staff when it is not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import select

from queue_app.domain.printing import PrintEnd, PrinterState, PrintJob, PrintResult
from queue_app.domain.slip import Role as LineRole
from queue_app.services import outbox
from queue_app.services.printing import LONGEST_JOB, OF_USE_FOR, PrintRoom
from queue_app.store.database import reading
from queue_app.store.office_tables import AlarmRow
from queue_app.store.queue_tables import Delivery, EventRow
from queue_app.web.context import KEY
from tests.web.plain_browser import PlainBrowser
from tests.web.test_kiosk import paired, tickets
from tests.world import World

PRINTER = "tcp://printer.test:9100"


@dataclass
class RecordingPrinter:
    """Prints nothing and remembers every job; ends them as told."""

    ends: list[PrintEnd] = field(default_factory=list)
    state: PrinterState = PrinterState.OK
    jobs: list[PrintJob] = field(default_factory=list)

    def print_slip(self, job: PrintJob) -> PrintResult:
        self.jobs.append(job)
        return PrintResult(job.id, self.ends.pop(0) if self.ends else PrintEnd.PRINTED, self.state)


@pytest.fixture
def printer() -> RecordingPrinter:
    return RecordingPrinter()


@pytest.fixture
def print_room(world: World, printer: RecordingPrinter) -> PrintRoom:
    return PrintRoom(world.app.extensions[KEY].ports, lambda _address: printer, world.app.app_context)


def print_now(world: World, room: PrintRoom) -> int:
    with world.app.app_context():
        return room.print_due(PRINTER)


def test_paper_is_printed_once_after_the_number_was_given(
    world: World, printer: RecordingPrinter, print_room: PrintRoom
) -> None:
    machine = paired(world, printer=PRINTER)
    machine.press("住民異動")
    assert printer.jobs == []
    assert "印刷しています" in machine.page.text
    assert (print_now(world, print_room), print_now(world, print_room)) == (1, 0)
    assert printer.jobs[0].slip.text(LineRole.NUMBER) == "B001"
    assert printer.jobs[0].slip.text(LineRole.QUEUE).startswith("待ち 0人")
    machine.open(machine.path)
    assert "番号札をお取りください" in machine.page.text


def test_press_repeated_is_one_paper(world: World, printer: RecordingPrinter, print_room: PrintRoom) -> None:
    machine = paired(world, printer=PRINTER)
    machine.press("住民異動")
    machine.press_again()
    print_now(world, print_room)
    assert len(printer.jobs) == 1


def test_senders_of_messages_leave_papers_to_their_printer(
    world: World, printer: RecordingPrinter, print_room: PrintRoom
) -> None:
    """Both look for what is due in one table; a paper that the wrong one took was never printed."""
    machine = paired(world, printer=PRINTER)
    machine.press("住民異動")
    with world.app.app_context():
        ports = world.app.extensions[KEY].ports
        assert not outbox.something_is_due(ports)
        outbox.send_due(ports, {})
    assert print_now(world, print_room) == 1
    assert len(printer.jobs) == 1


def test_each_paper_carries_the_code_of_its_own_ticket(
    world: World, printer: RecordingPrinter, print_room: PrintRoom
) -> None:
    machine = paired(world, printer=PRINTER)
    codes = {}
    for _ in range(5):
        machine.open("/kiosk/aoba")
        machine.press("住民異動")
        number = tickets(world)[-1].number_text
        codes[number] = machine.path.rsplit("/", 1)[1]
    print_now(world, print_room)
    assert {job.slip.number: (job.slip.qr or "").rsplit("/", 1)[1] for job in printer.jobs} == codes


def test_failed_paper_is_told_to_the_person_and_to_staff(
    world: World, printer: RecordingPrinter, print_room: PrintRoom
) -> None:
    printer.ends, printer.state = [PrintEnd.FAILED], PrinterState.PAPER_OUT
    machine = paired(world, printer=PRINTER)
    machine.press("住民異動")
    print_now(world, print_room)
    machine.open(machine.path)
    assert "あなたの番号は B001 です。写真に撮るか、メモしてください。" in machine.page.text
    assert "alert" in machine.page.roles
    with world.app.app_context(), reading() as session:
        alarm = session.scalars(select(AlarmRow)).one()
        assert (alarm.kind, alarm.source, alarm.facts["state"]) == ("printer", "発券機A", "paper_out")
        assert session.scalars(select(EventRow).where(EventRow.name == "print_failed")).one().ticket_id is not None


def test_printer_that_prints_again_ends_its_alarm(
    world: World, printer: RecordingPrinter, print_room: PrintRoom
) -> None:
    printer.ends = [PrintEnd.FAILED, PrintEnd.PRINTED]
    machine = paired(world, printer=PRINTER)
    for _ in range(2):
        machine.open("/kiosk/aoba")
        machine.press("住民異動")
        print_now(world, print_room)
    with world.app.app_context(), reading() as session:
        assert session.scalars(select(AlarmRow)).one().ended_at is not None


def after_an_unsure_paper(world: World, printer: RecordingPrinter, print_room: PrintRoom) -> PlainBrowser:
    """The kiosk at the page of a number whose paper may have come or not."""
    printer.ends = [PrintEnd.UNSURE]
    machine = paired(world, printer=PRINTER)
    machine.press("住民異動")
    print_now(world, print_room)
    machine.open(machine.path)
    return machine


def test_unsure_paper_is_asked_about_and_printed_again_marked_with_the_same_number(
    world: World, printer: RecordingPrinter, print_room: PrintRoom
) -> None:
    machine = after_an_unsure_paper(world, printer, print_room)
    assert "番号札は出ましたか。" in machine.page.text
    assert len(printer.jobs) == 1, "nothing is printed again before a person says so"
    machine.press("もう一度")
    machine.press_again()
    print_now(world, print_room)
    assert [job.slip.number for job in printer.jobs] == ["B001", "B001"]
    assert [bool(job.slip.text(LineRole.MARK)) for job in printer.jobs] == [False, True]


def test_paper_that_came_after_all_is_not_printed_again(
    world: World, printer: RecordingPrinter, print_room: PrintRoom
) -> None:
    machine = after_an_unsure_paper(world, printer, print_room)
    machine.press("出た")
    print_now(world, print_room)
    assert len(printer.jobs) == 1
    assert "番号札をお取りください" in machine.page.text


def test_paper_nobody_waits_for_any_more_is_not_printed(
    world: World, printer: RecordingPrinter, print_room: PrintRoom
) -> None:
    machine = paired(world, printer=PRINTER)
    machine.press("住民異動")
    world.clock.now += OF_USE_FOR
    print_now(world, print_room)
    assert printer.jobs == []
    assert "番号札を印刷できません" in machine.open(machine.path).text


def test_job_of_a_process_that_died_is_unknown_and_not_repeated(
    world: World, printer: RecordingPrinter, print_room: PrintRoom
) -> None:
    machine = paired(world, printer=PRINTER)
    machine.press("住民異動")
    with world.app.app_context():
        assert print_room._next_at(PRINTER) is not None  # claimed, and then the process is gone
        world.clock.now += LONGEST_JOB + timedelta(seconds=1)
        print_room.look()
    print_now(world, print_room)
    assert printer.jobs == []
    assert "番号札は出ましたか。" in machine.open(machine.path).text


def test_two_print_rooms_print_a_job_once(world: World, printer: RecordingPrinter, print_room: PrintRoom) -> None:
    machine = paired(world, printer=PRINTER)
    machine.press("住民異動")
    other = PrintRoom(world.app.extensions[KEY].ports, lambda _address: printer, world.app.app_context)
    with world.app.app_context():
        job = print_room._next_at(PRINTER)
        assert other._next_at(PRINTER) is None
    assert job is not None
    with world.app.app_context(), reading() as session:
        assert session.scalars(select(Delivery)).one().attempts == 1


def test_kiosk_prints_by_its_page_when_there_is_no_printer(world: World) -> None:
    machine = paired(world)
    machine.press("住民異動")
    with world.app.app_context(), reading() as session:
        assert list(session.scalars(select(Delivery))) == []
    token = machine.path.rsplit("/", 1)[1]
    assert "B001" in machine.open(f"/kiosk/aoba/slip/{token}").text
