"""The example city on a Tuesday morning, served from this process with a clock that can be put forward: for pictures.

Decides what has happened when a picture is taken. The offices beside the main one are for states that a busy morning
does not hold still for: nobody called, one call, five, ten, closed.
"""

from __future__ import annotations

import contextlib
import logging
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import select
from werkzeug.serving import make_server

from config import read_settings
from queue_app.domain.access import Role
from queue_app.services import (
    bearers,
    demo,
    demo_history,
    demo_office,
    history,
    learning,
    office_file,
    offices,
    schema,
    staff_sessions,
)
from queue_app.services.ports import Ports
from queue_app.store.access_tables import UserRow
from queue_app.store.database import reading, writing
from queue_app.store.office_tables import OfficeRow
from queue_app.web.context import KEY
from scripts.demo_hall import Hall, free_port
from scripts.demo_morning import Morning
from scripts.demo_plan import visitors

OPENING = datetime(2026, 12, 1, 8, 30, tzinfo=UTC) - timedelta(hours=9)
"""A Tuesday, 8:30 in Tokyo."""

PLAYED_MIN = 116.0
SEED = 4


@dataclass
class Clock:
    """Goes on by itself from where it was put."""

    at: datetime = OPENING
    since: float = field(default_factory=time.monotonic)

    def __call__(self) -> datetime:
        return self.at + timedelta(seconds=time.monotonic() - self.since)

    def put(self, minutes: float) -> None:
        """So many minutes after the opening, unless it is later already."""
        wanted = OPENING + timedelta(minutes=minutes)
        if wanted > self():
            self.at, self.since = wanted, time.monotonic()

    def pass_by(self, seconds: float) -> None:
        self.at, self.since = self() + timedelta(seconds=seconds), time.monotonic()


@dataclass
class City:
    """The server, its clock, and everything that a picture needs to have happened."""

    app: Flask
    clock: Clock
    url: str
    made: int = 0
    halls: dict[str, Hall] = field(default_factory=dict)

    def add_office(self, code: str, **changes: Any) -> Hall:
        """Another office like the example, with some keys of its file changed."""
        file = yaml.safe_load(demo_office.demo_office_text()) | {"code": code} | changes
        text = yaml.safe_dump(file, allow_unicode=True, sort_keys=False)
        with self.app.app_context():
            writing(lambda s: office_file.load_office(s, text, code, self.clock(), folder=office_file.OFFICES))
        return self.hall(code)

    def hall(self, code: str) -> Hall:
        if code not in self.halls:
            tokens = {str(role): self.token(code, role) for role in (Role.KIOSK, Role.MANAGER)}
            self.halls[code] = Hall(self.url, code, tokens)
        return self.halls[code]

    def token(self, code: str, role: Role, **settings: Any) -> str:
        self.made += 1
        name = f"{role} {self.made}"

        def make(session: Any) -> str:
            office_id = session.scalars(select(OfficeRow.id).where(OfficeRow.code == code)).one()
            return bearers.issue_token(session, office_id, role, name, self.clock(), settings=settings).secret

        with self.app.app_context():
            return writing(make)

    def session(self, role: Role) -> str:
        """A login of the demo city's staff."""
        login = demo.LOGINS[role][0]

        def open_(session: Any) -> str:
            person = session.scalars(select(UserRow).where(UserRow.login == login)).one()
            return staff_sessions.open_session(session, person, self.clock())

        with self.app.app_context():
            return writing(open_)


def issue(hall: Hall, service: str, **facts: Any) -> dict[str, Any]:
    """A ticket from the kiosk."""
    status, ticket = hall.post(f"/offices/{hall.office}/tickets", {"service": service, **facts}, "kiosk")
    assert status == 201, ticket
    found: dict[str, Any] = ticket
    return found


def call(hall: Hall, counter: str, **said: Any) -> dict[str, Any]:
    """The next person, or the one named, is called to a counter."""
    hall.post(f"/offices/{hall.office}/counters/{counter}/open")
    status, answer = hall.post(f"/offices/{hall.office}/counters/{counter}/calls", said)
    assert status == 201, answer
    ticket: dict[str, Any] = answer["ticket"]
    return ticket


def call_several(hall: Hall, places: list[tuple[str, str]]) -> None:
    """For each (service, counter) a number that is called and not yet answered."""
    for service, counter in places:
        ticket = issue(hall, service)
        call(hall, counter, number=ticket["number"])


@contextlib.contextmanager
def picture_city() -> Iterator[City]:
    """Running, and in the middle of a morning."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="matazu-pictures-") as folder:
        clock, port = Clock(), free_port(0)
        app = _app(Path(folder), clock, port)
        server = make_server("127.0.0.1", port, app, threaded=True)
        relay = app.extensions[KEY].relay
        for work in (server.serve_forever, relay.work):
            threading.Thread(target=work, daemon=True).start()
        try:
            city = City(app, clock, f"http://127.0.0.1:{port}")
            _play(city)
            yield city
        finally:
            relay.stop()
            server.shutdown()


def _app(folder: Path, clock: Clock, port: int) -> Flask:
    from display import blueprint as display
    from kiosk import blueprint as kiosk
    from queue_app.adapters.holidays import japanese_holiday
    from queue_app.app import create_app

    environ = {
        "MATAZU_INSTANCE": str(folder),
        "SECRET_KEY": "the same on each picture, and never elsewhere",
        "DATA_KEYS": Fernet.generate_key().decode(),
        "PORT": str(port),
        "RATE_LIMIT_PUBLIC": "off",
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
    }
    settings = read_settings(environ)
    ports = Ports(clock=clock, holidays=japanese_holiday, secret=settings.secret_key.encode())
    app = create_app(settings, ports, frontends=(kiosk, display))
    with app.app_context():
        schema.bring_up_to_date()
        demo.load_if_empty(ports)
    return app


def _play(city: City) -> None:
    people = visitors(SEED, PLAYED_MIN)
    Morning(city.hall("aoba"), people, lambda _at, _news: None, seed=SEED).play(PLAYED_MIN, city.clock.put)
    city.clock.put(PLAYED_MIN)
    with city.app.app_context():  # what the bookkeeper of a running server does
        ports = city.app.extensions[KEY].ports
        with reading() as session:
            office_id = session.scalars(select(OfficeRow.id).where(OfficeRow.code == "aoba")).one()
        history.catch_up(ports, office_id)
        demo_history.play_if_demo(ports, office_id)
        with reading() as session:
            learnt = learning.learn(session, offices.office_by_id(session, office_id), city.clock())
        writing(lambda session: learning.keep(session, office_id, learnt, city.clock()))
