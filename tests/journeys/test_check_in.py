"""The day of a booked visit: the pad of the kiosk under real fingers and scanners, and a household of four through six
counters on one number.
"""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from queue_app.adapters.clock import system_clock
from queue_app.services import office_file
from queue_app.store.database import writing
from tests.bookings import BOOKABLE, at, slot
from tests.journeys.accessibility import faults, too_small
from tests.journeys.conftest import OFFICE, City
from tests.journeys.test_kiosk import kiosk, touch
from tests.journeys.test_kiosk_glass import BUSY_PAGE, OVERLAPS, SMALL_TEXT
from tests.web.plain_browser import PlainBrowser
from tests.web.test_kiosk import paired
from tests.world import World

SIZES = [(1080, 1920), (1280, 800)]
MOVING = "{{code: moving, series: B, label: {{ja: 引っ越し, en: Moving}}, minutes: 14}}"


@pytest.fixture
def hall(city: City) -> City:
    """The office of the journeys with a service that can be booked."""
    text = OFFICE.replace(MOVING, MOVING.replace("14}}", "14, slots: {{length_min: 30, capacity: 1}}}}"))
    with city.door.app_context():
        writing(lambda session: office_file.load_office(session, text.format(code=city.code), "t.yaml", system_clock()))
    return city


def pad(hall: City, **size: int) -> Page:
    page = kiosk(hall, **size)
    touch(page, "予約をしている方")
    expect(page.locator("#kiosk")).to_have_attribute("data-screen", "check_in")
    return page


@pytest.mark.browser
def test_keys_type_the_code_in_groups_and_take_it_back(hall: City) -> None:
    page = pad(hall)
    for key in ("4", "8", "2", "7", "3", "1", "5", "0", "9"):
        page.locator(f"[data-key='{key}']").click()
    expect(page.locator("#code")).to_have_value("4827-3150")
    page.locator("[data-key=back]").click()
    expect(page.locator("#code")).to_have_value("4827-315")
    page.keyboard.type("6", delay=400)
    expect(page.locator("#code")).to_have_value("4827-3156")
    page.keyboard.press("Enter")
    expect(page.locator("[role=alert]").first).to_contain_text("見つかりませんでした")
    expect(page.locator("#code")).to_have_value("4827-3156")
    page.locator("[data-key=clear]").click()
    expect(page.locator("#code")).to_have_value("")


@pytest.mark.browser
@pytest.mark.parametrize("on_pad", [False, True])
def test_scanner_that_types_is_heard_on_every_screen(hall: City, on_pad: bool) -> None:
    page = pad(hall) if on_pad else kiosk(hall)
    sent: list[str] = []
    page.on("request", lambda asked: sent.append(asked.post_data or "") if asked.method == "POST" else None)
    page.keyboard.type(f"{hall.url}/r/AbCdEfGhIjKlMnOpQrStUvWx")
    page.keyboard.press("Enter")
    expect(page.locator("[role=alert]").first).to_contain_text("二次元コードの予約は見つかりませんでした")
    assert ["token=AbCdEfGhIjKlMnOpQrStUvWx" in body for body in sent] == [True]
    assert "AbCdEf" not in page.url


@pytest.mark.browser
@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("low", [False, True])
def test_the_pad_fits_the_glass(hall: City, width: int, height: int, low: bool) -> None:
    page = pad(hall, width=width, height=height)
    if low:
        touch(page, "低い位置")
        expect(page.locator("#kiosk")).to_have_attribute("data-low", "yes")
    assert page.evaluate(BUSY_PAGE) == []
    assert page.evaluate(OVERLAPS) == []
    assert page.evaluate(SMALL_TEXT) == []
    assert too_small(page, "#kiosk", 64) == []
    assert faults(page) == []
    keys = page.locator("[data-key]").evaluate_all("(all) => all.map((key) => key.getBoundingClientRect().height)")
    millimetre = (width**2 + height**2) ** 0.5 / (21.5 * 25.4)
    assert min(keys) >= 20 * millimetre - 0.5


