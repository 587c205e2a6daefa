"""Whether the database has the tables this version was written for; and bringing it there.

The embedded set-up migrates itself at start. On PostgreSQL an operator runs `flask db upgrade`, and the start is
refused until then.
"""

from __future__ import annotations

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from flask_migrate import upgrade
from sqlalchemy import text

from queue_app.store.database import db


def schema_is_current() -> bool:
    """The database is at the newest migration."""
    return current_revision() == newest_revision()


def current_revision() -> str | None:
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str | None:
    """Cached by the application: the folder does not change under a running server."""
    found = current_app.extensions.get("matazu_head")
    if found is None:
        found = current_app.extensions["matazu_head"] = _scripts().get_current_head()
    return str(found)


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
    return revision in {script.revision for script in _scripts().walk_revisions()}


def clock_gap_s() -> float:
    """How far this machine's clock is from the database's, in seconds. SQLite has no clock of its own."""
    if db.engine.dialect.name == "sqlite":
        return 0.0
    with db.engine.connect() as connection:
        theirs = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    house = current_app.extensions["matazu"]
    return abs(float((house.ports.clock() - theirs).total_seconds()))


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(current_app.extensions["migrate"].migrate.get_config())


def bring_up_to_date() -> None:
    """Run the missing migrations."""
    upgrade()
