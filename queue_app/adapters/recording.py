"""Senders that write down what they would have sent, and fail on request: for tests and for trying things out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Sent:
    address: str
    kind: str
    payload: dict[str, object]
    key: str


@dataclass
class RecordingSender:
    """Keeps every message. `fails` is asked for an exception before each one; None lets it pass."""

    sent: list[Sent] = field(default_factory=list)
    fails: Callable[[Sent], Exception | None] = lambda _sent: None

    def send(self, *, address: str, kind: str, payload: dict[str, object], key: str) -> str | None:
        message = Sent(address, kind, payload, key)
        failure = self.fails(message)
        if failure is not None:
            raise failure
        self.sent.append(message)
        return f"recorded-{len(self.sent)}"
