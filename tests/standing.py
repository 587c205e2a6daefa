"""One office that stands for a whole module of tests, and a look at its database that notices any write at all.

For tests that ask the same application thousands of questions. Leaves one office per test to `conftest`.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from queue_app.store.database import db
from tests.bookings import BOOKABLE
from tests.conftest import make_app, settings_for
from tests.world import Clock, World


@contextmanager
def standing_world(folder: Path, migrated: Path, *, office: str = BOOKABLE, **environ: str) -> Iterator[World]:
    """An application on SQLite in `folder` with one office in it."""
    shutil.copy(migrated, folder / "matazu.db")
    app = make_app(settings_for(folder, DATABASE_URL=f"sqlite:///{folder / 'matazu.db'}", **environ), Clock())
    world = World(app, world_clock(app))
    world.open_office(office)
    try:
        yield world
    finally:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def world_clock(app: object) -> Clock:
    """The clock that the application was made with."""
    from queue_app.web.context import KEY

    clock: Clock = app.extensions[KEY].ports.clock  # type: ignore[attr-defined]
    return clock


class Watch:
    """Sees whether anybody wrote: SQLite counts every commit of other connections that changed the file."""

    def __init__(self, folder: Path) -> None:
        self._connection = sqlite3.connect(folder / "matazu.db", check_same_thread=False)

    def version(self) -> int:
        found: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        return found

    def close(self) -> None:
        self._connection.close()
