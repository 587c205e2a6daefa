"""The kiosk in a real browser: two touches to a number, one ticket a press, time-outs, a server that goes and comes."""

from __future__ import annotations

import random
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from queue_app.adapters.chime import chime
from queue_app.adapters.media import Media
from queue_app.adapters.speech import Speech
from queue_app.domain.access import Role
from tests.browser import until
from tests.journeys.accessibility import faults, with_axe
from tests.journeys.conftest import City, find_the_network, lose_the_network

pytestmark = pytest.mark.browser
HEARD = """
window.heard = [];
Audio = class extends EventTarget {
  constructor(address) { super(); this.address = address; }
  pause() {}
  async play() { heard.push(this.address.split("/").at(-1).split(".").slice(0, 3).join(".")); setTimeout(() => this.onended(), 5); }
};"""
NO_DIALOG = "window.papers = []; window.print = () => papers.push(document.getElementById('paper').innerText)"


def kiosk(city: City, *, width: int = 1080, height: int = 1920, clock: bool = False, **settings: Any) -> Page:
    """A paired kiosk on its first screen; with `clock` its time moves only when the test says so."""
    page = with_axe(city.window(viewport={"width": width, "height": height}, **settings))
    page.add_init_script(NO_DIALOG)
    page.context.add_cookies([{"name": "matazu_device_kiosk", "value": city.token(Role.KIOSK), "url": city.url}])
    if clock:
        page.clock.install()
    page.goto(f"{city.url}/kiosk/{city.code}")
    return page


def touch(page: Page, name: str) -> None:
    """One touch by a calm hand: the guard against trembling has passed."""
    page.evaluate("() => new Promise((done) => setTimeout(done, 320))")
    page.locator("#kiosk").locator("a, button").filter(has_text=name).first.click()


def pass_seconds(page: Page, seconds: float) -> None:
    """The kiosk's clock jumps; the server, which lives in real time, answers the next pulse before anything else."""
    with page.expect_response("**/pulse"):
        page.clock.fast_forward(int(seconds * 1000))


def number_on(page: Page) -> str:
    expect(page.locator("#kiosk")).to_have_attribute("data-screen", "ticket")
    return page.locator(".given__figure").inner_text().split()[-1]


def waiting(city: City) -> int:
    return sum(queue["waiting"] for queue in city.board()["queues"])


def test_two_touches_give_a_number_and_one_ends(city: City) -> None:
    page = kiosk(city)
    touch(page, "引っ越し")
    assert number_on(page) == "B001"
    expect(page).to_have_title("番号札をお取りください - あおば市役所")
    touch(page, "終わる")
    expect(page.locator("h1")).to_have_text("ご用件をお選びください")
    assert waiting(city) == 1


def test_ten_presses_in_a_row_are_one_ticket(city: City) -> None:
    page = kiosk(city)
    page.evaluate("() => { for (let press = 0; press < 10; press++) document.querySelector('button.tile').click(); }")
    number_on(page)
    assert waiting(city) == 1


def test_press_whose_answer_is_lost_is_still_one_ticket(city: City) -> None:
    page = kiosk(city)
    seen = []

    def lose_the_first_answer(route: Any) -> None:
        seen.append(route.request.post_data)
        if len(seen) == 1:
            route.fetch(max_redirects=0)
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/tickets", lose_the_first_answer)
    touch(page, "引っ越し")
    assert number_on(page) == "B001"
    assert len(seen) == 2
    assert waiting(city) == 1


def test_after_the_reset_nothing_of_the_person_is_left(city: City) -> None:
    page = kiosk(city)
    length = page.evaluate("history.length")
    touch(page, "English")
    expect(page.locator("h1")).to_have_text("What do you need today?")
    touch(page, "Moving")
    if page.locator("#kiosk[data-screen=ticket]").count() == 0:
        number_on(page)
    token = page.locator("#kiosk").get_attribute("data-slip").split("/slip/")[1].split("?")[0]
    touch(page, "Finish")
    expect(page.locator("h1")).to_have_text("ご用件をお選びください")
    assert token not in page.content()
    assert page.evaluate("document.getElementById('paper').innerHTML") == ""
    assert page.evaluate("history.length") == length
    assert token not in page.url
    assert stored(page) == []


def test_paper_of_the_browser_shows_the_same_number_once(city: City) -> None:
    page = kiosk(city)
    touch(page, "引っ越し")
    number = number_on(page)
    until(page, "papers.length === 1")
    assert number in page.evaluate("papers[0]")
    touch(page, "お席まで")
    expect(page.locator("[aria-pressed=true]")).to_contain_text("お席まで")
    assert page.evaluate("papers.length") == 1


