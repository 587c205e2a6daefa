"""The real server of either set-up on a Tuesday morning, in a database that a test has filled before it starts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from queue_app.adapters.clock import system_clock
from queue_app.services.schema import bring_up_to_date
from queue_app.store.database import db
from tests.bookings import BOOKABLE
from tests.conftest import make_app, settings_for
from tests.machines import DURABLE, postgres_server, redis_server
from tests.storm.odd import OddServer
from tests.world import Clock, World

EARLY_MIN = 20
T = TypeVar("T")


@contextmanager
def city(
    folder: Path,
    setup: str,
    fill: Callable[[World], T],
    *,
    environ: Mapping[str, str] | None = None,
    odd: tuple[str, ...] = (),
    office: str = BOOKABLE,
) -> Iterator[tuple[OddServer, T]]:
    """`setup` is `sqlite`, or `postgres`: with Redis and two workers. Answers the server and what `fill` made."""
    if setup == "sqlite":
        told = {"DATABASE_URL": f"sqlite:///{folder / 'matazu.db'}", **(environ or {})}
        with _city(folder, told, fill, odd, office) as made:
            yield made
        return
    with postgres_server(DURABLE) as postgres, redis_server("--appendonly", "yes", "--dir", str(folder)) as redis:
        url = postgres.empty_database("city")
        told = {"DATABASE_URL": url, "REDIS_URL": redis.url, "WEB_CONCURRENCY": "2", **(environ or {})}
        told["PATH"] = f"{postgres.programs}{os.pathsep}{os.environ['PATH']}"  # its own pg_dump
        with _city(folder, told, fill, odd, office) as made:
            made[0].neighbours = [postgres.folder / "data", redis.folder]
            yield made


@contextmanager
def _city(
    folder: Path, environ: dict[str, str], fill: Callable[[World], T], odd: tuple[str, ...], office: str
) -> Iterator[tuple[OddServer, T]]:
    clock = Clock()
    clock.pass_(minutes=EARLY_MIN)
    app = make_app(settings_for(folder, **environ), clock)
    with app.app_context():
        bring_up_to_date()
    world = World(app, clock)
    world.open_office(office)
    made = fill(world)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    server = OddServer(folder, environ, odd=("clock", *odd))
    server.move_clock((clock() - system_clock()).total_seconds())
    server.start()
    try:
        yield server, made
    finally:
        server.stop()
