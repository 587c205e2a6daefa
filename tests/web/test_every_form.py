"""Everything in the corpus in every field of every form, and in what addresses may ask: no page breaks, ever.

Forms are read off the pages as people see them, so a new form is tested the day it is made. As with the endpoints, each
field gets its share in `make test` and everything in `make storm`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from queue_app.domain.access import Role
from queue_app.services import staff_sessions
from queue_app.store.access_tables import UserRow
from queue_app.store.database import writing
from queue_app.web.auth import SESSION_COOKIE, device_cookie
from tests import corpus
from tests.bookings import BOOKABLE, reserve
from tests.standing import Watch, standing_world
from tests.web.staff_browser import person
from tests.web.test_every_field import WRITES
from tests.web.test_page_access import address
from tests.world import World

SHARES, SHARES_OF_QUERIES = 60, 2_000
ROOT = Path(__file__).parents[2]
LEAVES = ("/staff/logout", "/staff/lock", "/staff/account", "/staff/second-factor", "/admin/people/", "/staff/login")
"""Forms that end the sitting; tested where they belong."""
LEAST = {"manager": 20, "admin": 10, "clerk": 8, "kiosk": 9, "resident": 14}
OURS = ("csrf_token", "idempotency_key", "proof")
HOME = BOOKABLE.replace("tickets_from_home: false", "tickets_from_home: true").replace("capacity: 2", "capacity: 99")


@dataclass
class Form:
    """Where it goes and what it sends when nobody touches it."""

    action: str
    sends: MultiDict[str, str] = field(default_factory=MultiDict)
    typed: set[str] = field(default_factory=set)


class Forms(HTMLParser):
    """The forms of a page that change something."""

    def __init__(self, page: str, path: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Form] = []
        self._path, self._open, self._select, self._area = path, False, "", ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = told.get("method", "get").lower() == "post"
            if self._open:
                self.found.append(Form(told.get("action") or self._path))
        elif not self._open:
            return
        elif tag in ("input", "button", "textarea", "select") and told.get("name"):
            self._field(tag, told)
        elif tag == "option" and self._select and ("selected" in told or self._select not in self.found[-1].sends):
            self.found[-1].sends.setlist(self._select, [told.get("value", "")])

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag != "form"
        self._select = "" if tag == "select" else self._select
        self._area = "" if tag == "textarea" else self._area

    def handle_data(self, data: str) -> None:
        if self._area:
            self.found[-1].sends[self._area] = self.found[-1].sends.get(self._area, "") + data

    def _field(self, tag: str, told: dict[str, str]) -> None:
        name, form = told["name"], self.found[-1]
        if name not in OURS:
            form.typed.add(name)
        self._select = name if tag == "select" else ""
        self._area = name if tag == "textarea" else ""
        if tag == "textarea":
            form.sends[name] = ""
        elif tag == "input" and (told.get("type") not in ("radio", "checkbox") or "checked" in told):
            form.sends.add(name, told.get("value", ""))
        elif tag == "button":
            form.sends.setdefault(name, told.get("value", ""))


@dataclass
class Hall:
    """The office, everybody before a browser, and the things they look at."""

    world: World
    watch: Watch
    people: dict[str, FlaskClient] = field(default_factory=dict)
    sittings: int = 0

    def sit_down(self, name: str) -> FlaskClient:
        """A fresh sitting of somebody: the role's name, `kiosk`, or `resident`."""
        made = self.world.app.test_client()
        with self.world.app.app_context():
            if name == "kiosk":
                made.set_cookie(device_cookie(Role.KIOSK), self.world.token(Role.KIOSK))
            elif name != "resident":
                made.set_cookie(SESSION_COOKIE, self._session(Role(name)))
        self.people[name] = made
        return made

    def _session(self, role: Role) -> str:
        self.sittings += 1
        login = person(self.world, role, f"{role}-{self.sittings}")
        return writing(
            lambda session: staff_sessions.open_session(
                session, session.query(UserRow).filter_by(login=login).one(), self.world.clock()
            )
        )

    def pages(self, name: str) -> list[str]:
        """The addresses that somebody may look at, with something living in each place."""
        ticket, booking = self.world.issue("moving"), reserve(self.world, caller=self.world.clerk)
        mine = {
            "manager": ("/staff",),
            "admin": ("/admin",),
            "clerk": ("/staff",),
            "kiosk": ("/kiosk", "/display"),
            "resident": ("/t/", "/r/", "/book", "/aoba", "/offices", "/crowd", "/<office>"),
        }[name]
        rules = [str(rule) for rule in self.world.app.url_map.iter_rules() if "GET" in (rule.methods or ())]
        texts = [text for text in rules if text.startswith(mine) and not text.endswith((".js", "filename>"))]
        rule_of = {str(rule): rule for rule in self.world.app.url_map.iter_rules()}
        tokens = {text: (booking if text.startswith("/r/") else ticket)["token"] for text in texts}
        return [
            address(rule_of[text]).replace("nothing", tokens[text] if "<token>" in text else "moving") for text in texts
        ]


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Hall]:
    folder = tmp_path_factory.mktemp("forms")
    with standing_world(folder, migrated_file, office=HOME, **WRITES) as world:
        world.open("1", "2")
        for _ in range(3):
            world.issue("moving")
        world.call("1")
        made = Hall(world, Watch(folder))
        for name in ("manager", "admin", "clerk", "kiosk", "resident"):
            made.sit_down(name)
        begin_a_booking(made.people["resident"])
        yield made
        made.watch.close()


