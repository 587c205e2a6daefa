"""Thirty clerks in thirty processes at the real server, in both set-ups: each person called once, in order, no errors.

`make storm` plays 3,000 people who are called and 200,000 mixed presses (PEOPLE, PRESSES in the environment) with lost
answers; on PostgreSQL a worker is killed every 20 s and the database started again every 60 s. The ordinary suite plays
the same in small. The judge is tests/races/replay.py; the twin is a server without the office's lock.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import create_engine, text

from tests.races.history import EMPTY, Op, interval_faults
from tests.races.replay import Happened, Press, impossible, out_of_time, replayed, unexplained
from tests.real_server import ROOT
from tests.storm.odd import OddServer
from tests.storm.town import OFFICE, Town, grown_town, say, small_town

PEOPLE = int(os.environ.get("PEOPLE", "3000"))
PRESSES = int(os.environ.get("PRESSES", "200000"))
CLERKS = 30
LOSE = 0.3
KILL_WORKER_S, RESTART_DATABASE_S, FAULT_LASTS_S = 20, 60, 10


class Fault(NamedTuple):
    """Something broken on purpose: a worker killed, the database down."""

    begun: float
    ended: float


def crowd(town: Town, how: str, count: int, *, lose: float, seed: int = 1) -> list[Press]:
    """Every counter's clerk in a process of its own; all that they pressed."""
    tokens = [town.tokens["clerk"], town.tokens["kiosk"]]
    processes = []
    for counter in range(1, town.counters + 1):
        facts = [town.server.port, counter, town.counters, *tokens, how, count, seed * 1000 + counter, lose]
        command = [sys.executable, str(ROOT / "tests/storm/press.py"), *map(str, facts)]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    said: list[str] = [""] * len(processes)

    def listen(place: int) -> None:
        said[place] = processes[place].communicate()[0]

    ears = [threading.Thread(target=listen, args=(place,)) for place in range(len(processes))]
    for ear in ears:
        ear.start()
    for ear in ears:
        ear.join()
    assert [process.returncode for process in processes] == [0] * len(processes)
    return [Press(*json.loads(line)) for lines in said for line in lines.splitlines()]


def fill(town: Town, count: int) -> list[str]:
    """People who took a number, in the order of their numbers."""
    numbers: list[str] = []
    for _ in range(count):
        status, ticket = town.server.post(
            f"/api/v1/offices/{OFFICE}/tickets", {"service": "moving"}, town.tokens["kiosk"]
        )
        assert status == 201, (status, ticket)
        numbers.append(ticket["number"])
    return numbers


def history_of(town: Town) -> list[Happened]:
    url = town.server.environ.get("DATABASE_URL", f"sqlite:///{town.server.folder / 'matazu.db'}")
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT e.id, e.version, e.name, e.ticket_id, e.counter, e.service, e.undoes, e.data "
                    "FROM event e JOIN office o ON o.id = e.office_id WHERE o.code = :code AND e.ticket_id IS NOT NULL"
                ),
                {"code": OFFICE},
            ).all()
    finally:
        engine.dispose()
    return [Happened(*row[:7], why=_data(row[7]).get("why")) for row in rows]


def _data(value: Any) -> dict[str, Any]:
    return dict(json.loads(value) if isinstance(value, str) else value or {})


def judge_calls(issued: list[str], presses: list[Press], history: list[Happened]) -> list[str]:
    """Faults of a day on which people were only called."""
    calls = [p for p in presses if p.status == 201]
    shown = Counter(p.number for p in calls)
    faults = [f"answered {p.status} {p.code}" for p in presses if p.status not in (201, 204)]
    faults += [f"{number} was called {shown[number]} times" for number in issued if shown[number] != 1]
    in_order = [p.number for p in sorted(calls, key=lambda p: p.version or 0)]
    if in_order != issued:
        faults.append("the order of the calls is not the order of the numbers")
    before = [Op("issue", n - len(issued) - 1, n - len(issued) - 0.5, number) for n, number in enumerate(issued)]
    seen = [Op("call", p.asked, p.answered, p.number or EMPTY) for p in presses if p.status in (201, 204)]
    return [*faults, *interval_faults([*before, *seen]), *impossible(history), *out_of_time(presses)]


def judge_mixed(town: Town, presses: list[Press], made: list[Fault]) -> list[str]:
    """Faults of a mixed day. 5xx and silence count unless something was broken on purpose, for ten seconds after it.

    404 is none: some presses name a ticket that was never made; PostgreSQL leaves gaps in the ids of rolled-back deeds.
    """
    history = history_of(town)
    refused = [p for p in presses if p.status >= 500 or p.status in (0, 429)]
    faults = [f"answered {p.status} {p.code} {_after(p, made)}" for p in refused if not _excused(p, made)]
    faults += [f"{p.what}: {p.status} {p.code}" for p in presses if p.status in (400, 401, 403, 405, 415, 422)]
    lost = _invisible(town, replayed(history).people)
    return [*faults, *impossible(history), *out_of_time(presses), *unexplained(history, presses), *lost]


