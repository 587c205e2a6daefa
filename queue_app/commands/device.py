"""`device pair`: a one-time code that turns a browser into a kiosk or display."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import AppGroup

from queue_app.commands.sentences import in_sentences
from queue_app.commands.surroundings import OFFICE_OPTION, office_id, this_house
from queue_app.commands.user import check_text
from queue_app.domain.access import Role
from queue_app.services import access
from queue_app.store.database import writing

group = AppGroup("device", help="Kiosks and displays.")
LONGEST_NAME = 60


def register(app: Flask) -> None:
    app.cli.add_command(group)


@group.command("pair")
@OFFICE_OPTION
@click.option("--role", required=True, type=click.Choice([str(role) for role in access.DEVICE_ROLES]))
@click.option("--name", help="What staff call the device; its role if left out.")
@in_sentences
def pair(office: str, role: str, name: str | None) -> None:
    """Print a code to type on the device; it holds for ten minutes and works once."""
    name = name or role
    check_text("name", name, LONGEST_NAME)
    now = this_house().ports.clock()
    code = writing(lambda session: access.pairing_code(session, office_id(session, office), Role(role), name, now))
    minutes = int(access.PAIRING_TIME.total_seconds() // 60)
    click.echo(f"Type this on the {role} within {minutes} minutes:", err=True)
    click.echo(code)
