"""The console in a real browser before a real server: keys, two counters at once, undo, the lost connection, one screen.

Source: acceptance points S1 to S8 of the project's ux guide.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from queue_app.domain.access import Role
from tests.browser import until
from tests.journeys.conftest import PASSPHRASE, City, find_the_network, lose_the_network

pytestmark = pytest.mark.browser

AXE = (Path(__file__).parents[1] / "vendor" / "axe.min.js").read_text("utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def sit_down(city: City, counter: str = "1", **window: object) -> Page:
    """A clerk's window with the console of a counter that was just opened."""
    page = city.window(Role.CLERK, **window)
    page.goto(f"{city.url}/staff/")
    page.locator(f'form[action$="/counters/{counter}/open"] button').click()
    expect(page.locator("html")).to_have_attribute("data-connection", "live")
    return page


def in_hand(page: Page):  # type: ignore[no-untyped-def]
    return page.locator(".in-hand__number")


def line(page: Page) -> list[str]:
    return [
        row.removeprefix("call-") for row in page.locator(".line [id^=call-]").evaluate_all("all => all.map(b => b.id)")
    ]


def violations(page: Page) -> list[str]:
    page.context.new_cdp_session(page).send("Runtime.evaluate", {"expression": AXE})
    found: list[str] = page.evaluate(
        """async (tags) => (await axe.run(document, { runOnly: tags, resultTypes: ["violations"] })).violations
             .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(" ")}`)""",
        TAGS,
    )
    return found


def test_f9_calls_next_and_the_board_shows_it(city: City) -> None:
    ticket = city.issue()
    page = sit_down(city)
    board = city.window()
    board.goto(f"{city.url}/display/{city.code}")
    page.keyboard.press("F9")
    expect(in_hand(page)).to_have_text(ticket["number"])
    assert [call["number"] for call in city.board()["calls"]] == [ticket["number"]]
    expect(page.locator("#undo")).to_contain_text(f"{ticket['number']}番を1番窓口に呼びました。")


def test_holding_f9_calls_once(city: City) -> None:
    numbers = [city.issue()["number"] for _ in range(3)]
    page = sit_down(city)
    for _ in range(8):
        page.keyboard.down("F9")  # down again without up is what a held key sends
    page.keyboard.up("F9")
    expect(in_hand(page)).to_have_text(numbers[0])
    expect(page.locator(".line [id^=call-]")).to_have_count(2)
    assert line(page) == numbers[1:]
    assert page.locator("#called-words").count() == 0


def test_pressing_the_button_many_times_calls_once(city: City) -> None:
    numbers = [city.issue()["number"] for _ in range(3)]
    page = sit_down(city)
    page.evaluate("() => { const b = document.getElementById('next'); for (let i = 0; i < 6; i += 1) b.click(); }")
    expect(in_hand(page)).to_have_text(numbers[0])
    assert [row["number"] for row in city.desk()["waiting"]] == numbers[1:]


def test_two_consoles_that_press_at_once_get_different_people(city: City) -> None:
    numbers = {city.issue()["number"] for _ in range(2)}
    pages = [sit_down(city, "1"), sit_down(city, "2")]
    for page in pages:
        page.evaluate("() => { document.getElementById('next').click(); }")  # neither waits for the other
    for page in pages:
        expect(in_hand(page)).to_have_text(re.compile(r"B00\d"))
    assert {in_hand(page).inner_text() for page in pages} == numbers


def test_whole_visit_by_keys(city: City) -> None:
    first, second = city.issue()["number"], city.issue()["number"]
    page = sit_down(city)
    page.keyboard.press("F9")
    expect(in_hand(page)).to_have_text(first)
    page.keyboard.press("F8")
    expect(page.locator("#undo")).to_contain_text("もう一度呼びました")
    page.keyboard.press("F7")
    expect(page.locator(".in-hand__state")).to_contain_text("対応中")
    page.keyboard.press("F9")
    expect(in_hand(page)).to_have_text(second)
    page.keyboard.press("F4")
    expect(page.locator(".aside").first).to_contain_text(second)
    expect(page.locator("#in-hand-heading")).not_to_contain_text("呼出中")
    assert city.desk()["waiting"] == []


