"""Numbers at twelve kiosks while the server is killed and midnight passes: each once, in order, anew each day.

`make storm` gives out 50,000 (NUMBERS in the environment), killed every 15 s (KILL_EVERY_S), over two midnights; the
series passes 999. The ordinary suite does the same in small, and its twin counts in memory.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import sqlite3
import threading
import time
import uuid
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from queue_app.adapters.clock import system_clock
from tests.races.arena import hall
from tests.storm.odd import OddServer
from tests.storm.town import say

NUMBERS = int(os.environ.get("NUMBERS", "50000"))
KILL_EVERY_S = float(os.environ.get("KILL_EVERY_S", "15"))
KIOSKS = 12
MIDNIGHTS = 2
ZONE = ZoneInfo("Asia/Tokyo")


class Given(NamedTuple):
    """A number as a person got it. `asked` and `answered` are of the monotonic clock, `issued_at` of the house."""

    asked: float
    answered: float
    issued_at: str
    number: str

    @property
    def series(self) -> tuple[str, str]:
        return datetime.fromisoformat(self.issued_at).astimezone(ZONE).date().isoformat(), self.number[0]

    @property
    def value(self) -> int:
        return int(self.number[1:])


def faults_in(given: Sequence[Given]) -> list[str]:
    """What is wrong with the numbers that people hold, whatever the server believes."""
    by_series: dict[tuple[str, str], list[Given]] = {}
    for one in given:
        by_series.setdefault(one.series, []).append(one)
    faults = []
    for series, mine in by_series.items():
        faults += [f"{series}: {n} given {c} times" for n, c in Counter(g.number for g in mine).items() if c > 1]
        mine.sort(key=lambda one: one.answered)
        answered, highest = [g.answered for g in mine], list(accumulate((g.value for g in mine), max))
        for late in mine:
            before = bisect_left(answered, late.asked)
            if before and highest[before - 1] >= late.value:
                faults.append(f"{series}: {late.number} was given after {highest[before - 1]}")
    return faults


@dataclass
class Kiosks:
    """Twelve people who take numbers; whoever gets no answer asks again with the same key, as the kiosk does."""

    server: OddServer
    token: str
    wanted: int
    given: list[Given] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def pressed(self) -> Iterator[None]:
        crowd = [
            threading.Thread(target=self._press_on, args=("moving" if n % 3 else "permit",)) for n in range(KIOSKS)
        ]
        for one in crowd:
            one.start()
        try:
            yield
        finally:
            self.over.set()
            for one in crowd:
                one.join()

    def _press_on(self, service: str) -> None:
        while not self.over.is_set():
            self._press(service, str(uuid.uuid4()))

    def _press(self, service: str, key: str) -> None:
        asked = time.monotonic()
        while not self.over.is_set():
            try:
                status, ticket = self.server.post(
                    "/api/v1/offices/storm/tickets", {"service": service}, self.token, Idempotency_Key=key
                )
            except (OSError, http.client.HTTPException):
                self.over.wait(0.05)
                continue
            if status == 201:
                self.given.append(Given(asked, time.monotonic(), ticket["issued_at"], ticket["number"]))
                if len(self.given) >= self.wanted:
                    self.over.set()
            else:
                self.errors.append(f"{status} {ticket}")
            return


@pytest.fixture
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[OddServer]:
    made = OddServer(tmp_path, odd=("clock", *getattr(request, "param", ())))
    made.start()
    (tmp_path / "hall.yaml").write_text(hall(2).replace("code: aoba", "code: storm"))
    made.command_line("office", "load", str(tmp_path / "hall.yaml"))
    yield made
    made.kill()


def storm_of(server: OddServer, *, numbers: int, kill_every_s: float, kills: int, midnights: int) -> Kiosks:
    """Numbers until there are enough, with kills and midnights spread over them."""
    kiosks = Kiosks(server, server.token("kiosk", office="storm"), numbers)
    passed, killed = 0, 0
    with kiosks.pressed():
        while not kiosks.over.wait(kill_every_s):
            if killed < kills or numbers == NUMBERS:
                server.kill()
                killed += 1
                server.start()
            if passed < midnights and len(kiosks.given) >= numbers * (passed + 1) // (midnights + 1):
                passed += 1
                move_to_midnight(server)
    assert passed == midnights, f"only {passed} midnights in {len(kiosks.given)} numbers"
    kiosks.errors += [f"{killed} kills"] * (killed == 0)
    return kiosks


def move_to_midnight(server: OddServer) -> None:
    """The clock of the house jumps to a second before the next midnight after the day it shows."""
    real = system_clock()
    shown = real + timedelta(seconds=float(server.clock_file.read_text()))
    tomorrow = datetime.combine(shown.astimezone(ZONE).date() + timedelta(days=1), datetime.min.time(), ZONE)
    server.move_clock((tomorrow - timedelta(seconds=1) - real).total_seconds())


def rows_agree(file: Path, given: Sequence[Given]) -> list[str]:
    """Numbers that people hold and the table does not."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        known = set(connection.execute("SELECT day, number_text FROM ticket"))
    return [
        f"{one.series[0]} {one.number} is not in the table" for one in given if (one.series[0], one.number) not in known
    ]


@pytest.mark.storm
@pytest.mark.timeout(7200)
def test_fifty_thousand_numbers_over_two_midnights_under_kills(
    server: OddServer, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    kiosks = storm_of(server, numbers=NUMBERS, kill_every_s=KILL_EVERY_S, kills=10**6, midnights=MIDNIGHTS)
    took = time.monotonic() - began
    days = Counter(one.series for one in kiosks.given)
    faults = kiosks.errors + faults_in(kiosks.given) + rows_agree(server.folder / "matazu.db", kiosks.given)
    highest = max(one.value for one in kiosks.given)
    say(capsys, f"{len(kiosks.given)} numbers in {took:.0f} s, killed every {KILL_EVERY_S:.0f} s, {len(days)} series of "
                f"{len({day for day, _ in days})} days, highest {highest}: {len(faults)} faults")  # fmt: skip
    assert faults == []


@pytest.mark.storm
@pytest.mark.timeout(240)
def test_numbers_are_given_once_and_in_order_over_a_midnight_and_a_kill(server: OddServer) -> None:
    kiosks = storm_of(server, numbers=600, kill_every_s=0.5, kills=1, midnights=1)
    assert kiosks.errors + faults_in(kiosks.given) + rows_agree(server.folder / "matazu.db", kiosks.given) == []
    assert len({day for day, _ in (one.series for one in kiosks.given)}) == 2


@pytest.mark.storm
@pytest.mark.timeout(240)
@pytest.mark.parametrize("server", [("numbers in memory",)], indirect=True)
def test_a_counter_in_memory_would_be_noticed(server: OddServer) -> None:
    """After the kill it begins at one again; the database refuses the number, and nobody can be served."""
    kiosks = storm_of(server, numbers=600, kill_every_s=0.5, kills=1, midnights=1)
    assert kiosks.errors + faults_in(kiosks.given) != []


def seen(*numbers: str, day: str = "2026-12-01") -> list[Given]:
    return [Given(2.0 * n, 2.0 * n + 1, f"{day}T03:00:00+00:00", number) for n, number in enumerate(numbers)]


def test_the_judge_of_numbers_finds_repeats_and_disorder_and_knows_days_apart() -> None:
    assert faults_in(seen("B001", "C001", "B002", "B004")) == []
    assert faults_in(seen("B001", "B001")) != []
    assert faults_in(seen("B002", "B001")) != []
    assert faults_in([*seen("B999", "B1000"), *seen("B001", day="2026-12-02")]) == []
