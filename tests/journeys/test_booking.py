"""Booking in a real browser: without scripts, by keyboard alone, at 320 px, with times lost and buttons pressed twice."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update
from sqlalchemy.orm import Session

from queue_app.adapters.clock import system_clock
from queue_app.services import office_file
from queue_app.store.database import writing
from queue_app.store.reservation_tables import Reservation, SlotPlace
from tests.journeys.conftest import OFFICE, City, find_the_network, lose_the_network

AXE = (Path(__file__).parents[1] / "vendor" / "axe.min.js").read_text("utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE = {"width": 320, "height": 640}
MOVING = "{{code: moving, series: B, label: {{ja: 引っ越し, en: Moving}}, minutes: 14}}"
BOOKABLE = MOVING.replace("minutes: 14", "minutes: 14, slots: {{length_min: 30, capacity: 1}}")


@pytest.fixture
def hall(city: City) -> City:
    """The office of the test, with a service that can be booked, one place at a time, and the questions of a move."""
    text = (
        OFFICE.replace(MOVING, BOOKABLE).format(code=city.code)
        + "navigator: aoba-navigator.yaml\nbooking: {ahead_days: 40}\n"
    )
    with city.door.app_context():
        writing(lambda session: office_file.load_office(session, text, "test.yaml", system_clock()))
    return city


def phone(hall: City, **settings: object) -> Page:
    page = hall.window(viewport=PHONE, **settings)
    page.goto(f"{hall.url}/book/{hall.code}")
    return page


def press(page: Page, words: str) -> None:
    page.locator(f"main button:has-text('{words}'), main a.dads-button:has-text('{words}')").first.click()


def to_the_day(page: Page) -> None:
    page.check("input[name=errand][value=moving]")
    press(page, "次へ")
    press(page, "次へ")


def to_the_contact(page: Page, *, day: int = 1, time: int = 0) -> str:
    """Choose a day and a time; returns the slot taken."""
    page.locator("input[name=day]").nth(day).check()
    press(page, "次へ")
    button = page.locator("button[name=slot]").nth(time)
    slot = button.get_attribute("value") or ""
    button.click()
    return slot


def to_the_check(page: Page) -> None:
    page.fill("#name_kana", "あおば　はなこ")
    press(page, "内容を確認する")


def booked(page: Page) -> str:
    """Make the booking; returns its address."""
    press(page, "この内容で予約する")
    assert page.inner_text("h1") == "予約が完了しました"
    return page.url.split("?")[0]


def look(page: Page) -> None:
    """Nothing for axe to find, and nothing to scroll sideways for."""
    page.add_script_tag(content=AXE)
    violations = page.evaluate(
        """async (tags) => (await axe.run(document, { runOnly: tags, resultTypes: ["violations"] })).violations
            .map(v => v.id + " " + v.nodes.map(n => n.html.slice(0, 90)).join(" | "))""",
        TAGS,
    )
    assert violations == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), page.url


def test_booked_changed_and_cancelled_without_scripts(hall: City) -> None:
    page = phone(hall, java_script_enabled=False)
    to_the_day(page)
    page.goto(f"{hall.url}/book/{hall.code}/month")
    page.locator("[data-day]").last.click()
    page.locator("button[name=slot]").first.click()
    to_the_check(page)
    assert "アオバ ハナコ" in page.inner_text("main")
    address = booked(page)
    page.goto(f"{address}/change")
    page.locator("input[name=day]").nth(2).check()
    press(page, "次へ")
    page.locator("button[name=slot]").first.click()
    assert "変更しました" in page.inner_text("main")
    page.goto(f"{address}/cancel")
    press(page, "取り消す")
    assert "取り消されています" in page.inner_text("main")
    assert page.locator("main a:has-text('もう一度予約する')").count() == 1


def reach(page: Page, selector: str) -> None:
    """Tab by Tab."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"{selector} is not reached by Tab on {page.url}")


def go_on(page: Page, selector: str) -> None:
    reach(page, selector)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def day_of_the_month_by_keys(page: Page, address: str) -> None:
    """Another month, its second day, and there are its times."""
    page.goto(address)
    reach(page, "[data-day]")
    with page.expect_navigation():
        page.keyboard.press("PageDown")
    expect(page.locator("[data-day]").first).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-day]").nth(1)).to_be_focused()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.locator("button[name=slot]").count() > 0


def day_and_time_by_keys(page: Page) -> None:
    reach(page, "input[name=day]")
    page.keyboard.press("Space")
    go_on(page, "main form .button-row button")
    go_on(page, "button[name=slot]")


