"""What stands on the glass of the kiosk: nothing cut, covered, small or close, on any size, in long languages, and low."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.accessibility import faults, too_small
from tests.journeys.conftest import City
from tests.journeys.test_kiosk import kiosk, number_on, touch

pytestmark = pytest.mark.browser

SIZES = [(1080, 1920), (1920, 1080), (1280, 800)]
BUSY_PAGE = """() => [...document.querySelectorAll('#kiosk, #kiosk *')].filter((each) => {
  const box = each.getBoundingClientRect();
  return each.checkVisibility() && box.width && (box.right > innerWidth + 1 || box.bottom > innerHeight + 1 || box.top < -1);
}).map((each) => each.className)"""
OVERLAPS = """() => {
  const stops = [...document.querySelectorAll('#kiosk :is(a[href], button)')].filter((each) => each.checkVisibility());
  const boxes = stops.map((each) => [each.textContent.trim(), each.getBoundingClientRect()]);
  return boxes.flatMap(([one, a], at) => boxes.slice(at + 1)
    .filter(([, b]) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1)
    .map(([two]) => `${one} / ${two}`));
}"""
# Main text (headings, labels of tiles, the number, what to do) is 10 mm, all other 8 mm; readings over kanji are half of theirs.
SMALL_TEXT = """() => {
  const mm = Math.hypot(innerWidth, innerHeight) / (21.5 * 25.4);
  const main = 'h1, .tile__label, .given__figure, .given__alarm, .given__wait, .given__service, .kiosk__lead, .tool--main';
  return [...document.querySelectorAll('#kiosk *')]
    .filter((each) => each.checkVisibility() && !each.matches('.visually-hidden, .visually-hidden *, rt'))
    .filter((each) => [...each.childNodes].some(({ nodeType, data }) => nodeType === 3 && data.trim()))
    .map((each) => [each.textContent.trim(), parseFloat(getComputedStyle(each).fontSize) / mm, each.closest(main) ? 9.99 : 7.99])
    .filter(([, size, least]) => size < least);
}"""
SMALL_OR_CLOSE = """() => {
  const mm = Math.hypot(innerWidth, innerHeight) / (21.5 * 25.4);
  const least = Math.max(64, 20 * mm) - 0.5;
  const stops = [...document.querySelectorAll('#kiosk :is(a[href], button)')].filter((each) => each.checkVisibility());
  const boxes = stops.map((each) => [each.textContent.trim(), each.getBoundingClientRect()]);
  const small = boxes.filter(([, box]) => box.width < least || box.height < least).map(([name, box]) => `${name}: ${box.width / mm} x ${box.height / mm} mm`);
  const low = boxes.filter(([, box], at) => stops[at].matches('.tile:not(.tile--booked, .tile--need)') && !document.querySelector('[data-low=yes]') && box.height < 30 * mm - 0.5);
  const gap = (a, b) => Math.max(a.left - b.right, b.left - a.right, a.top - b.bottom, b.top - a.bottom);
  const close = boxes.flatMap(([one, a], at) => boxes.slice(at + 1).filter(([, b]) => gap(a, b) < 4 * mm - 0.5).map(([two, b]) => `${one} / ${two}: ${gap(a, b) / mm} mm`));
  return [...small, ...low.map(([name]) => `${name}: not 30 mm high`), ...close];
}"""
SCROLLS = """() => [document.documentElement, document.body, ...document.querySelectorAll('#kiosk *')].filter((each) => {
  const { overflowX, overflowY } = getComputedStyle(each);
  const x = each.scrollWidth > each.clientWidth + 1 && /auto|scroll/.test(overflowX);
  const y = each.scrollHeight > each.clientHeight + 1 && /auto|scroll/.test(overflowY);
  return x || y;
}).map((each) => each.className || each.tagName)"""


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_every_screen_fits_the_glass_and_reads_from_a_step_away(city: City, width: int, height: int) -> None:
    page = kiosk(city, width=width, height=height)

    def check(name: str) -> None:
        fits(page, name)
        assert too_small(page, "#kiosk", 64) == [], name
        assert faults(page) == [], name

    check("menu")
    touch(page, "引っ越し")
    number_on(page)
    check("ticket")
    touch(page, "スマホに")
    expect(page.locator("#kiosk")).to_have_attribute("data-way", "phone")
    check("phone")
    touch(page, "そのほか")
    expect(page.locator("#kiosk")).to_have_attribute("data-screen", "needs")
    check("needs")
    touch(page, "番号に戻る")
    number_on(page)
    touch(page, "終わる")
    expect(page.locator("#kiosk")).to_have_attribute("data-screen", "menu")
    touch(page, "職員を呼ぶ")
    expect(page.locator("#kiosk")).to_have_attribute("data-screen", "help")
    check("help")


def fits(page: Page, name: str) -> None:
    """Nothing is cut, covered, scrolled, too small or too close."""
    assert page.evaluate(BUSY_PAGE) == [], name
    assert page.evaluate(OVERLAPS) == [], name
    assert page.evaluate(SCROLLS) == [], name
    assert page.evaluate(SMALL_TEXT) == [], name
    assert page.evaluate(SMALL_OR_CLOSE) == [], name


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("width", "height"), [SIZES[0], *(pytest.param(*size, marks=pytest.mark.storm) for size in SIZES[1:])]
)
def test_the_demo_city_fits_in_long_languages_and_with_readings(demo: City, width: int, height: int) -> None:
    """Six groups with a tile for bookings above them, in the languages with the longest words and the highest lines."""
    page = kiosk(demo, width=width, height=height)
    start = f"{demo.url}/kiosk/{demo.code}"
    for query in ("ruby=1", "l=ja-x-easy", "l=ne", "l=pt", "low=1&ruby=1", "low=1&l=ja-x-easy"):
        for path in ("", "/check-in", "?group=0"):
            asked = path.partition("?")[0]
            page.goto(f"{start}{asked}?{query}")
            if path == "?group=0":
                page.locator("a.tile:not(.tile--booked)").first.click()
                expect(page.locator(".tool--back")).to_be_visible()
            fits(page, f"{path} {query}")
            if "low=1" in query:
                assert min(tops(page)) >= height / 2 - 1, f"{path} {query}"


def tops(page: Page) -> list[float]:
    found: list[float] = page.locator("#kiosk a:visible, #kiosk button:visible, #kiosk input:visible").evaluate_all(
        "(stops) => stops.map((each) => each.getBoundingClientRect().top)"
    )
    return found


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_low_screens_have_every_target_in_the_lower_half(city: City, width: int, height: int) -> None:
    page = kiosk(city, width=width, height=height)
    touch(page, "低い位置")

    def check(name: str) -> None:
        expect(page.locator("#kiosk")).to_have_attribute("data-low", "yes")
        expect(page.locator("#kiosk")).to_have_attribute("data-screen", name)
        tops = page.locator("#kiosk a:visible, #kiosk button:visible").evaluate_all(
            "(stops) => stops.map((each) => each.getBoundingClientRect().top)"
        )
        assert min(tops) >= height / 2 - 1, name
        assert page.evaluate(OVERLAPS) == [], name
        assert page.evaluate(BUSY_PAGE) == [], name
        assert faults(page) == [], name

    check("menu")
    touch(page, "Language")
    check("languages")
    touch(page, "日本語")
    check("menu")
    touch(page, "引っ越し")
    check("ticket")
