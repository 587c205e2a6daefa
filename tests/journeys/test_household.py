"""A household of four from the questions to the last of six counters, on one number, as the people of that day see it:
the phone in the hand, the slip on paper, the console of each counter."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from queue_app.adapters.clock import system_clock
from queue_app.domain.access import Role
from queue_app.services import office_file
from queue_app.store.database import writing
from tests.browser import until
from tests.journeys.accessibility import faults, with_axe
from tests.journeys.conftest import City
from tests.journeys.test_booking import press
from tests.journeys.test_kiosk import kiosk, number_on, touch

pytestmark = pytest.mark.browser

OFFICE = """
code: {code}
name: {{ja: あおば市役所, en: Aoba City Hall}}
zone: Asia/Tokyo
hours: always
services:
  - {{code: moving, series: B, label: {{ja: 住所の異動（引っ越し）, en: Moving}}, minutes: 14, stages: [reception, back_office, handover],
     slots: {{length_min: 30, capacity: 2}}}}
  - {{code: mynumber_card, series: C, label: {{ja: マイナンバーカードの変更・申請, en: My Number Card}}, minutes: 10}}
  - {{code: health_insurance, series: E, label: {{ja: 国民健康保険, en: Insurance}}, minutes: 15}}
  - {{code: child_benefits, series: H, label: {{ja: 子どもの手当・医療費, en: Child benefits}}, minutes: 15}}
  - {{code: childcare, series: J, label: {{ja: 保育園・学童クラブ, en: Nursery}}, minutes: 30}}
  - {{code: school, series: N, label: {{ja: 小・中学校の転校, en: School}}, minutes: 10}}
  - {{code: tax, series: L, label: {{ja: 市税・原付バイク, en: Tax}}, minutes: 10}}
counters:
  - {{code: "4", label: {{ja: 4番窓口, en: Window 4}}, services: [moving], stages: [reception, handover], floor: "1"}}
  - {{code: "S", label: {{ja: 住民異動 審査, en: Back office}}, services: [moving], stages: [back_office], floor: "1"}}
  - {{code: "8", label: {{ja: 8番窓口, en: Window 8}}, services: [mynumber_card], stages: [reception], floor: "1"}}
  - {{code: "12", label: {{ja: 12番窓口, en: Window 12}}, services: [health_insurance], stages: [reception], floor: "1"}}
  - {{code: "21", label: {{ja: 21番窓口, en: Window 21}}, services: [child_benefits], stages: [reception], floor: "2"}}
  - {{code: "24", label: {{ja: 24番窓口, en: Window 24}}, services: [childcare], stages: [reception], floor: "2"}}
  - {{code: "31", label: {{ja: 31番窓口, en: Window 31}}, services: [tax], stages: [reception], floor: "3"}}
  - {{code: "41", label: {{ja: 41番窓口, en: Window 41}}, services: [school], stages: [reception], floor: "4"}}