def test_the_same_by_keyboard_alone(hall: City) -> None:
    page = phone(hall)
    reach(page, "input[name=errand]")
    page.keyboard.press("ArrowDown")
    assert page.locator("input[name=errand][value=moving]").is_checked()
    go_on(page, "main form .button-row button")
    go_on(page, "main form .button-row button")
    days = page.url
    day_of_the_month_by_keys(page, days.replace("/day", "/month"))
    page.goto(days)
    day_and_time_by_keys(page)
    reach(page, "#name_kana")
    page.keyboard.type("AOBA HANAKO")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    go_on(page, "form[data-once] button")
    assert page.inner_text("h1") == "予約が完了しました"
    go_on(page, "a[href$='/change']")
    day_and_time_by_keys(page)
    assert "変更しました" in page.inner_text("main")
    go_on(page, "a[href$='/cancel']")
    go_on(page, "form[action$='/cancel'] button")
    assert "取り消されています" in page.inner_text("main")


def test_questions_lead_to_a_result_with_papers_deadline_and_a_booking(hall: City) -> None:
    page = phone(hall, java_script_enabled=False)
    page.check("input[name=errand][value=navigator]")
    press(page, "次へ")
    asked = 0
    while "/result" not in page.url:
        asked += 1
        if page.locator("#moved_on").count():
            page.fill("#moved_on", "令和8年11月1日")
        press(page, "次へ")
    assert asked <= 12
    said = page.inner_text("main")
    assert "転入届" in said
    assert "転出証明書" in said
    assert "11月15日（日）まで" in said  # fourteen days, the first not counted; this office is open on Sundays too
    press(page, "予約を始める")
    to_the_contact(page)
    to_the_check(page)
    booked(page)


def test_a_date_that_is_none_is_asked_again_and_nothing_is_lost(hall: City) -> None:
    page = phone(hall)
    page.check("input[name=errand][value=navigator]")
    press(page, "次へ")
    page.check("input[name=move_type][value=within]")
    press(page, "次へ")
    page.fill("#moved_on", "令和８年２月３０日")
    press(page, "次へ")
    assert page.title().startswith("エラー：")
    assert page.evaluate("document.activeElement.hasAttribute('data-error-summary')")
    assert page.input_value("#moved_on") == "令和８年２月３０日"


def test_a_lost_time_shows_others_and_keeps_what_was_typed(hall: City) -> None:
    first, second = phone(hall), phone(hall)
    for page in (first, second):
        to_the_day(page)
        page.locator("input[name=day]").nth(1).check()
        press(page, "次へ")
    no_mark_tears_a_time_apart(first)
    slot = first.locator("button[name=slot]").nth(2).get_attribute("value")
    first.click(f"button[value='{slot}']")
    second.click(f"button[value='{slot}']")
    assert "埋まってしまいました" in second.inner_text("main")
    assert second.locator("button[name=slot]").count() > 0
    second.locator("button[name=slot]").first.click()
    stays_where_it_is_without_a_network(second)
    to_the_check(second)
    booked(second)


def no_mark_tears_a_time_apart(page: Page) -> None:
    """The mark of a planned service's best times, put in by hand, leaves the time in one line on the smallest phone."""
    lines = """() => {
      const button = document.querySelector("button[name=slot]"), mark = document.createElement("span"), time = new Range();
      mark.className = "time__best", mark.textContent = "空いています・おすすめ", button.append(" ", mark);
      time.selectNode(button.firstChild);
      return time.getClientRects().length;
    }"""
    assert page.evaluate(lines) == 1, "the time is torn apart"


def stays_where_it_is_without_a_network(page: Page) -> None:
    """The press is answered in words, the form stays with everything typed, and the next press goes on."""
    page.fill("#name_kana", "アオバ ソラ")
    lose_the_network(page)
    press(page, "次へ")
    expect(page.locator("#live-status")).to_contain_text("入力された内容はこの画面に残っています")
    assert page.input_value("#name_kana") == "アオバ ソラ"
    find_the_network(page)
    expect(page.locator("#live-status")).to_be_empty()


def let_the_hold_run_out(hall: City) -> None:
    """Ten minutes have gone by while somebody looked for their papers."""
    past = system_clock() - timedelta(seconds=1)

    def act(session: Session) -> None:
        session.execute(update(Reservation).where(Reservation.state == "held").values(expires_at=past))
        session.execute(update(SlotPlace).where(SlotPlace.taken_until.is_not(None)).values(taken_until=past))

    with hall.door.app_context():
        writing(act)


def test_an_expired_hold_is_taken_again_and_said_and_keeps_what_was_typed(hall: City) -> None:
    page = phone(hall, java_script_enabled=False)
    to_the_day(page)
    to_the_contact(page)
    to_the_check(page)
    let_the_hold_run_out(hall)
    press(page, "この内容で予約する")
    assert "同じ時間をもう一度お取りしました" in page.inner_text("main")
    assert "アオバ ハナコ" in page.inner_text("main")
    booked(page)


def test_an_expired_hold_whose_time_is_gone_shows_others_and_keeps_what_was_typed(hall: City) -> None:
    slow, quick = phone(hall), phone(hall)
    to_the_day(slow)
    to_the_contact(slow)
    to_the_check(slow)
    let_the_hold_run_out(hall)
    to_the_day(quick)
    to_the_contact(quick)
    to_the_check(quick)
    booked(quick)
    press(slow, "この内容で予約する")
    assert "埋まってしまいました" in slow.inner_text("main")
    slow.locator("button[name=slot]").first.click()
    assert slow.input_value("#name_kana") == "アオバ ハナコ"
    to_the_check(slow)
    booked(slow)