def test_idle_person_is_asked_after_30_seconds_and_forgotten_after_50(city: City) -> None:
    page = kiosk(city, clock=True)
    pass_seconds(page, 3)
    page.locator(".language", has_text="English").click()
    expect(page.locator("h1")).to_have_text("What do you need today?")
    pass_seconds(page, 24)
    assert not page.locator("#idle").is_visible()
    pass_seconds(page, 7)
    expect(page.locator("#idle")).to_be_visible()
    expect(page.locator("#idle")).to_contain_text("Do you want to go on?")
    pass_seconds(page, 20.5)
    expect(page.locator("#idle")).to_be_hidden()
    expect(page.locator("h1")).to_have_text("ご用件をお選びください")


def test_going_on_keeps_the_screen(city: City) -> None:
    page = kiosk(city, clock=True)
    pass_seconds(page, 3)
    page.locator(".language", has_text="English").click()
    expect(page.locator("h1")).to_have_text("What do you need today?")
    pass_seconds(page, 31)
    page.locator("#idle [data-stay]").click()
    pass_seconds(page, 25)
    expect(page.locator("#idle")).to_be_hidden()
    expect(page.locator("h1")).to_have_text("What do you need today?")


def test_number_nobody_touches_goes_away_after_ten_seconds(city: City) -> None:
    page = kiosk(city, clock=True)
    pass_seconds(page, 3)
    page.locator(".tile", has_text="引っ越し").click()
    number_on(page)
    pass_seconds(page, 5)
    expect(page.locator("#kiosk")).to_have_attribute("data-screen", "ticket")
    pass_seconds(page, 6)
    expect(page.locator("#kiosk")).to_have_attribute("data-screen", "menu")


def test_lost_server_is_said_within_seconds_and_no_number_is_invented(city: City) -> None:
    page = kiosk(city)
    lose_the_network(page)
    expect(page.locator("#lost")).to_be_visible(timeout=12_000)
    expect(page.locator("#lost")).to_contain_text("ただいま受付できません。お近くの職員にお声がけください。")
    assert page.evaluate("document.getElementById('kiosk').inert")
    page.evaluate("window.notReloaded = true")
    find_the_network(page)
    expect(page.locator("#lost")).to_be_hidden(timeout=12_000)
    assert page.evaluate("window.notReloaded")
    touch(page, "引っ越し")
    assert number_on(page) == "B001"


def test_a_press_without_an_answer_is_given_up_after_five_seconds(city: City) -> None:
    page = kiosk(city, clock=True)
    page.route("**/tickets", lambda _route: None)
    page.locator("button.tile", has_text="引っ越し").click()
    for jumps in ((4.1,), (0.5, 0.5)):
        with page.expect_event("requestfailed", lambda request: request.url.endswith("/tickets"), timeout=3_000):
            for seconds in jumps:
                page.clock.fast_forward(int(seconds * 1000))
                page.evaluate("() => null")  # what the jump has set off is done


def test_counts_on_the_tiles_follow_the_hall(city: City) -> None:
    city.open("1")
    page = kiosk(city)
    expect(page.locator(".tile", has_text="引っ越し")).to_contain_text("お待ちの方はいません")
    city.issue("moving")
    expect(page.locator(".tile", has_text="引っ越し")).to_contain_text("待ち 1人", timeout=8_000)


def test_five_keys_do_everything(city: City) -> None:
    page = kiosk(city)
    page.evaluate("() => new Promise((done) => setTimeout(done, 320))")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".tile", has_text="引っ越し")).to_be_focused()
    page.keyboard.press("Enter")
    assert number_on(page) == "B001"
    page.evaluate("() => new Promise((done) => setTimeout(done, 320))")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#kiosk")).to_have_attribute("data-screen", "menu")


def test_what_is_told_is_the_heading_that_is_seen(city: City) -> None:
    page = kiosk(city)
    expect(page.locator("#told")).to_have_text("ご用件をお選びください")
    touch(page, "職員を呼ぶ")
    expect(page.locator("h1")).to_have_text("職員をお呼びしました")
    expect(page.locator("#told")).to_have_text("職員をお呼びしました")


def stored(page: Page) -> list[str]:
    """What the machine keeps beside which machine it is."""
    return page.evaluate(
        "[...Object.keys(localStorage), ...Object.keys(sessionStorage)].filter((name) => name !== 'deviceBrowser')"
    )


