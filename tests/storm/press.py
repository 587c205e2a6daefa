"""One clerk in a process of its own, who presses and writes down what came back. Standard library only: thirty must fit.

`press.py PORT COUNTER COUNTERS CLERK KIOSK HOW COUNT SEED LOSE`: HOW is `next` (call until nobody waits) or `mixed`
(whatever a clerk presses, COUNT times). LOSE is the share of answers that are lost on the way; a press without an answer
is sent again with the same key, as every screen does. Prints one JSON list per press: asked, answered, what, status,
version, ticket, number, code.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import sys
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

OFFICE = "/api/v1/offices/storm"
PATIENCE_S = 60
SERVICES = ("moving", "permit")
_pause = threading.Event()


@dataclass
class Line:
    """A connection that breaks now and then."""

    port: int
    dice: random.Random
    lose: float
    open: http.client.HTTPConnection | None = None

    def post(self, path: str, body: dict[str, Any], token: str, key: str) -> tuple[int, Any]:
        """Status and JSON; OSError or HTTPException when the answer did not arrive."""
        held = self.open or http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        self.open = None
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": key}
        held.request("POST", path, json.dumps(body), headers)
        if self.dice.random() < self.lose:
            held.close()
            raise ConnectionError("the answer was lost")
        answer = held.getresponse()
        text = answer.read()
        self.open = held
        return answer.status, json.loads(text) if text else None


@dataclass
class Clerk:
    """At one counter. Knows what a screen knows: the person in hand, the held and the absent."""

    line: Line
    counter: str
    counters: int
    tokens: tuple[str, str]
    dice: random.Random
    current: dict[str, Any] | None = None
    aside: list[int] = field(default_factory=list)
    newest: int = 1

    def press(self, what: str, path: str, body: dict[str, Any] | None = None, *, token: int = 0) -> tuple[int, Any]:
        """Until it is answered, with one key; 5xx and silence are noted and tried again."""
        key, asked = str(uuid.uuid4()), time.monotonic()
        while time.monotonic() - asked < PATIENCE_S:
            sent = time.monotonic()
            try:
                status, answer = self.line.post(path, body or {}, self.tokens[token], key)
            except (OSError, http.client.HTTPException):
                _pause.wait(0.05)
                continue
            if status in (429, 502, 503):
                note(sent, "busy", status, answer)
                _pause.wait(0.2)
                continue
            note(asked, what, status, answer)
            if status >= 500:
                _pause.wait(0.2)
            return status, answer
        note(asked, what, 0, {"code": "no answer for a minute"})
        return 0, None

    def call(self, **body: Any) -> int:
        status, answer = self.press("call", f"{OFFICE}/counters/{self.counter}/calls", {"finish": True, **body})
        if status == 201:
            self.current = answer["ticket"]
            self.newest = max(self.newest, answer["ticket"]["id"])
        return status

    def act(self, ticket: int, action: str, **body: Any) -> None:
        status, answer = self.press(action, f"/api/v1/tickets/{ticket}/{action}", body)
        if status == 200:
            mine = answer.get("counter") == self.counter and answer["state"] in ("called", "serving")
            if mine:
                self.current = answer
            elif self.current is not None and self.current["id"] == ticket:
                self.current = None
            if answer["state"] in ("held", "missed") and ticket not in self.aside:
                self.aside.append(ticket)

    def issue(self) -> None:
        self.press("issue", f"{OFFICE}/tickets", {"service": self.dice.choice(SERVICES)}, token=1)

    def mixed(self) -> None:
        """One press of those a clerk would think of, and sometimes one that nobody should."""
        roll = self.dice.random()
        if roll < 0.25:
            self.issue()
        elif roll < 0.30:
            self.act(self.dice.randint(max(1, self.newest - 30), self.newest), self.dice.choice(ACTIONS))
        elif self.current is not None:
            action = self.dice.choice(IN_HAND[self.current["state"]])
            if action == "next":
                self.call()
            elif action == "forward":
                self.act(self.current["id"], action, service=self.dice.choice(SERVICES))
            else:
                self.act(self.current["id"], action)
        elif self.aside and roll < 0.5:
            ticket = self.aside.pop(self.dice.randrange(len(self.aside)))
            self.act(ticket, self.dice.choice(("requeue", "resume", "cancel", "undo")))
        else:
            self.call()


ACTIONS = ("recall", "start", "miss", "requeue", "hold", "resume", "finish", "cancel", "undo")
IN_HAND = {
    "called": ("start", "start", "start", "recall", "miss", "undo", "next"),
    "serving": ("finish", "finish", "next", "next", "hold", "forward", "undo"),
}


def note(asked: float, what: str, status: int, answer: Any) -> None:
    said = answer if isinstance(answer, dict) else {}
    ticket = said.get("ticket") if isinstance(said.get("ticket"), dict) else said
    facts = [ticket.get("version"), ticket.get("id"), ticket.get("number"), said.get("code")]
    print(json.dumps([asked, time.monotonic(), what, status, *facts]))  # noqa: T201


def main(
    port: str, counter: str, counters: str, clerk: str, kiosk: str, how: str, count: str, seed: str, lose: str
) -> None:
    dice = random.Random(int(seed))
    one = Clerk(Line(int(port), dice, float(lose)), counter, int(counters), (clerk, kiosk), dice)
    with contextlib.suppress(BrokenPipeError):
        if how == "next":
            while one.call() not in (204, 0):
                pass
        else:
            for _ in range(int(count)):
                one.mixed()


if __name__ == "__main__":
    main(*sys.argv[1:])