def test_keys_rest_while_japanese_is_being_typed_and_inside_fields(city: City) -> None:
    first, second = city.issue()["number"], city.issue()["number"]
    page = sit_down(city)
    composing = "document.dispatchEvent(new KeyboardEvent('keydown', {key: 'F9', isComposing: true, bubbles: true}))"
    page.evaluate(composing)
    processed = "document.dispatchEvent(new KeyboardEvent('keydown', {key: 'F9', keyCode: 229, bubbles: true}))"
    page.evaluate(processed)
    page.keyboard.press("NumpadEnter")
    page.keyboard.press("NumpadAdd")
    assert city.desk()["current"] is None, "composing or the number pad called somebody"
    page.keyboard.press("F9")
    expect(in_hand(page)).to_have_text(first)
    page.keyboard.press("F7")
    expect(page.locator(".in-hand__state")).to_contain_text("対応中")
    page.keyboard.press("Alt+M")
    expect(page.locator("#note")).to_be_focused()
    page.keyboard.type("車いす")
    for key in ("F9", "F2", "F4"):
        page.keyboard.press(key)
    assert city.desk()["current"]["number"] == first
    page.keyboard.press("Escape")
    expect(page.locator(".drawer[open]")).to_have_count(0)
    assert [row["number"] for row in city.desk()["waiting"]] == [second]


def test_number_pad_works_for_whoever_switched_it_on(city: City) -> None:
    first, second = city.issue()["number"], city.issue()["number"]
    page = sit_down(city)
    page.goto(f"{city.url}/staff/account")
    page.locator("#ten_key").check()
    page.locator("form").filter(has=page.locator("#ten_key")).locator("button").click()
    page.goto(f"{city.url}/staff/counters/1")
    expect(page.locator("html")).to_have_attribute("data-connection", "live")
    page.keyboard.press("Numpad2")
    expect(page.locator("#typed")).to_contain_text("2")
    page.keyboard.press("NumpadEnter")
    expect(in_hand(page)).to_have_text(second)
    page.keyboard.press("NumpadEnter")
    expect(page.locator("#called-words")).to_contain_text(second)
    page.keyboard.press("NumpadSubtract")
    expect(page.locator(".aside").first).to_contain_text(second)
    expect(in_hand(page)).to_have_text(first)


def test_undo_by_key_gives_back_place_and_arrival(city: City) -> None:
    numbers = [city.issue()["number"] for _ in range(2)]
    page = sit_down(city)
    before = city.desk()["waiting"][0]
    page.keyboard.press("F9")
    expect(in_hand(page)).to_have_text(numbers[0])
    expect(page.locator("#undo")).to_contain_text("秒")
    page.keyboard.press("Control+z")
    expect(page.locator(".line [id^=call-]")).to_have_count(2)
    after = city.desk()["waiting"][0]
    kept = ("number", "order_time", "reference_at", "issued_at")
    assert [after[key] for key in kept] == [before[key] for key in kept]
    assert city.board()["calls"] == []


def test_transfer_keeps_number_and_arrival(city: City) -> None:
    ticket = city.issue("certificate")
    page = sit_down(city)
    before = city.desk()["waiting"][0]
    page.keyboard.press("F9")
    expect(in_hand(page)).to_have_text(ticket["number"])
    page.keyboard.press("F7")
    expect(page.locator(".in-hand__state")).to_contain_text("対応中")
    page.keyboard.press("Alt+T")
    expect(page.locator("#to")).to_be_focused()
    page.locator("#to").select_option("service:insurance")
    page.locator("#forward-note").fill("代理人")
    page.locator(".drawer__form").first.get_by_role("button", name="転送する").click()
    expect(page.locator("#undo")).to_contain_text("転送しました")
    after = city.desk("3")["waiting"][0]
    kept = ("number", "reference_at", "issued_at")
    assert [after[key] for key in kept] == [before[key] for key in kept]


