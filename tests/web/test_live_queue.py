"""A day at the counters through the public interface, on both databases."""

from __future__ import annotations

from tests.world import World


def test_a_walk_in_is_called_served_and_done(world: World) -> None:
    ticket = world.issue("moving")
    assert (ticket["number"], ticket["state"], ticket["position"], ticket["ahead"]) == ("B001", "waiting", 1, 0)
    world.open("1")
    called = world.call("1").get_json()
    assert called["ticket"]["number"] == "B001"
    assert called["ticket"]["state"] == "called"
    assert called["reason"] == "in_order"
    assert world.board()["calls"][0]["number"] == "B001"
    assert world.act(called["ticket"], "start").get_json()["state"] == "serving"
    assert world.act(called["ticket"], "finish").get_json()["state"] == "done"
    assert world.board()["calls"] == []


def test_one_number_carries_a_visit_through_reception_back_office_and_handover(world: World) -> None:
    ticket = world.issue("certificate")
    world.open("1", "9")
    called = world.call("1").get_json()["ticket"]
    world.act(called, "start")
    assert world.act(called, "finish").get_json()["state"] == "waiting"
    assert world.act(called, "take_up", counter="9").get_json()["state"] == "serving"
    assert world.act(called, "finish").get_json()["state"] == "waiting"
    assert world.board()["ready"] == [ticket["number"]]
    again = world.call("1").get_json()
    assert again["ticket"]["number"] == ticket["number"]
    assert world.board()["calls"][0]["kind"] == "handover"
    world.act(called, "start")
    assert world.act(called, "finish").get_json()["state"] == "done"


def test_two_presses_call_two_people(world: World) -> None:
    first, second = world.issue("moving"), world.issue("moving")
    world.open("1", "2")
    assert world.call("1").get_json()["ticket"]["number"] == first["number"]
    assert world.call("2").get_json()["ticket"]["number"] == second["number"]


def test_nobody_waiting_is_204(world: World) -> None:
    world.open("1")
    assert world.call("1").status_code == 204


def test_a_closed_counter_calls_nobody(world: World) -> None:
    world.issue("moving")
    refused = world.call("1")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "counter_closed")


def test_a_busy_counter_calls_nobody_unless_it_finishes_first(world: World) -> None:
    first, second = world.issue("moving"), world.issue("moving")
    world.open("1")
    world.call("1")
    assert world.call("1").get_json()["code"] == "counter_busy"
    assert world.call("1", finish=True).get_json()["ticket"]["number"] == second["number"]
    assert world.state(first) == "done"


def test_undo_within_ten_seconds_puts_the_person_back_and_withdraws_the_call(world: World) -> None:
    ticket = world.issue("moving")
    world.open("1")
    called = world.call("1").get_json()["ticket"]
    world.clock.pass_(seconds=9)
    undone = world.act(called, "undo").get_json()
    assert (undone["state"], undone["position"], undone["issued_at"]) == ("waiting", 1, ticket["issued_at"])
    assert world.board()["calls"] == []


def test_undo_after_ten_seconds_is_too_late(world: World) -> None:
    world.issue("moving")
    world.open("1")
    called = world.call("1").get_json()["ticket"]
    world.clock.pass_(seconds=11)
    assert world.act(called, "undo").get_json()["code"] == "too_late"


def test_the_absent_person_who_returns_is_next(world: World) -> None:
    absent, other = world.issue("moving"), world.issue("moving")
    world.open("1")
    called = world.call("1").get_json()["ticket"]
    assert world.act(called, "miss").get_json()["state"] == "missed"
    assert world.board()["missed"] == [absent["number"]]
    world.clock.pass_(minutes=5)
    assert world.act(called, "requeue").get_json()["position"] == 1
    again = world.call("1").get_json()
    assert (again["ticket"]["number"], again["reason"]) == (absent["number"], "returned")
    assert world.state(other) == "waiting"


def test_forwarding_keeps_the_number_and_the_arrival(world: World) -> None:
    ticket = world.issue("moving")
    world.clock.pass_(minutes=3)
    later = world.issue("insurance")
    world.open("1", "3")
    called = world.call("1").get_json()["ticket"]
    world.act(called, "start")
    moved = world.act(called, "forward", service="insurance").get_json()
    assert (moved["state"], moved["number"], moved["issued_at"]) == ("waiting", ticket["number"], ticket["issued_at"])
    assert world.call("3").get_json()["ticket"]["number"] == ticket["number"]
    assert world.state(later) == "waiting"


def test_a_taken_number_names_its_counter(world: World) -> None:
    ticket = world.issue("moving")
    world.open("1", "2")
    world.call("1")
    refused = world.call("2", number=ticket["number"])
    assert (refused.status_code, refused.get_json()["code"], refused.get_json()["counter"]) == (409, "taken", "1")


def test_the_same_key_gives_the_same_number_and_no_second_slip(world: World) -> None:
    answers = [world.kiosk.post("/offices/aoba/tickets", {"service": "moving"}, Idempotency_Key="k1") for _ in range(3)]
    assert {answer.get_data() for answer in answers} == {answers[0].get_data()}
    assert world.issue("moving")["number"] == "B002"


def test_the_same_key_with_another_body_is_refused(world: World) -> None:
    world.kiosk.post("/offices/aoba/tickets", {"service": "moving"}, Idempotency_Key="k1")
    refused = world.kiosk.post("/offices/aoba/tickets", {"service": "insurance"}, Idempotency_Key="k1")
    assert (refused.status_code, refused.get_json()["code"]) == (422, "idempotency_key_reused")


def test_a_number_band_counts_from_its_own_hundred(world: World) -> None:
    assert [world.issue("insurance")["number"] for _ in range(2)] == ["201", "202"]


def test_numbers_begin_anew_each_day(world: World) -> None:
    world.issue("moving")
    world.clock.pass_(days=1)
    assert world.issue("moving")["number"] == "B001"


def test_closed_office_gives_no_numbers_and_says_when_it_opens(world: World) -> None:
    world.clock.pass_(hours=10)
    refused = world.kiosk.post("/offices/aoba/tickets", {"service": "moving"})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "office_closed")
    assert refused.get_json()["opens_at"].startswith("2026-12-01T23:30")