def test_readings_are_shown_at_a_press_and_forgotten_with_the_person(city: City) -> None:
    page = kiosk(city)
    assert page.locator("rt").count() == 0
    touch(page, "ふりがなを付ける")
    expect(page.locator("h1 rt").first).to_have_text("ようけん")
    expect(page.locator("#told")).to_have_text("ご用件をお選びください")
    touch(page, "引っ越し")
    number_on(page)
    expect(page.locator("h1 rt").first).to_be_visible()
    assert page.locator(".given__service rt").count() == 0, "the office's own names carry no reading"
    touch(page, "わる")
    expect(page.locator("h1")).to_have_text("ご用件をお選びください")


KEYS = [
    "ArrowUp",
    "ArrowDown",
    "ArrowLeft",
    "ArrowRight",
    "Enter",
    "Enter",
    "Escape",
    "Tab",
    "Shift+Tab",
    "Backspace",
    "Space",
    "Home",
    "End",
    "PageDown",
    "F1",
    "F3",
    "F5x",
    "F6",
    "F7",
    "F10",
    "F11",
    "F12",
    "Alt+ArrowLeft",
    "Alt+ArrowRight",
    "Alt+Home",
    "Control+l",
    "Control+s",
    "Control+o",
    "Control+u",
    "Control+f",
    "Control+h",
    "Control+j",
    "Control+Shift+i",
    "Control+Shift+Delete",
    "1",
    "2",
    "3",
    "9",
    "a",
    "z",
    "<",
    "'",
    "Delete",
    "ContextMenu",
]


def test_storm_of_keys_never_leaves_the_kiosk_and_leaves_no_trace(city: City) -> None:
    page = kiosk(city)
    start, opened = page.url, list[str]()
    page.context.on("page", lambda page: opened.append(page.url))
    page.evaluate("window.notReloaded = true")
    chance = random.Random(7)
    for _ in range(250):
        page.keyboard.press(chance.choice(KEYS).removesuffix("x"))
    page.mouse.click(200, 400, button="right")
    page.mouse.click(200, 400, button="middle")
    assert (page.url, opened, page.evaluate("window.notReloaded")) == (start, [], True)
    expect(page.locator("#kiosk")).to_be_attached()
    page.evaluate("() => new Promise((done) => setTimeout(done, 320))")
    if page.locator("#idle").is_visible():
        page.locator("#idle [data-leave]").click()
    page.goto(start)
    expect(page.locator("h1")).to_have_text("ご用件をお選びください")
    assert page.evaluate("document.getElementById('paper').innerHTML") == ""
    assert stored(page) == []


def test_unpaired_machine_in_a_real_city_shows_the_form_for_the_code(city: City) -> None:
    page = with_axe(city.window(viewport={"width": 1280, "height": 800}))
    page.goto(f"{city.url}/kiosk/{city.code}")
    expect(page.get_by_label("登録コード")).to_be_visible()
    assert faults(page) == []


def test_guidance_is_said_from_files_of_the_server_and_silence_is_told_to_staff(city: City) -> None:
    """This browser has no voice of its own. What is recorded is heard; what nobody can say is told to the floor."""
    media = Media(city.server.folder, Speech(city.server.folder / "speech"))
    for clip in (
        "kiosk/choose",
        "service/moving",
        "kiosk/your_number",
        "figure/B",
        *(f"figure/{n}" for n in range(10)),
    ):
        media.keep_recording(city.code, f"en/{clip}", kind="wav", content=chime())
    page = city.window(viewport={"width": 1080, "height": 1920})
    page.add_init_script(NO_DIALOG + HEARD)
    page.context.add_cookies(
        [{"name": "matazu_device_kiosk", "value": city.token(Role.KIOSK, name="発券機B"), "url": city.url}]
    )
    page.goto(f"{city.url}/kiosk/{city.code}?l=en")
    touch(page, "Listen")
    until(page, "heard.includes('en.service.moving')")
    assert page.evaluate("heard")[0] == "en.kiosk.choose"
    page.evaluate("heard.length = 0")
    touch(page, "Moving")
    until(page, "heard.includes('en.figure.1')")
    assert page.evaluate("heard.filter((each) => each.includes('figure'))") == [
        f"en.figure.{sign}" for sign in number_on(page)
    ]
    touch(page, "Finish")
    page.goto(f"{city.url}/kiosk/{city.code}?say=1&low=1")
    floor = city.window(Role.MANAGER)
    floor.goto(f"{city.url}/staff/floor")
    expect(floor.locator(".floor-devices")).to_contain_text("音声案内を求める方がいます")