def test_absent_and_back_is_called_next(city: City) -> None:
    first, second = city.issue()["number"], city.issue()["number"]
    page = sit_down(city)
    page.keyboard.press("F9")
    expect(in_hand(page)).to_have_text(first)
    page.keyboard.press("F4")
    page.locator(f"#requeue-{first}").click()
    expect(page.locator(f"#call-{first}")).to_be_visible()
    assert line(page) == [first, second]
    page.keyboard.press("F9")
    expect(in_hand(page)).to_have_text(first)


def test_lost_connection_shows_a_red_band_within_five_seconds_and_heals_by_itself(city: City) -> None:
    number = city.issue()["number"]
    page = sit_down(city)
    page.evaluate("() => { window.notReloaded = true; }")
    lose_the_network(page)
    expect(page.locator(".offline-band")).to_be_visible(timeout=5_000)
    expect(page.locator("#next")).to_be_disabled()
    expect(page.locator(f"#call-{number}")).to_be_visible()
    page.locator(".offline-band a").click()
    expect(page.locator("#paper")).to_be_visible()
    page.keyboard.press("Escape")
    later = city.issue()["number"]
    find_the_network(page)
    expect(page.locator(".offline-band")).to_be_hidden(timeout=15_000)
    expect(page.locator(f"#call-{later}")).to_be_visible()
    expect(page.locator("#next")).to_be_enabled()
    expect(page.locator("#back-online")).to_have_text("つながりました。表示を最新にしました。")
    assert page.evaluate("() => window.notReloaded") is True


def test_twenty_waiting_people_fit_one_screen_and_axe_finds_nothing(city: City) -> None:
    for _ in range(20):
        city.issue("moving")
    page = sit_down(city)
    page.keyboard.press("F9")
    expect(in_hand(page)).to_have_text("B001")
    city.issue("moving")
    expect(page.locator(".line [id^=call-]")).to_have_count(20)
    root = page.evaluate(
        "() => { const r = document.documentElement; return [r.scrollHeight, r.clientHeight, r.scrollWidth, r.clientWidth] }"
    )
    assert (root[0], root[2]) == (root[1], root[3])
    hidden = page.locator(".line-scroll").evaluate("box => box.scrollHeight - box.clientHeight")
    assert hidden <= 0, "somebody in the line stands below the edge"
    assert (
        min(page.locator(".line__row").evaluate_all("rows => rows.map(row => row.getBoundingClientRect().height)"))
        >= 32
    )
    page.locator("#open-B003").press("Enter")
    city.issue("moving")
    expect(page.locator(".line [id^=call-]")).to_have_count(21)
    assert violations(page) == []
    page.locator("#late-B003").click()
    expect(page.locator("#undo")).to_contain_text("B003番を10分あとへ回しました")
    assert line(page)[-1] == "B003"
    expect(page.locator(".row-more[open]")).to_have_count(0)
    expect(page.locator("#open-B003")).to_be_focused()


def test_a_second_browser_takes_over_and_the_first_is_told(city: City) -> None:
    login = city.person(Role.CLERK)
    first = city.window(Role.CLERK, login=login)
    first.goto(f"{city.url}/staff/")
    first.locator('form[action$="/counters/1/open"] button').click()
    expect(first.locator("html")).to_have_attribute("data-connection", "live")
    second = city.window(Role.CLERK, login=login)
    second.goto(f"{city.url}/staff/counters/1")
    second.locator("#take").click()
    expect(second.locator("#next")).to_be_enabled()
    expect(first.locator("#console")).to_contain_text("ほかの画面で使われています")
    expect(first.locator("#next")).to_be_disabled()