def begin_a_booking(browser: FlaskClient) -> None:
    """Walk the booking pages as far as the contact, so that their forms are there."""
    browser.get("/book/aoba")
    steps = (("/book/aoba", {"errand": "moving"}), ("/book/aoba/people", {"people": "1"}))
    for path, said in steps:
        browser.post(path, data={**said, "csrf_token": token_on(browser.get(path))})
    for path, name in (("/book/aoba/day", "day"), ("/book/aoba/time", "slot")):
        page = browser.get(path)
        options = re.findall(rf'name="{name}"[^>]*value="([^"]+)"', page.text)
        if options:
            browser.post(path, data={name: options[-1], "csrf_token": token_on(page)})


def token_on(page: TestResponse) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    return found[1] if found else ""


def forms_of(hall: Hall, name: str) -> dict[str, Form]:
    """Every form that somebody meets, by where it goes and what it asks."""
    found: dict[str, Form] = {}
    for path in hall.pages(name):
        answer = hall.people[name].get(path, headers={"Accept-Language": "ja"}, follow_redirects=True)
        assert answer.status_code < 500, path
        if answer.mimetype == "text/html":
            for form in Forms(answer.text, answer.request.path).found:
                if not form.action.startswith(LEAVES):
                    shape = re.sub(r"\d+|[\w-]{20,}", "#", urlsplit(form.action).path)
                    found.setdefault(f"{shape} {sorted(form.typed)}", form)
    return found


def fault(hall: Hall, name: str, form: Form, typed: str, value: str | bytes) -> str | None:
    """What is wrong with the answer to a form with one field changed, or None."""
    sends = MultiDict(form.sends)
    sends.pop("idempotency_key", None)
    before = hall.watch.version()
    answer = send(hall, name, form, sends, typed, value)
    if answer.status_code >= 500:
        return str(answer.status_code)
    if answer.status_code in (401, 400) or "/staff/login" in answer.headers.get("Location", ""):
        hall.sit_down(name)
        return None
    if answer.status_code >= 400 and hall.watch.version() != before:
        return f"{answer.status_code} but something was written"
    if answer.status_code == 422 and not re.search(r'aria-invalid="true"|role="alert"|<h1>[^<]', answer.text):
        return "422 without a word"
    location = answer.headers.get("Location", "/")
    return None if re.match(r"^/(?![/\\])", location) else f"leads to {location}"


def send(hall: Hall, name: str, form: Form, sends: MultiDict[str, str], typed: str, value: str | bytes) -> TestResponse:
    browser, headers = hall.people[name], {"Accept-Language": "ja"}
    if isinstance(value, str):
        sends.setlist(typed, [value])
        return browser.post(form.action, data=sends, headers=headers)
    others = "&".join(f"{quote(key)}={quote(one)}" for key, one in sends.items(multi=True) if key != typed)
    raw = f"{others}&{quote(typed)}=".encode() + value
    return browser.post(form.action, data=raw, content_type="application/x-www-form-urlencoded", headers=headers)


def faults(hall: Hall, name: str, of: int) -> list[str]:
    wrong, number = [], 0
    forms = forms_of(hall, name)
    assert len(forms) >= LEAST[name], "too few forms were found to believe this"
    words: tuple[str | bytes, ...] = (*corpus.WORDS, *corpus.RAW_WORDS, *corpus.XSS)
    for shape, form in forms.items():
        for typed in sorted(form.typed):
            number += 1
            for value in corpus.share(words, number, of):
                if isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value):
                    continue
                found = fault(hall, name, form, typed, value)
                if found:
                    wrong.append(f"{shape.split()[0]} {typed} = {repr(value)[:40]}: {found}")
    wrong += [f"{path} afterwards" for path in hall.pages(name) if hall.people[name].get(path).status_code >= 500]
    return wrong


@pytest.mark.parametrize("name", ["resident", "kiosk", "clerk", "manager", "admin"])
def test_every_form_takes_its_share_of_the_corpus(hall: Hall, name: str) -> None:
    wrong = faults(hall, name, SHARES)
    assert wrong == [], "\n".join(wrong)


@pytest.mark.storm
@pytest.mark.parametrize("name", ["resident", "kiosk", "clerk", "manager", "admin"])
def test_every_form_takes_the_whole_corpus(hall: Hall, name: str) -> None:
    wrong = faults(hall, name, 1)
    assert wrong == [], "\n".join(wrong)


def asked_for() -> list[str]:
    """The names that any page looks for in its address."""
    sources = [
        file.read_text("utf-8")
        for folder in ("queue_app/web", "kiosk", "display")
        for file in (ROOT / folder).rglob("*.py")
    ]
    return sorted(set(re.findall(r'request\.args\.get\(\s*"(\w+)"', "".join(sources))) | {"from", "to", "day", "page"})


@pytest.mark.parametrize("name", ["resident", "kiosk", "clerk", "manager", "admin"])
def test_no_address_with_odd_questions_breaks_a_page(hall: Hall, name: str) -> None:
    wrong, number, browser = [], 0, hall.sit_down(name)
    for path in hall.pages(name):
        for asked in asked_for():
            number += 1
            for value in corpus.share(corpus.WORDS, number, SHARES_OF_QUERIES):
                answer = browser.get(path, query_string={asked: value[:3_000]})
                location = answer.headers.get("Location", "/")
                if answer.status_code >= 500 or not re.match(r"^/(?![/\\])", location):
                    wrong.append(f"{path}?{asked}={repr(value)[:40]}: {answer.status_code} {location[:80]}")
    assert wrong == [], "\n".join(wrong)
