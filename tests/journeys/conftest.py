"""A real server for journeys: `python run.py` in a process of its own, a browser before it, and a city hall behind it.

`live_server` is one process for the whole run; `city` gives each test an office of its own in it, so that journeys
never meet. Offices, people and tokens are made through the services on the same database file, as the commands do
beside a running server; everything else goes over HTTP.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from queue_app.adapters.clock import system_clock
from queue_app.adapters.holidays import japanese_holiday
from queue_app.app import create_app
from queue_app.domain.access import Role
from queue_app.services import accounts, bearers, office_file, staff_sessions
from queue_app.services.demo_office import demo_office_text
from queue_app.services.office_navigator import OFFICES
from queue_app.services.ports import Ports
from queue_app.store.access_tables import StaffSession, UserRow
from queue_app.store.database import db, writing
from queue_app.store.office_tables import OfficeRow
from queue_app.store.queue_tables import Stage, Ticket
from queue_app.web.auth import SESSION_COOKIE
from tests.browser import foreign, hosts_asked, office_context
from tests.conftest import DATA_KEY, SECRET, settings_for
from tests.redis_machine import free_port
from tests.server_process import Server, short_folder

ROOT = Path(__file__).parents[2]
PASSPHRASE = "a passphrase of the tests"
STAFF_WINDOW = {"width": 1366, "height": 768}

OFFICE = """
code: {code}
name: {{ja: あおば市役所, en: Aoba City Hall}}
zone: Asia/Tokyo
hours: always
tickets_from_home: true
services:
  - {{code: certificate, series: A, label: {{ja: 証明書, en: Certificates}}, minutes: 5, stages: [reception, back_office, handover]}}
  - {{code: moving, series: B, label: {{ja: 引っ越し, en: Moving}}, minutes: 14}}
  - {{code: insurance, series: "200", label: {{ja: 国民健康保険, en: Insurance}}, minutes: 12}}
counters:
  - {{code: "1", label: {{ja: 1番窓口, en: Window 1}}, services: [certificate, moving], stages: [reception, handover]}}
  - {{code: "2", label: {{ja: 2番窓口, en: Window 2}}, services: [certificate, moving], stages: [reception, handover]}}
  - {{code: "3", label: {{ja: 3番窓口, en: Window 3}}, services: [insurance], stages: [reception]}}
  - {{code: "9", label: {{ja: 審査, en: Back office}}, services: [certificate], stages: [back_office]}}
