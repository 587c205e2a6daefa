"""What the commands share: the application's settings and ports, and an office by its code."""

from __future__ import annotations

import click
from flask import current_app
from sqlalchemy.orm import Session

from queue_app.services import offices
from queue_app.web.context import KEY, House

OFFICE_OPTION = click.option("--office", "-o", required=True, metavar="CODE", help="The office's code, like aoba.")


def this_house() -> House:
    """The application that the command runs in."""
    found: House = current_app.extensions[KEY]
    return found


def office_id(session: Session, code: str) -> int:
    """The id of an office. Refuses `unknown_office`."""
    return offices.office_by_code(session, code).id
