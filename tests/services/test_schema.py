"""What is known of the database's version without Alembic is what Alembic knows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask

from queue_app.services import schema
from queue_app.store.database import db

ROOT = Path(__file__).parents[2]


def test_the_files_numbers_are_the_revisions_in_their_order() -> None:
    told = Config(str(schema.MIGRATIONS / "alembic.ini"))
    told.set_main_option("script_location", str(schema.MIGRATIONS))
    walked = [script.revision for script in ScriptDirectory.from_config(told).walk_revisions()]
    assert list(schema.revisions()) == walked[::-1]


def test_a_migrated_database_is_current_and_an_empty_one_has_no_version(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        assert schema.current_revision() == schema.newest_revision()
        assert schema.is_known("0001") and not schema.is_known("9999")


def test_a_running_server_does_not_carry_alembic() -> None:
    asked = "import sys, queue_app.app, queue_app.server; print('alembic' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


def test_migrations_go_back_to_the_first_and_forth_again(app: Flask) -> None:
    from flask_migrate import downgrade

    with app.app_context():
        downgrade(revision="0001")
        assert schema.current_revision() == "0001"
        schema.bring_up_to_date()
        with db.engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), db.metadata) == []


def test_the_terminal_knows_the_version(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "flask", "--app", "run", "db", "heads"]
    environ = {"MATAZU_INSTANCE": str(tmp_path), "PATH": ""}
    found = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True)
    assert found.stdout.split()[0] == schema.newest_revision()
