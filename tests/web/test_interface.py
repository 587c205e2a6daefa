"""What other programs rely on, sentence by sentence, where another vendor's program once found it otherwise."""

from __future__ import annotations

import json
from threading import Thread
from typing import Any

import pytest
from flask.testing import FlaskClient

from queue_app.domain.access import Role
from tests.web.test_sockets import Screen
from tests.world import World

PLACES = ("/offices/aoba", "/offices/aoba/board")


@pytest.mark.parametrize("path", PLACES)
def test_a_read_that_shows_nothing_new_answers_not_modified(world: World, path: str) -> None:
    first = world.clerk.get(path)
    world.clock.pass_(seconds=30)
    again = world.clerk.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_ticket_keeps_its_tag_until_something_about_it_changes(world: World) -> None:
    ticket = world.issue("moving")
    first = world.kiosk.get(f"/tickets/{ticket['token']}")
    world.clock.pass_(seconds=5)
    again = world.kiosk.get(f"/tickets/{ticket['token']}")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert world.act(ticket, "cancel").status_code == 200
    assert world.kiosk.get(f"/tickets/{ticket['token']}").headers["ETag"] != first.headers["ETag"]


def test_what_depends_on_the_language_says_so_to_caches(world: World) -> None:
    assert "Accept-Language" in world.clerk.get("/offices/aoba").headers["Vary"]


def test_an_open_office_names_no_next_opening(world: World) -> None:
    assert world.clerk.get("/offices/aoba").get_json()["opens_at"] is None
    world.clock.pass_(hours=12)
    assert world.clerk.get("/offices/aoba").get_json()["opens_at"].startswith("2026-12-0")


def test_a_token_made_with_a_counter_sees_no_other_desk(world: World) -> None:
    bound = world.as_(Role.CLERK, counter="1")
    assert bound.get("/offices/aoba/desk?counter=1").status_code == 200
    refused = bound.get("/offices/aoba/desk?counter=2")
    assert (refused.status_code, refused.get_json()["code"]) == (403, "wrong_counter")


def test_nor_does_it_watch_one(world: World) -> None:
    screen = Screen(world, world.token(Role.CLERK, counter="1"))
    assert screen.watch(room="desk", office="aoba", counter="1")["ok"]
    assert screen.watch(room="desk", office="aoba", counter="2") == {"ok": False, "code": "wrong_counter"}


def test_a_display_watches_no_ticket_as_it_reads_none(world: World) -> None:
    token = world.issue("moving")["token"]
    display = world.token(Role.DISPLAY)
    assert Screen(world, display).watch(room="ticket", token=token) == {"ok": False, "code": "forbidden"}
    assert Screen(world).watch(room="ticket", token=token)["ok"]


@pytest.mark.parametrize("state", ["waiting", "called", "serving", "held", "missed", "cancelled", "done"])
@pytest.mark.parametrize("body", [{}, {"counter": "9"}])
def test_taking_up_somebody_who_is_not_back_office_work_is_not_allowed_before_a_counter_is_asked_for(
    world: World, state: str, body: dict[str, Any]
) -> None:
    ticket = ticket_in(world, state)
    answer = world.act(ticket, "take_up", **body)
    said = answer.get_json()
    assert (answer.status_code, said["code"], said["state"], said["action"]) == (409, "not_allowed", state, "take_up")


def test_back_office_work_asks_for_the_counter_that_takes_it_up(world: World) -> None:
    ticket = ticket_in(world, "serving", "certificate")
    world.act(ticket, "finish")
    answer = world.act(ticket, "take_up")
    assert [error["field"] for error in answer.get_json()["errors"]] == ["counter"]


@pytest.mark.parametrize("number", ["", [], {}, True, 1.5, -1, "x" * 30])
def test_a_number_that_is_none_is_refused_by_its_own_name(world: World, number: object) -> None:
    world.open("1")
    answer = world.call("1", number=number)
    assert (answer.status_code, [error["field"] for error in answer.get_json()["errors"]]) == (422, ["number"])


@pytest.mark.parametrize("wish", [{"room": ["board"]}, {"room": "board", "office": "\ud800"}, None, [], "x", 5])
def test_a_wish_that_names_nothing_is_answered_no(world: World, wish: object) -> None:
    answer = Screen(world).client.emit("watch", wish, callback=True)
    assert answer["ok"] is False


def test_more_arguments_than_one_do_not_break_a_watch(world: World) -> None:
    answer = Screen(world).client.emit("watch", {"room": "board", "office": "aoba"}, "more", callback=True)
    assert answer["ok"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the set-up that lets clients poll
@pytest.mark.parametrize("packets", [b"9", b"2" * 30_000])
def test_a_broken_packet_is_answered_though_nobody_fetches_the_goodbye(world: World, packets: bytes) -> None:
    client = world.app.test_client()
    session = opened_polling(client)
    answers: list[int] = []

    def send() -> None:
        answers.append(client.post(f"/socket.io/?EIO=4&transport=polling&sid={session}", data=packets).status_code)

    sender = Thread(target=send, daemon=True)
    sender.start()
    sender.join(timeout=20)
    assert answers == [400]


def opened_polling(client: FlaskClient) -> str:
    """The session of a connected client that polls."""
    session: str = json.loads(client.get("/socket.io/?EIO=4&transport=polling").data[1:])["sid"]
    client.post(f"/socket.io/?EIO=4&transport=polling&sid={session}", data=b"40")
    client.get(f"/socket.io/?EIO=4&transport=polling&sid={session}")
    return session


STEPS = {
    "waiting": (),
    "called": ("call",),
    "serving": ("call", "start"),
    "held": ("call", "start", "hold"),
    "missed": ("call", "miss"),
    "cancelled": ("cancel",),
    "done": ("call", "start", "finish"),
}


def ticket_in(world: World, state: str, service: str = "moving") -> dict[str, Any]:
    """A ticket brought to a state by the deeds that lead there."""
    ticket = world.issue(service)
    world.open("1")
    for step in STEPS[state]:
        answer = world.call("1") if step == "call" else world.act(ticket, step)
        assert answer.status_code in (200, 201), answer.text
    return ticket
