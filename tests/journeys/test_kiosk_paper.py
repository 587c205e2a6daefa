"""Every fate of a paper at a real printer's socket: what the person reads, what the floor hears, and one number throughout."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from queue_app.domain.access import Role
from tests.adapters.printer_double import COVER_OPEN, OK, PAPER_LOW, PAPER_OUT, PrinterDouble
from tests.journeys.conftest import City
from tests.journeys.test_kiosk import NO_DIALOG, number_on, pass_seconds, touch
from tests.redis_machine import free_port

pytestmark = pytest.mark.browser
NAME = "発券機A"


@pytest.fixture
def printer() -> Iterator[PrinterDouble]:
    with PrinterDouble() as double:
        yield double


def kiosk_at(city: City, address: str) -> Page:
    page = city.window(viewport={"width": 1280, "height": 800})
    page.add_init_script(NO_DIALOG)
    token = city.token(Role.KIOSK, name=NAME, inch=21.5, printer=f"{address}?timeout_s=2")
    page.context.add_cookies([{"name": "matazu_device_kiosk", "value": token, "url": city.url}])
    page.clock.install()
    page.goto(f"{city.url}/kiosk/{city.code}")
    touch(page, "引っ越し")
    return page


def heading(page: Page, words: str) -> None:
    expect(page.locator("h1")).to_have_text(words, timeout=20_000)
    expect(page.locator("#told")).to_have_text(words)


def floor_says(city: City, words: str) -> None:
    floor = city.window(Role.MANAGER)
    floor.goto(f"{city.url}/staff/floor")
    expect(floor.locator(".alarms")).to_contain_text(NAME, timeout=20_000)
    expect(floor.locator(".alarms")).to_contain_text(words)


def test_paper_that_runs_low_is_the_staffs_business_alone(city: City, printer: PrinterDouble) -> None:
    printer.answers = PAPER_LOW
    page = kiosk_at(city, printer.url)
    heading(page, "番号札をお取りください")
    assert page.get_by_role("alert").filter(has_text="印刷").count() == 0
    floor_says(city, "用紙が残りわずか")


@pytest.mark.parametrize(
    ("answers", "words"), [(PAPER_OUT, "用紙なし"), (COVER_OPEN, "印刷機の異常")], ids=["paper out", "error"]
)
def test_printer_that_cannot_print_leaves_the_number_to_be_noted(
    city: City, printer: PrinterDouble, answers: tuple[int, int, int], words: str
) -> None:
    printer.answers = answers
    page = kiosk_at(city, printer.url)
    heading(page, "ただいま番号札を印刷できません")
    assert number_on(page) == "B001"
    expect(page.locator(".given__alarm")).to_have_text("あなたの番号は B001 です。写真に撮るか、メモしてください。")
    expect(page.locator(".given svg.qr")).to_be_visible()
    assert printer.papers == []
    floor_says(city, words)


def test_printer_that_is_not_there_is_a_failure_and_an_alarm(city: City) -> None:
    """The number stays for a minute, so that it can be noted."""
    page = kiosk_at(city, f"tcp://127.0.0.1:{free_port()}")
    heading(page, "ただいま番号札を印刷できません")
    pass_seconds(page, 50)
    assert number_on(page) == "B001"
    pass_seconds(page, 11)
    expect(page.locator("#kiosk")).to_have_attribute("data-screen", "menu")
    floor_says(city, "印刷機の異常・接続なし")


def test_unsure_paper_is_asked_about_and_the_reprint_has_the_same_number(city: City, printer: PrinterDouble) -> None:
    printer.withholds = 1
    page = kiosk_at(city, printer.url)
    heading(page, "番号札は出ましたか。")
    assert number_on(page) == "B001"
    floor_says(city, "紙が出たか分かりません")
    printer.answers = OK
    touch(page, "もう一度印刷する")
    heading(page, "番号札をお取りください")
    assert number_on(page) == "B001"
    assert len(printer.papers) == 2
    first, again = printer.papers
    assert again.height > first.height, "the reprint carries its mark"
    assert sum(queue["waiting"] for queue in city.board()["queues"]) == 1
