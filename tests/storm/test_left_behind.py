"""Five thousand marked residents live through everything, and no mark of theirs is left in any byte (G13, G22).

On the real server of both set-ups: bookings moved, cancelled and come for, numbers with a contact, notes, look-ups, a
disclosure, a deletion, messages to providers that answer and that do not, mistakes, a copy of the database, keys changed
under load, a worker that dies of a fault. Then database, its log, copies, logs, Redis' files, temporary files and core
files are searched. The twin seals nothing. RESIDENTS in the environment changes the size.
"""

from __future__ import annotations

import contextlib
import html
import http.client
import os
import re
import resource
import signal
import threading
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet

from queue_app.domain.access import Role
from queue_app.services import forgetting, staff_sessions
from queue_app.store import remains
from queue_app.store.access_tables import UserRow
from queue_app.store.database import db, writing
from queue_app.web.auth import SECURE_SESSION_COOKIE
from tests.bookings import BOOKABLE, slot
from tests.conftest import make_app, settings_for
from tests.markers import unsealed
from tests.messages import CHANNELS
from tests.provider_double import ProviderDouble
from tests.real_server import DATA_KEY
from tests.storm.city import city
from tests.storm.left_behind import NOTES, Resident, marks_below, marks_in
from tests.storm.odd import OddServer
from tests.storm.town import say
from tests.web.staff_browser import person
from tests.world import Clock, World

RESIDENTS = int(os.environ.get("RESIDENTS", "5000"))
FEW = 40
OFFICE = BOOKABLE.replace("capacity: 2", "capacity: 1000, walk_in_share: 0")
AOBA = "/api/v1/offices/aoba"
NEW_KEY = Fernet.generate_key().decode()
TIMES = ("09:30", "10:00", "11:00", "13:30", "15:00")
TO_HALF_PAST_ONE = timedelta(days=1, hours=4, minutes=35)
"""From the morning before: soon enough to come for 13:30, whatever the day of a thousand people takes."""
pytestmark = [pytest.mark.storm, pytest.mark.timeout(5400), pytest.mark.filterwarnings("default")]


@dataclass
class Staff:
    """What the house's own people and machines hold."""

    clerk: str
    kiosk: str
    session: str


@dataclass
class Desk:
    """A manager's browser: opens pages, sends the forms on them."""

    port: int
    session: str
    cookies: dict[str, str] = field(default_factory=dict)
    page: str = ""

    def ask(self, method: str, path: str, fields: dict[str, str] | None = None) -> tuple[int, str]:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        held = {SECURE_SESSION_COOKIE: self.session, **self.cookies}
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in held.items())}
        if fields is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        line.request(method, path, urllib.parse.urlencode(fields) if fields is not None else None, headers)
        answer = line.getresponse()
        self.page = answer.read().decode()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        line.close()
        return answer.status, answer.getheader("Location") or ""

    def press(self, action: str, **typed: str) -> tuple[int, str]:
        """The form with this action, as it stands on the page."""
        forms = re.findall(r"<form[^>]*action=\"([^\"]+)\"[^>]*>(.*?)</form>", self.page, flags=re.DOTALL)
        body = next(body for found, body in forms if html.unescape(found) == action)
        held = dict(re.findall(r"<input type=\"hidden\" name=\"([^\"]+)\" value=\"([^\"]*)\"", body))
        return self.ask("POST", action, {**held, **typed})


def staffed(world: World) -> Staff:
    login = person(world, Role.MANAGER)
    later = world.clock() + TO_HALF_PAST_ONE + timedelta(minutes=20)

    def open_session(session: Any) -> str:
        return staff_sessions.open_session(session, session.query(UserRow).filter_by(login=login).one(), later)

    with world.app.app_context():
        secret = writing(open_session)
    return Staff(world.token(Role.CLERK), world.token(Role.KIOSK), secret)


def live_through(server: OddServer, staff: Staff, people: list[Resident]) -> None:
    """Bookings the day before, then the day itself."""
    with ThreadPoolExecutor(8) as together:
        made = dict(together.map(lambda who: (who.number, book(server, staff, who)), people))
        server.move_clock(float(server.clock_file.read_text()) + TO_HALF_PAST_ONE.total_seconds())
        list(together.map(lambda who: come(server, staff, who, made[who.number]), people))
    at_the_counter(server, staff, people)
    at_the_desk(server, staff, people)
    mistakes(server, people[:FEW])


