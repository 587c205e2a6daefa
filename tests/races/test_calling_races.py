"""Many clerks press "next" at once: everybody is called exactly once, in order, and nobody sees an error.

Each race has a twin built the wrong way, on which the same judgement must fail; a test that passes on the twin would
prove nothing. Threads race on both databases; whole processes race in tests/storm.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import bindparam, update

from queue_app.domain.ticket import State
from queue_app.services import line, offices
from queue_app.store import database, office_log
from queue_app.store.database import db, reading
from queue_app.store.office_tables import OfficeLog, OfficeRow
from queue_app.store.prepared import Prepared
from queue_app.store.queue_tables import Stage
from queue_app.store.turns import Press, Turns
from tests.races.arena import Arena, Pressed, together
from tests.world import Clock, World

CLERKS = 30


@pytest.fixture
def arena(app: Flask, clock: Clock) -> Arena:
    return Arena(World(app, clock), CLERKS)


def call_until_nobody_waits(arena: Arena) -> list[Pressed]:
    def shift(counter: str) -> Callable[[], list[Pressed]]:
        def work() -> list[Pressed]:
            presses = [arena.press_call(counter)]
            while presses[-1].status == 201:
                presses.append(arena.press_call(counter))
            return presses

        return work

    shifts = together([shift(counter) for counter in arena.codes])
    return [press for shift_ in shifts for press in (shift_ if isinstance(shift_, list) else [])]


def judge(issued: list[str], presses: list[Pressed], called: list[str]) -> list[str]:
    """What is wrong with a day, in words; nothing for a good one."""
    shown = [press.number for press in presses if press.status == 201]
    wrong = [f"answered {press.status}: {press.body}" for press in presses if press.status not in (201, 204)]
    wrong += [f"{number} was called {shown.count(number)} times" for number in issued if shown.count(number) != 1]
    if called != issued:
        wrong.append("the order of the calls is not the order of the numbers")
    return wrong


def test_thirty_clerks_call_everybody_exactly_once_and_in_order(arena: Arena) -> None:
    issued = arena.fill(90)
    presses = call_until_nobody_waits(arena)
    assert judge(issued, presses, arena.called_in_order()) == []


@pytest.mark.storm
@pytest.mark.timeout(1200)
def test_thirty_clerks_call_three_thousand_people_exactly_once_and_in_order(arena: Arena) -> None:
    issued = arena.fill(3000)
    presses = call_until_nobody_waits(arena)
    assert judge(issued, presses, arena.called_in_order()) == []


def test_without_the_offices_lock_the_same_day_goes_wrong(arena: Arena, without_the_lock: None) -> None:
    issued = arena.fill(30)
    presses = call_until_nobody_waits(arena)
    assert judge(issued, presses, arena.called_in_order()) != []


def test_looking_first_and_calling_afterwards_calls_people_twice(arena: Arena) -> None:
    """The usual mistake: read who is next, then write it down in a second transaction."""
    issued = arena.fill(10)
    everybody_has_looked = threading.Barrier(10)

    def look_then_call(counter: str) -> Callable[[], Pressed]:
        def work() -> Pressed:
            with arena.world.app.app_context():
                with reading() as session:
                    office = offices.office_by_code(session, "aoba")
                    stage = line.head(session, office, office.counters[counter], arena.world.clock())
                    assert stage is not None
                    found, number = stage.id, stage.ticket.number_text
                everybody_has_looked.wait()
                with db.engine.begin() as connection:
                    called = {"state": State.HELD, "counter": counter}
                    connection.execute(update(Stage).where(Stage.id == found).values(called))
            return Pressed(0, 0, 201, {"ticket": {"number": number}})

        return work

    presses = [p for p in together([look_then_call(code) for code in arena.codes[:10]]) if isinstance(p, Pressed)]
    assert f"{issued[0]} was called 10 times" in judge(issued, presses, [])


def test_the_loser_of_a_race_for_one_named_person_is_told_the_winners_counter(arena: Arena) -> None:
    number = arena.fill(1)[0]
    presses = together([lambda code=code: arena.press_call(code, number=number) for code in arena.codes[:8]])
    won = [press for press in presses if press.status == 201]
    lost = [press for press in presses if press.status == 409]
    assert (len(won), len(lost)) == (1, 7)
    assert {press.body["code"] for press in lost} == {"taken"}
    assert len({press.body["counter"] for press in lost}) == 1


@pytest.mark.parametrize("_round", range(3))
def test_finishing_and_calling_on_races_with_a_call_by_name(arena: Arena, _round: int) -> None:
    """Counter 1 finishes A and takes the next; counter 2 calls that next one by name in the same instant."""
    served, wanted, third = arena.fill(3)
    arena.press_call("1")
    next_, named = together([lambda: arena.press_call("1"), lambda: arena.press_call("2", number=wanted)])
    assert next_.status == 201
    if named.status == 201:
        assert (next_.number, named.number) == (third, wanted)
    else:
        assert (named.body["code"], named.body["counter"], next_.number) == ("taken", "1", wanted)
    assert arena.world.board()["calls"][0]["number"] in (wanted, third)
    assert served not in {call["number"] for call in arena.world.board()["calls"]}


@pytest.mark.parametrize("other", ["start", "miss", "recall"])
@pytest.mark.parametrize("_round", range(2))
def test_an_undo_and_another_deed_have_one_order(arena: Arena, other: str, _round: int) -> None:
    """Either the deed came first and the undo took it back, or the undo came first and the deed is refused."""
    number = arena.fill(1)[0]
    arena.press_call("1")
    ticket = arena.ids()[number]
    undone, done = together([lambda: arena.press_action(ticket, "undo"), lambda: arena.press_action(ticket, other)])
    assert undone.status == 200
    if done.status == 200:
        assert undone.body["state"] == "called"
        assert [call["number"] for call in arena.world.board()["calls"]] == [number]
    else:
        assert (done.status, done.body["code"], done.body["state"]) == (409, "not_allowed", "waiting")
        assert arena.world.board()["calls"] == []


def test_an_undone_call_races_with_the_next_one_at_the_same_counter(arena: Arena) -> None:
    """The person goes back to the head of the line, or the counter has gone on to the next; nobody is lost."""
    first, second = arena.fill(2)
    arena.press_call("1")
    ids = arena.ids()
    undone, called = together([lambda: arena.press_action(ids[first], "undo"), lambda: arena.press_call("1")])
    assert (undone.status, called.status) in {(200, 201), (409, 201)}
    if undone.status == 200:
        assert called.number == first
    else:
        assert (called.number, undone.body["code"]) == (second, "counter_busy")


class EverybodyAtOnce(Turns):
    """Nobody waits for anybody."""

    def run(self, press: Press, write: Callable[[list[Press]], None]) -> None:
        write([press])


@pytest.fixture
def without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's writers have neither lock nor immediate begin; PostgreSQL's row is not locked."""

    monkeypatch.setattr(database, "_turns", EverybodyAtOnce())
    monkeypatch.setattr(database, "RETRIES", 1)
    monkeypatch.setattr(office_log, "BY_CODE", unlocked())
    monkeypatch.setattr(database, "WRITERS_BEGIN", "DEFERRED")


def unlocked() -> Prepared:
    return Prepared(
        office_log.columns()
        .join_from(OfficeLog, OfficeRow, OfficeRow.id == OfficeLog.office_id)
        .where(OfficeRow.code == bindparam("code"))
    )
