"""Names, notes and labels that are scripts, on every kind of screen of a real browser: they are read and never run.

The browser itself is the judge: it says what its policy stopped (`securitypolicyviolation`), and each payload would
leave a trace in the window. Both are shown to notice what they look for.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect

from queue_app.adapters.clock import system_clock
from queue_app.domain.access import Role
from queue_app.services import office_file
from queue_app.store.database import writing
from tests.browser import until
from tests.journeys.conftest import City
from tests.journeys.everywhere import Everywhere

pytestmark = pytest.mark.browser

CITY = "<script>owned=1</script>市"
SERVICE = '"><img src=x onerror=owned=1>'
COUNTER = "</title></script><svg onload=owned=1>"
NAME = "<img src=x onerror=owned=1>"
NOTE = "</textarea><script>owned=1</script>{{7*7}}"
NOTICE = "<iframe srcdoc='<script>parent.owned=1</script>'>"
DEVICE = "'><a href=javascript:owned=1>押す</a>"
WATCH = "addEventListener('securitypolicyviolation', (e) => console.error('VIOLATION ' + e.violatedDirective))"
OFFICE = """
code: {code}
name: {{ja: {city}, en: {city}}}
zone: Asia/Tokyo
hours: always
tickets_from_home: true
services:
  - {{code: moving, series: B, label: {{ja: {service}, en: {service}}}, minutes: 14, slots: {{length_min: 30, capacity: 5}}}}
counters:
  - {{code: "1", label: {{ja: {counter}, en: {counter}}}, services: [moving]}}
"""


def load(city: City) -> None:
    said = {"city": CITY, "service": SERVICE, "counter": COUNTER}
    text = OFFICE.format(code=city.code, **{name: json.dumps(value) for name, value in said.items()})
    with city.door.app_context():
        writing(lambda session: office_file.load_office(session, text, "test.yaml", system_clock()))


def watched(page: Page, stopped: list[str]) -> Page:
    """`stopped` fills with what the browser's policy did not let happen."""

    def hear(said: ConsoleMessage) -> None:
        if said.text.startswith("VIOLATION") or "Content Security Policy" in said.text or "TrustedHTML" in said.text:
            stopped.append(f"{page.url}: {said.text[:120]}")

    page.on("console", hear)
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.add_init_script(WATCH)
    return page


def reads(page: Page, path: str, *words: str) -> None:
    """The page at this address ran nothing, and these words stand on it as they were typed."""
    page.goto(path)
    nothing_ran(page)
    seen = page.locator("body").inner_text()
    for said in words:
        assert said.casefold() in seen.casefold(), (path, said, seen[:400])


def nothing_ran(page: Page) -> None:
    assert page.evaluate("typeof owned") == "undefined", page.url
    assert page.locator("iframe[srcdoc], img[src='x'], svg[onload], a[href^='javascript:']").count() == 0, page.url


Windows = dict[str, Page]


def test_scripts_in_names_notes_and_labels_are_read_and_never_run(city: City) -> None:
    load(city)
    stopped: list[str] = []
    somebody = Everywhere(city)
    everybody = ("resident", "kiosk", "display", "staff", "admin")
    windows = {who: watched(somebody.window(who), stopped) for who in everybody}
    city.token(Role.KIOSK, name=DEVICE)
    booked, ticket = booking(city), city.issue()
    residents_read(city, windows, booked, ticket)
    the_counter_reads(city, windows, ticket["number"])
    staff_read(city, windows["staff"], windows["admin"], ticket["number"])
    expect(windows["display"].locator("body")).to_contain_text(NOTICE)
    for page in windows.values():
        nothing_ran(page)
    assert stopped == []
    files_hold_them_as_text(city, booked)
    the_judges_are_awake(windows["resident"], stopped)


