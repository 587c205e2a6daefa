"""The kiosk without a server: lent numbers only, through reload and power cut, merged once each when the line is back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from queue_app.domain.access import Role
from tests.browser import CHROMIUM_NAMES, QUIET, until
from tests.cable import Cable
from tests.journeys.accessibility import with_axe
from tests.journeys.conftest import City
from tests.journeys.test_kiosk import NO_DIALOG, number_on, stored
from tests.server_process import first_command

pytestmark = pytest.mark.browser

LEASED = """async () => {
  const { openStore } = await import("/kiosk/static/kiosk_store.js");
  return openStore(document.body.dataset.office).hasNumbers();
}"""


class Machine:
    """A kiosk with a disk of its own, on a cable: its power can be cut, and it wakes up with what was on the disk."""

    def __init__(self, browser: Browser, cable: Cable, city: City, disk: Path) -> None:
        self.kind, self.cable, self.city, self.disk = browser.browser_type, cable, city, disk
        self.token = city.token(Role.KIOSK)
        self.context: BrowserContext | None = None

    def switch_on(self) -> Page:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        self.context = self.kind.launch_persistent_context(
            str(self.disk),
            executable_path=first_command(*CHROMIUM_NAMES),
            args=[*QUIET, *sandbox],
            viewport={"width": 1080, "height": 1920},
            locale="ja-JP",
            timezone_id="Asia/Tokyo",
        )
        self.context.set_default_timeout(15_000)
        self.context.add_cookies(
            [{"name": "matazu_device_kiosk", "value": self.token, "url": self.cable.url, "expires": 2_000_000_000}]
        )
        page = with_axe(self.context.new_page())
        page.add_init_script(NO_DIALOG)
        page.goto(f"{self.cable.url}/kiosk/{self.city.code}")
        return page

    def cut_power(self) -> None:
        if self.context is not None:
            self.context.close()
            self.context = None


@pytest.fixture
def cable(city: City) -> Iterator[Cable]:
    with Cable(city.server.port) as made:
        yield made


@pytest.fixture
def machine(browser: Browser, cable: Cable, city: City, tmp_path: Path) -> Iterator[Machine]:
    made = Machine(browser, cable, city, tmp_path)
    yield made
    made.cut_power()


def prepared(machine: Machine) -> Page:
    """A kiosk that has been on for a while: it holds numbers, and its worker holds the page."""
    page = machine.switch_on()
    until(page, LEASED)
    until(page, "navigator.serviceWorker.ready.then((found) => found.active.state === 'activated')")
    return page


def outage_menu(page: Page) -> None:
    expect(page.locator("#kiosk[data-offline=yes][data-screen=menu]")).to_be_visible(timeout=20_000)


def press(page: Page, name: str) -> None:
    page.evaluate("() => new Promise((done) => setTimeout(done, 320))")
    page.locator("#kiosk").locator("a, button").filter(has_text=name).first.click()


def numbers_in_line(city: City, counter: str = "1") -> list[str]:
    return [each["number"] for each in city.desk(counter)["waiting"]]


def test_lent_numbers_are_given_without_the_server_and_merged_by_arrival(machine: Machine, city: City) -> None:
    page = prepared(machine)
    page.evaluate("window.notReloaded = true")
    machine.cable.pull()
    outage_menu(page)
    expect(page.locator(".kiosk__outage")).to_have_text("通信が止まっていますが、番号札をお取りいただけます。")
    press(page, "引っ越し")
    assert number_on(page) == "F001"
    expect(page.locator(".given")).to_contain_text("通信が止まっています。番号は有効です。")
    assert page.locator(".qr, .given__wait").count() == 0
    until(page, "papers.length === 1")
    paper = page.evaluate("papers[0]")
    assert all(word in paper for word in ("F001", "通信が止まっています。", "引っ越し", "令和"))
    press(page, "終わる")
    outage_menu(page)
    press(page, "English")
    press(page, "Certificates")
    assert number_on(page) == "F002"
    city.issue("moving")
    machine.cable.plug()
    press(page, "Finish")
    expect(page.locator("#kiosk[data-screen=menu]:not([data-offline])")).to_be_visible(timeout=20_000)
    assert page.evaluate("window.notReloaded")
    city.open("1")
    until_waiting(page, city, ["F001", "F002", "B001"])
    called = city.call("1")
    assert (called["ticket"]["number"], city.board()["calls"][0]["number"]) == ("F001", "F001")
    assert next(each for each in city.desk("2")["waiting"] if each["number"] == "F002")["language"] == "en"


@pytest.mark.storm
def test_power_cut_and_reload_during_the_outage_give_no_number_twice(machine: Machine, city: City) -> None:
    page = prepared(machine)
    machine.cable.pull()
    outage_menu(page)
    press(page, "引っ越し")
    assert number_on(page) == "F001"
    page.reload()
    outage_menu(page)
    press(page, "引っ越し")
    assert number_on(page) == "F002"
    machine.cut_power()
    page = machine.switch_on()
    outage_menu(page)
    press(page, "引っ越し")
    assert number_on(page) == "F003"
    machine.cable.plug()
    city.open("1")
    until_waiting(page, city, ["F001", "F002", "F003"])


@pytest.mark.storm
def test_upload_torn_three_times_merges_each_number_once(machine: Machine, city: City) -> None:
    page = prepared(machine)
    machine.cable.pull()
    outage_menu(page)
    page.evaluate(GIVE, 60)
    seen: list[int] = []

    def tear(route: Any) -> None:
        seen.append(1)
        if len(seen) in (1, 3):
            route.fetch()  # it arrives, and the answer is lost
        if len(seen) <= 3:
            return route.abort("connectionreset")
        return route.continue_()

    page.route("**/api/v1/devices/kiosk/given", tear)
    machine.cable.plug()
    city.open("1")
    until_waiting(page, city, [f"F{n:03d}" for n in range(1, 61)])
    until(
        page,
        "(async () => (await (await import('/kiosk/static/kiosk_store.js')).openStore(document.body.dataset.office).given()).length === 0)()",
    )
    assert len(seen) >= 4
    assert numbers_in_line(city) == [f"F{n:03d}" for n in range(1, 61)]


def test_what_is_kept_in_the_machine_is_numbers_and_choices_alone(machine: Machine, city: City) -> None:
    page = prepared(machine)
    press(page, "引っ越し")
    number_on(page)
    token = (page.locator("#kiosk").get_attribute("data-slip") or "").split("/slip/")[1].split("?")[0]
    press(page, "終わる")
    machine.cable.pull()
    outage_menu(page)
    press(page, "引っ越し")
    number_on(page)
    kept = page.evaluate(KEPT)
    assert kept["stores"] == ["blocks", "facts", "given"]
    assert [sorted(each) for each in kept["given"]] == [
        ["at", "day", "id", "language", "number", "office", "series", "service"]
    ]
    assert kept["pages"] == [f"/kiosk/{city.code}", f"/kiosk/{city.code}/offline", f"/kiosk/{city.code}/size.css"]
    assert token not in kept["cached"]
    assert stored(page) == []


def test_without_a_lease_no_number_is_given_and_the_kiosk_recovers_by_itself(machine: Machine, city: City) -> None:
    page = prepared(machine)
    page.evaluate("window.notReloaded = true")
    page.evaluate(NO_NUMBERS)
    machine.cable.pull()
    expect(page.locator("#lost")).to_be_visible(timeout=20_000)
    expect(page.locator("#lost")).to_contain_text("ただいま受付できません。お近くの職員にお声がけください。")
    assert page.evaluate("document.getElementById('kiosk').inert")
    machine.cable.plug()
    expect(page.locator("#lost")).to_be_hidden(timeout=20_000)
    assert page.evaluate("window.notReloaded")
    press(page, "引っ越し")
    assert number_on(page) == "B001"


GIVE = """async (count) => {
  const store = (await import("/kiosk/static/kiosk_store.js")).openStore(document.body.dataset.office);
  for (let n = 0; n < count; n++) await store.take("moving", "ja");
}"""
NO_NUMBERS = """() => new Promise((done) => {
  const asked = indexedDB.open("matazu-kiosk", 1);
  asked.onsuccess = () => { asked.result.transaction("blocks", "readwrite").objectStore("blocks").clear().onsuccess = done; };
})"""
KEPT = """() => new Promise((done) => {
  const asked = indexedDB.open("matazu-kiosk", 1);
  asked.onsuccess = () => {
    const all = asked.result.transaction("given").objectStore("given").getAll();
    all.onsuccess = async () => {
      const cache = await caches.open("matazu-kiosk");
      const keys = await cache.keys();
      const texts = await Promise.all(keys.map(async (key) => (await cache.match(key)).text()));
      const pages = keys.map(({ url }) => new URL(url).pathname).filter((path) => !path.includes("/static/")).sort();
      done({ stores: [...asked.result.objectStoreNames], given: all.result, pages, cached: texts.join() });
    };
  };
})"""


def until_waiting(page: Page, city: City, numbers: list[str]) -> None:
    """The machine hands in what it gave within some seconds."""
    for _ in range(120):
        if numbers_in_line(city) == numbers:
            return
        page.wait_for_timeout(250)
    assert numbers_in_line(city) == numbers
