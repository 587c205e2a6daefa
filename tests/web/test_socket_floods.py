"""Sockets that are not screens of ours: broken packets, floods of events, guessed rooms. Nobody else notices.

Raw Engine.IO over polling, as an attacker would write it; broken answers are 4xx, and a good screen still gets its board.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from queue_app.domain.access import Role
from queue_app.services import staff_sessions
from queue_app.store.access_tables import UserRow
from queue_app.store.database import writing
from queue_app.web.auth import SESSION_COOKIE
from queue_app.web.context import KEY
from queue_app.web.sockets import MOST_EVENTS, MOST_ROOMS
from tests import corpus
from tests.standing import standing_world
from tests.web.staff_browser import person
from tests.web.test_sockets import Screen, look
from tests.world import OFFICE, World

PATH = "/socket.io/?EIO=4&transport=polling"
DEEP = "[" * 9_000


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[World]:
    """One server for all of them: what one leaves behind, the next must bear."""
    with standing_world(tmp_path_factory.mktemp("floods"), migrated_file, office=OFFICE) as standing:
        yield standing


class Raw:
    """One Engine.IO session by hand."""

    def __init__(self, world: World, **headers: str) -> None:
        self.client: FlaskClient = world.app.test_client()
        self.headers = headers
        opened = self.client.get(PATH, headers=headers)
        assert opened.status_code == 200, opened.text
        self.sid = json.loads(opened.text[1:])["sid"]

    def send(self, payload: str | bytes) -> int:
        return self.client.post(f"{PATH}&sid={self.sid}", data=payload, headers=self.headers).status_code


def test_places_of_the_street_are_counted_before_anybody_says_who_they_are(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = world.app.extensions[KEY].relay.publisher
    held = len(hub.places._street & hub.io.server.eio.sockets.keys())
    monkeypatch.setattr(hub.places, "_most", held + 2)
    first, _second = Raw(world), Raw(world)
    refused = world.app.test_client().get(PATH)
    assert (refused.status_code, refused.get_json(force=True)) == (401, "busy")
    clerk = world.app.test_client()
    clerk.set_cookie("matazu_device_kiosk", "made-up")
    assert clerk.get(PATH).status_code == 401, "made-up credentials gain nothing"
    staff_cookie = session_of(world)
    clerk.set_cookie(SESSION_COOKIE, staff_cookie)
    clerk.delete_cookie("matazu_device_kiosk")
    assert clerk.get(PATH).status_code == 200, "the counters always get in"
    assert first.send("1") == 200  # hangs up
    hub.io.server.eio.sockets.pop(first.sid, None)
    assert world.app.test_client().get(PATH).status_code == 200


def session_of(world: World) -> str:
    login = person(world, Role.CLERK, "places")
    with world.app.app_context():
        return writing(
            lambda s: staff_sessions.open_session(s, s.query(UserRow).filter_by(login=login).one(), world.clock())
        )


def still_well(world: World) -> bool:
    return bool(Screen(world).watch(room="board", office="aoba")["ok"])


@pytest.mark.parametrize(
    "payload",
    [
        *("", "9", "42", "4", "4{", "42{}", "42[]", "42[1]", '42["watch"', '42{"a":1}', "421", '42[null,{"room":"board"}]'),
        *(f"42{DEEP}", f'42["watch",{DEEP}', '42["watch",NaN]', '4299999999999999999999["watch",{}]', '42-1["watch",{}]'),
        *('451-["file",{"_placeholder":true,"num":0}]', '4599-["file"]', "b" + "A" * 50, "bnot-base64!", "6", "5", "3probe"),
        *("40/admin,", "40/x" * 3_000, "41", "43[]", "430[]", "4399999[1]", "\x1e" * 500, "2\x1e" * 15, "2\x1e" * 100_001),
        *("4" + "9" * 19_000, "42" + "9" * 19_000, '42["watch",' + "9" * 19_000 + "]", "x" * 1_000_000, b"\xff\xfe\x00"),
    ],
    ids=lambda payload: repr(payload[:18]),
)  # fmt: skip
@pytest.mark.parametrize("has_joined", [False, True], ids=["before", "after"])
def test_a_broken_packet_hurts_nobody_but_its_sender(world: World, payload: str | bytes, has_joined: bool) -> None:
    raw = Raw(world)
    if has_joined:
        assert raw.send("40") == 200
    assert raw.send(payload) < 500
    assert still_well(world)


@pytest.mark.parametrize(
    "query",
    [
        *("EIO=3&transport=polling", "EIO=99&transport=polling", "EIO=4&transport=carrier-pigeon", "transport=polling"),
        *(
            "EIO=4&transport=polling&sid=nobody",
            "EIO=4&transport=polling&j=x",
            f"EIO=4&transport=polling&x={'y' * 3_000}",
        ),
        *("EIO=4", "EIO[]=4&transport=polling", "EIO=４&transport=polling", "EIO=4&transport=polling&sid=%00"),
    ],
)
def test_a_handshake_in_another_tongue_is_refused_in_order(world: World, query: str) -> None:
    assert world.app.test_client().get(f"/socket.io/?{query}").status_code < 500
    assert still_well(world)


@pytest.mark.parametrize("event", ["watch", "unknown", "join", "message", "disconnecting"])
def test_who_talks_without_end_is_put_out(world: World, event: str) -> None:
    screen = Screen(world)
    for _ in range(MOST_EVENTS):
        screen.client.emit(event, {"room": "vault"})
    assert screen.client.is_connected(), "as many as that are fine"
    screen.client.emit(event, {"room": "vault"})
    assert not screen.client.is_connected()
    assert still_well(world)


def test_who_talks_now_and_then_stays(world: World) -> None:
    """The twin: it is the rate that counts."""
    screen = Screen(world)
    for _ in range(4):
        for _ in range(MOST_EVENTS):
            screen.client.emit("unknown")
        world.clock.pass_(seconds=10)
    assert screen.client.is_connected()


def test_one_screen_looks_at_so_many_rooms_and_no_more(world: World) -> None:
    screen = Screen(world)
    tokens = [world.issue("moving")["token"] for _ in range(MOST_ROOMS + 1)]
    answers = [screen.watch(room="ticket", token=token) for token in tokens]
    assert [answer["ok"] for answer in answers] == [True] * MOST_ROOMS + [False]


@pytest.mark.parametrize(
    "origin",
    [
        *(
            "https://evil.example",
            "null",
            "http://localhost.evil.example",
            "http://sub.localhost",
            "http://localhost:81",
        ),
        *("https://localhost", "file://", "http://localhost@evil.example", "http://LOCALHOST.", ""),
    ],
)
def test_no_page_of_another_site_opens_a_socket(world: World, origin: str) -> None:
    answer = world.app.test_client().get(PATH, headers={"Origin": origin})
    is_nobody = origin == ""  # programs say nothing of an origin; they have no cookies of a person either
    assert (answer.status_code == 200) == is_nobody, answer.text


def test_a_page_of_ours_and_a_program_do(world: World) -> None:
    """The twin: a server that refuses everybody would pass the test above."""
    for headers in ({"Origin": "http://localhost"}, {}):
        assert world.app.test_client().get(PATH, headers=headers).status_code == 200


NAMES = ("board:1", "desk:1:1", "floor:1", "ticket:1:1", "desk", "floor", "*", "1", "/", "relay", "desk:*", "__class__")


@pytest.mark.parametrize("role", [None, *Role], ids=str)
def test_no_room_is_entered_by_its_name(world: World, role: Role | None) -> None:
    """`relay` names rooms for itself; what a client names is a wish."""
    for word in (*NAMES, *corpus.share(corpus.VALUES, 1, 25)):
        screen = Screen(world, None if role is None else world.token(role))
        for wish in ({"room": word}, {"room": word, "office": "aoba"}, {"room": "ticket", "token": word}):
            if word in ("desk", "floor"):
                continue  # kinds of rooms; who may is in `test_sockets`
            assert not screen.watch(**wish)["ok"], (role, wish)


@pytest.mark.parametrize("ending", ["logged out", "disabled", "demoted"])
def test_a_person_who_may_no_longer_hears_nothing_after_three_seconds(world: World, ending: str) -> None:
    login = person(world, Role.MANAGER, ending)
    with world.app.app_context():
        secret = writing(
            lambda s: staff_sessions.open_session(s, s.query(UserRow).filter_by(login=login).one(), world.clock())
        )
    browser = world.app.test_client()
    browser.set_cookie(SESSION_COOKIE, secret)
    io = world.app.extensions[KEY].sockets.io
    screen = io.test_client(world.app, flask_test_client=browser)
    assert screen.emit("watch", {"room": "floor", "office": "aoba"}, callback=True)["ok"]

    def end(session: object) -> None:
        user = session.query(UserRow).filter_by(login=login).one()  # type: ignore[attr-defined]
        if ending == "disabled":
            user.active = False
        elif ending == "demoted":
            user.role = Role.CLERK
        else:
            staff_sessions.log_out(session, secret, world.clock())  # type: ignore[arg-type]

    with world.app.app_context():
        writing(end)
    world.clock.pass_(seconds=3)
    look(world)
    assert not screen.is_connected()
