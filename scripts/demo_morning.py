"""A morning at the counters, played through the public interface: arrivals, calls, absences, papers, lunch.

Decides what the clerks and residents of the demo do next. One thread and one list of things to come, so that the same
seed makes the same calls in the same order. Whatever the server refuses (somebody else works at the same counter) is
let go. Leaves the people to `demo_plan` and how long a minute lasts to the `wait` that `play` is given.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any, Protocol

from scripts.demo_plan import Visitor

LUNCH_MIN = ((210.0, 255.0), (255.0, 300.0))
"""12:00 and 12:45: the counters go in two halves."""

OPENS_WHEN_BUSY_MIN = 40.0
HELPERS = ("7", "13", "23")
"""Counters that open when the hall fills."""


class Hall(Protocol):
    """The office as `demo_hall.Hall` shows it."""

    office: str

    def get(self, path: str, role: str = "manager") -> tuple[int, Any]: ...

    def post(self, path: str, body: dict[str, Any] | None = None, role: str = "manager") -> tuple[int, Any]: ...


@dataclass
class Counter:
    """One counter with its clerk."""

    code: str
    stages: tuple[str, ...]
    services: tuple[str, ...] = ()
    is_open: bool = False
    is_busy: bool = False
    is_about_to_look: bool = False
    break_until: float | None = None
    set_aside: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    @property
    def is_behind(self) -> bool:
        return "back_office" in self.stages

    def is_idle(self) -> bool:
        return self.is_open and not self.is_busy and not self.is_about_to_look


class Morning:
    """The play. `now` is minutes after opening."""

    def __init__(
        self, hall: Hall, people: Iterable[Visitor], tell: Callable[[float, str], None], *, seed: int = 1
    ) -> None:
        self.hall, self.tell, self.now = hall, tell, 0.0
        self.refused = 0
        self._rng = Random(f"{seed} clerks")  # noqa: S311 - a play that can be repeated
        self._to_come: list[tuple[float, int, Callable[[], None]]] = []
        self._turn = count()
        self._visitors: dict[str, Visitor] = {}
        self._recalled: set[str] = set()
        self._needs: list[str] = []
        self._minutes: dict[str, float] = {}
        self._counters = self._read_office()
        self._plan_counters()
        for visitor in people:
            self._at(visitor.at_min, lambda visitor=visitor: self._arrive(visitor))  # type: ignore[misc]

    def play(self, until_min: float, wait: Callable[[float], None]) -> None:
        """Everything up to a minute of the day. `wait` returns when that minute has come."""
        while self._to_come and self._to_come[0][0] <= until_min:
            at_min, _, act = heapq.heappop(self._to_come)
            wait(at_min)
            self.now = at_min
            act()

    def _read_office(self) -> list[Counter]:
        _, office = self.hall.get(f"/offices/{self.hall.office}")
        _, floor = self.hall.get(f"/offices/{self.hall.office}/floor")
        self._needs = [need["code"] for need in office["needs"]]
        self._minutes = {service["code"]: float(service["minutes"]) for service in office["services"]}
        return [Counter(c["counter"], tuple(c["stages"]), tuple(c["services"])) for c in floor["counters"]]

    def _plan_counters(self) -> None:
        for place, counter in enumerate(self._counters):
            opens = OPENS_WHEN_BUSY_MIN if counter.code in HELPERS else 0.1 * place / len(self._counters)
            self._at(opens, lambda counter=counter: self._open(counter))  # type: ignore[misc]
            leaves, back = LUNCH_MIN[place % 2]
            self._at(leaves, lambda counter=counter, back=back: self._go_to_lunch(counter, back))  # type: ignore[misc]

    def _arrive(self, visitor: Visitor) -> None:
        if visitor.service not in self._minutes:
            return
        needs = [self._rng.choice(self._needs)] if visitor.needs_help and self._needs else []
        body = {"service": visitor.service, "language": visitor.language, "needs": needs}
        status, ticket = self.hall.post(f"/offices/{self.hall.office}/tickets", body, "kiosk")
        if status != 201:
            self.refused += 1
            self.tell(self.now, f"       turned away from {visitor.service}: {ticket['code']}")
            return
        self._visitors[ticket["number"]] = visitor
        self.tell(self.now, f"{ticket['number']:>5}  takes a number: {visitor.service}")
        self._wake()

    def _open(self, counter: Counter) -> None:
        counter.is_open = self._said(self.hall.post(self._path(counter, "open")))
        counter.break_until = None
        self._look_soon(counter)

    def _go_to_lunch(self, counter: Counter, back: float) -> None:
        """Somebody in service is finished first."""
        counter.break_until = back
        if not counter.is_busy:
            self._leave(counter)

    def _leave(self, counter: Counter) -> None:
        back = counter.break_until
        if back is None or not counter.is_open:
            return
        self.hall.post(self._path(counter, "pause"))
        counter.is_open = False
        self._at(max(back, self.now + 1), lambda: self._open(counter))

    def _wake(self) -> None:
        """Something changed: clerks with nobody before them look at the line again."""
        for counter in self._counters:
            if counter.is_idle():
                self._look_soon(counter)

    def _look_soon(self, counter: Counter) -> None:
        if not counter.is_about_to_look:
            counter.is_about_to_look = True
            self._at(self.now + 0.1 + 0.4 * self._rng.random(), lambda: self._look(counter))

    def _look(self, counter: Counter) -> None:
        counter.is_about_to_look = False
        if not counter.is_open or counter.is_busy:
            return
        if counter.break_until is not None:
            self._leave(counter)
        elif counter.set_aside and counter.set_aside[0][0] <= self.now:
            self._resume(counter)
        elif counter.is_behind:
            self._take_up(counter)
        else:
            self._call(counter)

    def _call(self, counter: Counter) -> None:
        status, answer = self.hall.post(self._path(counter, "calls"))
        if status != 201:
            return
        ticket = answer["ticket"]
        visitor = self._visitor(ticket)
        counter.is_busy = True
        self.tell(self.now, f"{ticket['number']:>5}  to counter {counter.code}" + _why(answer["reason"]))
        if visitor.is_called_by_mistake and ticket["number"] not in self._recalled:
            self._recalled.add(ticket["number"])
            self._then(0.1, counter, ticket, "undo")
        elif visitor.is_away and ticket["number"] not in self._recalled:
            self._recalled.add(ticket["number"])
            self._at(self.now + 1.0, lambda: self._recall(counter, ticket))
        else:
            self._at(self.now + visitor.walks_min, lambda: self._start(counter, ticket))

    def _recall(self, counter: Counter, ticket: dict[str, Any]) -> None:
        if self._do(counter, ticket, "recall"):
            self._at(self.now + 1.0, lambda: self._miss(counter, ticket))

    def _miss(self, counter: Counter, ticket: dict[str, Any]) -> None:
        if not self._do(counter, ticket, "miss"):
            return
        self.tell(self.now, f"{ticket['number']:>5}  is not there")
        self._free(counter)
        after = self._visitor(ticket).comes_back_after_min
        action, wait_min = ("requeue", after) if after is not None else ("cancel", 20.0)
        self._at(self.now + wait_min, lambda: self._settle_absent(ticket, action))

    def _settle_absent(self, ticket: dict[str, Any], action: str) -> None:
        if self._said(self.hall.post(f"/tickets/{ticket['id']}/{action}")):
            self.tell(
                self.now, f"{ticket['number']:>5}  " + ("is back" if action == "requeue" else "did not come back")
            )
            self._wake()

    def _start(self, counter: Counter, ticket: dict[str, Any]) -> None:
        if self._do(counter, ticket, "start"):
            self._serve(counter, ticket)

    def _serve(self, counter: Counter, ticket: dict[str, Any]) -> None:
        visitor, stage = self._visitor(ticket), ticket["stage"]
        minutes = visitor.minutes_at(stage, self._minutes.get(ticket["service"], 10.0))
        if visitor.fetches_a_paper and stage == "reception" and not ticket.get("was_held"):
            self._at(self.now + 0.4 * minutes, lambda: self._hold(counter, ticket))
        elif visitor.sent_on_to in self._minutes and ticket["service"] == visitor.service and stage == "reception":
            self._then(0.3 * minutes, counter, ticket, "forward", {"service": visitor.sent_on_to or ""})
        else:
            self._then(minutes, counter, ticket, "finish")

    def _hold(self, counter: Counter, ticket: dict[str, Any]) -> None:
        if self._do(counter, ticket, "hold"):
            back = self.now + 3 + 4 * self._rng.random()
            counter.set_aside.append((back, {**ticket, "was_held": True}))
            self._at(back, self._wake)
            self._free(counter)

    def _resume(self, counter: Counter) -> None:
        _, ticket = counter.set_aside.pop(0)
        if self._do(counter, ticket, "resume"):
            counter.is_busy = True
            self._serve(counter, ticket)

    def _take_up(self, counter: Counter) -> None:
        _, desk = self.hall.get(f"/offices/{self.hall.office}/desk?counter={counter.code}")
        if desk and desk.get("back_office"):
            ticket = desk["back_office"][0]
            if self._do(counter, ticket, "take_up", {"counter": counter.code}):
                counter.is_busy = True
                self._serve(counter, ticket)

    def _then(
        self,
        after_min: float,
        counter: Counter,
        ticket: dict[str, Any],
        action: str,
        said: dict[str, str] | None = None,
    ) -> None:
        """Later: one press, after which the counter is free."""

        def press() -> None:
            if self._do(counter, ticket, action, said):
                self._free(counter)
                self._wake()

        self._at(self.now + after_min, press)

    def _do(self, counter: Counter, ticket: dict[str, Any], action: str, said: dict[str, str] | None = None) -> bool:
        """Press a button. Where somebody else was first, the counter simply goes on."""
        done = self._said(self.hall.post(f"/tickets/{ticket['id']}/{action}", said))
        if not done:
            self._free(counter)
        return done

    def _free(self, counter: Counter) -> None:
        counter.is_busy = False
        self._look_soon(counter)

    def _said(self, answer: tuple[int, Any]) -> bool:
        if answer[0] >= 400:
            self.refused += 1
        return answer[0] < 400

    def _visitor(self, ticket: dict[str, Any]) -> Visitor:
        """Somebody who came while we played is an ordinary visitor."""
        return self._visitors.setdefault(ticket["number"], Visitor(self.now, ticket["service"]))

    def _path(self, counter: Counter, deed: str) -> str:
        return f"/offices/{self.hall.office}/counters/{counter.code}/{deed}"

    def _at(self, at_min: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._to_come, (at_min, next(self._turn), act))


def _why(reason: str) -> str:
    return {"returned": " (was absent)", "waited_long": " (has waited long)"}.get(reason, "")
