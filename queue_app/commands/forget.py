"""`forget`: deletes personal data that is due. Meant for a nightly timer; running it twice does no harm."""

from __future__ import annotations

from functools import partial

import click
from flask import Flask
from flask.cli import with_appcontext

from queue_app.commands.sentences import in_sentences
from queue_app.commands.surroundings import this_house
from queue_app.domain.audit import Act
from queue_app.services import audit
from queue_app.services.forgetting import FORGETTERS, forget_one
from queue_app.store import remains
from queue_app.store.database import db, writing


def register(app: Flask) -> None:
    app.cli.add_command(forget)


@click.command("forget")
@with_appcontext
@in_sentences
def forget() -> None:
    """Delete personal data that is due: notes and addresses of past days, old messages, kept answers."""
    ports = this_house().ports
    counts: dict[str, int] = {}
    for kind in FORGETTERS:
        counts[kind] = writing(partial(forget_one, kind=kind, now=ports.clock()))
        click.echo(f"{kind}: {counts[kind]} forgotten")
    writing(lambda session: audit.note_everywhere(session, ports, Act.FORGOTTEN, counts=counts))
    if not remains.empty_the_log(db.engine):
        click.echo("The log beside the database could not be emptied: somebody was reading. The next run will.")
