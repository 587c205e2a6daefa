"""Live rooms: who may join, what is sent, when, and that access ends."""

from __future__ import annotations

from typing import Any

import pytest
from flask import request
from flask_socketio.test_client import SocketIOTestClient

from queue_app.domain.access import Role
from queue_app.services import bearers
from queue_app.services.relay import Relay
from queue_app.store.database import writing
from queue_app.web.context import KEY
from tests.world import World


class Screen:
    """A socket client that keeps what it was sent."""

    def __init__(self, world: World, token: str | None = None) -> None:
        io = world.app.extensions[KEY].sockets.io
        self.client: SocketIOTestClient = io.test_client(world.app, auth=None if token is None else {"token": token})

    def watch(self, **wish: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.emit("watch", wish, callback=True)
        return answer

    def got(self, event: str) -> list[dict[str, Any]]:
        return [message["args"][0] for message in self.client.get_received() if message["name"] == event]


def relay(world: World) -> Relay:
    found: Relay = world.app.extensions[KEY].relay
    return found


def look(world: World) -> None:
    with world.app.app_context():
        relay(world).look()


@pytest.fixture
def board(world: World) -> Screen:
    screen = Screen(world)
    assert screen.watch(room="board", office="aoba")["ok"]
    look(world)
    screen.got("board")
    return screen


def test_the_answer_to_a_watch_is_the_whole_board(world: World) -> None:
    world.issue("moving")
    answer = Screen(world).watch(room="board", office="aoba")
    assert answer["ok"]
    assert answer["snapshot"]["office"] == "aoba"
    assert [queue["waiting"] for queue in answer["snapshot"]["queues"]] == [0, 1, 0]


def test_a_call_goes_out_at_once(world: World, board: Screen) -> None:
    world.issue("moving")
    world.open("1")
    world.call("1")
    look(world)
    assert [call["number"] for call in board.got("board")[-1]["calls"]] == ["B001"]


def test_other_changes_are_gathered_to_two_messages_a_second(world: World, board: Screen) -> None:
    for _ in range(5):
        world.issue("moving")
        look(world)
    assert len(board.got("board")) <= 1
    world.clock.pass_(milliseconds=500)
    look(world)
    assert board.got("board")[-1]["queues"][1]["waiting"] == 5


def test_versions_only_grow(world: World, board: Screen) -> None:
    world.open("1")
    for _ in range(3):
        world.issue("moving")
        world.call("1", finish=True)
        look(world)
    versions = [snapshot["version"] for snapshot in board.got("board")]
    assert versions == sorted(set(versions))


def test_nothing_is_sent_for_a_deed_that_was_refused(world: World, board: Screen) -> None:
    world.open("1")
    world.clock.pass_(seconds=1)
    look(world)
    assert board.got("board") != []
    world.clock.pass_(seconds=1)
    assert world.call("1", number="B999").status_code == 404
    look(world)
    assert board.got("board") == []


def test_the_holder_watches_the_own_ticket(world: World) -> None:
    ticket = world.issue("moving")
    phone = Screen(world)
    assert phone.watch(room="ticket", token=ticket["token"])["snapshot"]["number"] == ticket["number"]
    world.open("1")
    world.call("1")
    look(world)
    assert phone.got("ticket")[-1]["state"] == "called"


def test_a_ticket_of_yesterday_opens_nothing(world: World) -> None:
    ticket = world.issue("moving")
    world.clock.pass_(days=1)
    assert Screen(world).watch(room="ticket", token=ticket["token"]) == {"ok": False, "code": "not_found"}


@pytest.mark.parametrize(
    ("role", "room", "code"),
    [
        (None, "desk", "unauthenticated"),
        (None, "floor", "unauthenticated"),
        (Role.DISPLAY, "desk", "forbidden"),
        (Role.KIOSK, "floor", "forbidden"),
        (Role.CLERK, "floor", "forbidden"),
        (Role.ADMIN, "desk", "forbidden"),
        (Role.CLERK, "vault", "unknown_room"),
    ],
)
def test_rooms_are_closed_to_whoever_may_not(world: World, role: Role | None, room: str, code: str) -> None:
    token = None if role is None else world.token(role)
    assert Screen(world, token).watch(room=room, office="aoba", counter="1") == {"ok": False, "code": code}


@pytest.mark.parametrize(("role", "room"), [(Role.CLERK, "desk"), (Role.MANAGER, "floor"), (Role.ADMIN, "floor")])
def test_rooms_are_open_to_whoever_may(world: World, role: Role, room: str) -> None:
    assert Screen(world, world.token(role)).watch(room=room, office="aoba", counter="1")["ok"]


def test_a_wrong_token_does_not_connect(world: World) -> None:
    assert not Screen(world, "not a token").client.is_connected()


def test_a_revoked_token_loses_its_socket(world: World) -> None:
    desk = Screen(world, world.token(Role.CLERK, name="desk 1"))
    desk.watch(room="desk", office="aoba", counter="1")
    with world.app.app_context():
        writing(lambda session: bearers.revoke_token(session, 1, "desk 1", world.clock()))
    world.clock.pass_(seconds=3)
    look(world)
    assert not desk.client.is_connected()


def test_whoever_hangs_up_while_the_wish_is_looked_at_leaves_no_error(world: World) -> None:
    sockets = world.app.extensions[KEY].sockets
    screen = Screen(world)
    manager = sockets.io.server.manager
    sid = manager.sid_from_eio_sid(screen.client.eio_sid, "/")
    with world.app.test_request_context():
        request.sid, request.namespace = sid, "/"  # type: ignore[attr-defined]
        manager.basic_disconnect(sid, "/")  # the line broke; the wish is in hand already
        assert not sockets._watch({"room": "board", "office": "aoba"})["ok"]


def test_the_board_never_tells_who_somebody_is_or_what_they_need(world: World, board: Screen) -> None:
    ticket = world.issue("moving", needs=["wheelchair"])
    world.open("1")
    called = world.call("1").get_json()["ticket"]
    world.act(called, "start")
    world.act(called, "forward", service="insurance", note="MARKER-NOTE")
    world.clock.pass_(seconds=1)
    look(world)
    told = str(board.got("board")) + str(world.board())
    assert "wheelchair" not in told
    assert "MARKER-NOTE" not in told
    assert ticket["token"] not in told
