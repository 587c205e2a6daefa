"""A number on its holder's phone, in a real browser before a real server: it follows the hall and says what matters."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import until
from tests.journeys.accessibility import faults, sideways, too_small, with_axe
from tests.journeys.conftest import City, find_the_network, lose_the_network

pytestmark = pytest.mark.browser

PHONES = [(320, 640), (390, 844)]
LISTEN = """() => {
  window.heard = [];
  const told = document.querySelector('[data-ahead-told]');
  new MutationObserver(() => heard.push(told.textContent)).observe(told, { childList: true, characterData: true, subtree: true });
}"""


def phone(city: City, ticket: dict[str, Any], *, width: int = 390, height: int = 844, **settings: Any) -> Page:
    """The ticket's page, opened by the code on the paper."""
    page = with_axe(city.window(viewport={"width": width, "height": height}, **settings))
    page.goto(f"{city.url}/t/{ticket['token']}")
    return page


def live(page: Page) -> Page:
    expect(page.locator("html")).to_have_attribute("data-connection", "live")
    return page


def test_call_turns_the_page_over_within_two_seconds(city: City) -> None:
    city.open("1")
    mine = city.issue("moving")
    page = live(phone(city, mine))
    city.call("1")
    expect(page.locator("section.ticket")).to_have_attribute("data-state", "called", timeout=2_000)
    expect(page.get_by_role("alert")).to_have_text("B001番の方、1番窓口へお越しください。")
    expect(page).to_have_title("【呼出中】1番窓口 B001番 - あおば市役所")
    assert page.get_by_role("alert").count() == 1


def test_only_the_counts_that_matter_are_announced(city: City) -> None:
    city.open("1", "2")
    others = [city.issue("moving") for _ in range(6)]
    mine = city.issue("moving")
    page = live(phone(city, mine))
    page.evaluate(LISTEN)
    for left, other in zip(range(5, -1, -1), others, strict=True):
        city.act(other, "cancel")
        words = f"あと {left}人" if left else "次にお呼びします"
        expect(page.locator("section.ticket")).to_contain_text(words)
    expect(page.locator("[data-ahead-told]")).to_have_text("次にお呼びします")
    assert page.evaluate("heard") == ["あと 5人", "あと 3人", "あと 2人", "あと 1人", "次にお呼びします"]


def test_old_values_are_marked_as_old_and_return_by_themselves(city: City) -> None:
    mine = city.issue("moving")
    page = city.window(viewport={"width": 390, "height": 844})
    page.clock.install()
    page.goto(f"{city.url}/t/{mine['token']}")
    live(page)
    expect(page.locator(".stale-notice")).to_be_hidden()
    lose_the_network(page)
    page.clock.run_for(66_000)
    expect(page.locator(".stale-notice")).to_be_visible()
    assert page.locator(".ticket__number").inner_text() == mine["number"]
    find_the_network(page)
    page.clock.resume()
    expect(page.locator(".stale-notice")).to_be_hidden(timeout=20_000)


def test_signal_is_switched_on_by_the_holder_and_rings_at_the_call(city: City) -> None:
    city.open("1")
    mine = city.issue("moving")
    page = city.window(viewport={"width": 390, "height": 844})
    page.add_init_script(
        "window.rung = 0; HTMLMediaElement.prototype.play = () => { rung++; return Promise.resolve(); };"
        "Navigator.prototype.vibrate = () => true;"
    )
    page.goto(f"{city.url}/t/{mine['token']}")
    live(page)
    button = page.get_by_role("button", name="音と振動で知らせる")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.click()
    expect(button).to_have_text("音と振動で知らせる（入）")
    before = page.evaluate("rung")
    city.call("1")
    expect(page.locator("section.ticket")).to_have_attribute("data-state", "called")
    until(page, f"rung === {before + 1}")


def test_missed_person_comes_back_by_one_press(city: City) -> None:
    city.open("1")
    mine = city.issue("moving")
    page = live(phone(city, mine))
    city.call("1")
    city.act(mine, "miss")
    page.get_by_role("button", name="戻りました").click()
    expect(page.get_by_text("お戻りを受け付けました")).to_be_visible()
    expect(page.locator("section.ticket")).to_contain_text("次にお呼びします")


@pytest.mark.parametrize(("width", "height"), PHONES)
def test_every_state_fits_a_small_phone_and_has_no_fault(city: City, width: int, height: int) -> None:
    city.open("1")
    mine = city.issue("certificate")
    page = live(phone(city, mine, width=width, height=height))

    def check(state: str) -> None:
        expect(page.locator("section.ticket")).to_have_attribute("data-state", state)
        assert sideways(page) == 0, state
        assert too_small(page, "main", 44) == [], state
        assert faults(page) == [], state

    check("waiting")
    page.get_by_role("button", name="少し遅れます").click()
    expect(page.get_by_text("10分後ろにしました")).to_be_visible()
    check("waiting")
    city.call("1")
    check("called")
    city.act(mine, "miss")
    check("missed")
    city.act(mine, "requeue")
    city.call("1")
    city.act(mine, "start")
    check("serving")
    city.act(mine, "hold")
    check("held")
    city.act(mine, "cancel")
    check("cancelled")


@pytest.mark.parametrize(("width", "height"), [*PHONES, (1280, 800)])
def test_pages_before_the_number_fit_and_have_no_fault(city: City, width: int, height: int) -> None:
    page = with_axe(city.window(viewport={"width": width, "height": height}))
    for path in (f"/?office={city.code}", "/offices", f"/crowd/{city.code}", f"/{city.code}/ticket", "/t/unknown"):
        page.goto(city.url + path)
        assert sideways(page) == 0, path
        assert too_small(page, "main", 44) == [], path
        assert faults(page) == [], path


def test_everything_works_without_scripts(city: City) -> None:
    page = city.window(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    page.goto(f"{city.url}/?office={city.code}")
    page.get_by_role("link", name="番号をとる").click()
    page.get_by_role("radio", name="引っ越し").check()
    page.get_by_role("button", name="番号をとる").click()
    expect(page.locator(".ticket__number")).to_have_text("B001")
    expect(page.get_by_role("button", name="音と振動")).to_be_hidden()
    page.get_by_role("button", name="少し遅れます").click()
    expect(page.get_by_text("10分後ろにしました")).to_be_visible()
    page.get_by_role("link", name="更新する").click()
    page.get_by_role("link", name="順番を取り消す").click()
    page.get_by_role("button", name="取り消す").click()
    expect(page.get_by_text("この番号は取り消されました。")).to_be_visible()


def test_crowd_page_follows_the_hall(city: City) -> None:
    city.open("1")
    page = city.window(viewport={"width": 390, "height": 844})
    page.goto(f"{city.url}/crowd/{city.code}")
    live(page)
    city.issue("moving")
    expect(page.locator(".crowd__service", has_text="引っ越し")).to_contain_text("1人")
