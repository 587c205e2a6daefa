"""The people of a simulated day: visitors, clerks, an onlooker, and what the day was like.

Decides nothing; `simulator` moves them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from queue_app.domain.discipline import VisitClass
from queue_app.domain.planning.lines import Place
from queue_app.domain.planning.rota import Duty
from queue_app.domain.planning.workload import Visitor

if TYPE_CHECKING:
    from queue_app.domain.planning.simulator import Day


class Guest:
    """A visitor on this day: where in the visit, and what was waited."""

    __slots__ = (
        "appointed_min",
        "arrived_min",
        "busy",
        "came",
        "counts_from",
        "done",
        "expected_min",
        "first_call",
        "free_at",
        "idle",
        "joined_min",
        "left",
        "open",
        "places",
        "ready_at",
        "visit_class",
        "visitor",
        "with_clerk",
    )

    def __init__(self, visitor: Visitor, visit_class: VisitClass) -> None:
        self.visitor = visitor
        self.visit_class = visit_class
        self.appointed_min: float | None = None
        self.joined_min = 0.0
        self.arrived_min = 0.0
        self.counts_from = 0.0
        self.with_clerk = 0.0
        self.free_at = 0.0
        self.first_call: float | None = None
        self.idle: float | None = None
        self.came = False
        self.expected_min: float | None = None
        self.left = False
        self.busy = False
        self.done: set[int] = set()
        self.open: set[int] = set()
        self.ready_at: dict[int, float] = {}
        self.places: dict[int, Place[tuple[Guest, int]]] = {}


class Desk:
    """A clerk on this day."""

    __slots__ = ("break_due", "calls", "duty", "present", "returns_at", "serving", "started_at")

    def __init__(self, duty: Duty) -> None:
        self.duty = duty
        self.calls = (duty.pool, *duty.helps)
        self.serving: tuple[Guest, int] | None = None
        self.started_at = 0.0
        self.present = True
        self.break_due: float | None = None
        self.returns_at = 0.0

    @property
    def is_free(self) -> bool:
        return self.present and self.serving is None


class Observer(Protocol):
    """Somebody who looks on, for instance to ask an estimator at every ticket."""

    def joined(self, day: Day, guest: Guest, position: int) -> None: ...
    def called(self, day: Day, guest: Guest, position: int) -> None: ...
    def began(self, day: Day, guest: Guest, position: int) -> None: ...
    def gave_up(self, day: Day, guest: Guest) -> None: ...


@dataclass(slots=True)
class Outcome:
    """What one day was like."""

    guests: list[Guest] = field(default_factory=list)
    overtime_min: float = 0.0
    busy_min: dict[str, float] = field(default_factory=dict)
    duty_min: dict[str, float] = field(default_factory=dict)
    from_wish_min: list[float] = field(default_factory=list)
