"""What a race needs: an office with many counters, people who press at the same instant, and a record of what they got."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import select

from queue_app.domain.access import Right, Role
from queue_app.services import bearers, counters, reception
from queue_app.services.deed import run
from queue_app.store.database import Base, db, reading
from queue_app.store.queue_tables import EventRow, Ticket
from tests.world import World

T = TypeVar("T")


def hall(counter_count: int) -> str:
    """An office file with one queue and many counters that all serve it."""
    lines = "\n".join(
        f'  - {{code: "{n}", label: {{ja: {n}番窓口, en: Window {n}}}, services: [moving, permit], stages: [reception]}}'
        for n in range(1, counter_count + 1)
    )
    return f"""
code: aoba
name: {{ja: あおば市役所, en: Aoba City Hall}}
zone: Asia/Tokyo
hours: always
services:
  - {{code: moving, series: B, label: {{ja: 住民異動, en: Moving}}, minutes: 14}}
  - {{code: permit, series: C, label: {{ja: 許可, en: Permits}}, minutes: 9}}
counters:
{lines}
booking: {{ahead_days: 30, cutoff_min: 0, hold_min: 10, early_min: 10, late_min: 10}}
tickets_from_home: false
"""


def together(works: Sequence[Callable[[], T]]) -> list[T | BaseException]:
    """Run all at the same instant, each in a thread of its own; what each returned or raised, in order."""
    outcomes: list[Any] = [None] * len(works)
    ready = threading.Barrier(len(works))

    def one(place: int, work: Callable[[], T]) -> None:
        ready.wait()
        try:
            outcomes[place] = work()
        except BaseException as error:  # noqa: BLE001 - whatever it was, the test judges it
            outcomes[place] = error

    threads = [threading.Thread(target=one, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@dataclass(frozen=True)
class Pressed:
    """One press of a button as the person saw it."""

    asked: float
    answered: float
    status: int
    body: Any

    @property
    def number(self) -> str | None:
        if not isinstance(self.body, dict):
            return None
        found: str | None = (self.body.get("ticket") or self.body).get("number")
        return found


class Arena:
    """A world in which many people press at once. Everybody has a client of their own."""

    def __init__(self, world: World, counter_count: int) -> None:
        self.world = world
        world.open_office(hall(counter_count))
        self.codes = [str(n) for n in range(1, counter_count + 1)]
        self.clerk_token, self.kiosk_token = world.token(Role.CLERK), world.token(Role.KIOSK)
        clerk = self._clerk()
        with world.app.app_context():
            run(
                "aoba",
                Right.SERVE,
                clerk,
                self.ports,
                lambda deed: [counters.open_counter(deed, c) for c in self.codes],
            )

    @property
    def ports(self) -> Any:
        return self.world.app.extensions["matazu"].ports

    def fill(self, count: int, service: str = "moving") -> list[str]:
        """People who took a number one after the other; their numbers in that order."""

        def issue(deed: Any) -> list[str]:
            return [reception.issue_ticket(deed, reception.Arrival(service)).number_text for _ in range(count)]

        with self.world.app.app_context():
            return run("aoba", Right.SERVE, self._clerk(), self.ports, issue)

    def press_call(self, counter: str, **body: Any) -> Pressed:
        return self._press(f"/offices/aoba/counters/{counter}/calls", {"finish": True, **body}, self.clerk_token)

    def press_issue(self, service: str = "moving", **headers: str) -> Pressed:
        return self._press("/offices/aoba/tickets", {"service": service}, self.kiosk_token, **headers)

    def press_action(self, ticket_id: int, action: str, **body: Any) -> Pressed:
        return self._press(f"/tickets/{ticket_id}/{action}", body, self.clerk_token)

    def called_in_order(self) -> list[str]:
        """Numbers in the order of the history's calls."""
        with self.world.app.app_context(), reading() as session:
            rows = session.execute(
                select(Ticket.number_text)
                .join(EventRow, EventRow.ticket_id == Ticket.id)
                .where(EventRow.name == "called")
                .order_by(EventRow.version)
            )
            return [number for (number,) in rows]

    def ids(self) -> dict[str, int]:
        with self.world.app.app_context(), reading() as session:
            return {row.number_text: row.id for row in session.execute(select(Ticket.number_text, Ticket.id))}

    def _press(self, path: str, body: dict[str, Any], token: str, **headers: str) -> Pressed:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        client = self.world.app.test_client()
        asked = time.monotonic()
        answer = client.post(f"/api/v1{path}", json=body, headers={"Authorization": f"Bearer {token}", **named})
        return Pressed(asked, time.monotonic(), answer.status_code, answer.get_json(silent=True))

    def _clerk(self) -> Any:
        with self.world.app.app_context(), reading() as session:
            return bearers.identity_of_token(session, self.clerk_token, self.world.clock())


def rows_of(world: World, *, without: Sequence[str] = ("answer",)) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, to see that something changed nothing."""
    with world.app.app_context(), db.engine.connect() as connection:
        return {
            name: sorted((tuple(map(str, row)) for row in connection.execute(select(table))), key=str)
            for name, table in Base.metadata.tables.items()
            if name not in without
        }