FAMILY_OF_FOUR = {
    "move_type": "in_domestic",
    "num_people": 4,
    "mynumber_cards": 4,
    "nhi_members": 4,
    "children_preschool": 1,
    "wants_nursery": True,
    "children_elem_jhs": 1,
    "public_school": True,
}
SIX = ("moving", "mynumber_card", "health_insurance", "child_benefits", "childcare", "school")
WINDOWS = {service: str(number) for number, service in enumerate(SIX, start=1)}
DAY = "2026-12-01"


def office_of_six() -> str:
    """One counter for each service that the questions send this household to."""
    head, _, rest = BOOKABLE.partition("services:\n")
    lines = [
        f"  - {{code: {service}, series: {'BCEHJN'[place]}, label: {{ja: 用件{place + 1}, en: Errand {place + 1}}},"
        f" minutes: 10{', slots: {length_min: 30, capacity: 4}' if service == 'moving' else ''}}}"
        for place, service in enumerate(SIX)
    ]
    windows = [
        f'  - {{code: "{code}", label: {{ja: {code}番窓口, en: Window {code}}}, services: [{service}],'
        f' stages: [reception], floor: "{1 + int(code) // 4}"}}'
        for service, code in WINDOWS.items()
    ]
    tail = rest[rest.index("booking:") :]
    return "\n".join([head + "services:", *lines, "counters:", *windows, tail])


@pytest.fixture
def family(world: World) -> dict[str, Any]:
    """A household of four that has answered the questions and booked today at ten."""
    world.open_office(office_of_six())
    answer = world.as_(None).post(
        "/offices/aoba/reservations",
        {
            "slot": slot("10:00", day=DAY),
            "answers": FAMILY_OF_FOUR,
            "people": 4,
            "moved_on": DAY,
            "name_kana": "アオバ ハナコ",
        },
    )
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.get_json()
    return made


def check_in(world: World, code: str) -> PlainBrowser:
    machine = paired(world)
    machine.follow("予約をしている方")
    machine.press("決定", code=code)
    return machine


def test_household_of_four_goes_through_six_counters_on_one_number(world: World, family: dict[str, Any]) -> None:
    world.clock.now = at("10:00", DAY)
    machine = check_in(world, family["code"])
    assert "B001" in machine.page.text
    token = machine.path.split("/tickets/")[1].split("?")[0]
    assert all(f"用件{place}" in machine.page.text for place in range(1, 7))
    paper = machine.open(f"/kiosk/aoba/slip/{token}").text
    assert all(f"{place}番窓口" in paper for place in range(1, 7))
    world.open(*WINDOWS.values())
    visited = []
    while len(visited) < len(SIX):
        counter = next(code for code in WINDOWS.values() if code not in visited and world.call(code).status_code == 201)
        (call,) = world.board()["calls"]
        phone = world.as_(None).get(f"/tickets/{token}").get_json()
        assert (call["number"], call["counter"]) == (phone["number"], phone["counter"]) == ("B001", counter)
        ticket = {"token": token}
        world.act(ticket, "start")
        world.clock.pass_(minutes=5)
        assert world.act(ticket, "finish").status_code == 200
        visited.append(counter)
    assert visited[0] == WINDOWS["moving"]
    assert world.state({"token": token}) == "done"


@pytest.mark.parametrize(
    ("when", "words", "has_number"),
    [
        ("09:40", "9:50から、この機械で受付できます", False),
        ("10:25", "予約時刻を過ぎたため、順番にご案内します", True),
    ],
)
def test_household_that_is_early_or_late_hears_what_holds(
    world: World, family: dict[str, Any], when: str, words: str, has_number: bool
) -> None:
    world.clock.now = at(when, DAY)
    page = check_in(world, family["code"]).page
    assert words in page.text
    assert ("B001" in page.text) == has_number


def test_household_that_cancelled_still_gets_a_way_to_a_number(world: World, family: dict[str, Any]) -> None:
    world.as_(None).post(f"/reservations/{family['token']}/cancel")
    world.clock.now = at("10:00", DAY)
    machine = check_in(world, family["code"])
    assert "この予約は取り消されています" in machine.page.text
    machine.follow("予約なしで番号札を取る")
    assert "B001" in machine.press("用件1").text
