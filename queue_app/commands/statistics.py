"""`statistics`: counts the past again, and learns from it. The server does both by itself; these are for any hour."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import with_appcontext

from queue_app.commands.sentences import in_sentences
from queue_app.commands.surroundings import OFFICE_OPTION, office_id, this_house
from queue_app.services import bookkeeping, history, offices
from queue_app.store.database import reading


def register(app: Flask) -> None:
    app.cli.add_command(group)


@click.group("statistics")
def group() -> None:
    """Count the recorded visits again, or learn from them now."""


@group.command("rebuild")
@click.option("--office", "-o", metavar="CODE", help="Only this office.")
@with_appcontext
@in_sentences
def rebuild(office: str | None) -> None:
    """Make the record of every visit again from the events that are kept; the numbers come out the same."""
    for code, id in _offices(office):
        history.catch_up(this_house().ports, id)
        days = list(history.rebuild(id))
        click.echo(f"{code}: {sum(visits for _, visits in days)} visits of {len(days)} days counted again")


@group.command("learn")
@OFFICE_OPTION
@with_appcontext
@in_sentences
def learn(office: str) -> None:
    """Learn service times, the correction of estimates and the usual load from the recorded weeks, as every night."""
    ((code, id),) = _offices(office)
    history.catch_up(this_house().ports, id)
    queues = bookkeeping.learn_now(this_house().ports, id)
    click.echo(f"{code}: {queues} queues have service times of their own")
    if not queues:
        click.echo(
            "Too few services are recorded yet; the minutes of the office file are believed until there are more."
        )


def _offices(code: str | None) -> list[tuple[str, int]]:
    with reading() as session:
        codes = [code] if code else offices.office_codes(session)
        return [(each, office_id(session, each)) for each in codes]
