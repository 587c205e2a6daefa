"""Whether the database has the tables this version was written for; and bringing it there.

The embedded set-up migrates itself at start. On PostgreSQL an operator runs `flask db upgrade`, and the start is
refused until then. Alembic is loaded only by whoever migrates: a server at rest would carry its 12 MB for one number.
Revisions are the numbers that the files of `migrations/versions` begin with, which a test holds.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from flask import current_app
from sqlalchemy import inspect, text

from queue_app.store.database import db

MIGRATIONS = Path(__file__).parents[2] / "migrations"
TABLE = "alembic_version"


def schema_is_current() -> bool:
    """The database is at the newest migration."""
    return current_revision() == newest_revision()


def current_revision() -> str | None:
    """None for a database that nobody has migrated yet."""
    with db.engine.connect() as connection:
        if not inspect(connection).has_table(TABLE):
            return None
        found: str | None = connection.scalar(text(f"SELECT version_num FROM {TABLE}"))  # noqa: S608 - a name of ours
        return found


@cache
def revisions() -> tuple[str, ...]:
    """All that there are, oldest first; the folder does not change under a running server."""
    return tuple(sorted(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py")))


def newest_revision() -> str:
    return revisions()[-1]


def check_is_known() -> None:
    """Refuse a database written by a newer version: its tables would be misunderstood."""
    revision = current_revision()
    if revision is not None and not is_known(revision):
        raise SystemExit(
            f"Matazu does not start: DATABASE_URL: the database is at schema {revision}, which this version does not "
            "know; install the newer version, or restore a backup made by this one."
        )


def is_known(revision: str | None) -> bool:
    """Whether this version can bring a database of that revision up to date."""
    return revision in revisions()


def clock_gap_s() -> float:
    """How far this machine's clock is from the database's, in seconds. SQLite has no clock of its own."""
    if db.engine.dialect.name == "sqlite":
        return 0.0
    with db.engine.connect() as connection:
        theirs = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    house = current_app.extensions["matazu"]
    return abs(float((house.ports.clock() - theirs).total_seconds()))


def bring_up_to_date() -> None:
    """Run the missing migrations."""
    if not schema_is_current():
        from flask_migrate import upgrade

        upgrade()