def book(server: OddServer, staff: Staff, who: Resident) -> dict[str, Any]:
    """A booking with a contact, by phone or on the web; some are moved, some given back."""
    by_phone = who.number % 2
    contact = {"channel": "sms", "address": who.typed_phone} if by_phone else {"channel": "email", "address": who.mail}
    wish = {
        "slot": slot(TIMES[who.number % 5]),
        "service": "moving",
        "name_kana": who.name,
        "contact": contact,
        "needs": ["wheelchair"],
    }
    status, made = server.post(f"{AOBA}/reservations", wish, staff.clerk if who.number % 7 == 0 else None)
    assert status == 201, (status, made)
    if who.number % 5 == 1:
        assert server.post(f"/api/v1/reservations/{made['token']}/reschedule", {"slot": slot("16:00")})[0] == 200
    if who.number % 5 == 2:
        assert server.post(f"/api/v1/reservations/{made['token']}/cancel")[0] == 200
    found = server.post(f"{AOBA}/reservations/find", {"code": made["code"], "digits": made.get("pin") or "0000"})
    assert found[0] in (200, 404)
    return dict(made)


def come(server: OddServer, staff: Staff, who: Resident, made: dict[str, Any]) -> None:
    """Some come for their booking, some without one."""
    if who.number % 5 == 3:
        status, ticket = server.post(f"{AOBA}/check-ins", {"code": made["code"]}, staff.kiosk)
        assert status == 201, (status, ticket)
    if who.number % 5 == 4:
        notify = {"channel": "sms", "address": who.typed_phone}
        status, ticket = server.post(f"{AOBA}/tickets", {"service": "certificate", "notify": notify}, staff.kiosk)
        assert status == 201, (status, ticket)
        assert server.get(f"/api/v1/tickets/{ticket['token']}")[0] == 200


def at_the_counter(server: OddServer, staff: Staff, people: list[Resident]) -> None:
    """Calls; each person gets a note, or is passed on with one; the caller looks the next one up."""
    assert server.post(f"{AOBA}/counters/1/open", token=staff.clerk)[0] == 200
    for who in people[: len(people) // 10]:
        status, called = server.post(f"{AOBA}/counters/1/calls", {"finish": True}, staff.clerk)
        assert status == 201, (status, called)
        if who.number % 2:
            passed_on = {"counter": "2", "note": f"{NOTES} {who.number}"}
            status, said = server.post(f"/api/v1/tickets/{called['ticket']['id']}/forward", passed_on, staff.clerk)
            assert status in (200, 409, 422), (status, said)
        wish = (who.typed_phone, who.mail, who.name)[who.number % 3]
        asked = {"text": wish, "reason": "phone_call"}
        assert server.post(f"{AOBA}/reservations/search", asked, staff.clerk)[0] == 200


def at_the_desk(server: OddServer, staff: Staff, people: list[Resident]) -> None:
    """A manager's forms: a note, look-ups, what is held about somebody, and its deletion."""
    desk = Desk(server.port, staff.session)
    desk.ask("GET", "/staff/")
    assert desk.press("/staff/counters/2/open")[0] == 303
    assert server.post(f"{AOBA}/counters/2/calls", {"finish": True}, staff.clerk)[0] in (201, 409)
    desk.ask("GET", "/staff/counters/2")
    notes = re.findall(r'action="([^"]+/note)"', desk.page)
    assert notes, "somebody is at the counter, and can be noted about"
    assert desk.press(notes[0], note=f"{NOTES} at the desk")[0] == 303
    for who in people[:FEW]:
        desk.ask("GET", "/staff/bookings")
        assert desk.press("/staff/bookings", wish=who.mail, reason="phone_call")[0] == 200
        desk.ask("GET", "/staff/disclosure")
        assert desk.press("/staff/disclosure", wish=who.typed_phone, reason="asked_disclosure")[0] == 200
        if "/staff/disclosure/show" in desk.page:
            assert desk.press("/staff/disclosure/show")[0] == 200
            assert marks_in(desk.page.encode(), [who]), "the twin of every search below: this page does name them"
            if who.number % 3 == 0:
                assert desk.press("/staff/disclosure/erase", sure="yes")[0] == 200


def mistakes(server: OddServer, people: Iterable[Resident]) -> None:
    """Marks where none belong: broken bodies, wrong fields, addresses, headers."""
    for who in people:
        for body in ({"name_kana": who.name}, {"slot": who.name, "name_kana": who.name, "service": who.mail}):
            server.post(f"{AOBA}/reservations", body)
        server.post(f"{AOBA}/tickets", {"service": "moving", "notify": {"channel": "fax", "address": who.phone}})
        server.get(f"/book/find?name={urllib.parse.quote(who.name)}&tel={who.phone}")
        server.get(f"/{urllib.parse.quote(who.name)}/order")
        server.ask("POST", f"{AOBA}/reservations", body=[who.name], token=who.mail, User_Agent=who.mail)


def wait_until_sent(provider: ProviderDouble, wanted: int) -> None:
    pause = threading.Event()
    for _ in range(600):
        if len(provider.taken) >= wanted:
            return
        pause.wait(0.5)
    pytest.fail(f"{len(provider.taken)} of {wanted} messages after five minutes")


def die_of_a_fault(server: OddServer) -> None:
    """As a fault in a library would end it: with a core file, if the system were allowed to write one."""
    assert server.process is not None
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGSEGV)
    server.wait_until_answering()


