"""`user add`, `user passwd`, `user reset-second-factor`: people who log in to the staff pages."""

from __future__ import annotations

import sys

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from queue_app.commands.sentences import in_sentences
from queue_app.commands.surroundings import OFFICE_OPTION, office_id, this_house
from queue_app.domain.access import STAFF, Role
from queue_app.domain.audit import Act
from queue_app.domain.errors import Invalid
from queue_app.services import accounts, audit, second_factor, staff_sessions
from queue_app.store.database import writing

group = AppGroup("user", help="People who log in to the staff pages.")
STAFF_ROLES = [str(role) for role in STAFF]
LONGEST = 60
PASSPHRASE = click.option("--passphrase", help="Stays in the shell's history; prefer the prompt or --passphrase-stdin.")
FROM_STDIN = click.option("--passphrase-stdin", is_flag=True, help="Read the passphrase from the first line of stdin.")


def register(app: Flask) -> None:
    app.cli.add_command(group)


@group.command("add")
@click.argument("login")
@OFFICE_OPTION
@click.option("--role", required=True, type=click.Choice(STAFF_ROLES))
@click.option("--name", required=True, help="The name that colleagues see.")
@PASSPHRASE
@FROM_STDIN
@in_sentences
def add(login: str, office: str, role: str, name: str, passphrase: str | None, passphrase_stdin: bool) -> None:  # noqa: FBT001 - click's way
    """Add a member of staff who logs in as LOGIN."""
    check_text("login", login)
    check_text("name", name)
    secret = _passphrase(passphrase, from_stdin=passphrase_stdin)
    ports = this_house().ports

    def deed(session: Session) -> None:
        number = office_id(session, office)
        user = accounts.add_user(session, number, login, name, Role(role), secret, ports.clock())
        audit.note_in(session, number, ports, audit.COMMAND, Act.PERSON_ADDED, f"user:{user.id}", role=role)

    writing(deed)
    click.echo(f"Added {login} ({role}) to {office}.")


@group.command("passwd")
@click.argument("login")
@PASSPHRASE
@FROM_STDIN
@in_sentences
def passwd(login: str, passphrase: str | None, passphrase_stdin: bool) -> None:  # noqa: FBT001 - click's way
    """Give LOGIN a new passphrase; it is logged out everywhere."""
    secret = _passphrase(passphrase, from_stdin=passphrase_stdin)
    ports = this_house().ports

    def deed(session: Session) -> None:
        user = accounts.set_passphrase(session, login, secret, ports.clock())
        subject = f"user:{user.id}"
        audit.note_in(session, user.office_id, ports, audit.COMMAND, Act.PASSPHRASE_CHANGED, subject)

    writing(deed)
    click.echo(f"{login} has a new passphrase and is logged out everywhere.")


@group.command("reset-second-factor")
@click.argument("login")
@in_sentences
def reset_second_factor(login: str) -> None:
    """Take the second proof from LOGIN, whose phone and recovery codes are lost; it is logged out everywhere."""
    ports = this_house().ports

    def deed(session: Session) -> None:
        user = accounts.user_by_login(session, login)
        second_factor.remove(session, user)
        staff_sessions.end_sessions(session, user.id, ports.clock())
        subject = f"user:{user.id}"
        audit.note_in(session, user.office_id, ports, audit.COMMAND, Act.SECOND_FACTOR_REMOVED, subject)

    writing(deed)
    click.echo(f"{login} logs in with the passphrase alone now, and sets the second proof up anew.")


def check_text(field: str, value: str, longest: int = LONGEST) -> None:
    """Refuses what no list or page could show."""
    if not value.strip() or len(value) > longest or not value.isprintable():
        raise Invalid.field(field, "not_a_text", longest=longest)


def _passphrase(given: str | None, *, from_stdin: bool) -> str:
    if given is not None:
        return given
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True))