def residents_read(city: City, windows: Windows, booked: dict[str, Any], ticket: dict[str, Any]) -> None:
    """On the phone, at the kiosk, on the wall; the phone stays on the page of the number."""
    phone, kept = windows["resident"], str(booked["name_kana"])
    assert "onerror" in kept.lower(), "the name was taken as it is"
    reads(phone, f"{city.url}/offices", CITY)
    reads(phone, f"{city.url}/crowd/{city.code}", SERVICE)
    reads(phone, f"{city.url}/book/{city.code}", SERVICE)
    reads(phone, f"{city.url}/r/{booked['token']}", kept, SERVICE)
    reads(phone, f"{city.url}/t/{ticket['token']}", SERVICE)
    reads(windows["kiosk"], f"{city.url}/kiosk/{city.code}", SERVICE)
    reads(windows["display"], f"{city.url}/display/{city.code}")


def the_counter_reads(city: City, windows: Windows, number: str) -> None:
    """The call goes to every screen by its socket, and a note comes back as it was typed."""
    desk = windows["staff"]
    desk.goto(f"{city.url}/staff/")
    desk.locator('form[action$="/counters/1/open"] button').click()
    expect(desk.locator("html")).to_have_attribute("data-connection", "live")
    console = desk.url
    desk.keyboard.press("F9")
    expect(desk.locator(".in-hand__number")).to_have_text(number)
    expect(windows["display"].locator("body")).to_contain_text(number)
    expect(windows["resident"].locator("body")).to_contain_text(COUNTER)
    type_and_send(desk, "#note", NOTE)
    reads(desk, console, SERVICE)
    assert desk.input_value("#note") == NOTE


def staff_read(city: City, desk: Page, admin: Page, number: str) -> None:
    desk.goto(f"{city.url}/staff/floor")
    type_and_send(desk, "#text_ja", NOTICE)
    reads(desk, f"{city.url}/staff/floor", SERVICE, COUNTER, NOTICE, DEVICE)
    reads(desk, f"{city.url}/staff/audit", number)
    reads(desk, f"{city.url}/staff/statistics")
    reads(admin, f"{city.url}/admin/parts", SERVICE, COUNTER)
    reads(admin, f"{city.url}/admin/counters/1")
    assert admin.locator("input").evaluate_all("(all) => all.map((each) => each.value)").count(COUNTER) == 2
    reads(admin, f"{city.url}/admin/tokens", DEVICE)


def type_and_send(page: Page, field: str, words: str) -> None:
    page.locator(f"details:has({field}) > summary").last.click()
    page.fill(field, words)
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.locator(f"form:has({field}) button:not([type=button])").first.click()


def booking(city: City) -> dict[str, Any]:
    day = system_clock() + timedelta(days=1)
    asked = f"service=moving&from={day:%Y-%m-%d}&to={day + timedelta(days=3):%Y-%m-%d}"
    _, offered = city.server.ask(f"/offices/{city.code}/slots?{asked}")
    body = {"service": "moving", "slot": offered["slots"][0]["id"], "name_kana": NAME}
    made: dict[str, Any] = city.api("/offices/{office}/reservations", body)
    return made


def files_hold_them_as_text(city: City, booked: dict[str, Any]) -> None:
    """The calendar file and the table: of a kind that no browser runs, with nothing cut out of the words."""
    page = city.window(Role.MANAGER)
    for path, kind in (
        (f"/api/v1/reservations/{booked['token']}/calendar.ics", "text/calendar"),
        ("/staff/statistics.csv?report=services", "text/csv"),
    ):
        answer = page.request.get(city.url + path)
        assert answer.headers["content-type"].startswith(kind), (path, answer.status)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert kind == "text/csv" or CITY in answer.text().replace("\r\n ", "")


def the_judges_are_awake(page: Page, stopped: list[str]) -> None:
    """Twins: what the policy stops is heard of, and where nothing is escaped and no policy is, the payload runs."""
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    page.evaluate("() => new Promise((done) => setTimeout(done))")
    assert [said for said in stopped if "style-src" in said] != []
    page.goto("about:blank")
    page.set_content(NAME)
    until(page, "typeof owned !== 'undefined'")
