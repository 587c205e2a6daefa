"""`backup FILE`, `restore FILE`: the whole database as one file. Keys are not in it (docs/operating.md)."""

from __future__ import annotations

from pathlib import Path

import click
from flask import Flask
from flask.cli import with_appcontext
from sqlalchemy.orm import Session

from queue_app.commands.sentences import in_sentences
from queue_app.commands.surroundings import this_house
from queue_app.domain.audit import Act
from queue_app.services import audit, restoring, schema
from queue_app.store.backups import BackupRefused, read_backup, write_backup
from queue_app.store.database import db, writing


def register(app: Flask) -> None:
    app.cli.add_command(backup)
    app.cli.add_command(restore)


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
@in_sentences
def backup(file: Path) -> None:
    """Copy the database to FILE, also while the server runs. Keep the data keys elsewhere: they are not in it."""
    if schema.current_revision() is None:
        raise click.ClickException("There is nothing to copy: the database has no tables yet.")
    try:
        write_backup(db.engine, file)
    except BackupRefused as refusal:
        raise click.ClickException(str(refusal)) from None
    if schema.schema_is_current():
        writing(lambda session: audit.note_everywhere(session, this_house().ports, Act.BACKED_UP))
    click.echo(f"Wrote {file}. It can be read only together with the data keys, which are not in it.")


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_appcontext
@in_sentences
def restore(file: Path) -> None:
    """Put the backup FILE in the place of the database. Stop the server first."""
    reached = restoring.reached_so_far()
    db.engine.dispose()
    try:
        read_backup(db.engine, file, schema.is_known)
    except BackupRefused as refusal:
        raise click.ClickException(str(refusal)) from None
    schema.bring_up_to_date()
    ports = this_house().ports

    def deed(session: Session) -> None:
        restoring.go_on_after(session, reached, ports.clock())
        audit.note_restore(session, ports)

    writing(deed)
    click.echo(f"Restored {file}. Start the server again.")
