"""The published table of actions as a second, independent program: plain dictionaries, no database, no shared code.

Knows one kind of visit (one stage) at counters that all serve it, which is what the random walk does. Written from
the interface's text, not from `domain.ticket`; where the two differ, one of them is wrong.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field

UNDO_S = 10

FROM: dict[str, tuple[str, ...]] = {
    "recall": ("called",),
    "start": ("called",),
    "miss": ("called",),
    "requeue": ("missed",),
    "hold": ("serving",),
    "resume": ("held",),
    "finish": ("serving",),
    "cancel": ("waiting", "missed", "held"),
}
TO = {
    "recall": "called",
    "start": "serving",
    "miss": "missed",
    "requeue": "waiting",
    "hold": "held",
    "resume": "serving",
    "finish": "done",
    "cancel": "cancelled",
}


@dataclass
class Visit:
    """A ticket: its state, its counter, when it came, and when it came back after being absent."""

    state: str
    came: int
    number: int
    counter: str | None = None
    returned: int | None = None
    past: list[tuple[int, str | None, Visit]] = field(default_factory=list)


class Model:
    """The hall as the interface describes it. Each deed answers the status it must have; 409 changes nothing."""

    def __init__(self, counters: list[str]) -> None:
        self.visits: list[Visit] = []
        self.counters = counters
        self.now = 0

    def issue(self) -> int:
        self.visits.append(Visit("waiting", self.now, len(self.visits)))
        return 201

    def call_next(self, counter: str) -> int:
        if self._at(counter):
            return 409
        line = sorted((v for v in self.visits if v.state == "waiting"), key=self._place)
        if not line:
            return 204
        self._do(line[0], "called", counter, at=counter)
        return 201

    def call_named(self, counter: str, visit: Visit) -> int:
        if self._at(counter) or visit.state not in ("waiting", "held"):
            return 409
        self._do(visit, "called", counter, at=counter)
        return 201

    def act(self, visit: Visit, action: str) -> int:
        if visit.state not in FROM[action]:
            return 409
        if action == "resume" and self._at(visit.counter):
            return 409
        self._do(visit, TO[action], visit.counter, at=visit.counter)
        if action in ("miss", "cancel"):
            visit.counter = None
        if action == "requeue":
            visit.returned = self.now
        return 200

    def undo(self, visit: Visit) -> int:
        if not visit.past:
            return 409
        when, _, before = visit.past[-1]
        if self.now - when > UNDO_S:
            return 409
        if before.state in ("called", "serving") and any(v is not visit for v in self._at(before.counter)):
            return 409
        past = visit.past[:-1]
        visit.__dict__.update(deepcopy(before).__dict__)
        visit.past = past
        return 200

    def _do(self, visit: Visit, state: str, counter: str | None, *, at: str | None) -> None:
        before = deepcopy(visit)
        before.past = []
        visit.past.append((self.now, at, before))
        visit.state, visit.counter = state, counter
        if state == "called":
            visit.returned = None if before.state == "waiting" else visit.returned

    def _at(self, counter: str | None) -> list[Visit]:
        return [v for v in self.visits if v.counter == counter and v.state in ("called", "serving")]

    def _place(self, visit: Visit) -> tuple[int, int, int]:
        """Back from absence first; then who has waited an hour; then arrival. One class, so arrival orders the rest."""
        if visit.returned is not None:
            return 0, visit.returned, visit.number
        return 1, visit.came, visit.number
