"""A browser of staff without a script, and people who log in with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from werkzeug.test import TestResponse

from queue_app.domain.access import Role
from queue_app.services import accounts, staff_sessions
from queue_app.store.access_tables import UserRow
from queue_app.store.database import writing
from queue_app.store.office_tables import OfficeRow
from queue_app.web.auth import SESSION_COOKIE
from tests.world import World

PASSPHRASE = "a passphrase of the tests"


@dataclass
class Browser:
    """A browser without a script: follows forms and keeps cookies."""

    world: World
    page: str = ""
    status: int = 0
    path: str = ""

    def __post_init__(self) -> None:
        self.client = self.world.app.test_client()

    def open(self, path: str) -> str:
        return self._take(self.client.get(path, headers={"Accept-Language": "ja"}, follow_redirects=True))

    def press(self, action: str, **typed: Any) -> str:
        """Send the form with this action, as it stands on the page, with what was typed over it."""
        return self._take(self.send(action, self.fields(action) | typed))

    def send(self, action: str, fields: dict[str, Any], **options: Any) -> TestResponse:
        return self.client.post(
            action, data=fields, headers={"Accept-Language": "ja"}, follow_redirects=True, **options
        )

    def fields(self, action: str) -> dict[str, Any]:
        forms = re.findall(r"<form[^>]*action=\"([^\"]+)\"[^>]*>(.*?)</form>", self.page, flags=re.DOTALL)
        held = next(body for found, body in forms if found == action)
        return dict(re.findall(r"<input type=\"hidden\" name=\"([^\"]+)\" value=\"([^\"]*)\"", held))

    def actions(self) -> list[str]:
        return re.findall(r"<form[^>]*action=\"([^\"]+)\"", self.page)

    def log_in(self, login: str, passphrase: str = PASSPHRASE, *, then: str = "") -> str:
        self.open("/staff/login")
        return self.press("/staff/login", login=login, passphrase=passphrase, next=then)

    @property
    def number_in_hand(self) -> str:
        return re.findall(r"class=\"in-hand__number[^\"]*\"[^>]*>([^<]+)<", self.page)[0]

    @property
    def line(self) -> list[str]:
        return re.findall(r"<li class=\"line__row\">.*?id=\"call-([^\"]+)\"", self.page, flags=re.DOTALL)

    def ticket_action(self, name: str) -> str:
        return next(action for action in self.actions() if action.endswith(f"/{name}"))

    def _take(self, answer: TestResponse) -> str:
        self.page, self.status, self.path = answer.text, answer.status_code, answer.request.full_path.rstrip("?")
        return self.page


def person(world: World, role: Role, login: str = "") -> str:
    login = login or str(role)

    def add(session: Any) -> None:
        office_id = session.query(OfficeRow.id).filter_by(code="aoba").scalar()
        row = UserRow(office_id=office_id, login=login, name=f"職員 {login}", role=role, password_hash=_stored())
        row.settings, row.failures, row.active, row.created_at = {}, 0, True, world.clock()
        session.add(row)

    with world.app.app_context():
        writing(add)
    return login


@lru_cache(maxsize=1)
def _stored() -> str:
    """Hashed once: it is slow on purpose."""
    return accounts.hash_passphrase(PASSPHRASE)


def staff(world: World, role: Role, login: str = "") -> Browser:
    """Somebody new of that role, logged in."""
    return logged_in(world, person(world, role, login))


def logged_in(world: World, login: str) -> Browser:
    """A browser with a session as the login page opens it."""
    browser = Browser(world)

    def open_session(session: Any) -> str:
        return staff_sessions.open_session(session, session.query(UserRow).filter_by(login=login).one(), world.clock())

    with world.app.app_context():
        browser.client.set_cookie(SESSION_COOKIE, writing(open_session))
    return browser
