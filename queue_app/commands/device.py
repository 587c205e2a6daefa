"""`device pair`: a one-time code that turns a browser into a kiosk or display."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from queue_app.commands.sentences import in_sentences
from queue_app.commands.surroundings import OFFICE_OPTION, office_id, this_house
from queue_app.commands.user import check_text
from queue_app.domain.access import Role
from queue_app.domain.audit import Act
from queue_app.services import audit, bearers, pairing
from queue_app.services.device_settings import SETTINGS
from queue_app.store.database import writing

group = AppGroup("device", help="Kiosks and displays.")
LONGEST_NAME = 60


def register(app: Flask) -> None:
    app.cli.add_command(group)


@group.command("pair")
@OFFICE_OPTION
@click.option("--role", required=True, type=click.Choice([str(role) for role in bearers.DEVICE_ROLES]))
@click.option("--name", help="What staff call the device; its role if left out.")
@click.option("--set", "said", multiple=True, metavar="NAME=VALUE", help="What it is, like zone=2F or voice=on.")
@in_sentences
def pair(office: str, role: str, name: str | None, said: tuple[str, ...]) -> None:
    """Print a code to type on the device; it holds for ten minutes and works once."""
    check_text("name", name or role, LONGEST_NAME)
    ports, settings = this_house().ports, _settings(role, said)

    def deed(session: Session) -> str:
        number = office_id(session, office)
        called = name or pairing.free_name(session, number, role)  # a name of its own: pairing again ends the old token
        audit.note_in(session, number, ports, audit.COMMAND, Act.PAIRING_OFFERED, called, role=role)
        return pairing.pairing_code(session, number, Role(role), called, ports.clock(), settings)

    code = writing(deed)
    minutes = int(pairing.PAIRING_TIME.total_seconds() // 60)
    click.echo(f"Type this on the {role} within {minutes} minutes:", err=True)
    click.echo(code)


def _settings(role: str, said: tuple[str, ...]) -> dict[str, str]:
    """`zone=2F` and the like; a name that the device would not read is refused."""
    settings = dict(each.partition("=")[::2] for each in said)
    for name, value in settings.items():
        names = [setting.name for setting in SETTINGS[Role(role)]]
        if name not in names or not value:
            known = ", ".join(names)
            raise click.ClickException(f"--set {name}: a {role} knows {known}, written as NAME=VALUE.")
    return settings
