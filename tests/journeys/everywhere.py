"""Every page there is, with a city behind it in which something has happened: where each route leads, for whom.

`addresses` fills each GET route of the application; a new route gets walked without a word here, unless its places need
something that does not exist yet, and then the walk says so. Leaves the looking to `accessibility`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from playwright.sync_api import Page
from werkzeug.routing import Rule

from queue_app.adapters.clock import system_clock
from queue_app.domain.access import Role
from queue_app.services import office_file
from queue_app.store.database import writing
from tests.journeys.conftest import OFFICE, City
from tests.web.test_page_access import address

MOVING = "minutes: 14}}"
SLOTS = "minutes: 14, slots: {{length_min: 30, capacity: 1{more}}}}}"
NAVIGATOR = "navigator: aoba-navigator.yaml\nphone: 042-000-0000\n"
NO_PAGES = (
    "/static/",
    "/.well-known/",
    "/api/v1/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/kiosk/static/",
    "/display/static/",
    "/kiosk/<office>/pulse",
    "/kiosk/<office>/size.css",
    "/kiosk/<office>/paper/",
    "/display/<office>/calls/",
    "/display/<office>/notices/",
    "/display/<office>/media/",
    "/display/<office>/screen",
    "/admin/file/download",
    "/staff/statistics.",
)
"""Files, programs' answers and what is printed or played."""

LEADS_ON = (
    "/staff/counters/<counter>/<path:press>",
    "/book/",
    "/staff/login/code",
    "/staff/login/set-up",
    "/staff/second-factor",
    "/staff/plan/what-if/<int:run_id>",
    "/t/<token>/messages",
    "/r/<token>/messages",
)
"""These answer with another page unless somebody is halfway through, or there is a way to write to people: the second
proof is looked at in `test_second_factor`, the answer of a what-if with the plan, being told in `test_messages`."""


@dataclass(frozen=True)
class Place:
    """One page as one kind of person meets it. `least` is what a finger must find there, in CSS pixels."""

    route: str
    path: str
    who: str

    @property
    def least(self) -> int:
        return {"kiosk": 64, "resident": 44}.get(self.who, 24)


