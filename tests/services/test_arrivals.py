"""The day of the visit: a booking becomes one number with all its counters on it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from queue_app.domain.access import Identity, Right, Role
from queue_app.domain.errors import Conflict
from queue_app.services import itineraries
from queue_app.services.deed import Deed, run
from queue_app.services.visits import ticket_of_office
from queue_app.web.context import KEY
from tests.bookings import BOOKABLE, at, reserve, slot
from tests.world import World

TODAY = "2026-12-01"
MORE_SERVICES = """  - {code: child_benefits, series: H, label: {ja: 子ども, en: Children}, minutes: 10}
  - {code: school, series: N, label: {ja: 学校, en: School}, minutes: 10}
counters:
  - {code: "4", label: {ja: 4番窓口, en: Window 4}, services: [child_benefits], stages: [reception]}
  - {code: "5", label: {ja: 5番窓口, en: Window 5}, services: [school], stages: [reception]}
"""
HALL = BOOKABLE.replace("insurance", "health_insurance").replace("counters:\n", MORE_SERVICES, 1)
FAMILY = {"move_type": "in_domestic", "num_people": 2, "nhi_members": 1, "children_preschool": 1}

pytestmark = pytest.mark.office(BOOKABLE)


def come(world: World, made: dict[str, Any], caller: Any = None) -> Any:
    return (caller or world.kiosk).post("/offices/aoba/check-ins", {"token": made["token"]})


def today(world: World, clock: str = "10:00", **facts: Any) -> dict[str, Any]:
    """A booking for today, and the clock at its time."""
    made = reserve(world, slot(clock, day=TODAY), **facts)
    world.clock.now = at(clock, TODAY)
    return made


def test_a_booking_becomes_a_number_with_its_appointment(world: World) -> None:
    made = today(world)
    answer = come(world, made)
    assert answer.status_code == 201, answer.text
    ticket = answer.get_json()
    assert (ticket["number"], ticket["state"], ticket["late"]) == ("B001", "waiting", False)
    assert ticket["appointed_at"].startswith("2026-12-01T01:00")
    shown = world.as_(None).get(f"/reservations/{made['token']}").get_json()
    assert shown["status"] == "arrived"


def test_the_kiosk_takes_code_token_or_the_whole_link(world: World) -> None:
    makes = [reserve(world, slot(day=TODAY)), today(world)]
    by_code = world.kiosk.post("/offices/aoba/check-ins", {"code": f"{makes[0]['code'][:4]}-{makes[0]['code'][4:]}"})
    by_link = world.clerk.post("/offices/aoba/check-ins", {"token": makes[1]["status_url"]})
    assert (by_code.status_code, by_link.status_code) == (201, 201)
    assert by_link.get_json()["id"]


def test_too_early_says_from_when(world: World) -> None:
    made = today(world)
    world.clock.now = at("09:49", TODAY)
    refused = come(world, made)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "too_early")
    assert refused.get_json()["opens_at"].startswith("2026-12-01T09:50:00.000+09:00")
    assert "12/1 9:50" in refused.get_json()["detail"]
    world.clock.now = at("09:50", TODAY)
    assert come(world, made).status_code == 201


def test_twice_is_already_checked_in_and_one_number(world: World) -> None:
    made = today(world)
    come(world, made)
    again = come(world, made)
    assert (again.status_code, again.get_json()["code"]) == (409, "already_checked_in")
    assert world.issue("moving")["number"] == "B002"


def test_a_cancelled_booking_gets_no_number(world: World) -> None:
    made = today(world)
    world.as_(None).post(f"/reservations/{made['token']}/cancel")
    refused = come(world, made)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "cancelled")


def test_after_the_arrival_the_booking_is_neither_moved_nor_cancelled(world: World) -> None:
    made = today(world)
    come(world, made)
    resident = world.as_(None)
    assert resident.post(f"/reservations/{made['token']}/cancel").get_json()["code"] == "not_allowed"
    moved = resident.post(f"/reservations/{made['token']}/reschedule", {"slot": slot("11:00", day=TODAY)})
    assert moved.get_json()["code"] == "not_allowed"


def test_late_reservation_keeps_its_number_but_not_its_head_start(world: World) -> None:
    late = today(world)
    world.clock.now = at("09:50", TODAY)
    walk_in = world.issue("moving")
    world.clock.now = at("10:30", TODAY)
    ticket = come(world, late).get_json()
    assert (ticket["late"], ticket["number"]) == (True, "B002")
    world.open("1", "2")
    order = [world.call(counter).get_json()["ticket"]["number"] for counter in ("1", "2")]
    assert order == [walk_in["number"], ticket["number"]]


def test_who_books_and_is_on_time_goes_before_people_who_came_a_little_earlier(world: World) -> None:
    made = today(world)
    world.clock.now = at("09:45", TODAY)
    world.issue("moving")
    world.clock.now = at("09:55", TODAY)
    ticket = come(world, made).get_json()
    world.open("1")
    assert world.call("1").get_json()["ticket"]["number"] == ticket["number"]


def test_on_the_phone_only_the_token_and_only_in_the_window(world: World) -> None:
    made, other = reserve(world, slot(day=TODAY)), today(world)
    resident = world.as_(None)
    by_code = resident.post("/offices/aoba/check-ins", {"code": made["code"]})
    assert by_code.status_code == 401
    world.clock.now = at("10:11", TODAY)
    refused = come(world, made, resident)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "arrival_window_over")
    world.clock.now = at("10:10", TODAY)
    assert come(world, other, resident).status_code == 201
    assert "needs" not in come(world, made, resident).get_json()


def test_the_next_day_is_over(world: World) -> None:
    made = today(world)
    world.clock.pass_(days=1)
    refused = come(world, made)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "booking_over")


def test_neither_display_nor_another_office_checks_in(world: World) -> None:
    world.open_office(BOOKABLE.replace("code: aoba", "code: midori"))
    made = today(world)
    assert come(world, made, world.as_(Role.DISPLAY)).get_json()["code"] == "forbidden"
    assert come(world, made, world.as_(Role.ADMIN)).get_json()["code"] == "forbidden"
    stranger = world.as_(Role.KIOSK, office="midori")
    assert come(world, made, stranger).get_json()["code"] == "other_office"
    assert stranger.post("/offices/midori/check-ins", {"token": made["token"]}).status_code == 404


def test_an_unknown_code_and_a_foreign_token_look_the_same(world: World) -> None:
    bodies = [{"code": "10000000"}, {"code": "hello"}, {"token": "x" * 24}, {"token": world.issue("moving")["token"]}]
    answers = {world.kiosk.post("/offices/aoba/check-ins", sent).get_data() for sent in bodies}
    assert len(answers) == 1


def test_one_number_goes_through_all_counters_in_the_legal_order(world: World) -> None:
    world.open_office(HALL)
    made = today(world, answers=FAMILY, moved_on=TODAY)
    ticket = come(world, made).get_json()
    assert [stage["service"] for stage in ticket["stages"]] == ["moving", "health_insurance", "child_benefits"]
    assert [stage["ready"] for stage in ticket["stages"]] == [True, False, False]
    world.open("1", "3", "4")
    called = world.call("1").get_json()["ticket"]
    world.act(called, "start")
    after = world.act(called, "finish").get_json()
    assert [stage["state"] for stage in after["stages"]] == ["done", "waiting", "waiting"]
    assert after["number"] == ticket["number"]


def test_nobody_is_called_to_two_counters_at_once(world: World) -> None:
    world.open_office(HALL)
    answers = {"move_type": "in_domestic", "nhi_members": 1, "children_elem_jhs": 1, "public_school": True}
    ticket = come(world, today(world, answers=answers, moved_on=TODAY)).get_json()
    world.open("1", "3", "5", "4")
    first = world.call("1").get_json()["ticket"]
    world.act(first, "start")
    ready = [stage for stage in world.act(first, "finish").get_json()["stages"] if stage["ready"]]
    assert len([stage for stage in ready if stage["state"] == "waiting"]) >= 2
    assert world.call("3").get_json()["ticket"]["number"] == ticket["number"]
    assert world.call("5").status_code == 204
    desk = world.clerk.get("/offices/aoba/desk?counter=5").get_json()
    assert desk["waiting"] == []
    named = world.call("5", number=ticket["number"])
    assert (named.status_code, named.get_json()["code"], named.get_json()["counter"]) == (409, "taken", "3")
    world.act(first, "start")
    world.act(first, "finish")
    assert world.call("5").get_json()["ticket"]["number"] == ticket["number"]


def test_whoever_comes_late_is_late_for_every_counter_that_waits_for_them(world: World) -> None:
    world.open_office(HALL)
    come(world, today(world, answers=SCHOOL_CHILD, moved_on=TODAY))
    world.open("1", "3", "5")
    ticket = world.call("1").get_json()["ticket"]
    world.act(ticket, "start")
    world.act(ticket, "finish")

    def order_times() -> list[datetime]:
        desks = [world.clerk.get(f"/offices/aoba/desk?counter={code}").get_json() for code in ("3", "5")]
        return [datetime.fromisoformat(desk["waiting"][0]["order_time"]) for desk in desks]

    before = order_times()
    assert world.act(ticket, "postpone").get_json()["postponed"] == 1
    assert [after - time for after, time in zip(order_times(), before, strict=True)] == [timedelta(minutes=10)] * 2
    assert world.act(ticket, "undo").get_json()["postponed"] == 0
    assert order_times() == before
    resident = world.as_(None).post(f"/tickets/{ticket['id']}/postpone")
    assert resident.status_code == 404, "an id is no capability"


def test_staff_take_a_counter_out_and_put_one_in(world: World) -> None:
    world.open_office(HALL)
    ticket = come(world, today(world, answers=FAMILY, moved_on=TODAY)).get_json()
    skipped = world.act(ticket, "skip", service="health_insurance", reason="company insurance").get_json()
    assert [stage["service"] for stage in skipped["stages"]] == ["moving", "child_benefits"]
    added = world.act(ticket, "add", service="school").get_json()
    assert [stage["service"] for stage in added["stages"]] == ["moving", "child_benefits", "school"]
    assert added["stages"][-1]["ready"] is False
    undone = world.act(ticket, "undo").get_json()
    assert [stage["service"] for stage in undone["stages"]] == ["moving", "child_benefits"]
    again = world.act(ticket, "skip", service="health_insurance")
    assert (again.status_code, again.get_json()["code"]) == (409, "nothing_to_skip")
    twice = world.act(ticket, "add", service="child_benefits")
    assert (twice.status_code, twice.get_json()["code"]) == (409, "already_on_the_way")


def test_what_waited_for_a_counter_goes_on_when_it_is_taken_out(world: World) -> None:
    world.open_office(HALL)
    ticket = come(world, today(world, answers=FAMILY, moved_on=TODAY)).get_json()
    after = world.act(ticket, "skip", service="moving").get_json()
    assert {stage["service"]: stage["ready"] for stage in after["stages"]}["health_insurance"] is True


def test_the_desk_expects_bookings_of_the_next_hour_without_names(world: World) -> None:
    reserve(world, slot("09:00", day=TODAY), name_kana="ミドリ ソラ", people=2)
    reserve(world, slot("10:00", day=TODAY))
    desk = world.clerk.get("/offices/aoba/desk?counter=1")
    assert [(each["service"], each["people"]) for each in desk.get_json()["bookings"]] == [("moving", 2)]
    assert "ミドリ" not in desk.text
    assert world.clerk.get("/offices/aoba/desk?counter=3").get_json()["bookings"] == []


def test_the_name_goes_to_the_counter_that_has_the_person_in_hand(world: World) -> None:
    ticket = come(world, today(world, name_kana="ミドリ ソラ")).get_json()
    world.open("1", "2")
    assert "ミドリ" not in world.clerk.get("/offices/aoba/desk?counter=1").text
    assert "ミドリ" not in world.call("1").text
    assert (
        world.clerk.get("/offices/aoba/desk?counter=1").get_json()["current"]["reservation"]["name_kana"]
        == "ミドリ ソラ"
    )
    for path in ("/offices/aoba/desk?counter=2", f"/tickets/{ticket['token']}", "/offices/aoba/board"):
        assert "ミドリ" not in world.clerk.get(path).text


SCHOOL_CHILD = {"move_type": "in_domestic", "nhi_members": 1, "children_elem_jhs": 1, "public_school": True}


def test_a_counter_brought_forward_is_next_and_the_others_wait_for_it(world: World) -> None:
    world.open_office(HALL)
    ticket = come(world, today(world, answers=SCHOOL_CHILD, moved_on=TODAY)).get_json()
    world.open("1", "3", "5")
    at_hand = world.call("1").get_json()["ticket"]
    world.act(at_hand, "start")
    bring_forward(world, at_hand, "school")
    world.act(at_hand, "finish")
    assert world.call("3").status_code == 204
    assert world.call("5").get_json()["ticket"]["number"] == ticket["number"]
    world.act(at_hand, "start")
    world.act(at_hand, "finish")
    assert world.call("3").get_json()["ticket"]["number"] == ticket["number"]


def test_a_counter_brought_forward_can_be_put_back(world: World) -> None:
    world.open_office(HALL)
    come(world, today(world, answers=SCHOOL_CHILD, moved_on=TODAY))
    world.open("1", "3", "5")
    at_hand = world.call("1").get_json()["ticket"]
    world.act(at_hand, "start")
    bring_forward(world, at_hand, "school")
    assert world.act(at_hand, "undo").status_code == 200
    world.act(at_hand, "finish")
    assert world.call("3").status_code == 201


def test_a_counter_does_not_come_before_what_the_rules_put_first(world: World) -> None:
    world.open_office(HALL)
    ticket = come(world, today(world, answers=FAMILY, moved_on=TODAY)).get_json()
    with pytest.raises(Conflict) as refused:
        bring_forward(world, {"id": world.id_of(ticket)}, "child_benefits")
    assert refused.value.code == "must_come_later"


def bring_forward(world: World, ticket: dict[str, Any], service: str) -> None:
    """Staff bring a counter forward; it has no address of its own in the interface."""

    def act(made: Deed) -> None:
        itineraries.bring_forward(made, ticket_of_office(made, ticket["id"]), service)

    with world.app.app_context():
        run("aoba", Right.SERVE, Identity("user:1", Role.CLERK, 1), world.app.extensions[KEY].ports, act)
