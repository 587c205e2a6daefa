"""What the operator reads once the server is ready: the address of each screen, and the demo city's logins.

Decides only what is said. Names a page only where this version has it, and a login only in the demo city.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException

from queue_app.domain.office import Office, label_in
from queue_app.services import demo, offices
from queue_app.store.access_tables import UserRow
from queue_app.store.database import reading
from queue_app.web.context import KEY, House

SCREENS = (
    ("Portal for residents", "/"),
    ("Booking", "/book/{office}"),
    ("Crowd page", "/crowd/{office}"),
    ("Kiosk (ticket machine)", "/kiosk/{office}"),
    ("Display over the counters", "/display/{office}"),
    ("Display, papers ready", "/display/{office}?kind=handover"),
    ("Staff console", "/staff/"),
    ("Bookings at the desk", "/staff/bookings"),
    ("Floor view", "/staff/floor"),
    ("Administration", "/admin/"),
    ("API documents", "/api/docs"),
)
WIDEST = max(len(label) for label, _ in SCREENS)


def say(app: Flask) -> None:
    """Write the welcome to standard output. Never stops a server from serving."""
    sys.stdout.write(welcome(app))
    sys.stdout.flush()


def welcome(app: Flask) -> str:
    """The whole text."""
    house: House = app.extensions[KEY]
    url = house.settings.public_url
    with app.app_context(), reading() as session:
        listed = [offices.office_by_code(session, code) for code in offices.office_codes(session)]
        lines = [line for office in listed for line in _office(app, url, office, session)]
    if not listed:
        lines = ["  There is no office yet; `flask --app run office load FILE` adds one.", ""]
    return "\n".join(["", "Matazu is ready.", "", *lines, ""])


def _office(app: Flask, url: str, office: Office, session: Session) -> Iterator[str]:
    yield f"  {label_in(office.name, 'ja')} ({office.code})"
    for label, path in screens(app, office.code):
        yield f"    {label:<{WIDEST}}  {url}{path}"
    yield ""
    if not office.extra.get("demo"):
        return
    yield "  The demo city is open around the clock. Its people are made up; they log in with"
    for role, login, passphrase in _logins(session, office):
        yield f"    {role:<8} {login:<8} {passphrase}"
    yield "  A real city loads its own office and starts with an empty database (docs/adopting.md)."
    yield ""


def screens(app: Flask, office: str) -> list[tuple[str, str]]:
    """Label and path of each screen that this version has."""
    paths = [(label, path.format(office=office)) for label, path in SCREENS]
    return [(label, path) for label, path in paths if _is_served(app, path.partition("?")[0])]


def _is_served(app: Flask, path: str) -> bool:
    try:
        app.url_map.bind("localhost").match(path)
    except HTTPException:
        return False
    return True


def _logins(session: Session, office: Office) -> list[tuple[str, str, str]]:
    here = select(UserRow.login).where(UserRow.office_id == office.id, UserRow.active)
    there = set(session.scalars(here))
    return [(role, login, words) for role, (login, _name, words) in demo.LOGINS.items() if login in there]