"""

expect.set_options(timeout=20_000)  # what is waited for comes when it comes; three browsers may share two cores


@dataclass(eq=False)
class LiveServer(Server):
    """`python run.py` with SQLite, as a city would start it. `stop()` and `start()` keep the address and the data."""

    folder: Path
    port: int = field(default_factory=free_port)
    offices: int = 0

    def command(self) -> list[str]:
        plain = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        told = {
            "MATAZU_INSTANCE": str(self.folder),
            "DATABASE_URL": self.database_url,
            "PORT": str(self.port),
            "SECRET_KEY": SECRET,
            "DATA_KEYS": DATA_KEY,
            "RATE_LIMIT_PUBLIC": "off",
            "VOICE_PYTHON": "off",
            "PYTHONPATH": str(ROOT),
        }
        environ = [f"{name}={value}" for name, value in (plain | told).items()]
        return ["env", "-i", *environ, sys.executable, str(ROOT / "run.py")]

    def answers(self) -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)
        return False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.folder / 'matazu.db'}"

    def ask(self, path: str, body: dict[str, Any] | None = None, *, token: str | None = None) -> tuple[int, Any]:
        """One call of the API: POST when there is a body. Returns the status and the JSON."""
        headers = {"Content-Type": "application/json", "Accept-Language": "en"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/api/v1{path}", data, headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read() or b"null")


@dataclass(eq=False)
class City:
    """One office in the running server, and everything a journey needs to have happened there."""

    server: LiveServer
    door: Flask
    browser: Browser
    code: str
    _made: int = 0
    _tokens: dict[str, str] = field(default_factory=dict)
    _closing: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @property
    def url(self) -> str:
        return self.server.url

    def token(self, role: Role, counter: str | None = None, *, name: str = "", **settings: Any) -> str:
        """A bearer token of this office; of a device with these settings."""
        self._made += 1
        name = name or f"{role} {self._made}"
        with self.door.app_context():
            made = writing(
                lambda session: bearers.issue_token(
                    session, self._office_id(session), role, name, system_clock(), counter=counter, settings=settings
                )
            )
        return made.secret

    def person(self, role: Role, *, login: str = "") -> str:
        """A member of staff with PASSPHRASE; returns the login."""
        self._made += 1
        login = login or f"{self.code}-{role}-{self._made}"

        def add(session: Any) -> None:
            accounts.add_user(
                session, self._office_id(session), login, f"職員 {self._made}", role, PASSPHRASE, system_clock()
            )

        with self.door.app_context():
            writing(add)
        return login

    def session_secret(self, login: str) -> str:
        """A session as the login page opens it."""
        with self.door.app_context():
            return writing(
                lambda session: staff_sessions.open_session(
                    session, session.query(UserRow).filter_by(login=login).one(), system_clock()
                )
            )

    def end_sessions(self, login: str) -> None:
        """As if nobody had pressed anything for too long."""

        def end(session: Any) -> None:
            user = session.query(UserRow).filter_by(login=login).one()
            session.query(StaffSession).filter_by(user_id=user.id).update({"ended_at": system_clock()})

        with self.door.app_context():
            writing(end)

    def age_of_call(self, number: str, *, seconds: int) -> None:
        """The person was called so long ago."""

        def age(session: Any) -> None:
            tickets = session.query(Ticket).filter_by(office_id=self._office_id(session), number_text=number)
            stage = session.query(Stage).filter_by(ticket_id=tickets.one().id, state="called").one()
            stage.since = system_clock() - timedelta(seconds=seconds)

        with self.door.app_context():
            writing(age)

    def api(self, path: str, body: dict[str, Any] | None = None, *, role: Role = Role.CLERK) -> Any:
        """A call to this office as a device or a member of staff; `{office}` is its code. The JSON of a success."""
        if role not in self._tokens:
            self._tokens[role] = self.token(role)
        status, answer = self.server.ask(path.format(office=self.code), body, token=self._tokens[role])
        assert status < 300, (status, answer)
        return answer

    def issue(self, service: str = "moving", **facts: Any) -> dict[str, Any]:
        """A ticket from the kiosk."""
        ticket: dict[str, Any] = self.api("/offices/{office}/tickets", {"service": service, **facts}, role=Role.KIOSK)
        return ticket

    def open(self, *counters: str) -> None:
        for counter in counters:
            self.api(f"/offices/{{office}}/counters/{counter}/open", {})

    def call(self, counter: str = "1", **body: Any) -> Any:
        """The answer of the call, or None when nobody waits."""
        return self.api(f"/offices/{{office}}/counters/{counter}/calls", body)

    def act(self, ticket: dict[str, Any], action: str, **body: Any) -> Any:
        number = ticket.get("id") or self.api(f"/tickets/{ticket['token']}")["id"]
        return self.api(f"/tickets/{number}/{action}", body)

    def desk(self, counter: str = "1") -> Any:
        return self.api(f"/offices/{{office}}/desk?counter={counter}")

    def board(self) -> Any:
        return self.server.ask(f"/offices/{self.code}/board")[1]

    def window(self, role: Role | None = None, *, login: str = "", **settings: Any) -> Page:
        """A browser window of its own, logged in as that role; None is somebody without an account."""
        usual: dict[str, Any] = {} if role is None else {"viewport": STAFF_WINDOW}
        context: BrowserContext = self._closing.enter_context(office_context(self.browser, **(usual | settings)))
        asked = hosts_asked(context)
        self._closing.callback(_only_here, asked)
        if role is not None:
            secret = self.session_secret(login or self.person(role))
            context.add_cookies([{"name": SESSION_COOKIE, "value": secret, "url": self.url}])
        page = context.new_page()
        page.set_default_timeout(10_000)
        return page

    def _office_id(self, session: Any) -> int:
        found: int = session.query(OfficeRow.id).filter_by(code=self.code).scalar()
        return found


@pytest.fixture(scope="session")
def live_server() -> Iterator[LiveServer]:
    """The server, started once. A test that stops it starts it again before it ends."""
    with short_folder("matazu-") as folder:
        server = LiveServer(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def door(live_server: LiveServer) -> Iterator[Flask]:
    """A second application on the server's database, for what the commands do."""
    settings = settings_for(live_server.folder, DATABASE_URL=live_server.database_url)
    app = create_app(
        settings, Ports(clock=system_clock, holidays=japanese_holiday, secret=settings.secret_key.encode())
    )
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def city(live_server: LiveServer, door: Flask, browser: Browser) -> Iterator[City]:
    """A fresh office in the running server. Its windows are closed at the end, and none may have asked elsewhere."""
    code = _next_code(live_server)
    with door.app_context():
        writing(lambda session: office_file.load_office(session, OFFICE.format(code=code), "test.yaml", system_clock()))
    made = City(live_server, door, browser, code)
    with made._closing:
        yield made


@pytest.fixture
def demo(live_server: LiveServer, door: Flask, browser: Browser) -> Iterator[City]:
    """The example city in full: every service, every language."""
    code = _next_code(live_server)
    text = re.sub(r"^code: aoba$", f"code: {code}", demo_office_text(), flags=re.MULTILINE)
    with door.app_context():
        writing(lambda session: office_file.load_office(session, text, "test.yaml", system_clock(), folder=OFFICES))
    made = City(live_server, door, browser, code)
    with made._closing:
        yield made


def _next_code(server: LiveServer) -> str:
    server.offices += 1
    return f"aoba{server.offices}"


def lose_the_network(page: Page) -> None:
    """From now on no request of this window reaches anybody."""

    def refuse(route: Route) -> None:
        route.abort("internetdisconnected")

    page.context.route("**/*", refuse)
    page.context.set_offline(True)


def find_the_network(page: Page) -> None:
    page.context.unroute_all()
    page.context.set_offline(False)


def _only_here(asked: set[str]) -> None:
    assert foreign(asked) == set(), "a page asked hosts outside this machine"
