"""`forget`: deletes personal data that is due. Meant for a nightly timer; running it twice does no harm."""

from __future__ import annotations

from functools import partial

import click
from flask import Flask
from flask.cli import with_appcontext

from queue_app.commands.sentences import in_sentences
from queue_app.commands.surroundings import this_house
from queue_app.services.forgetting import FORGETTERS, forget_one
from queue_app.store.database import writing


def register(app: Flask) -> None:
    app.cli.add_command(forget)


@click.command("forget")
@with_appcontext
@in_sentences
def forget() -> None:
    """Delete personal data that is due: notes and addresses of past days, old messages, kept answers."""
    now = this_house().ports.clock()
    for kind in FORGETTERS:
        click.echo(f"{kind}: {writing(partial(forget_one, kind=kind, now=now))} forgotten")
