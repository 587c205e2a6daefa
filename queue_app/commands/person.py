"""`person show` and `person erase`: disclosure and deletion on request, as on the page for managers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from queue_app.commands.sentences import in_sentences
from queue_app.commands.surroundings import OFFICE_OPTION, office_id, this_house
from queue_app.domain.access import Identity, Right, Role
from queue_app.services import audit, erasure
from queue_app.services.deed import Deed, begin
from queue_app.services.erasure import REASONS, Thing
from queue_app.services.shielding import subject_of
from queue_app.store.database import writing
from queue_app.web.i18n import t

group = AppGroup("person", help="What is held about somebody: to show it, or to delete it, on request.")
REASON = click.option("--reason", required=True, type=click.Choice(REASONS), help="What the person asked for.")
DAY = click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="The day of a number; today if left out.")


def register(app: Flask) -> None:
    app.cli.add_command(group)


@group.command("show")
@OFFICE_OPTION
@REASON
@DAY
@click.argument("wish")
@in_sentences
def show(office: str, reason: str, day: datetime | None, wish: str) -> None:
    """Print all that is held about a booking (code, phone, e-mail, exact name) or a number."""

    def say(deed: Deed, thing: Thing) -> None:
        for fact in erasure.disclose(deed, thing, reason):
            click.echo(f"{t(f'disclosure.facts.{fact.what}', language='ja')}: {fact}")
        click.echo()

    _for_each(office, wish, day, reason, say)


@group.command("erase")
@OFFICE_OPTION
@REASON
@DAY
@click.option("--yes", "acts", flag_value="now", help="Do it; without this it only says what would be deleted.")
@click.argument("wish")
@in_sentences
def erase(office: str, reason: str, day: datetime | None, acts: str | None, wish: str) -> None:
    """Delete it at once. A visit still ahead is cancelled without a message; statistics do not change."""

    def end(deed: Deed, thing: Thing) -> None:
        subject = subject_of(thing)
        if acts:
            erasure.erase(deed, thing, reason)
        click.echo(f"{subject}: {'deleted' if acts else 'would be deleted; say --yes to do it'}")

    _for_each(office, wish, day, reason, end)


def _for_each(office: str, wish: str, day: datetime | None, reason: str, act: Callable[[Deed, Thing], None]) -> None:
    def once(session: Session) -> None:
        who = Identity(audit.COMMAND.name, Role.ADMIN, office_id(session, office))
        deed = begin(session, office, Right.RUN_DAY, who, this_house().ports)
        found: Any = erasure.find(deed, wish, day.date() if day else deed.today, reason)
        if not found:
            click.echo("Nothing is held under this.", err=True)
        for thing in found:
            act(deed, thing)

    writing(once)