def _excused(press: Press, made: list[Fault]) -> bool:
    return any(fault.begun <= press.answered and press.asked <= fault.ended + FAULT_LASTS_S for fault in made)


def _after(press: Press, made: list[Fault]) -> str:
    """Where in the day it was: a fault is found by it in the server's log."""
    since = min((press.asked - fault.ended for fault in made if fault.ended <= press.asked), default=float("inf"))
    return f"{since:.1f} s after something was broken, at {press.asked - made[0].begun if made else 0:.0f} s of the day"


def _invisible(town: Town, people: Any) -> list[str]:
    """Whoever is not done is on the floor's list, in the state that the history says."""
    manager = town.server.token("manager", office=OFFICE)
    status, floor = town.server.get(f"/api/v1/offices/{OFFICE}/floor", manager)
    assert status == 200, floor
    shown = {row["id"]: row["state"] for row in floor["tickets"]}
    live = {ticket: person.state for ticket, person in people.items() if person.state not in ("done", "cancelled")}
    return [
        f"{ticket} is {state} and the floor shows {shown.get(ticket)}"
        for ticket, state in live.items()
        if shown.get(ticket) != state
    ]


def break_until_done(town: Town, crowd_is_done: Future[list[Press]], made: list[Fault]) -> None:
    """Workers killed and the database started again. In the main thread: a server dies with the thread that started it."""
    rounds = 0
    while not wait([crowd_is_done], timeout=KILL_WORKER_S).done:
        rounds += 1
        begun = time.monotonic()
        if rounds % (RESTART_DATABASE_S // KILL_WORKER_S) == 0:
            town.restart_database()  # may take longer than a fault is excused for
        else:
            town.tell(town.workers()[rounds % 2], signal.SIGKILL)
        made.append(Fault(begun, time.monotonic()))


def mixed_day(town: Town, presses: int, *, broken: bool) -> tuple[list[Press], list[str], int]:
    made: list[Fault] = []
    with ThreadPoolExecutor(1) as pool:
        pressing = pool.submit(crowd, town, "mixed", presses // town.counters, lose=LOSE)
        if broken:
            break_until_done(town, pressing, made)
        pressed = pressing.result()
    return pressed, judge_mixed(town, pressed, made), len(made)


Open = Callable[..., Any]


@pytest.mark.storm
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("open_town", [small_town, grown_town], ids=["sqlite", "postgres and two workers"])
def test_thirty_processes_call_three_thousand_people_once_and_in_order(
    tmp_path: Path, open_town: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_town(tmp_path, counters=CLERKS) as town:
        issued = fill(town, PEOPLE)
        began = time.monotonic()
        presses = crowd(town, "next", 0, lose=0)
        took = time.monotonic() - began
        faults = judge_calls(issued, presses, history_of(town))
    say(capsys, f"{CLERKS} processes called {len(issued)} people in {took:.0f} s: {len(faults)} faults")
    assert faults == []


@pytest.mark.storm
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("open_town", [small_town, grown_town], ids=["sqlite", "postgres and two workers"])
def test_thirty_processes_press_whatever_they_like(
    tmp_path: Path, open_town: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_town(tmp_path, counters=CLERKS) as town:
        began = time.monotonic()
        presses, faults, broken = mixed_day(town, PRESSES, broken=town.postgres is not None)
        took = time.monotonic() - began
    kinds = Counter(press.status for press in presses)
    say(capsys, f"{len(presses)} presses of {CLERKS} processes in {took:.0f} s, {LOSE:.0%} of the answers lost, "
                f"{broken} faults made; answers {dict(kinds)}: {len(faults)} faults found")  # fmt: skip
    assert faults == []


@pytest.mark.storm
@pytest.mark.timeout(240)
def test_eight_processes_call_and_press_what_they_like(tmp_path: Path) -> None:
    with small_town(tmp_path, counters=8) as town:
        issued = fill(town, 60)
        assert judge_calls(issued, crowd(town, "next", 0, lose=0), history_of(town)) == []
        presses, faults, _ = mixed_day(town, 320, broken=False)
        assert faults == []
        assert len({press.what for press in presses if press.status in (200, 201)}) >= 8


@pytest.mark.storm
@pytest.mark.timeout(240)
def test_the_judges_would_notice_a_server_without_the_offices_lock(tmp_path: Path) -> None:
    with small_town(tmp_path, counters=8, server=OddServer(tmp_path, odd=("no lock",))) as town:
        issued = fill(town, 60)
        assert judge_calls(issued, crowd(town, "next", 0, lose=0), history_of(town)) != []
