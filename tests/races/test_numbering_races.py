"""Twelve kiosks give numbers at once: unique, without gaps, and in the order in which people got them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest
from flask import Flask
from sqlalchemy import func, select

from queue_app.store.database import db, reading
from queue_app.store.queue_tables import SeriesRow, Ticket
from tests.races.arena import Arena, Pressed, together
from tests.world import Clock, World

KIOSKS = 12
EACH = 12


@pytest.fixture
def arena(app: Flask, clock: Clock) -> Arena:
    return Arena(World(app, clock), 1)


def all_kiosks_issue(arena: Arena, each: int) -> list[Pressed]:
    def kiosk(place: int) -> Callable[[], list[Pressed]]:
        return lambda: [arena.press_issue("moving" if (place + n) % 2 else "permit") for n in range(each)]

    done = together([kiosk(place) for place in range(KIOSKS)])
    return [press for presses in done for press in (presses if isinstance(presses, list) else [])]


def judge(presses: Sequence[Pressed]) -> list[str]:
    wrong = [f"answered {press.status}: {press.body}" for press in presses if press.status != 201]
    for series in "BC":
        mine = [press for press in presses if press.status == 201 and str(press.number).startswith(series)]
        numbers = sorted(_figures(press) for press in mine)
        if numbers != list(range(1, len(mine) + 1)):
            wrong.append(f"series {series}: {numbers}")
        wrong += [
            f"{later.number} was given after {earlier.number} and is smaller"
            for earlier in mine
            for later in mine
            if earlier.answered < later.asked and _figures(later) <= _figures(earlier)
        ]
    return wrong


def _figures(press: Pressed) -> int:
    """After 999 comes 1000, which letters would put before 999."""
    return int(str(press.number)[1:])


def test_twelve_kiosks_give_each_number_once_in_the_order_of_their_answers(arena: Arena) -> None:
    presses = all_kiosks_issue(arena, EACH)
    assert len(presses) == KIOSKS * EACH
    assert judge(presses) == []


@pytest.mark.storm
@pytest.mark.timeout(1200)
def test_twelve_kiosks_give_five_thousand_numbers(arena: Arena) -> None:
    presses = all_kiosks_issue(arena, 420)
    assert len(presses) == KIOSKS * 420
    assert judge(presses) == []


def test_counting_the_tickets_gives_the_same_number_twice(arena: Arena) -> None:
    """The usual mistake: count + 1, looked up before anything is locked."""
    everybody_has_counted = threading.Barrier(KIOSKS)

    def count_then_issue() -> Pressed:
        with arena.world.app.app_context():
            with reading() as session:
                number = (session.scalar(select(func.count()).select_from(Ticket)) or 0) + 1
            everybody_has_counted.wait()
        return Pressed(0, 0, 201, {"number": f"B{number:03d}"})

    presses = [p for p in together([count_then_issue] * KIOSKS) if isinstance(p, Pressed)]
    assert judge(presses) != []


def test_a_number_is_not_given_again_after_its_ticket_was_cancelled_or_its_row_rolled_back(arena: Arena) -> None:
    first = arena.press_issue()
    assert arena.press_action(arena.ids()[str(first.number)], "cancel").status == 200
    assert arena.press_issue("nothing like it").status == 422
    assert arena.press_issue().number == "B002"
    with arena.world.app.app_context(), db.engine.connect() as connection:
        assert connection.scalar(select(SeriesRow.last_number).where(SeriesRow.name == "B")) == 2
