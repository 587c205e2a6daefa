"""Whoever may no longer hears nothing after five seconds, whichever worker their socket or connection is on (T10).

Somebody outside of all workers revokes, logs out, demotes and disables; calls go on all the time. The twin lets people
in once and never asks again.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from queue_app.domain.access import Role
from queue_app.services import bearers, staff_sessions
from queue_app.store.access_tables import UserRow
from queue_app.store.database import db, writing
from queue_app.store.office_tables import OfficeRow
from queue_app.web.auth import SESSION_COOKIE
from scripts.bench.screens import Screen
from tests.storm.city import city
from tests.storm.odd import OddServer
from tests.storm.town import say
from tests.web.staff_browser import person
from tests.world import World

LIMIT_S, AFTER_S = 5.0, 12.0
EACH = 6
"""Sockets of each kind, so that every worker has some."""
ENDINGS = ("revoked", "logged out", "demoted", "disabled", "stays")
FLOOR = {"room": "floor", "office": "aoba"}
pytestmark = [pytest.mark.storm, pytest.mark.timeout(900), pytest.mark.filterwarnings("default")]


@dataclass
class House:
    """Who listens, how, and the world through which they lose it."""

    world: World
    kiosk: str
    secrets: dict[str, list[str]] = field(default_factory=dict)

    def listeners(self, port: int) -> dict[str, list[Screen]]:
        return {ending: [self._listener(ending, each, port) for each in self.secrets[ending]] for ending in ENDINGS}

    def _listener(self, ending: str, secret: str, port: int) -> Screen:
        shown = {"proof": secret} if ending == "revoked" else {"cookie": f"{SESSION_COOKIE}={secret}"}
        return Screen("127.0.0.1", port, FLOOR, again_s=0.3, **shown)

    def end_all(self) -> None:
        with self.world.app.app_context():
            writing(self._end)

    def _end(self, session: Any) -> None:
        office = session.query(OfficeRow.id).scalar()
        for number in range(EACH):
            bearers.revoke_token(session, office, f"revoked {number}", self.world.clock())
            staff_sessions.log_out(session, self.secrets["logged out"][number], self.world.clock())
            session.query(UserRow).filter_by(login=f"demoted-{number}").one().role = Role.CLERK
            session.query(UserRow).filter_by(login=f"disabled-{number}").one().active = False


def fill(world: World) -> House:
    house = House(world, world.token(Role.KIOSK))
    house.secrets["revoked"] = [world.token(Role.MANAGER, name=f"revoked {number}") for number in range(EACH)]
    for ending in ENDINGS[1:]:
        people = [person(world, Role.MANAGER, f"{ending.replace(' ', '-')}-{number}") for number in range(EACH)]
        house.secrets[ending] = [_session(world, login) for login in people]
    return house


def _session(world: World, login: str) -> str:
    def open_session(session: Any) -> str:
        return staff_sessions.open_session(session, session.query(UserRow).filter_by(login=login).one(), world.clock())

    with world.app.app_context():
        return writing(open_session)


@contextmanager
def numbers(server: OddServer, token: str) -> Iterator[None]:
    """Somebody takes a number four times a second: the floor has news all the time."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.25):
            server.post("/api/v1/offices/aoba/tickets", {"service": "moving"}, token)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


async def last_heard(server: OddServer, house: House, end: Callable[[], None]) -> dict[str, list[float]]:
    """Seconds after the end at which each listener last heard something, by how theirs came."""
    listeners = house.listeners(server.port)
    every = [each for group in listeners.values() for each in group]
    tasks = [asyncio.create_task(each.watch_for_ever()) for each in every]
    for _ in range(600):
        if all(len(each.seen) > 2 for each in every):
            break
        await asyncio.sleep(0.1)
    assert all(each.seen for each in every), "everybody was let in and heard"
    await asyncio.to_thread(end)
    ended = time.monotonic()
    await asyncio.sleep(AFTER_S)
    for task in tasks:
        task.cancel()
    return {ending: [each.seen[-1][0] - ended for each in group] for ending, group in listeners.items()}


def last_answered(server: OddServer, token: str, since: float) -> float:
    """Seconds after `since` at which a revoked token was last answered, on a new connection each time."""
    last, pause = 0.0, threading.Event()
    while time.monotonic() - since < AFTER_S:
        asked = time.monotonic()
        if server.get("/api/v1/offices/aoba/floor", token)[0] == 200:
            last = asked - since
        pause.wait(0.1)
    return last


def silence(folder: Path, setup: str, *odd: str) -> tuple[dict[str, list[float]], float]:
    answered: list[float] = []
    with city(folder, setup, fill, odd=odd) as (server, house):

        def end() -> None:
            house.end_all()
            began, token = time.monotonic(), house.secrets["revoked"][0]
            threading.Thread(target=lambda: answered.append(last_answered(server, token, began))).start()

        with numbers(server, house.kiosk):
            heard = asyncio.run(last_heard(server, house, end))
            pause = threading.Event()
            while not answered:
                pause.wait(0.1)
        with house.world.app.app_context():
            db.engine.dispose()
    return heard, answered[0]


@pytest.mark.parametrize("setup", ["sqlite", "postgres"])
def test_whoever_may_no_longer_is_silent_within_five_seconds(
    tmp_path: Path, setup: str, capsys: pytest.CaptureFixture[str]
) -> None:
    heard, answered = silence(tmp_path, setup)
    last = {ending: round(max(times), 1) for ending, times in heard.items()}
    say(
        capsys,
        f"{setup}: seconds after the end at which the last of {EACH} heard something: {last}; API {answered:.1f}",
    )
    assert max(max(heard[ending]) for ending in ENDINGS[:-1]) <= LIMIT_S
    assert answered <= LIMIT_S
    assert min(heard["stays"]) > AFTER_S - 3, "the others go on hearing"


@pytest.mark.parametrize("setup", ["sqlite", "postgres"])
def test_a_house_that_lets_people_in_once_is_noticed(tmp_path: Path, setup: str) -> None:
    heard, _answered = silence(tmp_path, setup, "let in once")
    assert all(max(heard[ending]) > LIMIT_S for ending in ENDINGS[:-1])
