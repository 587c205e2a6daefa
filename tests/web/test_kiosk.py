"""The kiosk over plain HTTP: pairing, one ticket a choice, what is closed says why, papers that stay honest."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from queue_app.domain.access import Role
from queue_app.domain.printing import PrintEnd, PrinterState, PrintJob, PrintResult
from queue_app.domain.slip import Role as LineRole
from queue_app.services import bearers, demo, outbox, pairing
from queue_app.services.offices import setup_changed
from queue_app.services.printing import LONGEST_JOB, OF_USE_FOR, PrintRoom
from queue_app.store.access_tables import AccessToken
from queue_app.store.database import reading, writing
from queue_app.store.office_tables import AlarmRow, OfficeRow, ServiceRow
from queue_app.store.queue_tables import Delivery, EventRow, Ticket
from queue_app.web.context import KEY
from tests.web.plain_browser import PlainBrowser
from tests.world import OFFICE, Clock, World

TOKYO = ZoneInfo("Asia/Tokyo")
PRINTER = "tcp://printer.test:9100"


def code_for(world: World, role: Role = Role.KIOSK, office: str = "aoba", **settings: Any) -> str:
    def make(session: Any) -> str:
        office_id = session.query(OfficeRow.id).filter_by(code=office).scalar()
        return pairing.pairing_code(session, office_id, role, "発券機A", world.clock(), settings=settings)

    with world.app.app_context():
        return writing(make)


def paired(world: World, **settings: Any) -> PlainBrowser:
    """A browser that is a kiosk."""
    machine = PlainBrowser(world.app.test_client())
    machine.open("/kiosk/aoba")
    machine.press("登録", code=code_for(world, **settings))
    return machine


def tickets(world: World) -> list[Ticket]:
    with world.app.app_context(), reading() as session:
        return list(session.scalars(select(Ticket).order_by(Ticket.id)))


def test_unpaired_browser_sees_where_to_ask_and_no_tiles(world: World) -> None:
    machine = PlainBrowser(world.app.test_client())
    page = machine.open("/kiosk/aoba")
    assert "お近くの職員にお声がけください" in page.text
    assert "証明書" not in page.text


def test_code_makes_the_browser_a_kiosk_and_works_once(world: World) -> None:
    code = code_for(world)
    first, second = (PlainBrowser(world.app.test_client()) for _ in range(2))
    for machine in (first, second):
        machine.open("/kiosk/aoba")
        machine.press("登録", code=code)
    assert "ご用件をお選びください" in first.page.text
    assert second.answer.status_code == 422
    assert "コードが違うか、期限が切れています。" in second.page.text


def test_device_cookie_cannot_be_read_by_scripts_or_sent_by_other_sites(world: World) -> None:
    machine = PlainBrowser(world.app.test_client())
    machine.open("/kiosk/pair")
    code = code_for(world)
    button = next(each for each in machine.page.buttons if "登録" in each.label)
    answer = machine.client.post(button.action, data={**button.fields, "code": code})
    cookie = next(line for line in answer.headers.getlist("Set-Cookie") if line.startswith("matazu_device"))
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))


def test_display_code_typed_on_the_kiosk_page_makes_a_display(world: World) -> None:
    machine = PlainBrowser(world.app.test_client())
    machine.open("/kiosk/pair")
    machine.press("登録", code=code_for(world, Role.DISPLAY))
    assert machine.path == "/display/aoba"


def test_revoked_kiosk_is_a_stranger_at_once(world: World) -> None:
    machine = paired(world)
    with world.app.app_context():
        writing(lambda session: bearers.revoke_token(session, 1, "発券機A", world.clock()))
    machine.open("/kiosk/aoba")
    assert "登録されていません" in machine.page.text
    assert machine.client.get("/kiosk/aoba/pulse").status_code == 401


def test_kiosk_of_one_office_is_a_stranger_in_another(world: World) -> None:
    world.open_office(OFFICE.replace("code: aoba", "code: midori"))
    machine = paired(world)
    assert "登録されていません" in machine.open("/kiosk/midori").text


def test_device_cookie_counts_on_device_pages_alone(world: World) -> None:
    machine = paired(world)
    answer = machine.client.post("/api/v1/offices/aoba/tickets", json={"service": "moving"})
    assert answer.status_code == 401
    assert tickets(world) == []


def test_demo_city_pairs_by_one_press(app: Flask, clock: Clock) -> None:
    with app.app_context():
        demo.load_if_empty(app.extensions[KEY].ports)
    machine = PlainBrowser(app.test_client())
    machine.open("/kiosk/aoba")
    machine.press("お試し")
    assert machine.path == "/kiosk/aoba"


def test_real_city_offers_no_press_and_refuses_a_made_up_one(world: World) -> None:
    machine = PlainBrowser(world.app.test_client())
    machine.open("/kiosk/aoba")
    assert not [button for button in machine.page.buttons if "お試し" in button.label]
    machine.press("登録", demo="aoba")
    assert machine.answer.status_code == 403


def test_choice_gives_the_number_with_its_place(world: World) -> None:
    world.open("1")
    world.issue("moving")
    machine = paired(world)
    page = machine.press("住民異動")
    assert tickets(world)[-1].number_text == "B002"
    assert "B002" in page.text
    assert "前に 1人 お待ちです" in page.text


def test_press_repeated_is_one_ticket(world: World) -> None:
    machine = paired(world)
    machine.press("住民異動")
    first = machine.path
    machine.press_again()
    assert machine.path == first
    assert len(tickets(world)) == 1


def test_second_tile_of_the_same_screen_is_the_first_press(world: World) -> None:
    machine = paired(world)
    screen = machine.page
    machine.press("住民異動")
    first, machine.page = machine.path, screen
    machine.press("証明書")
    assert machine.path == first
    assert len(tickets(world)) == 1


def test_language_of_the_kiosk_goes_on_the_ticket_and_not_on_the_next_person(world: World) -> None:
    machine = paired(world)
    machine.follow("English")
    machine.press("Moving")
    assert tickets(world)[-1].language == "en"
    assert "Finish" in machine.page.links
    machine.follow("Finish")
    assert "ご用件をお選びください" in machine.page.text


def test_coming_to_the_seat_is_a_need_that_keeps_the_place(world: World) -> None:
    world.open("1")
    machine = paired(world)
    machine.press("住民異動")
    world.issue("moving")
    before = world.clerk.get("/offices/aoba/desk?counter=1").get_json()["waiting"]
    machine.press("お席まで")
    after = world.clerk.get("/offices/aoba/desk?counter=1").get_json()["waiting"]
    assert tickets(world)[0].needs == ["fetch"]
    assert [each["number"] for each in after] == [each["number"] for each in before] == ["B001", "B002"]


def test_need_can_be_taken_back(world: World) -> None:
    machine = paired(world)
    machine.press("住民異動")
    machine.follow("そのほか")
    machine.press("筆談")
    assert tickets(world)[0].needs == ["written"]
    machine.press("筆談")
    assert tickets(world)[0].needs == []


def test_calling_staff_twice_is_one_alarm(world: World) -> None:
    machine = paired(world)
    machine.press("職員を呼ぶ")
    assert "職員をお呼びしました" in machine.page.text
    machine.open("/kiosk/aoba")
    machine.press("職員を呼ぶ")
    with world.app.app_context(), reading() as session:
        assert [(row.kind, row.source) for row in session.scalars(select(AlarmRow))] == [("help", "発券機A")]


def test_only_a_paired_kiosk_has_its_screens_read_out_and_says_when_nobody_can(world: World) -> None:
    stranger = world.app.test_client().get("/kiosk/aoba/said?text=ようけん")
    assert stranger.status_code == 401
    machine = paired(world)
    machine.open("/kiosk/aoba?say=1")
    assert 'data-served="no"' in machine.answer.text and "<rt>ようけん</rt>" in machine.answer.text
    machine.open("/kiosk/aoba/pulse?wrong=guide_silent")
    with world.app.app_context(), reading() as session:
        assert session.scalars(select(AccessToken)).one().status["alarms"] == ["guide_silent"]
    machine.open("/kiosk/aoba/pulse?wrong=anything")
    with world.app.app_context(), reading() as session:
        assert session.scalars(select(AccessToken)).one().status["alarms"] == []


def test_paused_service_keeps_its_tile_with_the_reason_and_no_button(world: World) -> None:
    machine = paired(world)
    with world.app.app_context():
        writing(lambda session: _pause(session, "moving"))
    page = machine.open("/kiosk/aoba")
    assert "住民異動" in page.text
    assert "受付休止中" in page.text
    assert not [button for button in page.buttons if "住民異動" in button.label]


def test_service_paused_between_look_and_press_gives_the_reason_and_no_number(world: World) -> None:
    machine = paired(world)
    with world.app.app_context():
        writing(lambda session: _pause(session, "moving"))
    machine.press("住民異動")
    assert "ただいま大変混み合っているため、この用件の番号札を止めています。" in machine.page.text
    assert tickets(world) == []


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (datetime(2026, 12, 1, 8, 0, tzinfo=TOKYO), "受付は8:30からです。"),
        (datetime(2026, 12, 1, 18, 0, tzinfo=TOKYO), "本日の受付は終了しました。次の受付は12月2日（水）8:30からです。"),
        (datetime(2026, 12, 4, 18, 0, tzinfo=TOKYO), "次の受付は12月7日（月）8:30からです。"),
    ],
)
def test_closed_kiosk_says_when_it_opens(world: World, at: datetime, words: str) -> None:
    machine = paired(world)
    world.clock.now = at
    page = machine.open("/kiosk/aoba")
    assert words in page.text
    assert not [button for button in page.buttons if "証明書" in button.label]


def test_many_services_stand_in_groups_of_at_most_six_tiles(app: Flask, clock: Clock) -> None:
    with app.app_context():
        demo.load_if_empty(app.extensions[KEY].ports)
    machine = PlainBrowser(app.test_client())
    machine.open("/kiosk/aoba")
    groups = [words for words in machine.press("お試し").links if "›" in words]
    assert 2 <= len(groups) <= 6
    machine.follow(groups[0])
    assert 1 <= len([button for button in machine.page.buttons if "service" in button.fields]) <= 6


def test_kiosk_of_another_office_does_not_show_the_ticket(world: World) -> None:
    world.open_office(OFFICE.replace("code: aoba", "code: midori"))
    machine = paired(world)
    machine.press("住民異動")
    path = machine.path.replace("aoba", "midori")
    other = PlainBrowser(world.app.test_client())
    other.open("/kiosk/pair")
    other.press("登録", code=code_for(world, office="midori"))
    other.open(path)
    assert other.answer.status_code == 404


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


def test_unsure_paper_is_asked_about_and_printed_again_marked_with_the_same_number(
    world: World, printer: RecordingPrinter, print_room: PrintRoom
) -> None:
    printer.ends = [PrintEnd.UNSURE]
    machine = paired(world, printer=PRINTER)
    machine.press("住民異動")
    print_now(world, print_room)
    machine.open(machine.path)
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
    printer.ends = [PrintEnd.UNSURE]
    machine = paired(world, printer=PRINTER)
    machine.press("住民異動")
    print_now(world, print_room)
    machine.open(machine.path)
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
        print_room._give_up_overdue()
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


def test_pulse_tells_staff_that_the_kiosk_is_alive(world: World) -> None:
    machine = paired(world)
    machine.client.get("/kiosk/aoba/pulse")
    with world.app.app_context(), reading() as session:
        assert session.scalars(select(AccessToken).where(AccessToken.name == "発券機A")).one().seen_at is not None


def _pause(session: Any, service: str) -> None:
    session.get_one(ServiceRow, (1, service)).paused = True
    setup_changed(session, 1)