def test_answers_on_another_phone_can_be_booked_from_there(hall: City) -> None:
    page, other = phone(hall, java_script_enabled=False), phone(hall, java_script_enabled=False)
    page.check("input[name=errand][value=navigator]")
    press(page, "次へ")
    while "/result" not in page.url:
        if page.locator("#moved_on").count():
            page.fill("#moved_on", "2026-11-01")
        press(page, "次へ")
    shared = page.locator("main a:has-text('この結果へのリンク')").get_attribute("href") or ""
    other.goto(hall.url + urlsplit(shared).path)
    assert "転出証明書" in other.inner_text("main")
    press(other, "予約を始める")
    to_the_contact(other)
    to_the_check(other)
    booked(other)
    assert "転出証明書" in other.inner_text("main")


def test_pressing_twice_and_going_back_make_one_booking(hall: City) -> None:
    page = phone(hall, java_script_enabled=False)
    to_the_day(page)
    to_the_contact(page)
    to_the_check(page)
    page.locator("form[data-once] button").dblclick()
    page.wait_for_url("**/r/**")
    address = page.url.split("?")[0]
    page.go_back()
    if page.locator("form[data-once] button").count():
        press(page, "この内容で予約する")
        assert page.url.split("?")[0] == address
    listed = hall.api("/offices/{office}/desk?counter=1")["bookings"]
    assert len(listed) <= 1


def test_changing_the_language_on_any_step_keeps_everything(hall: City) -> None:
    page = phone(hall)
    to_the_day(page)
    slot = to_the_contact(page)
    page.goto(f"{hall.url}/book/{hall.code}/contact?lang=en")
    assert page.inner_text("h1") == "Name and contact"
    page.fill("#name_kana", "AOBA HANAKO")
    press(page, "Next")
    assert page.inner_text("h1") == "Check your booking"
    press(page, "Book this appointment")
    assert page.inner_text("h1") == "Your booking is complete"
    assert slot


def test_the_hold_warns_once_and_can_be_made_longer(hall: City) -> None:
    page = hall.window(viewport=PHONE)
    page.clock.install()
    page.goto(f"{hall.url}/book/{hall.code}")
    to_the_day(page)
    to_the_contact(page)
    assert page.inner_text("[data-hold-status]") == ""
    page.wait_for_load_state("load")  # its script counts from here on
    page.clock.run_for(timedelta(minutes=8, seconds=1).total_seconds() * 1000)
    assert "あと5分のばしますか" in page.inner_text("[data-hold-status]")
    before = page.inner_text(".hold p >> nth=0")
    press(page, "あと5分のばす")
    assert page.inner_text(".hold p >> nth=0") != before


def test_a_booking_is_found_by_code_and_second_factor_and_by_nothing_less(hall: City) -> None:
    page = phone(hall)
    to_the_day(page)
    to_the_contact(page)
    to_the_check(page)
    address = booked(page)
    code = page.inner_text(".code-block__number")
    pin = page.inner_text(".code-block").split()[-1]
    page.goto(f"{hall.url}/book/find")
    page.fill("#code", code)
    page.fill("#digits", "0000" if pin != "0000" else "1111")
    press(page, "予約を開く")
    assert "見つかりませんでした" in page.inner_text("main")
    page.fill("#code", code.replace("-", " ").translate(str.maketrans("0123456789", "０１２３４５６７８９")))
    page.fill("#digits", pin)
    press(page, "予約を開く")
    assert page.url == address


def test_every_page_of_the_flow_passes_axe_and_fits_320_px(hall: City) -> None:
    page = hall.window(viewport=PHONE, bypass_csp=True)
    page.goto(f"{hall.url}/book/{hall.code}")
    press(page, "次へ")
    look(page)
    page.check("input[name=errand][value=navigator]")
    press(page, "次へ")
    while "/result" not in page.url:
        look(page)
        if page.locator("#moved_on").count():
            page.fill("#moved_on", "2026-11-01")
        press(page, "次へ")
    for step in (
        lambda: press(page, "予約を始める"),
        lambda: page.locator("input[name=day]").nth(1).check(),
        lambda: press(page, "次へ"),
        page.locator("button[name=slot]").first.click,
        lambda: press(page, "内容を確認する"),
        lambda: to_the_check(page),
    ):
        look(page)
        step()
    look(page)
    page.goto(f"{hall.url}/book/{hall.code}/month")
    look(page)
    assert page.evaluate("document.querySelector('.month').scrollWidth <= innerWidth"), (
        "a month is wider than the glass"
    )
    page.goto(f"{hall.url}/book/{hall.code}/check")
    own = booked(page)
    for address in (page.url, f"{own}/change", f"{own}/cancel", f"{hall.url}/book/find"):
        page.goto(address)
        look(page)
