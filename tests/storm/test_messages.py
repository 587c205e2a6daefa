"""An evening of ten thousand reminders with a provider that misbehaves and a server that is killed (G10).

All are due at once. Some answers are 429, 500, a line cut before or after the message was taken; for a while everything is
503; the server is killed in between, and started again. Judged from what the provider took and what the table says. The
twin sends again what fell silent. MESSAGES in the environment changes the size.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert, text

from queue_app.services.outbox import PER_DAY_IN_ALL
from queue_app.services.post_room import AT_A_TIME
from queue_app.store.database import writing
from queue_app.store.queue_tables import Delivery
from tests.bookings import BOOKABLE
from tests.messages import CHANNELS
from tests.provider_double import ProviderDouble
from tests.storm.city import city
from tests.storm.odd import OddServer
from tests.world import World

MESSAGES = int(os.environ.get("MESSAGES", "10000"))
FEW = 150
KILLS = 4
ANSWER_S = 0.1
"""A quick provider; most take three times as long."""
ODD_ANSWERS = {"take_and_hang_up": 0.05, "hang_up": 0.05, "429": 0.01, "500": 0.01}
"""How often the provider does what it should not. Each 429 is a second's rest for all."""
OUTAGE = 24
"""Requests that find the provider closed, after half of the messages."""
pytestmark = [pytest.mark.storm, pytest.mark.timeout(5400)]


def moody(count: int) -> Callable[[int], str]:
    dice = random.Random(10)
    weights = [*ODD_ANSWERS.values(), 1 - sum(ODD_ANSWERS.values())]
    said = dice.choices([*ODD_ANSWERS, "take"], weights, k=count * 3)

    def behave(number: int) -> str:
        return "503" if count // 2 <= number < count // 2 + OUTAGE else said[number % len(said)]

    return behave


def due(count: int) -> Callable[[World], None]:
    """Reminders of as many offices as the budget of one needs."""

    def fill(world: World) -> None:
        offices = -(-count // PER_DAY_IN_ALL)
        for number in range(2, offices + 1):
            world.open_office(BOOKABLE.replace("code: aoba", f"code: aoba{number}"))
        now = world.clock()

        def add(session: object) -> None:
            session.execute(  # type: ignore[attr-defined]
                insert(Delivery),
                [
                    {
                        "office_id": 1 + number % offices, "channel": "sms", "kind": "reminder_1",
                        "address": f"+8190{number:08d}", "address_hash": f"number {number}",
                        "payload": '{"text": "reminder"}', "dedupe": f"reminder {number}", "due_at": now,
                        "expires_at": now + timedelta(days=1), "state": "due", "attempts": 0, "updated_at": now,
                    }
                    for number in range(count)
                ],
            )  # fmt: skip

        with world.app.app_context():
            writing(add)

    return fill


@dataclass
class Evening:
    states: Counter[str]
    taken_twice: int
    """Messages that the provider has more than once."""
    untrue: int
    """Called sent and not taken, or failed and taken."""
    hung_up: int
    first_s: float
    """Until the first kill, or all of it."""
    took_s: float


def evening(folder: Path, setup: str, count: int, *, odd: tuple[str, ...] = (), kills: int = KILLS) -> Evening:
    asked: Counter[str] = Counter()
    behave = moody(count)

    def note(number: int) -> str:
        asked[behave(number)] += 1
        return behave(number)

    with ProviderDouble(behaves=note, takes_s=ANSWER_S) as provider:
        told = {**CHANNELS, "TWILIO_API_BASE": provider.url}
        with city(folder, setup, due(count), environ=told, odd=odd) as (server, _):
            began = time.monotonic()
            first_s = 0.0
            for kill in range(1, kills + 1):
                until(lambda kill=kill: provider.requests >= count * kill // (kills + 1))
                first_s = first_s or time.monotonic() - began
                server.kill()
                server.start()
            rows = ended(server, count)
            took_s = time.monotonic() - began
    taken = Counter(int(form["StatusCallback"].rpartition("/")[2]) for form in provider.taken)
    untrue = sum((not taken[row]) if state == "sent" else taken[row] > 0 for row, state in rows if state != "unknown")
    twice = sum(times > 1 for times in taken.values())
    silent = asked["hang_up"] + asked["take_and_hang_up"]
    return Evening(Counter(state for _, state in rows), twice, untrue, silent, first_s, took_s)


def until(happened: Callable[[], bool], limit_s: float = 3600) -> None:
    last = time.monotonic() + limit_s
    while not happened():
        assert time.monotonic() < last, "nothing more happens"
        time.sleep(0.2)  # noqa: TID251 - another process is at work


def ended(server: OddServer, count: int) -> list[tuple[int, str]]:
    """Every message with its end. When only those are left that wait for their next try, the clock is moved to it."""
    engine = create_engine(server.environ.get("DATABASE_URL", f"sqlite:///{server.folder / 'matazu.db'}"))
    before, moved_s = (-1, -1.0), float(server.clock_file.read_text())
    while True:
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT id, state FROM delivery ORDER BY id")).all()
        open_ones = sum(state in ("due", "sending") for _, state in rows)
        if not open_ones:
            engine.dispose()
            return [(row, state) for row, state in rows]
        if open_ones != before[0]:
            before = (open_ones, time.monotonic())
        elif time.monotonic() - before[1] > 5:
            moved_s, before = moved_s + 20, (open_ones, time.monotonic())
            server.move_clock(moved_s)
        time.sleep(0.5)  # noqa: TID251 - another process is at work


@pytest.mark.parametrize("setup", ["sqlite", "postgres"])
def test_ten_thousand_reminders_go_out_once_or_are_known_to_be_in_doubt(
    tmp_path: Path, setup: str, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = evening(tmp_path, setup, MESSAGES)
    with capsys.disabled():
        print(f"\n{setup}: {seen}; {MESSAGES / (KILLS + 1) / seen.first_s:.1f} a second")  # noqa: T201
    assert sum(seen.states.values()) == MESSAGES
    assert (seen.taken_twice, seen.untrue) == (0, 0)
    workers = 1 if setup == "sqlite" else 2
    assert seen.states["unknown"] <= seen.hung_up + KILLS * AT_A_TIME * workers
    assert set(seen.states) <= {"sent", "unknown"}


def test_a_house_that_sends_again_what_fell_silent_is_noticed(tmp_path: Path) -> None:
    assert evening(tmp_path, "sqlite", FEW, odd=("sends again",), kills=0).taken_twice > 0
