"""Judges a whole day of mixed presses: the server's history is taken as the one order, and has to explain everything.

Three questions make it a proof of linearizability with a witness. Is the history possible: does every event follow from
the one before it, by the published table, with one person at a counter and nobody overtaken? Does it respect time: what
was answered before something else was asked stands before it? Is everything that was acknowledged in it, once?

Linear in its length, so any day can be judged. Source: the interface's table of actions; Herlihy and Wing (1990).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import NamedTuple

AT_A_COUNTER = ("called", "serving")
MOVES: dict[str, tuple[tuple[str, ...], str]] = {
    "called": (("waiting", "held"), "called"),
    "recalled": (("called",), "called"),
    "started": (("called",), "serving"),
    "missed": (("called",), "missed"),
    "requeued": (("missed",), "waiting"),
    "held": (("serving",), "held"),
    "resumed": (("held",), "serving"),
    "forwarded": (("serving",), "waiting"),
    "finished": (("serving",), "done"),
    "cancelled": (("waiting", "missed", "held"), "cancelled"),
}
EVENT_OF = {
    "issue": "issued", "call": "called", "recall": "recalled", "start": "started", "miss": "missed",
    "requeue": "requeued", "hold": "held", "resume": "resumed", "forward": "forwarded", "finish": "finished",
    "cancel": "cancelled", "undo": "undone",
}  # fmt: skip


class Happened(NamedTuple):
    """One row of the history."""

    id: int
    version: int
    name: str
    ticket: int
    counter: str | None
    service: str | None
    undoes: int | None = None
    why: str | None = None


class Press(NamedTuple):
    """One press as the person saw it."""

    asked: float
    answered: float
    what: str
    status: int
    version: int | None
    ticket: int | None
    number: str | None
    code: str | None


@dataclass(frozen=True)
class Person:
    """`plain`: has waited since the issue and was never touched, so that the order among the plain is the numbers'."""

    state: str
    counter: str | None
    service: str | None
    came: int
    plain: bool = True


@dataclass
class Floor:
    """The hall as the history says, one event after the other."""

    people: dict[int, Person] = field(default_factory=dict)
    at: dict[str, int] = field(default_factory=dict)
    before: dict[int, tuple[int, Person]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    waiting: dict[str | None, dict[int, None]] = field(default_factory=dict)
    """Plain people who wait, by service, in the order of their numbers."""

    def apply(self, event: Happened) -> None:
        if event.name == "issued":
            if event.ticket in self.people:
                self.faults.append(f"{event.version}: {event.ticket} was issued twice")
            self._put(event.ticket, Person("waiting", None, event.service, event.version))
        elif event.name == "undone":
            self._undo(event)
        elif event.name in MOVES:
            self._move(event)

    def _move(self, event: Happened) -> None:
        person = self.people.get(event.ticket)
        allowed, after = MOVES[event.name]
        if person is None or person.state not in allowed:
            self.faults.append(f"{event.version}: {event.name} of {event.ticket}, who is {person and person.state}")
            return
        if event.name == "called" and event.why == "in_order":
            self._check_turn(event, person)
        self.before[event.id] = event.ticket, person
        counter = event.counter if event.name in ("called", "resumed") else person.counter
        service = event.service if event.name != "forwarded" else None
        self._put(event.ticket, replace(person, state=after, counter=counter, service=service, plain=False))

    def _check_turn(self, event: Happened, person: Person) -> None:
        first = next(iter(self.waiting.get(person.service, {})), None)
        if person.plain and first is not None and first != event.ticket:
            self.faults.append(f"{event.version}: {event.ticket} was called before {first}")

    def _undo(self, event: Happened) -> None:
        found = self.before.pop(event.undoes or 0, None)
        if found is None:
            self.faults.append(f"{event.version}: undoes {event.undoes}, which did not stand")
            return
        ticket, person = found
        self._put(ticket, replace(person, plain=False))

    def _put(self, ticket: int, person: Person) -> None:
        old = self.people.get(ticket)
        if old is not None:
            self.waiting.get(old.service, {}).pop(ticket, None)
            if old.state in AT_A_COUNTER and self.at.get(old.counter or "") == ticket:
                del self.at[old.counter or ""]
        self.people[ticket] = person
        if person.state == "waiting" and person.plain:
            self.waiting.setdefault(person.service, {})[ticket] = None
        if person.state in AT_A_COUNTER:
            other = self.at.setdefault(person.counter or "", ticket)
            if other != ticket:
                self.faults.append(f"{ticket} and {other} are both at counter {person.counter}")


def impossible(history: Iterable[Happened]) -> list[str]:
    """Events that cannot have followed from those before them; the floor at the end is thrown away."""
    return replayed(history).faults


def replayed(history: Iterable[Happened]) -> Floor:
    floor = Floor()
    for event in sorted(history, key=lambda one: one.version):
        floor.apply(event)
    return floor


def out_of_time(presses: Sequence[Press]) -> list[str]:
    """Acknowledged presses whose place in the history contradicts when they were made."""
    mine = sorted((p for p in presses if p.status in (200, 201) and p.version), key=lambda p: p.answered)
    answered, highest = [p.answered for p in mine], list(accumulate((p.version or 0 for p in mine), max))
    faults = []
    for late in mine:
        before = bisect_left(answered, late.asked)
        if before and highest[before - 1] >= (late.version or 0):
            faults.append(f"{late.what} at {late.version} was asked for after {highest[before - 1]} was answered")
    return faults


def unexplained(history: Sequence[Happened], presses: Sequence[Press]) -> list[str]:
    """Acknowledged presses that the history does not hold, or that share one event; and tickets given out unasked."""
    at = {event.version: event for event in history}
    done = [p for p in presses if p.status in (200, 201)]
    faults = [
        f"{p.what} of {p.number} at {p.version} left no event" for p in done if not _is(p, at.get(p.version or 0))
    ]
    faults += [f"version {v} was answered {n} times" for v, n in Counter(p.version for p in done).items() if n > 1]
    return faults


def _is(press: Press, event: Happened | None) -> bool:
    same_ticket = event is not None and (press.ticket is None or press.ticket == event.ticket)
    return event is not None and same_ticket and event.name == EVENT_OF[press.what]
