"""The kiosk over plain HTTP: pairing, one ticket a choice, what is closed says why, papers that stay honest."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from queue_app.domain.access import Role
from queue_app.services import bearers, demo, pairing
from queue_app.services.offices import setup_changed
from queue_app.store.access_tables import AccessToken
from queue_app.store.database import reading, writing
from queue_app.store.office_tables import AlarmRow, OfficeRow, ServiceRow
from queue_app.store.queue_tables import Ticket
from queue_app.web.context import KEY
from tests.web.plain_browser import PlainBrowser
from tests.world import OFFICE, Clock, World

TOKYO = ZoneInfo("Asia/Tokyo")


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
    first_of_another = paired(world).press("証明書")
    assert "次にお呼びします" not in first_of_another.text, "the counter calls B001 first"


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
        (datetime(2026, 12, 5, 10, 0, tzinfo=TOKYO), "本日は休みです。次の受付は12月7日（月）8:30からです。"),
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


def test_pulse_tells_staff_that_the_kiosk_is_alive(world: World) -> None:
    machine = paired(world)
    machine.client.get("/kiosk/aoba/pulse")
    with world.app.app_context(), reading() as session:
        assert session.scalars(select(AccessToken).where(AccessToken.name == "発券機A")).one().seen_at is not None


def _pause(session: Any, service: str) -> None:
    session.get_one(ServiceRow, (1, service)).paused = True
    setup_changed(session, 1)
