"""One press from the floor: a counter takes on a service, closing is put off, all numbers are stopped, a colleague steps in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from queue_app.domain.access import Role
from queue_app.services import office_export
from queue_app.store.database import reading
from tests.web.staff_browser import Browser, staff
from tests.world import OFFICE, World


@pytest.fixture
def manager(world: World) -> Browser:
    browser = staff(world, Role.MANAGER)
    browser.open("/staff/floor")
    return browser


def floor(world: World) -> Any:
    return world.manager.get("/offices/aoba/floor").get_json()


def exported(world: World) -> str:
    with world.app.app_context(), reading() as session:
        return office_export.export_office(session, "aoba")


def test_a_counter_takes_on_a_service_until_it_closes_and_the_set_up_stays(world: World, manager: Browser) -> None:
    world.open("3")
    number = world.issue("moving")["number"]
    before = exported(world)
    page = manager.open("/staff/floor")
    assert "住民異動：窓口がありません" in page
    assert "3番窓口を足す" in page
    manager.press("/staff/floor/help", service="moving", counter="3")
    assert [queue["counters_open"] for queue in floor(world)["queues"] if queue["service"] == "moving"] == [1]
    called = world.clerk.post("/offices/aoba/counters/3/calls").get_json()["ticket"]
    assert called["number"] == number
    assert exported(world) == before
    for action in ("start", "finish"):
        world.clerk.post(f"/tickets/{called['id']}/{action}")
    world.clerk.post("/offices/aoba/counters/3/close")
    world.open("3")
    world.issue("moving")
    assert world.clerk.post("/offices/aoba/counters/3/calls").status_code == 204


def test_help_is_ended_by_one_press_and_a_closed_counter_takes_nothing_on(world: World, manager: Browser) -> None:
    world.open("3")
    manager.open("/staff/floor")
    manager.press("/staff/floor/help", service="moving", counter="3")
    manager.press("/staff/floor/help/end", service="moving", counter="3")
    counters = {each["counter"]: each for each in floor(world)["counters"]}
    assert counters["3"]["services"] == ["insurance"]
    page = manager.press("/staff/floor/help", service="insurance", counter="1")
    assert "その窓口は閉まっています。何も変えていません。" in page


def test_saving_a_counter_does_not_make_its_help_lasting(world: World, manager: Browser) -> None:
    world.open("3")
    manager.open("/staff/floor")
    manager.press("/staff/floor/help", service="moving", counter="3")
    admin = staff(world, Role.ADMIN)
    page = admin.open("/admin/counters/3")
    assert 'value="insurance" checked' in page
    assert 'value="moving" checked' not in page


def test_closing_is_put_off_for_today_and_taken_back(world: World, manager: Browser) -> None:
    before = exported(world)
    assert "本日は17:15まで" in manager.page
    manager.press("/staff/floor/closing", minutes="30")
    assert "本日は17:45まで" in manager.page
    world.clock.now += timedelta(hours=9)  # 17:30
    assert world.kiosk.post("/offices/aoba/tickets", {"service": "moving"}).status_code == 201
    world.clock.now -= timedelta(hours=9)
    manager.press("/staff/floor/closing", minutes="15")
    assert "本日は18:00まで" in manager.page
    manager.press("/staff/floor/closing", minutes="0")
    assert "本日は17:15まで" in manager.page
    assert exported(world) == before


def test_closing_put_off_today_is_as_always_tomorrow(world: World, manager: Browser) -> None:
    manager.press("/staff/floor/closing", minutes="60")
    world.clock.now += timedelta(days=1)
    again = staff(world, Role.MANAGER, "tomorrow")
    assert "本日は17:15まで" in again.open("/staff/floor")


def test_an_office_that_never_closes_has_nothing_to_put_off(world: World, manager: Browser) -> None:
    world.open_office(OFFICE.split("hours:")[0] + "hours: always\n" + OFFICE.split('"12-29..01-03"]}\n')[1])
    manager.open("/staff/floor")
    assert "/staff/floor/closing" not in manager.actions()


def test_all_numbers_are_stopped_and_given_again(world: World, manager: Browser) -> None:
    manager.press("/staff/floor/all/pause")
    refused = world.kiosk.post("/offices/aoba/tickets", {"service": "moving"})
    assert refused.get_json()["code"] == "service_paused"
    manager.press("/staff/floor/all/resume")
    assert world.kiosk.post("/offices/aoba/tickets", {"service": "moving"}).status_code == 201


def test_leaving_asks_who_takes_over_and_the_colleague_calls_them(world: World, clerk: Browser) -> None:
    number = world.issue("moving")["number"]
    world.open("3")
    clerk.open("/staff/counters/1")
    page = clerk.press("/staff/counters/1/pause")
    assert "どの窓口が引き継ぎますか" in page
    page = clerk.press("/staff/counters/1/pause", to="3", sure="")
    assert "3番窓口が、お待ちの方と予約の方を引き継ぎます。" in page
    assert world.clerk.get("/offices/aoba/desk?counter=1").get_json()["state"] == "paused"
    assert world.clerk.post("/offices/aoba/counters/3/calls").get_json()["ticket"]["number"] == number


def test_a_person_meant_for_one_counter_goes_along_to_whoever_takes_over(world: World, clerk: Browser) -> None:
    world.open("2", "3")
    called = world.issue("insurance")["number"]
    world.clerk.post("/offices/aoba/counters/3/calls")
    in_hand = world.clerk.get("/offices/aoba/desk?counter=3").get_json()["current"]
    world.clerk.post(f"/tickets/{in_hand['id']}/start")
    world.clerk.post(f"/tickets/{in_hand['id']}/forward", {"counter": "1"})
    clerk.open("/staff/counters/1")
    clerk.press("/staff/counters/1/close")
    clerk.press("/staff/counters/1/close", to="2", sure="")
    assert world.clerk.post("/offices/aoba/counters/2/calls").get_json()["ticket"]["number"] == called


def test_wait_marks_follow_the_target_of_the_service(world: World, clerk: Browser) -> None:
    text = OFFICE.replace("code: moving, series: B,", "code: moving, series: B, wait_target: 5,")
    world.open_office(text)
    world.issue("moving")
    world.clock.pass_(minutes=5)
    assert "5分超" in clerk.open("/staff/counters/1")
    world.clock.pass_(minutes=5)
    assert "10分超" in clerk.open("/staff/counters/1")


def test_help_leaves_no_sentence_on_the_counters_own_screen(world: World, clerk: Browser) -> None:
    page = clerk.press("/staff/counters/1/help")
    assert 'class="said"' not in page
    assert "応援" in staff(world, Role.MANAGER).open("/staff/floor")
    assert "help" not in world.as_(None).get("/offices/aoba/board").get_data(as_text=True)