@dataclass
class Everywhere:
    """A city in which there is a number, a booking and a device, and a window for each kind of person."""

    city: City
    windows: dict[str, Page] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)

    @classmethod
    def made_in(cls, city: City) -> Everywhere:
        made = cls(city)
        made.load(city.code)
        city.open("1")
        waiting, called = city.issue("moving"), city.issue("certificate")
        city.call("1", number=called["number"])
        made.facts = {"waiting": waiting["token"], "called": called["token"], "booking": made.book()}
        return made

    def load(self, code: str, **changes: str) -> None:
        """The office of the journeys, bookable, with some lines of its file changed or, as a text under `more`, added."""
        slots = SLOTS.replace("{more}", changes.pop("slots", ""))
        text = OFFICE.replace(MOVING, slots) + NAVIGATOR + changes.pop("more", "")
        for was, is_now in changes.items():
            text = re.sub(rf"^{was}: .*$", f"{was}: {is_now}", text, flags=re.MULTILINE)
        with self.city.door.app_context():
            writing(lambda s: office_file.load_office(s, text.format(code=code), "walk.yaml", system_clock()))

    def book(self) -> str:
        """A booking on the first free time; its token."""
        day = system_clock() + timedelta(days=1)
        asked = f"service=moving&from={day:%Y-%m-%d}&to={day + timedelta(days=3):%Y-%m-%d}"
        _, offered = self.city.server.ask(f"/offices/{self.city.code}/slots?{asked}")
        body = {"service": "moving", "slot": offered["slots"][0]["id"], "name_kana": "アオバ ハナコ"}
        status, booked = self.city.server.ask(f"/offices/{self.city.code}/reservations", body)
        assert status == 201, booked
        return str(booked["token"])

    def window(self, who: str) -> Page:
        """Phone, kiosk, wall or desk; staff are managers at the desk and admins in the administration."""
        if who not in self.windows:
            self.windows[who] = self._open(who)
        return self.windows[who]

    def _open(self, who: str) -> Page:
        role = {"staff": Role.MANAGER, "admin": Role.ADMIN}.get(who)
        sizes = {"resident": (390, 844), "kiosk": (1080, 1920), "display": (1920, 1080)}
        width, height = sizes.get(who, (1366, 768))
        page = self.city.window(role, viewport={"width": width, "height": height})
        device = {"kiosk": Role.KIOSK, "display": Role.DISPLAY}.get(who)
        if device:
            named = {"name": f"matazu_device_{device}", "value": self.city.token(device), "url": self.city.url}
            page.context.add_cookies([named])  # type: ignore[list-item]
        return page

    def places(self) -> list[Place]:
        """Every route with a page, filled with what there is in this city."""
        rules = sorted(self.city.door.url_map.iter_rules(), key=str)
        found = [Place(str(rule), self.filled(rule), who_uses(str(rule))) for rule in rules if is_page(rule)]
        return [place for place in found if place.route not in LEADS_ON]

    def filled(self, rule: Rule) -> str:
        """The address of a route; tokens are those of the number that waits, the one called, the booking."""
        text = str(rule).replace("<office>", self.city.code)
        of_booking, of_kiosk = text.startswith("/r/"), text.startswith("/kiosk/")
        token = self.facts["booking" if of_booking else "called" if of_kiosk else "waiting"]
        text = text.replace("<token>", token).replace("<zone>", "all").replace("<language>", "ja")
        text = text.replace("/services/<code>", "/services/moving").replace("/counters/<code>", "/counters/1")
        text = text.replace("/booking/<code>", "/booking/moving").replace("<counter>", "1")
        for name in ("screen_id", "token_id", "ticket_id", "sealed"):
            text = re.sub(rf"<(?:int:)?{name}>", lambda _found, name=name: self.fact(name), text)
        return address(text)

    def fact(self, name: str) -> str:
        """What only a page or the counter knows: looked up once."""
        if name not in self.facts:
            ways = {"ticket_id": self._ticket, "sealed": self._sealed}
            ways |= {"screen_id": lambda: self._linked("screens"), "token_id": lambda: self._linked("devices")}
            self.facts[name] = ways[name]()
        return self.facts[name]

    def _linked(self, kind: str) -> str:
        """The number of a display or device, as the administration links to it."""
        self.window("display")
        page = self.window("admin")
        page.goto(f"{self.city.url}/admin/{'screens' if kind == 'screens' else 'tokens'}")
        link = page.locator(f"a[href*='/admin/{kind}/']").first.get_attribute("href") or ""
        return link.rpartition("/")[2]

    def _ticket(self) -> str:
        return str(self.city.api(f"/tickets/{self.facts['waiting']}")["id"])

    def _sealed(self) -> str:
        """The result of the questions, as it is passed on to the family. The booking begun stands at its last step then."""
        page = self.window("resident")
        page.goto(f"{self.city.url}/book/{self.city.code}")
        page.check("input[name=errand][value=moving]")
        for _ in range(2):
            page.locator("main form button").last.click()
        page.goto(f"{self.city.url}/book/{self.city.code}/result")
        shared = page.locator("a[href*='/result/']").first.get_attribute("href") or ""
        page.goto(f"{self.city.url}/book/{self.city.code}/day")
        page.locator("input[name=day]").first.check()
        page.locator("main form button").last.click()
        page.locator("button[name=slot]").first.click()
        page.fill("#name_kana", "アオバ ハナコ")
        page.locator("main form button").last.click()
        return shared.rpartition("/")[2]


def is_page(rule: Rule) -> bool:
    return "GET" in (rule.methods or ()) and not str(rule).startswith(NO_PAGES)


def who_uses(route: str) -> str:
    for start, who in (
        ("/admin", "admin"),
        ("/staff/login", "resident"),
        ("/staff", "staff"),
        ("/styleguide", "admin"),
    ):
        if route.startswith(start):
            return who
    if route.endswith("/pair") or route.startswith("/api/"):
        return "reader"
    return route.split("/")[1] if route.startswith(("/kiosk/", "/display/")) else "resident"


def in_language(place: Place, language: str) -> str:
    """The address with the language in it, as the page's own links write it."""
    return f"{place.path}?{'l' if place.who == 'kiosk' else 'lang'}={language}"


def turns(places: list[Place], languages: tuple[str, ...]) -> Iterator[tuple[Place, str]]:
    """Each page once, the languages taking turns."""
    for at, place in enumerate(places):
        yield place, languages[at % len(languages)]


def submitted_empty(page: Page, form: str) -> None:
    """Send a form as it stands, past what the browser itself would have asked for."""
    with page.expect_navigation():
        page.evaluate("(form) => { const f = document.querySelector(form); f.noValidate = true; f.submit(); }", form)
