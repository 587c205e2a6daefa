"""The demo's morning: the same people for the same seed, and a day that a real office would go through."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from queue_app.domain.access import Role
from queue_app.services import demo
from queue_app.services.ports import Ports
from scripts.demo import Pace, arguments
from scripts.demo_hall import Hall, free_port
from scripts.demo_morning import Morning
from scripts.demo_plan import VISITORS_A_DAY, clock_text, visitors
from tests.world import OPENING, Caller, Clock, World

pytestmark = pytest.mark.any_database

MINUTES = 15.0


class HallByHand:
    """The demo's way in, without a network; the clock goes with the play."""

    def __init__(self, app: Flask, clock: Clock) -> None:
        self.office = "aoba"
        with app.app_context():
            demo.load_if_empty(Ports(clock=clock))
        world = World(app, clock)
        self.clock = clock
        self.callers: dict[str, Caller] = {"kiosk": world.as_(Role.KIOSK), "manager": world.as_(Role.MANAGER)}

    def get(self, path: str, role: str = "manager") -> tuple[int, Any]:
        answer = self.callers[role].get(path)
        return answer.status_code, answer.get_json(silent=True)

    def post(self, path: str, body: dict[str, Any] | None = None, role: str = "manager") -> tuple[int, Any]:
        answer = self.callers[role].post(path, body)
        return answer.status_code, answer.get_json(silent=True)

    def wait_until(self, at_min: float) -> None:
        self.clock.now = OPENING + timedelta(minutes=at_min)


@pytest.fixture
def hall(app: Flask, clock: Clock) -> HallByHand:
    return HallByHand(app, clock)


def test_the_same_seed_brings_the_same_people() -> None:
    assert visitors(7, 120) == visitors(7, 120)
    assert visitors(7, 120) != visitors(8, 120)


def test_a_shorter_morning_is_the_beginning_of_a_longer_one() -> None:
    long = visitors(3, 200)
    short = visitors(3, 60)
    assert [(v.at_min, v.service) for v in short] == [(v.at_min, v.service) for v in long][: len(short)]


def test_people_come_in_order_while_the_doors_are_open() -> None:
    people = visitors(1, 525)
    assert people == sorted(people, key=lambda visitor: visitor.at_min)
    assert people[-1].at_min < 525
    assert 0.8 < len(people) / sum(VISITORS_A_DAY.values()) < 1.2


def test_the_morning_plays_without_a_single_refusal(hall: HallByHand) -> None:
    people = visitors(5, MINUTES)
    told: list[str] = []
    morning = Morning(hall, people, lambda _at, news: told.append(news), seed=5)
    morning.play(MINUTES, hall.wait_until)
    _, figures = hall.get("/offices/aoba/statistics")
    assert morning.refused == 0
    assert figures["totals"]["issued"] == len(people)
    assert figures["totals"]["started"] > 5
    assert sum("to counter" in news for news in told) >= figures["totals"]["called"]


def test_a_closed_office_turns_people_away_and_the_demo_says_why(world: World) -> None:
    hall, told = HallByHand(world.app, world.clock), list[str]()
    hall.clock.now = OPENING + timedelta(hours=12)
    Morning(hall, visitors(5, 10), lambda _at, news: told.append(news), seed=5).play(10, lambda _at: None)
    assert told
    assert all(news.strip().startswith("turned away from") and news.endswith("office_closed") for news in told)


def test_a_server_that_is_not_there_is_said_in_a_line() -> None:
    with pytest.raises(SystemExit, match=r"127\.0\.0\.1:9 does not answer"):
        Hall("http://127.0.0.1:9", "aoba", {"manager": "x"}).get("/offices/aoba")


def test_the_kiosk_of_the_demo_is_seen_alive_on_the_floor(hall: HallByHand) -> None:
    Pace(10_000, lambda: hall.post("/devices/heartbeat", role="kiosk")).wait_until(0)
    _, floor = hall.get("/offices/aoba/floor")
    assert [device["state"] for device in floor["devices"] if device["role"] == "kiosk"] == ["ok"]


def test_the_clock_on_the_wall_begins_at_half_past_eight() -> None:
    assert clock_text(0) == "08:30"
    assert clock_text(95.9) == "10:05"


@pytest.mark.parametrize("words", [["--pace", "0"], ["--minutes", "100000"], ["--pace", "x"]])
def test_a_demo_without_an_end_is_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit):
        arguments(words)


def test_a_taken_port_is_not_asked_for_twice() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) not in (0, port)