def flushed(server: OddServer, setup: str) -> None:
    """Everything that is still in memory goes to the disk, where it would lie."""
    if setup == "sqlite":
        return
    with psycopg.connect(server.environ["DATABASE_URL"].replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    import redis

    redis.Redis.from_url(server.environ["REDIS_URL"]).save()


@contextlib.contextmanager
def core_files() -> Iterator[None]:
    """As on a machine whose owner allows core files of any size."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)


def a_day(folder: Path, setup: str, count: int, look: Callable[[OddServer], Any], *, odd: tuple[str, ...] = ()) -> Any:
    """So many residents' two days; `look` at what is left while the server still runs."""
    people = [Resident(number) for number in range(count)]
    temporary = folder / "tmp"
    temporary.mkdir()
    with ProviderDouble(lambda number: ("take", "take", "500")[number % 3]) as provider, core_files():
        told = {
            **CHANNELS, "TWILIO_API_BASE": provider.url, "TMPDIR": str(temporary), "LOG_LEVEL": "DEBUG",
            "DATA_KEYS": f"{NEW_KEY},{DATA_KEY}", "MAIL_FROM": "yoyaku@aoba.example",
        }  # fmt: skip
        with city(folder, setup, staffed, environ=told, odd=odd, office=OFFICE) as (server, staff):
            live_through(server, staff, people)
            wait_until_sent(provider, FEW // 4)
            server.command_line("backup", str(folder / "copy"))
            if not odd:
                server.command_line("rotate-keys")
                server.command_line("backup", str(folder / "copy-2"))
                die_of_a_fault(server)
            flushed(server, setup)
            return look(server)


@pytest.mark.parametrize("setup", ["sqlite", "postgres"])
def test_no_mark_of_five_thousand_residents_is_left_in_any_byte(
    tmp_path: Path, setup: str, capsys: pytest.CaptureFixture[str]
) -> None:
    some = [Resident(number) for number in range(0, RESIDENTS, max(1, RESIDENTS // 4))]

    def look(server: OddServer) -> None:
        found, read = marks_below([tmp_path, *server.neighbours], some)
        files = sum(each.is_file() for folder in (tmp_path, *server.neighbours) for each in folder.rglob("*"))
        say(capsys, f"{setup}: {RESIDENTS} residents, {read / 1e6:.0f} MB in {files} files: {found or 'no mark'}")
        assert found == {}
        assert not [*tmp_path.rglob("core*"), *Path.cwd().glob("core*")], "no core file was written"
        assert "SIGSEGV" in server.log.read_text("utf-8", "replace"), "a worker did die"
        if setup == "sqlite":
            with_the_key(tmp_path, server, capsys)

    a_day(tmp_path, setup, RESIDENTS, look)


def with_the_key(folder: Path, server: OddServer, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever steals file and key reads it all, until it is forgotten; after that nothing, not even from free pages."""
    before = marks_of(folder, NEW_KEY)
    assert before, "the twin: seals are opened, so marks are found"
    assert marks_in(b"\n".join(unsealed((folder / "copy").read_bytes(), NEW_KEY))), "and in the copy of before"
    server.stop()
    clock = Clock()
    clock.pass_(days=45)
    app = make_app(settings_for(folder, **server.environ), clock)
    with app.app_context():
        forgotten = writing(lambda session: forgetting.forget_due(session, clock()))
        assert remains.empty_the_log(db.engine), "as the command does it"
    after = marks_of(folder, NEW_KEY)
    say(capsys, f"with the key: {len(before)} marks before, {len(after)} after forgetting {forgotten}")
    assert after == set()
    newest = Fernet.generate_key().decode()
    assert not list(unsealed((folder / "copy").read_bytes(), newest)), "an old copy is dead with its key"


def marks_of(folder: Path, key: str) -> set[str]:
    files = [folder / f"matazu.db{end}" for end in ("", "-wal")]
    data = b"".join(file.read_bytes() for file in files if file.exists())
    return marks_in(b"\n".join(unsealed(data, key)))


@pytest.mark.parametrize("setup", ["sqlite", "postgres"])
def test_seals_that_seal_nothing_are_noticed(tmp_path: Path, setup: str) -> None:
    def look(server: OddServer) -> None:
        found, _read = marks_below([tmp_path, *server.neighbours], [])
        marks = set().union(*found.values())
        assert {"シルシ ツキコ", "SHIRUSHI TSUKIKO", "@marked.example", NOTES} <= marks, found
        assert any(mark.startswith(("+819", "090")) for mark in marks)
        assert len(found) > 1, "also outside the database itself"

    a_day(tmp_path, setup, FEW, look, odd=("no seals",))
