"""`office load`, `office check`, `office export`: a city's set-up as a file."""

from __future__ import annotations

from pathlib import Path

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from queue_app.commands.sentences import in_sentences
from queue_app.commands.surroundings import office_id, this_house
from queue_app.domain.audit import Act
from queue_app.services import audit, office_export, regrid
from queue_app.services.office_file import (
    LARGEST_FILE,
    OfficeFileRefused,
    check_office_file,
    export_office,
    is_mistake,
    load_office,
)
from queue_app.store.database import reading, writing

group = AppGroup("office", help="Load, check and export the set-up of an office.")
FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


def register(app: Flask) -> None:
    app.cli.add_command(group)


@group.command("load")
@FILE
@in_sentences
def load(file: Path) -> None:
    """Add the office of FILE, or bring it to what FILE says. A running server follows."""
    text, ports = _text(file), this_house().ports

    def deed(session: Session) -> str:
        code = load_office(session, text, str(file), ports.clock(), file.parent)
        regrid.lay_again(session, office_id(session, code), ports)
        audit.note_in(session, office_id(session, code), ports, audit.COMMAND, Act.OFFICE_LOADED, f"office:{code}")
        return code

    try:
        code = writing(deed)
    except OfficeFileRefused as refusal:
        click.echo(str(refusal), err=True)
        raise click.ClickException("Nothing was loaded.") from None
    click.echo(f"Loaded {code}.")


@group.command("check")
@FILE
@in_sentences
def check(file: Path) -> None:
    """Name everything that is wrong with FILE, with its line. Exit code 1 if it could not be loaded."""
    findings = check_office_file(_text(file), str(file), folder=file.parent)
    for finding in findings:
        click.echo(str(finding) if is_mistake(finding) else f"{finding} (hint)")
    if any(is_mistake(finding) for finding in findings):
        raise SystemExit(1)
    click.echo(f"{file} can be loaded.")


@group.command("export")
@click.argument("office")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="Write the files of the office there.")
@in_sentences
def export(office: str, folder: Path | None) -> None:
    """Write the set-up of OFFICE to stdout, or with its navigator rules into a folder."""
    with reading() as session:
        text, rules = export_office(session, office), office_export.export_navigator(session, office)
    if folder is None:
        click.echo(text, nl=False)
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{office}.yaml").write_text(text, encoding="utf-8")
    if rules is not None:
        (folder / rules[0]).write_text(rules[1], encoding="utf-8")
    click.echo(f"Wrote {office} to {folder}.")


def _text(file: Path) -> str:
    """Never reads more than a file may have. Other encodings than UTF-8 are named, not guessed."""
    with file.open("rb") as stream:
        held = stream.read(4 * LARGEST_FILE + 1)
    try:
        return held.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = held.count(b"\n", 0, error.start) + 1
        raise click.ClickException(f"{file}:{line}: This is not UTF-8 text; save the file as UTF-8.") from None