booking: {{ahead_days: 10, cutoff_min: 0, hold_min: 10, early_min: 60, late_min: 60}}
navigator: aoba-navigator.yaml
"""
TOKYO = ZoneInfo("Asia/Tokyo")
FAMILY = {
    "num_people": "4",
    "mynumber_cards": "4",
    "nhi_members": "4",
    "children_preschool": "1",
    "children_elem_jhs": "1",
    "wants_nursery": "yes",
    "public_school": "yes",
}
ON_PAPER = (
    "1階 4番窓口　住所の異動（引っ越し）",
    "1階 4番窓口　住所の異動（引っ越し）　お渡し",
    "1階 8番窓口　マイナンバーカードの変更・申請",
    "1階 12番窓口　国民健康保険",
    "2階 21番窓口　子どもの手当・医療費",
    "2階 24番窓口　保育園・学童クラブ",
    "4階 41番窓口　小・中学校の転校",
)
WIDER_THAN_THE_ROLL = """() => [...document.querySelectorAll('.paper-sheet *')].filter((each) => {
  return each.getBoundingClientRect().right > innerWidth + 1 || each.scrollWidth > each.clientWidth + 1;
}).map((each) => each.textContent)"""
BOXES_CUT_OFF = """() => [...document.querySelectorAll('.slip__stop')].filter((each) => {
  const style = getComputedStyle(each);
  return parseFloat(style.paddingInlineStart) + parseFloat(style.textIndent) < 0;
}).length"""
CUT_OFF = """() => [...document.querySelectorAll('.route-list, .route-list li')].filter((each) => {
  const box = each.getBoundingClientRect();
  return each.scrollHeight > each.clientHeight + 1 || box.top < 0 || box.bottom > innerHeight || box.right > innerWidth;
}).map((each) => each.textContent)"""


@pytest.fixture
def hall(city: City) -> City:
    text = OFFICE.format(code=city.code)
    with city.door.app_context():
        writing(lambda session: office_file.load_office(session, text, "test.yaml", system_clock()))
    return city


def booked(phone: Page, hall: City) -> str:
    """From the first question to the booking; returns its address."""
    phone.goto(f"{hall.url}/book/{hall.code}")
    phone.check("input[name=errand][value=navigator]")
    press(phone, "次へ")
    while "/result" not in phone.url:
        answer(phone)
        press(phone, "次へ")
    press(phone, "予約を始める")
    phone.locator("input[name=day]").first.check()
    press(phone, "次へ")
    phone.locator("button[name=slot]").first.click()
    phone.fill("#name_kana", "あおば　はなこ")
    press(phone, "内容を確認する")
    press(phone, "この内容で予約する")
    expect(phone.locator("h1")).to_have_text("予約が完了しました")
    return phone.url.split("?")[0]


def answer(phone: Page) -> None:
    """One page of questions: moved here today, the rest as FAMILY says."""
    if phone.locator("#moved_on").count():
        phone.fill("#moved_on", f"{system_clock().astimezone(TOKYO):%Y-%m-%d}")
    for name in phone.locator("main :is(select, input[type=radio])").evaluate_all("all => all.map(one => one.name)"):
        if FAMILY.get(name) == "yes":
            phone.check(f"input[name={name}][value=yes]")
        elif name in FAMILY:
            phone.select_option(f"select[name={name}]", FAMILY[name])


def arrived(machine: Page, booking: str) -> str:
    """The code of the letter under the scanner of the ticket machine; returns the number."""
    touch(machine, "予約をしている方")
    expect(machine.locator("#kiosk")).to_have_attribute("data-screen", "check_in")
    machine.keyboard.type(booking)
    machine.keyboard.press("Enter")
    return number_on(machine)


def sit_down(clerk: Page, hall: City, counter: str) -> None:
    clerk.goto(f"{hall.url}/staff/")
    clerk.locator(f'form[action$="/counters/{counter}/open"] button').click()
    expect(clerk.locator("html")).to_have_attribute("data-connection", "live")


def take_up(clerk: Page, number: str) -> None:
    """The work behind the counter: nobody is called for it."""
    clerk.locator(f"#take-{number}").click()
    expect(clerk.locator(".in-hand__number")).to_have_text(number)


def call(clerk: Page, number: str) -> None:
    clerk.keyboard.press("F9")
    expect(clerk.locator(".in-hand__number")).to_have_text(number)
    clerk.keyboard.press("F7")
    expect(clerk.locator(".in-hand__state")).to_contain_text("対応中")


def finish(clerk: Page) -> None:
    clerk.keyboard.press("F2")
    expect(clerk.locator(".in-hand__number--none")).to_be_visible()


def change_the_way(clerk: Page) -> None:
    """The children stay at their school, but there is a moped."""
    clerk.locator("details[id^=route-] summary").click()
    assert clerk.evaluate(CUT_OFF) == []
    clerk.get_by_role("button", name="小・中学校の転校をとばす").click()
    expect(clerk.locator("#undo")).to_contain_text("とばしました")
    clerk.select_option("#add-stop", "tax")
    clerk.locator(".route-list__add button").click()
    expect(clerk.locator("#undo")).to_contain_text("窓口を追加しました")


def fits_the_roll(machine: Page, hall: City) -> None:
    """As printed from the kiosk's own screen, and from the page of the slip, as without scripts."""
    machine.set_viewport_size({"width": 302, "height": 900})  # 80 mm
    machine.emulate_media(media="print")
    assert machine.evaluate(WIDER_THAN_THE_ROLL) == []
    machine.goto(hall.url + (machine.locator("#kiosk").get_attribute("data-slip") or ""))
    assert machine.evaluate(BOXES_CUT_OFF) == 0


def test_household_of_four_goes_through_six_counters_on_one_number(hall: City) -> None:
    phone = with_axe(hall.window(viewport={"width": 390, "height": 844}))
    booking = booked(phone, hall)
    machine = kiosk(hall)
    number = arrived(machine, booking)
    until(machine, "papers.length === 1")
    paper = machine.evaluate("papers[0]")
    for place, stop in enumerate(ON_PAPER):
        assert f"{chr(ord('①') + place)} {stop}" in paper
    fits_the_roll(machine, hall)
    phone.reload()
    press(phone, "番号のページへ")
    clerk = hall.window(Role.CLERK)
    sit_down(clerk, hall, "4")
    call(clerk, number)
    expect(phone.locator(".stops [aria-current]")).to_contain_text("ご案内中")
    assert faults(phone) == []
    change_the_way(clerk)
    finish(clerk)
    expect(phone.locator(".stops")).to_contain_text("市税・原付バイク")
    expect(phone.locator(".stops")).not_to_contain_text("転校")
    sit_down(clerk, hall, "S")
    take_up(clerk, number)
    expect(phone.locator(".ticket__lead")).to_have_text("書類を準備しています。できましたらお呼びします。")
    finish(clerk)
    for counter in ("4", "8", "12", "21", "24", "31"):
        sit_down(clerk, hall, counter)
        call(clerk, number)
        expect(phone.locator(".ticket__lead")).to_contain_text(f"{counter}番窓口")
        finish(clerk)
    expect(phone.locator(".ticket")).to_have_attribute("data-state", "done")
