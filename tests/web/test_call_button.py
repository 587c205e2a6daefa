"""A button at one counter: it calls there, calls again, and may nothing else."""

from __future__ import annotations

from queue_app.domain.access import Role
from tests.world import World


def test_a_button_calls_finishes_and_calls_the_next(world: World) -> None:
    first, second = world.issue("moving")["number"], world.issue("moving")["number"]
    world.open("1")
    button = world.as_(Role.BUTTON, counter="1")
    assert button.post("/devices/button", {"press": "next"}).get_json() == {
        "counter": "1",
        "number": first,
        "state": "called",
    }
    in_hand = world.clerk.get("/offices/aoba/desk?counter=1").get_json()["current"]
    world.clerk.post(f"/tickets/{in_hand['id']}/start")
    assert button.post("/devices/button", {"press": "next"}).get_json()["number"] == second
    assert world.clerk.get(f"/tickets/{in_hand['id']}").get_json()["state"] == "done"


def test_a_button_pressed_too_soon_leaves_the_called_person_where_they_are(world: World) -> None:
    first = world.issue("moving")["number"]
    second = world.issue("moving")["number"]
    world.open("1")
    button = world.as_(Role.BUTTON, counter="1")
    button.post("/devices/button", {"press": "next"})
    world.clock.pass_(seconds=119)
    refused = button.post("/devices/button", {"press": "next"})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "counter_busy")
    assert world.clerk.get("/offices/aoba/desk?counter=1").get_json()["current"]["number"] == first
    world.clock.pass_(seconds=1)
    assert button.post("/devices/button", {"press": "next"}).get_json()["number"] == second


def test_a_button_sounds_the_same_call_again(world: World) -> None:
    number = world.issue("moving")["number"]
    world.open("1")
    button = world.as_(Role.BUTTON, counter="1")
    assert button.post("/devices/button", {"press": "recall"}).status_code == 204
    button.post("/devices/button", {"press": "next"})
    assert button.post("/devices/button", {"press": "recall"}).get_json()["number"] == number
    assert world.clerk.get("/offices/aoba/desk?counter=1").get_json()["current"]["recalls"] == 1


def test_a_button_says_when_nobody_waits_and_when_its_counter_is_closed(world: World) -> None:
    button = world.as_(Role.BUTTON, counter="1")
    closed = button.post("/devices/button", {"press": "next"})
    assert (closed.status_code, closed.get_json()["code"]) == (409, "counter_closed")
    world.open("1")
    assert button.post("/devices/button", {"press": "next"}).status_code == 204


def test_a_button_that_is_pressed_twice_at_once_calls_once(world: World) -> None:
    world.issue("moving")
    world.issue("moving")
    world.open("1")
    button = world.as_(Role.BUTTON, counter="1")
    answers = [button.post("/devices/button", {"press": "next"}, Idempotency_Key="one-press") for _ in range(2)]
    assert answers[0].get_json() == answers[1].get_json()
    assert world.clerk.get("/offices/aoba/desk?counter=1").get_json()["waiting_count"] == 1


def test_a_button_without_a_counter_calls_nobody_and_a_button_reads_no_desk(world: World) -> None:
    world.issue("moving")
    world.open("1")
    assert world.as_(Role.BUTTON).post("/devices/button", {"press": "next"}).status_code == 404
    button = world.as_(Role.BUTTON, counter="1")
    assert button.get("/offices/aoba/desk?counter=1").status_code == 403
    assert button.post("/offices/aoba/counters/1/calls").status_code == 403
    assert button.post("/offices/aoba/counters/1/open").status_code == 403
