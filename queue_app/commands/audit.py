"""`audit verify`, `audit checkpoint`: whether the audit trail is as it was written."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click
from flask import Flask
from flask.cli import AppGroup

from queue_app.commands.sentences import in_sentences
from queue_app.commands.surroundings import office_id, this_house
from queue_app.services import audit, offices
from queue_app.services.audit_check import first_wrong_place
from queue_app.store.database import reading, writing

group = AppGroup("audit", help="The audit trail of staff, devices and commands.")
OFFICE = click.option("--office", "-o", metavar="CODE", help="Only this office's.")


def register(app: Flask) -> None:
    app.cli.add_command(group)


@group.command("verify")
@OFFICE
@click.option(
    "--checkpoints",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A copy of the checkpoint file that was kept on another machine.",
)
@in_sentences
def verify(office: str | None, checkpoints: Path | None) -> None:
    """Check every entry and the checkpoints. Exit code 1 and the first wrong place if anything was changed."""
    ports = this_house().ports
    kept = ports.checkpoints.read(checkpoints)  # before the snapshot of the database, so that it can only be behind
    wrong = [f"checkpoint file changed: {each}" for each in kept.damaged]
    with reading() as session:
        for code in [office] if office else offices.office_codes(session):
            number = office_id(session, code)
            found = first_wrong_place(session, number, ports.secret, kept)
            if found is None:
                click.echo(f"{code}: {audit.length(session, number)} entries, all as they were written.")
            else:
                wrong.append(f"{code}: entry {found.seq}: {found.kind}")
    for line in wrong:
        click.echo(line)
    if wrong:
        raise click.ClickException("The audit trail is not as it was written; its first wrong place is named above.")


@group.command("checkpoint")
@OFFICE
@in_sentences
def checkpoint(office: str | None) -> None:
    """Put a checkpoint down now, for instance before the file is copied to another machine."""
    ports = this_house().ports
    with reading() as session:
        numbers = {code: office_id(session, code) for code in ([office] if office else offices.office_codes(session))}
    for code, number in numbers.items():
        seq = writing(partial(audit.put_checkpoint, office_id=number, ports=ports))
        click.echo(f"{code}: checkpoint at entry {seq}.")
