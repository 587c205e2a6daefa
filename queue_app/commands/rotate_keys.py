"""`rotate-keys`: seals all personal data again with the newest key in DATA_KEYS."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import with_appcontext

from queue_app.commands.sentences import in_sentences
from queue_app.commands.surroundings import this_house
from queue_app.domain.audit import Act
from queue_app.services import audit
from queue_app.services.key_rotation import rotate_all
from queue_app.store.database import writing


def register(app: Flask) -> None:
    app.cli.add_command(rotate_keys)


@click.command("rotate-keys")
@with_appcontext
@in_sentences
def rotate_keys() -> None:
    """Seal all personal data again with the first key of DATA_KEYS. The counters go on working."""
    unreadable = 0
    for done in rotate_all():
        unreadable += done.unreadable
        click.echo(f"{done.column}: {done.sealed} sealed again")
    ports = this_house().ports
    writing(lambda session: audit.note_everywhere(session, ports, Act.KEYS_ROTATED, unreadable=unreadable))
    if unreadable:
        raise click.ClickException(
            f"{unreadable} values could not be opened with any key in DATA_KEYS; put the key back that sealed them."
        )
    click.echo("Everything is sealed with the newest key; the older ones can be taken out after a restart.")
