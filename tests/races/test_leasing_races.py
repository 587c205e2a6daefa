"""Three kiosks come back at once, and each upload arrives several times: every number is in the line once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from queue_app.domain.access import Identity, Role
from queue_app.domain.itinerary import stages_of
from queue_app.services import bearers, leasing
from queue_app.services.deed import begin_by_id
from queue_app.services.reception import Arrival, Leased, issue_visit
from queue_app.store.database import reading, writing
from queue_app.store.queue_tables import Stage, Ticket
from tests.races.arena import Arena, together
from tests.world import Clock, World

KIOSKS = 3
PORTION = 50


@pytest.fixture
def arena(app: Flask, clock: Clock) -> Arena:
    return Arena(World(app, clock), 1)


def kiosks(arena: Arena) -> list[Identity]:
    tokens = [arena.world.token(Role.KIOSK) for _ in range(KIOSKS)]
    with arena.world.app.app_context(), reading() as session:
        return [found for token in tokens if (found := bearers.identity_of_token(session, token, arena.world.clock()))]


def given_by(arena: Arena, kiosk: Identity, count: int, *, turn: int) -> list[leasing.Given]:
    """One person every 20 seconds at each kiosk, the kiosks taking turns."""
    with arena.world.app.app_context():
        block = writing(lambda session: leasing.lend(session, kiosk, arena.ports, holder="a-browser-of-the-tests"))[0]
    arena.world.clock.pass_(seconds=1)
    return [
        leasing.Given(
            block.day,
            block.series,
            block.first + n,
            "moving",
            "ja",
            arena.world.clock.now + timedelta(seconds=20 * n + 6 * turn),
        )
        for n in range(count)
    ]


def upload(arena: Arena, kiosk: Identity, portion: tuple[leasing.Given, ...]) -> Callable[[], list[str]]:
    def send() -> list[str]:
        with arena.world.app.app_context():
            return writing(lambda session: leasing.merge(session, kiosk, arena.ports, given=portion))

    return send


def merged_wrongly(arena: Arena, given: list[leasing.Given]) -> list[str]:
    """What is wrong with the line afterwards; nothing if every number is in it once, in the order people came."""
    with arena.world.app.app_context(), reading() as session:
        rows = session.execute(
            select(Ticket.series, Ticket.number).join(Stage).order_by(Stage.order_time, Ticket.id)
        ).all()
    line = [(row.series, row.number) for row in rows]
    wanted = [(each.series, each.number) for each in sorted(given, key=lambda each: each.at)]
    wrong = [f"{number} is in the line {count} times" for number, count in Counter(line).items() if count != 1]
    return wrong or ([] if line == wanted else [f"the line is {line[:9]}..., people came {wanted[:9]}..."])


def come_back(arena: Arena, each: int, *, copies: int) -> tuple[list[leasing.Given], list[Any]]:
    machines = kiosks(arena)
    arena.world.clock.pass_(hours=3)
    given = {kiosk: given_by(arena, kiosk, each, turn=turn) for turn, kiosk in enumerate(machines)}
    arena.world.clock.pass_(hours=3)
    uploads = [
        upload(arena, kiosk, portion)
        for kiosk, numbers in given.items()
        for portion in (tuple(numbers[start : start + PORTION]) for start in range(0, len(numbers), PORTION))
        for _ in range(copies)
    ]
    return [one for numbers in given.values() for one in numbers], together(uploads)


def test_what_three_kiosks_gave_is_merged_once_each_in_the_order_people_came(arena: Arena) -> None:
    given, outcomes = come_back(arena, 30, copies=3)
    counted = Counter(outcome for answer in outcomes for outcome in answer)
    assert counted == {leasing.MERGED: 90, leasing.KNOWN: 180}
    assert merged_wrongly(arena, given) == []


@pytest.mark.storm
@pytest.mark.timeout(1200)
def test_four_hundred_of_each_of_three_kiosks_are_merged(arena: Arena) -> None:
    given, outcomes = come_back(arena, 400, copies=2)
    counted = Counter(outcome for answer in outcomes for outcome in answer)
    assert counted == {leasing.MERGED: 1200, leasing.KNOWN: 1200}
    assert merged_wrongly(arena, given) == []


def test_looking_for_a_number_before_the_lock_fails(arena: Arena) -> None:
    """The usual mistake: ask whether the number is there already, then put it there."""
    kiosk = kiosks(arena)[0]
    both_have_looked = threading.Barrier(2)
    one = given_by(arena, kiosk, 1, turn=0)[0]

    def look_then_merge() -> str:
        with arena.world.app.app_context():
            with reading() as session:
                known = session.scalars(select(Ticket).where(Ticket.series == one.series)).first()
            both_have_looked.wait()

            def put(session: Any) -> str:
                deed = begin_by_id(session, kiosk.office_id or 0, leasing.Right.ISSUE, kiosk, arena.ports)
                leased = Leased(one.series, one.number, deed.now)
                issue_visit(deed, Arrival("moving", leased=leased), stages_of(deed.office.services["moving"]))
                return leasing.MERGED

            return leasing.KNOWN if known else writing(put)

    outcomes = together([look_then_merge] * 2)
    assert sorted(map(str, outcomes)) != [leasing.KNOWN, leasing.MERGED]


def test_two_kiosks_that_ask_for_numbers_at_once_get_different_ones(arena: Arena) -> None:
    machines = kiosks(arena)

    def ask(kiosk: Identity, holder: str) -> Callable[[], list[leasing.Block]]:
        def lend() -> list[leasing.Block]:
            with arena.world.app.app_context():
                return writing(lambda session: leasing.lend(session, kiosk, arena.ports, holder=holder))

        return lend

    answers = together([ask(kiosk, f"browser-number-{n}-of-it") for kiosk in machines for n in range(4)])
    blocks = [block for answer in answers if isinstance(answer, list) for block in answer]
    assert len(blocks) == KIOSKS * 4 * 2
    given: list[tuple[date, str, int]] = [(b.day, b.series, n) for b in blocks for n in (b.first, b.last)]
    assert len(set(given)) == len(given)
