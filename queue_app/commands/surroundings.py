"""What the commands share: the application's settings and ports, and an office by its code."""

from __future__ import annotations

from contextlib import suppress

import click
from flask import current_app
from flask.cli import ScriptInfo
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from queue_app.services import demo, offices
from queue_app.web.context import KEY, House


def _named_office(context: click.Context, _option: click.Parameter, code: str) -> str:
    """The example city can be named before the first start has loaded it."""
    script = context.find_object(ScriptInfo)
    if code == demo.CODE and script is not None:
        with script.load_app().app_context(), suppress(DBAPIError):  # the command itself says which tables are missing
            demo.load_if_empty(this_house().ports)
    return code


OFFICE_OPTION = click.option(
    "--office", "-o", required=True, metavar="CODE", callback=_named_office, help="The office's code, like aoba."
)


def this_house() -> House:
    """The application that the command runs in."""
    found: House = current_app.extensions[KEY]
    return found


def office_id(session: Session, code: str) -> int:
    """The id of an office. Refuses `unknown_office`."""
    return offices.office_by_code(session, code).id
