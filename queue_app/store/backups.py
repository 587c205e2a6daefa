"""A whole database copied to one file and back, while counters work (copy) or while nobody serves (back).

SQLite is copied with its own backup interface, which gives one consistent moment beside running writers; PostgreSQL
with `pg_dump` and `pg_restore` of its client package. A backup holds sealed personal data and no keys. Leaves to
`restored` what must be put right in tables that come from yesterday.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import URL, text
from sqlalchemy.engine import Engine

SQLITE_HEAD = b"SQLite format 3\0"
POSTGRES_HEAD = b"PGDMP"


class BackupRefused(Exception):
    """Nothing was written; the text is a sentence for the operator."""


def write_backup(engine: Engine, file: Path) -> None:
    """Copy the database to `file`, readable by its owner alone. An older file of that name is replaced at the end."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    copy = _dump_sqlite if engine.dialect.name == "sqlite" else _dump_postgres
    try:
        draft.touch(mode=0o600, exist_ok=False)
        copy(engine, draft)
        _to_disk(draft)
        draft.replace(file)
    except OSError as error:
        raise BackupRefused(f"{file} cannot be written: {error.strerror}.") from None
    finally:
        draft.unlink(missing_ok=True)


def read_backup(engine: Engine, file: Path, knows: Callable[[str | None], bool]) -> None:
    """Put the copy in the place of the database. `knows` says whether this version can use a schema revision.

    Refuses while anybody serves from the database; on a refusal it is as before.
    """
    if engine.dialect.name == "sqlite":
        with nobody_serves(engine):
            _load_sqlite(engine, file, knows)
    else:
        _load_postgres(engine, file)


@contextmanager
def nobody_serves(engine: Engine) -> Iterator[None]:
    """Hold the lock that a server of this SQLite file would hold (`queue_app.server`)."""
    path = Path(f"{_sqlite_path(engine)}.server")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BackupRefused("A server is running on this database; stop it first. Nothing has changed.") from None
        yield


def _dump_sqlite(engine: Engine, draft: Path) -> None:
    with closing(sqlite3.connect(_sqlite_path(engine))) as source, closing(sqlite3.connect(draft)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")  # one file: a copy has no use for a log beside it
        _check_sound(target, "The copy")


def _load_sqlite(engine: Engine, file: Path, knows: Callable[[str | None], bool]) -> None:
    with file.open("rb") as stream:
        if stream.read(len(SQLITE_HEAD)) != SQLITE_HEAD:
            raise BackupRefused(f"{file} is no backup of an SQLite database.")
    with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as source:
        _check_sound(source, str(file))
        revision = _revision_in(source)
        if not knows(revision):
            raise BackupRefused(f"{file} has schema {revision}, which this version does not know; use its own version.")
        engine.dispose()
        with closing(sqlite3.connect(_sqlite_path(engine))) as target:
            target.execute("PRAGMA synchronous=FULL")
            source.backup(target)  # one transaction: all of it, or the database as it was


def _check_sound(connection: sqlite3.Connection, name: str) -> None:
    try:
        sound = connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    except sqlite3.DatabaseError:
        sound = False
    if not sound:
        raise BackupRefused(f"{name} is damaged: SQLite's own check fails. Nothing has changed.")


def _revision_in(connection: sqlite3.Connection) -> str | None:
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError:
        return None
    return str(row[0]) if row else None


def _sqlite_path(engine: Engine) -> str:
    assert engine.url.database
    return engine.url.database


def _dump_postgres(engine: Engine, draft: Path) -> None:
    _run_client("pg_dump", engine.url, "--format=custom", "--no-owner", "--no-privileges", f"--file={draft}")


def _load_postgres(engine: Engine, file: Path) -> None:
    with file.open("rb") as stream:
        if stream.read(len(POSTGRES_HEAD)) != POSTGRES_HEAD:
            raise BackupRefused(f"{file} is no backup of a PostgreSQL database.")
    _refuse_other_connections(engine)
    engine.dispose()
    _run_client("pg_restore", engine.url, "--clean", "--if-exists", "--no-owner", "--no-privileges",
                "--single-transaction", "--exit-on-error", str(file))  # fmt: skip


def _refuse_other_connections(engine: Engine) -> None:
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND backend_type = 'client backend'"
    )
    with engine.connect() as connection:
        if connection.execute(query).scalar_one():
            raise BackupRefused("Somebody is connected to this database; stop all workers first. Nothing has changed.")


def _run_client(program: str, url: URL, *arguments: str) -> None:
    """The password goes through the environment: arguments can be read by everybody on the machine."""
    found = shutil.which(program)
    if found is None:
        raise BackupRefused(f"{program} is missing; install the PostgreSQL client package of the server's version.")
    where = {
        "PGHOST": url.host or str(url.query.get("host", "")),
        "PGPORT": str(url.port or url.query.get("port", "")),
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
    }
    database = ["--dbname", url.database or ""] if program == "pg_restore" else []
    environment = {**os.environ, **{name: str(value) for name, value in where.items() if value}}
    done = subprocess.run(  # noqa: S603 - a program of the system, with arguments of our own
        [found, *database, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise BackupRefused(f"{program} failed: {last}")


def _to_disk(file: Path) -> None:
    with file.open("rb") as stream:
        os.fsync(stream.fileno())
