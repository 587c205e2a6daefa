"""Floor and the end of the day without a script, as forms and answers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from queue_app.domain.access import Role
from queue_app.services import day
from queue_app.web.context import KEY
from tests.web.staff_browser import Browser, staff
from tests.world import World

pytestmark = pytest.mark.any_database


def test_help_asked_at_a_counter_stands_on_the_floor_until_somebody_comes(world: World, clerk: Browser) -> None:
    clerk.press("/staff/counters/1/help")
    manager = staff(world, Role.MANAGER)
    manager.open("/staff/floor")
    assert "応援" in manager.page and "呼ばれています" in manager.page
    done = next(action for action in manager.actions() if "/alarms/" in action)
    manager.press(done)
    assert "呼ばれています" not in manager.page


def test_a_paused_service_gives_no_tickets_until_it_goes_on(world: World) -> None:
    manager = staff(world, Role.MANAGER)
    manager.open("/staff/floor")
    manager.press("/staff/floor/services/moving/pause")
    assert world.kiosk.post("/offices/aoba/tickets", {"service": "moving"}).get_json()["code"] == "service_paused"
    manager.press("/staff/floor/services/moving/resume")
    assert world.issue("moving")["state"] == "waiting"


def test_a_notice_hangs_on_the_board_until_it_is_taken_down(world: World) -> None:
    manager = staff(world, Role.MANAGER)
    manager.open("/staff/floor")
    manager.press("/staff/floor/notices", text_ja="エレベーターは点検中です", text_en="", level="warning")
    assert [notice["level"] for notice in world.board()["notices"]] == ["warning"]
    manager.press(next(action for action in manager.actions() if action.endswith("/end") and "notices" in action))
    assert world.board()["notices"] == []


def test_nobody_is_forgotten_at_a_counter_that_closed(world: World, clerk: Browser) -> None:
    held, taken_back, sent = world.issue("moving"), world.issue("moving"), world.issue("moving")
    world.open("2")
    world.call("1", number=sent["number"])
    world.act(sent, "start")
    world.act(sent, "forward", counter="2")
    for ticket, action in ((held, "hold"), (taken_back, "finish")):
        world.call("2", number=ticket["number"])
        world.act(ticket, "start")
        world.act(ticket, action)
    assert held["number"] not in clerk.open("/staff/counters/1"), "who is on hold is the business of their counter"
    world.clerk.post("/offices/aoba/counters/2/close")
    world.act(taken_back, "undo")
    floor = staff(world, Role.MANAGER).open("/staff/floor")
    assert f"窓口が閉まったあとも保留の方： <strong>{held['number']}</strong> 2番窓口" in floor
    assert f"閉まっている窓口だけをお待ちの方： <strong>{sent['number']}</strong> 2番窓口" in floor
    assert f"<strong>{taken_back['number']}</strong>" in floor
    assert f"<strong>{held['number']}</strong> <span>2番窓口</span>" in clerk.open("/staff/counters/1")
    clerk.press(clerk.ticket_action("resume"))
    assert clerk.number_in_hand == held["number"]


def test_closing_the_day_ends_every_visit_and_every_counter(world: World, clerk: Browser) -> None:
    tickets = [world.issue("moving") for _ in range(4)] + [world.issue("certificate")]
    world.open("2", "9")
    waiting, called, serving, held, paper = tickets
    for action in ("start", "hold"):
        world.call("2", number=held["number"]) if action == "start" else None
        world.act(held, action)
    world.call("2", number=serving["number"])
    world.act(serving, "start")
    world.call("1", number=called["number"])
    manager = staff(world, Role.MANAGER)
    manager.open("/staff/floor/close")
    manager.press("/staff/floor/close")
    states = {
        name: world.state(ticket) for name, ticket in zip("wcshp", [waiting, called, serving, held, paper], strict=True)
    }
    assert states == {"w": "cancelled", "c": "cancelled", "s": "done", "h": "cancelled", "p": "cancelled"}
    floor = world.manager.get("/offices/aoba/floor").get_json()
    assert {counter["state"] for counter in floor["counters"]} == {"closed"}
    assert floor["tickets"] == []


def test_back_office_work_behind_a_closed_day_is_over_too(world: World, clerk: Browser) -> None:
    ticket = world.issue("certificate")
    called = world.call("1").get_json()["ticket"]
    world.act(called, "start")
    world.act(called, "finish")
    world.open("9")
    world.act(called, "take_up", counter="9")
    manager = staff(world, Role.MANAGER)
    manager.open("/staff/floor/close")
    manager.press("/staff/floor/close")
    assert world.state(ticket) in ("done", "cancelled")
    assert world.manager.get("/offices/aoba/floor").get_json()["tickets"] == []


def test_a_past_day_closes_itself_once(world: World, clerk: Browser) -> None:
    left = world.issue("moving")
    clerk.press("/staff/counters/1/next", seen="")
    clerk.press(clerk.ticket_action("note"), note="消えるメモ")
    world.clock.now += timedelta(days=1)
    ports = world.app.extensions[KEY].ports
    with world.app.app_context():
        assert day.close_past_days(ports) == 1
        assert day.close_past_days(ports) == 0
    floor = world.manager.get("/offices/aoba/floor").get_json()
    assert (floor["tickets"], {counter["state"] for counter in floor["counters"]}) == ([], {"closed"})
    assert "消えるメモ" not in world.clerk.get(f"/tickets/{left['token']}").text


def test_closing_past_days_leaves_today_alone(world: World, clerk: Browser) -> None:
    ticket = world.issue("moving")
    with world.app.app_context():
        assert day.close_past_days(world.app.extensions[KEY].ports) == 0
    assert world.state(ticket) == "waiting"
