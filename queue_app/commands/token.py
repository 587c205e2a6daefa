"""`token issue`, `token list`, `token revoke`: bearer tokens of devices and programs."""

from __future__ import annotations

from datetime import datetime

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from queue_app.commands.sentences import in_sentences
from queue_app.commands.surroundings import OFFICE_OPTION, office_id, this_house
from queue_app.commands.user import check_text
from queue_app.domain.access import ONE_COUNTER, Role
from queue_app.domain.audit import Act
from queue_app.domain.errors import Conflict, NotFound
from queue_app.services import audit, bearers, offices
from queue_app.store.access_tables import AccessToken
from queue_app.store.database import reading, writing

group = AppGroup("token", help="Bearer tokens of devices and programs.")
LONGEST_NAME = 80


def register(app: Flask) -> None:
    app.cli.add_command(group)


@group.command("issue")
@OFFICE_OPTION
@click.option("--role", required=True, type=click.Choice([str(role) for role in Role]))
@click.option("--name", required=True, help="Unique in the office; `token revoke` takes it.")
@click.option("--counter", help="Bind a clerk's token to one counter.")
@in_sentences
def issue(office: str, role: str, name: str, counter: str | None) -> None:
    """Make a token and print it as the last line. It is shown this once."""
    check_text("name", name, LONGEST_NAME)
    ports = this_house().ports

    def deed(session: Session) -> str:
        _check_counter(session, office, Role(role), counter)
        number = office_id(session, office)
        token = bearers.issue_token(session, number, Role(role), name, ports.clock(), counter=counter)
        audit.note_in(session, number, ports, audit.COMMAND, Act.TOKEN_ISSUED, name, role=role, counter=counter)
        return token.secret

    secret = writing(deed)
    click.echo(f"Token {name} ({role}) of {office}; keep it safe, it is not shown again:", err=True)
    click.echo(secret)


@group.command("list")
@click.option("--office", "-o", metavar="CODE", help="Only this office's.")
@in_sentences
def list_(office: str | None) -> None:
    """Name all tokens: office, name, role, counter, when made, when last seen, whether revoked."""
    with reading() as session:
        for code in [office] if office else offices.office_codes(session):
            for token in bearers.list_tokens(session, office_id(session, code)):
                click.echo("\t".join(_columns(code, token)))


@group.command("revoke")
@OFFICE_OPTION
@click.argument("name")
@in_sentences
def revoke(office: str, name: str) -> None:
    """End the token NAME. Its live connections are closed within seconds."""
    ports = this_house().ports

    def deed(session: Session) -> None:
        number = office_id(session, office)
        bearers.revoke_token(session, number, name, ports.clock())
        audit.note_in(session, number, ports, audit.COMMAND, Act.TOKEN_REVOKED, name)

    writing(deed)
    click.echo(f"Revoked {name} of {office}.")


def _check_counter(session: Session, office: str, role: Role, counter: str | None) -> None:
    if counter is None and role is not Role.BUTTON:
        return
    if counter is None:
        raise Conflict("button_needs_counter")
    if role not in ONE_COUNTER:
        raise Conflict("counter_needs_clerk", role=str(role))
    if counter not in offices.office_by_code(session, office).counters:
        raise NotFound("unknown_counter", counter=counter)


def _columns(office: str, token: AccessToken) -> list[str]:
    state = f"revoked {_minute(token.revoked_at)}" if token.revoked_at else "live"
    seen = f"seen {_minute(token.seen_at)}" if token.seen_at else "never seen"
    return [office, token.name, token.role, token.counter or "-", f"made {_minute(token.created_at)}", seen, state]


def _minute(at: datetime) -> str:
    return at.isoformat(timespec="minutes")
