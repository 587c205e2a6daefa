"""Fixtures for all levels: an application on each of the two databases, a clock, a world with an office in it."""

from __future__ import annotations

import gc
import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from config import Settings, read_settings
from display import blueprint as display
from kiosk import blueprint as kiosk
from queue_app.adapters.holidays import japanese_holiday
from queue_app.app import create_app
from queue_app.services import offices, schema
from queue_app.services.ports import Ports
from queue_app.store.database import db
from queue_app.web.context import KEY
from queue_app.web.moments import Moments
from tests.kept import keep_engine, keep_templates, let_go, share_engine
from tests.world import Clock, World

pytest_plugins = ("tests.machines", "tests.browser")

SECRET = "a secret of the tests, long enough"
DATA_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


def pytest_collection_finish() -> None:
    """What is imported by now stays: the collector need not walk through it again and again."""
    gc.collect()
    gc.freeze()


def settings_for(folder: Path, **environ: str) -> Settings:
    """Settings as a test wants them; nothing is read from the machine's own environment."""
    plain = {"MATAZU_INSTANCE": str(folder), "SECRET_KEY": SECRET, "DATA_KEYS": DATA_KEY}
    return read_settings({**plain, "RATE_LIMIT_PUBLIC": "off", "VOICE_PYTHON": "off", **environ})


def make_app(settings: Settings, clock: Clock) -> Flask:
    """An application with a clock of ours and nothing else replaced; what it compiles is kept for the next one.

    Tests press faster than people do and are no crowd: to `moments` a second goes by between two looks.
    """
    ports = Ports(clock=clock, holidays=japanese_holiday, secret=settings.secret_key.encode())
    app = create_app(settings, ports, frontends=(kiosk, display))
    keep_templates(app)
    with app.app_context():
        share_engine()
    app.testing = False  # errors become answers, as in real life
    app.extensions[KEY].moments = Moments(itertools.count().__next__)
    return app


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is said to be the same on any database is asked on SQLite, which is quicker."""
    items[:] = [
        each for each in items if not {"any_database", "postgres"} <= {mark.name for mark in each.iter_markers()}
    ]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty, migrated database of each kind."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("migrated_file")
        shutil.copy(template, tmp_path / "matazu.db")
        return f"sqlite:///{tmp_path / 'matazu.db'}"
    url: str = request.getfixturevalue("emptied_postgres")()
    return url


@pytest.fixture
def settings(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Settings:
    """A bus that nobody needs, and what the mark `environ` says."""
    marked = request.node.get_closest_marker("environ")
    usual = {"DATABASE_URL": database_url, "REDIS_URL": "redis://127.0.0.1:1/0"}
    return settings_for(tmp_path, **usual | (marked.kwargs if marked else {}))


@pytest.fixture
def app(settings: Settings, clock: Clock) -> Iterator[Flask]:
    made = make_app(settings, clock)
    yield made
    with made.app_context():
        let_go()


@pytest.fixture
def world(request: pytest.FixtureRequest, app: Flask, clock: Clock) -> World:
    """The application with one office in it, that of the mark `office` if there is one."""
    marked = request.node.get_closest_marker("office")
    made = World(app, clock)
    made.open_office(*(marked.args if marked else ()))
    return made


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the tables, copied for each test."""
    folder = tmp_path_factory.mktemp("migrated")
    file = folder / "matazu.db"
    app = make_app(settings_for(folder, DATABASE_URL=f"sqlite:///{file}"), Clock())
    with app.app_context():
        schema.bring_up_to_date()
        with db.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        keep_engine(db.engine)
        db.engine.dispose()
    return file


@pytest.fixture(scope="session")
def emptied_postgres(postgres_url: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Callable[[], str]:
    """A function that empties this worker's migrated PostgreSQL database and answers its address."""
    url = postgres_url("matazu_test")
    folder = tmp_path_factory.mktemp("postgres")
    app = make_app(settings_for(folder, DATABASE_URL=url, REDIS_URL="redis://127.0.0.1:1/0"), Clock())
    with app.app_context():
        schema.bring_up_to_date()
        keep_engine(db.engine)
        names = db.session.scalars(text("SELECT sequencename FROM pg_sequences")).all()
        let_go()
    # Ten times cheaper than TRUNCATE, which makes new files; without the role, rows that refer to each other would refuse.
    deletes = [f'DELETE FROM "{name}"' for name in db.metadata.tables]  # noqa: S608
    from_one = [f"SELECT setval('{name}', 1, false)" for name in names]
    statements = "; ".join(["SET LOCAL session_replication_role = replica", *deletes, *from_one])

    def emptied() -> str:
        with app.app_context():
            with db.engine.begin() as connection:
                connection.exec_driver_sql(statements)
            let_go()
        offices._cache.clear()  # the same address holds another city now
        return url

    return emptied
