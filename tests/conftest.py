"""Fixtures for all levels: an application on each of the two databases, a clock, a world with an office in it."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import text
from werkzeug.routing import Rule

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
from tests.world import Clock, World

pytest_plugins = ("tests.machines", "tests.browser")

SECRET = "a secret of the tests, long enough"
DATA_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


def settings_for(folder: Path, **environ: str) -> Settings:
    """Settings as a test wants them; nothing is read from the machine's own environment."""
    plain = {"MATAZU_INSTANCE": str(folder), "SECRET_KEY": SECRET, "DATA_KEYS": DATA_KEY}
    return read_settings({**plain, "RATE_LIMIT_PUBLIC": "off", "VOICE_PYTHON": "off", **environ})


_TEMPLATES = FileSystemBytecodeCache(tempfile.mkdtemp(prefix="matazu-templates-"))
_compile_builder: Any = Rule._compile_builder
_builders: dict[tuple[object, ...], Any] = {}


def _compile_builder_once(rule: Rule, *append_unknown: bool) -> Any:
    key = (rule.rule, rule.subdomain, rule.host, repr(rule.defaults), append_unknown)
    if key not in _builders:
        _builders[key] = _compile_builder(rule, *append_unknown)
    return _builders[key]


# Thousands of applications with the same few hundred addresses: compiling each address once saves 130 ms a test.
Rule._compile_builder = _compile_builder_once  # type: ignore[method-assign, assignment]


def make_app(settings: Settings, clock: Clock) -> Flask:
    """An application with a clock of ours and nothing else replaced; what it compiles is kept for the next one.

    Tests press faster than people do and are no crowd: to `moments` a second goes by between two looks.
    """
    ports = Ports(clock=clock, holidays=japanese_holiday, secret=settings.secret_key.encode())
    app = create_app(settings, ports, frontends=(kiosk, display))
    app.jinja_env.bytecode_cache = _TEMPLATES
    app.testing = False  # errors become answers, as in real life
    app.extensions[KEY].moments = Moments(itertools.count().__next__)
    return app


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
def settings(database_url: str, tmp_path: Path) -> Settings:
    return settings_for(tmp_path, DATABASE_URL=database_url, REDIS_URL="redis://127.0.0.1:1/0")


@pytest.fixture
def app(settings: Settings, clock: Clock) -> Iterator[Flask]:
    made = make_app(settings, clock)
    yield made
    with made.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def world(app: Flask, clock: Clock) -> World:
    """The application with one office in it."""
    made = World(app, clock)
    made.open_office()
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
        filled = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (TABLE \"{name}\")" for name in db.metadata.tables)
        started = "SELECT regexp_replace(sequencename, '_id_seq$', '') FROM pg_sequences WHERE last_value IS NOT NULL"

    def emptied() -> str:
        with app.app_context():
            with db.engine.begin() as connection:
                used = {*connection.scalars(text(filled)), *connection.scalars(text(started))}
                if used:
                    tables = ", ".join(f'"{name}"' for name in used)
                    connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
            db.engine.dispose()
        offices._cache.clear()  # the same address holds another city now
        return url

    return emptied