def test_a_note_in_the_making_survives_what_happens_around_it(city: City) -> None:
    city.issue()
    page = sit_down(city)
    page.keyboard.press("F9")
    expect(in_hand(page)).to_have_text("B001")
    key = "new KeyboardEvent('keydown', {key: 'm', code: 'KeyM', altKey: true, bubbles: true})"
    at_once = page.evaluate(f"(document.dispatchEvent({key}), document.activeElement.id)")
    assert at_once == "note", "letters typed in the same moment are lost"
    page.keyboard.type("子ども")
    city.issue()
    expect(page.locator(".line [id^=call-]")).to_have_count(1)
    expect(page.locator("#note")).to_have_value("子ども")
    expect(page.locator("#note")).to_be_focused()


def test_people_who_call_without_a_script_get_the_same(city: City) -> None:
    number = city.issue()["number"]
    page = city.window(Role.CLERK, java_script_enabled=False)
    page.goto(f"{city.url}/staff/")
    page.locator('form[action$="/counters/1/open"] button').click()
    page.locator("#next").click()
    assert in_hand(page).inner_text() == number


def test_floor_and_set_up_pass_axe_and_do_not_scroll_sideways_on_a_narrow_screen(city: City) -> None:
    city.issue()
    floor, admin = city.window(Role.MANAGER), city.window(Role.ADMIN)
    floor_pages = ["/staff/", "/staff/floor", "/staff/floor/close", "/staff/issue", "/staff/account"]
    set_up = [
        "/admin/",
        "/admin/parts",
        "/admin/services/moving",
        "/admin/counters/1",
        "/admin/people",
        "/admin/hours",
        "/admin/booking",
        "/admin/booking/moving",
        "/admin/tokens",
        "/admin/file",
    ]
    faults = {}
    for page, addresses in ((floor, floor_pages), (admin, set_up)):
        for address in addresses:
            page.goto(f"{city.url}{address}")
            found = violations(page)
            page.set_viewport_size({"width": 320, "height": 640})
            wide = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
            page.set_viewport_size({"width": 1366, "height": 768})
            if found or wide > 0:
                faults[address] = (found, wide)
    assert faults == {}


def test_help_key_tells_the_floor_and_shows_no_sentence_here(city: City) -> None:
    page = sit_down(city)
    floor = city.window(Role.MANAGER)
    floor.goto(f"{city.url}/staff/floor")
    expect(floor.locator("html")).to_have_attribute("data-connection", "live")
    page.keyboard.press("F10")
    expect(floor.locator(".alarms")).to_contain_text("1番窓口")
    expect(page.locator(".help-asked")).to_be_visible()
    expect(page.locator(".said")).to_have_count(0)


def test_login_beside_the_page_brings_back_the_same_visit_and_what_was_typed(city: City) -> None:
    number = city.issue()["number"]
    login = city.person(Role.CLERK)
    page = city.window(Role.CLERK, login=login)
    page.goto(f"{city.url}/staff/")
    page.locator('form[action$="/counters/1/open"] button').click()
    expect(page.locator("html")).to_have_attribute("data-connection", "live")
    page.keyboard.press("F9")
    expect(in_hand(page)).to_have_text(number)
    page.keyboard.press("Alt+M")
    page.locator("#note").fill("通訳")
    city.end_sessions(login)
    page.evaluate(
        "() => document.getElementById('console').dispatchEvent(new CustomEvent('matazu:refresh', {bubbles: true}))"
    )
    expect(page.locator("#idle")).to_contain_text("入力中の内容は残っています")
    with page.context.expect_page() as opened:
        page.locator("[data-log-in]").click()
    beside = opened.value
    beside.fill("#login", login)
    beside.fill("#passphrase", PASSPHRASE)
    beside.locator('form[action$="/staff/login"] button').click()
    beside.wait_for_url("**/staff/counters/1")
    beside.close()
    page.evaluate("() => window.dispatchEvent(new Event('focus'))")
    expect(page.locator("#idle")).to_be_hidden()
    expect(page.locator("#note")).to_have_value("通訳")
    page.locator(".drawer__form").filter(has=page.locator("#note")).get_by_role("button", name="メモを保存").click()
    expect(page.locator(".in-hand__note")).to_contain_text("通訳")
    expect(page.locator("html")).to_have_attribute("data-connection", "live")


