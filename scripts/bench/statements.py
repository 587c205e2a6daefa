"""How many database statements one call costs, and whether screens make it more: counted in this process."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from sqlalchemy import event

from queue_app.services import schema
from queue_app.services.relay import Relay, Room
from queue_app.store.database import db
from tests.conftest import make_app, settings_for
from tests.world import Clock, World


class Walls:
    """Stands for any number of screens: says which rooms are watched and drops what is sent."""

    def __init__(self, rooms: list[Room]) -> None:
        self._rooms = frozenset(str(room) for room in rooms)

    def watched(self, _office_id: int) -> frozenset[str]:
        return self._rooms

    def publish(self, room: str, event: str, snapshot: dict[str, object]) -> None:
        """Nobody is there."""


def statements_per_call(folder: Path) -> dict[str, int]:
    """The call itself, then telling one board, a board and 10 phones, a board and 500 phones."""
    clock = Clock()
    app = make_app(settings_for(folder, DATABASE_URL=f"sqlite:///{folder / 'm.db'}"), clock)
    with app.app_context():
        schema.bring_up_to_date()
    world = World(app, clock)
    world.open_office()
    world.open("1")
    tickets = [world.id_of(world.issue("moving")) for _ in range(500)]
    phones = [Room("ticket", 1, str(ticket)) for ticket in tickets]
    counted = Counter(app)
    found = {"the call": counted.during(lambda: world.call("1"))}
    for name, rooms in (("one board", []), ("a board and 10 phones", phones[:10]), ("a board and 500 phones", phones)):
        relay = Relay(app.extensions["matazu"].ports, Walls([Room("board", 1), *rooms]), app.app_context)
        with app.app_context():
            found[f"telling {name}"] = counted.during(relay.look)
    return found


class Counter:
    """Counts what reaches SQLite itself, BEGIN and COMMIT included, whichever way it was sent."""

    def __init__(self, app: Flask) -> None:
        self.count = 0
        with app.app_context():
            db.engine.dispose()
            event.listen(db.engine, "connect", lambda made, _record: made.set_trace_callback(self._one))

    def during(self, act: object) -> int:
        self.count = 0
        assert callable(act)
        act()
        return self.count

    def _one(self, _statement: str) -> None:
        self.count += 1
