"""A whole day before the counters: calls, cuts of the line, restarts of the server and reloads, and nobody is missed.

The page's time runs twenty times faster than life. One screen speaks and is never reloaded: its heap is measured. The
other is silent and is reloaded again and again. A few minutes of it belong to every run; eight hours are run by
`make storm` (about 25 minutes; HOURS in the environment changes the size).

A heap is two things. What the page *keeps* must not grow with the day, from its first quarter of an hour on. The machine
code that the browser makes of scripts it runs often, the page's and those of this test in equal parts, is bounded by the
length of the scripts and comes within the first hour: the whole heap is measured from there.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import deque
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import City, LiveServer, find_the_network, lose_the_network
from tests.journeys.test_display import Hall

HOURS = float(os.environ.get("HOURS", "8"))
SPEED = 20
STEP_S = 4
STEP_MS = 500
CALL_EVERY_S = 24
SEEN_TO_AFTER = 4  # calls later the person is at the counter: a minute and a half
COUNTERS = 10
WARM_AFTER = 4  # quarters: by then the browser has made its code
GROWTH = 1.2

pytestmark = pytest.mark.browser


def test_some_minutes_with_a_cut_a_restart_and_a_reload_lose_no_call(city: City, live_server: LiveServer) -> None:
    day = SoakDay(city, live_server)
    day.live(seconds=28)
    day.cut_the_line(seconds=8)
    day.restart_the_server()
    day.reload()
    day.live(seconds=28)
    day.come_to_rest(seconds=40)
    assert day.unheard() == []
    assert day.unseen() == []


@pytest.mark.storm
@pytest.mark.timeout(7200)
@pytest.mark.filterwarnings("default")
def test_eight_hours_lose_no_call_and_leave_the_heap_as_it_was(
    city: City, live_server: LiveServer, capsys: pytest.CaptureFixture[str]
) -> None:
    day = SoakDay(city, live_server)
    heaps: list[Heap] = []
    for hour in range(round(HOURS)):
        for quarter in range(4):
            day.live(seconds=13 * 60)
            day.cut_the_line(seconds=(8, 40, 90, 12)[quarter])
            if quarter % 2:
                day.restart_the_server()
            day.reload()
            day.come_to_rest(seconds=60)
            heaps.append(day.heap())
            with capsys.disabled():
                print(  # noqa: T201 - the figures are what the run is for
                    f"\n{hour + (quarter + 1) / 4:.2f} h: {heaps[-1]}, {len(day.made)} calls, x{day.speed():.1f}"
                )
    assert day.unheard() == []
    assert day.unseen() == []
    first, warm, last = heaps[0], heaps[min(WARM_AFTER, len(heaps)) - 1], heaps[-1]
    assert last.kept < GROWTH * first.kept, heaps
    assert last.nodes < GROWTH * first.nodes, heaps
    assert last.listeners <= first.listeners, heaps
    assert last.used < GROWTH * warm.used, heaps


@dataclass(frozen=True)
class Heap:
    """Of a page at rest, after what is garbage has gone: bytes in use, those of them that are not machine code and its
    notes, and what hangs in the document."""

    used: int
    kept: int
    nodes: int
    listeners: int


class SoakDay:
    """Two screens, ten counters, and people who come and go."""

    def __init__(self, city: City, server: LiveServer) -> None:
        self.hall, self.city, self.server = Hall(city), city, server
        self.speaking, self.silent = self.hall.screen(voice="on"), self.hall.screen()
        for page in (self.speaking, self.silent):
            page.set_default_timeout(60_000)  # of real time, on a machine that has other work
        self.made: list[str] = []
        self.heard: list[str] = []
        self.seen: list[str] = []
        self._open: deque[dict[str, Any]] = deque()
        self._counters = cycle(range(1, COUNTERS + 1))
        self._lived_s, self._call_due_s, self._began = 0.0, 0.0, time.monotonic()
        self._pause = threading.Event()

    def live(self, *, seconds: float) -> None:
        self._step(seconds, calls=True)

    def cut_the_line(self, *, seconds: float) -> None:
        """Somebody is called meanwhile, and nobody gives up before the line is back."""
        for page in (self.speaking, self.silent):
            lose_the_network(page)
        self._call()
        self._step(seconds, calls=False)
        for page in (self.speaking, self.silent):
            find_the_network(page)
        self._wait_for_the_line()

    def restart_the_server(self) -> None:
        self.server.stop()
        self._step(5, calls=False)
        self.server.start()
        self._wait_for_the_line()

    def reload(self) -> None:
        self._note()
        self.silent.reload()
        expect(self.silent.locator("html[data-connection=live]")).to_be_attached()

    def come_to_rest(self, *, seconds: float) -> None:
        """Everybody is announced, and then at the counter."""
        self._step(seconds, calls=False)
        while self._open:
            self.city.act(self._open.popleft(), "start")
        self._step(20, calls=False)
        self._note()

    def unheard(self) -> list[str]:
        return [number for number in self.made if number not in self.heard]

    def unseen(self) -> list[str]:
        return [number for number in self.made if number not in self.seen]

    def heap(self) -> Heap:
        """Of the page that is never reloaded."""
        session = self.speaking.context.new_cdp_session(self.speaking)
        pieces: list[str] = []
        session.on("HeapProfiler.addHeapSnapshotChunk", lambda piece: pieces.append(piece["chunk"]))
        session.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
        for _ in range(3):
            session.send("HeapProfiler.collectGarbage")
        used = session.send("Runtime.getHeapUsage")["usedSize"]
        hanging = session.send("Memory.getDOMCounters")
        session.detach()
        return Heap(round(used), kept_in(json.loads("".join(pieces))), hanging["nodes"], hanging["jsEventListeners"])

    def speed(self) -> float:
        return self._lived_s / (time.monotonic() - self._began)

    def _step(self, seconds: float, *, calls: bool) -> None:
        for _ in range(max(1, round(seconds / STEP_S))):
            begun = time.monotonic()
            if calls and self._lived_s >= self._call_due_s:
                self._call_due_s = self._lived_s + CALL_EVERY_S
                self._call()
            for page in (self.speaking, self.silent):
                pass_time(page, STEP_S)
            self._lived_s += STEP_S
            self._pause.wait(max(0.0, STEP_S / SPEED - (time.monotonic() - begun)))

    def _call(self) -> None:
        if len(self._open) >= SEEN_TO_AFTER:
            self.city.act(self._open.popleft(), "start")
        counter = str(next(self._counters))
        self.city.issue("moving")
        ticket = self.city.call(counter, finish=True)["ticket"]
        self.made.append(ticket["number"])
        self._open.append(ticket)

    def _wait_for_the_line(self) -> None:
        for page in (self.speaking, self.silent):
            for _ in range(100):
                if page.locator("html[data-connection=live]").count():
                    break
                pass_time(page, STEP_S)
            expect(page.locator("html[data-connection=live]")).to_be_attached()
        self._step(12, calls=False)

    def _note(self) -> None:
        """What was heard and seen is taken off the pages, so that the notebooks do not grow."""
        log = self.speaking.evaluate("window.matazuDisplay.announcements()")
        self.heard += [each["number"] for each in log if each["part"] == "chime" and each["outcome"] == "played"]
        for page in (self.speaking, self.silent):
            heroes = page.evaluate("(hall.sounds.length = 0, hall.heroes.splice(0, hall.heroes.length - 1))")
            last = page.evaluate("hall.heroes.at(-1)")
            if page is self.silent:
                self.seen += [each["number"] for each in [*heroes, last] if each]


def kept_in(snapshot: dict[str, Any]) -> int:
    """Bytes of objects, texts, lists and functions; the browser's own notebooks (`native`) are in no heap of the page."""
    facts = snapshot["snapshot"]["meta"]
    fields, kinds = facts["node_fields"], facts["node_types"][0]
    nodes = snapshot["nodes"]
    of_kind = zip(
        nodes[fields.index("type") :: len(fields)], nodes[fields.index("self_size") :: len(fields)], strict=True
    )
    return sum(size for kind, size in of_kind if kinds[kind] not in ("code", "native", "synthetic"))


def pass_time(page: Page, seconds: int) -> None:
    """In small steps between which what a timer has started goes on.

    Not `page.clock.run_for`: it notes each step down for the next document, 50,000 of them in a day.
    """
    page.evaluate(
        """async ([steps, ms]) => {
          for (let step = 0; step < steps; step += 1) {
            __pwClock.controller.runFor(ms);
            await new Promise((done) => {
              const { port1, port2 } = new MessageChannel();
              port1.onmessage = () => done();
              port2.postMessage(null);
            });
          }
        }""",
        [seconds * 1000 // STEP_MS, STEP_MS],
    )