def test_next_long_after_a_call_takes_the_person_as_served_and_ctrl_z_gives_them_back(city: City) -> None:
    first, second = city.issue()["number"], city.issue()["number"]
    page = sit_down(city)
    page.keyboard.press("F9")
    expect(in_hand(page)).to_have_text(first)
    page.keyboard.press("F9")
    expect(page.locator("#called-words")).to_contain_text(first)
    page.keyboard.press("Escape")
    expect(page.locator("#called-words")).to_have_count(0)
    city.age_of_call(first, seconds=121)
    page.keyboard.press("F9")
    expect(in_hand(page)).to_have_text(second)
    page.keyboard.press("F9")
    expect(page.locator("#called-words")).to_contain_text(second)
    page.keyboard.press("F4")
    expect(page.locator(".aside").first).to_contain_text(second)


def test_small_window_calls_and_fits_360_by_200(city: City) -> None:
    number = city.issue()["number"]
    page = sit_down(city)
    small = page.context.new_page()
    small.set_viewport_size({"width": 360, "height": 200})
    small.goto(f"{city.url}/staff/counters/1/mini")
    expect(small.locator("html")).to_have_attribute("data-connection", "live")
    small.keyboard.press("F9")
    expect(small.locator(".mini__number")).to_have_text(number)
    size = small.evaluate(
        "() => { const r = document.documentElement; return [r.scrollWidth - r.clientWidth, r.scrollHeight - r.clientHeight] }"
    )
    assert max(size) <= 0, size


def hold_back(page: Page, *addresses: str) -> dict[str, list[Route]]:
    """Requests that go on when the test says so, by their path."""
    held: dict[str, list[Route]] = defaultdict(list)
    for address in addresses:
        page.route(address, lambda route: held[urlsplit(route.request.url).path].append(route))
    return held


def test_floor_adds_a_counter_to_a_queue_with_one_press(city: City) -> None:
    city.issue("insurance")
    sit_down(city)
    floor = city.window(Role.MANAGER)
    floor.goto(f"{city.url}/staff/floor")
    expect(floor.locator(".floor__look")).to_contain_text("国民健康保険：窓口がありません")
    held = hold_back(floor, f"{city.url}/staff/floor/help", f"{city.url}/staff/floor")
    with floor.expect_request("**/staff/floor/help"):
        floor.get_by_role("button", name="1番窓口を足す").click()
    floor.dispatch_event("#floor", "matazu:refresh")  # asked before the press is answered, and answered after it
    held["/staff/floor/help"][0].continue_()
    expect(floor.locator(".floor__said")).to_contain_text("窓口に用件を足しました")
    with floor.expect_response(lambda answer: answer.url.endswith("/staff/floor")):
        for late in held["/staff/floor"]:
            late.continue_()
    with floor.expect_response(lambda answer: answer.url.endswith("said=helps")):
        floor.dispatch_event("#floor", "matazu:refresh")
    expect(floor.locator(".floor__said")).to_contain_text("窓口に用件を足しました")
    expect(floor.locator(".floor__look")).not_to_contain_text("窓口がありません")
    assert violations(floor) == []


def test_small_window_floats_above_other_windows_where_the_browser_can(city: City) -> None:
    number = city.issue()["number"]
    page = sit_down(city)
    page.keyboard.press("F9")
    expect(in_hand(page)).to_have_text(number)
    page.locator("[data-small-window]").click()
    shown = "documentPictureInPicture.window?.document.querySelector('iframe')?.contentDocument?.querySelector('.mini__number')"
    until(page, f"{shown}?.textContent === '{number}'")
