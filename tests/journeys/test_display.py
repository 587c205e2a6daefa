"""The screens over the counters, in a real browser before a real server: nobody who is called goes unseen or unheard.

The points are those of the display's acceptance list (D1 to D8) and of the page rules. Time is the page's own fake clock;
the sound card is `display_hall.js`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from queue_app.adapters.clock import system_clock
from queue_app.domain.access import Identity, Right, Role
from queue_app.services import bearers, day, office_file
from queue_app.services.deed import run
from queue_app.store.database import writing
from queue_app.web.context import KEY
from tests.journeys.conftest import City, find_the_network, lose_the_network

pytestmark = pytest.mark.browser

HALL = (Path(__file__).parent / "display_hall.js").read_text("utf-8")
AXE = (Path(__file__).parents[1] / "vendor" / "axe.min.js").read_text("utf-8")
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WALL = {"width": 1920, "height": 1080}

OFFICE = """
code: {code}
name: {{ja: あおば市役所, en: Aoba City Hall}}
zone: Asia/Tokyo
hours: {hours}
services:
  - {{code: certificate, series: A, label: {{ja: 証明書, en: Certificates}}, minutes: 5, stages: [reception, back_office, handover]}}
  - {{code: moving, series: B, label: {{ja: 引っ越し, en: Moving}}, minutes: 14}}
  - {{code: tax, series: T, label: {{ja: 税, en: Tax}}, minutes: 12}}
counters:
{counters}
  - {{code: desk, label: {{ja: 審査, en: Back office}}, services: [certificate], stages: [back_office], zone: hall}}
  - {{code: "31", label: {{ja: 31番窓口, en: Window 31}}, services: [tax], zone: upstairs}}
"""
COUNTER = '  - {{code: "{0}", label: {{ja: {0}番窓口, en: Window {0}}}, services: [certificate, moving], stages: [reception, handover], zone: hall}}'


@pytest.fixture
def hall(city: City) -> Hall:
    return Hall(city)


class Hall:
    """A waiting area with ten counters, and the screens that hang in it."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.set_hours("always")
        city.open(*map(str, range(1, 11)))

    def set_hours(self, hours: str) -> None:
        counters = "\n".join(COUNTER.format(code) for code in range(1, 11))
        text = OFFICE.format(code=self.city.code, hours=hours, counters=counters)
        self._write(lambda session: office_file.load_office(session, text, "test.yaml", system_clock()))

    def screen(self, query: str = "?zone=hall", *, size: dict[str, int] = WALL, **settings: Any) -> Page:
        """A paired screen; `settings` are those of its token. Its clock runs, and is moved by `after`."""
        page = self.city.window(viewport=size)
        page.context.add_init_script(HALL)
        name = f"display {settings} {len(self.city._tokens)} {id(page)}"
        made = self._write(
            lambda session: bearers.issue_token(
                session, self.city._office_id(session), Role.DISPLAY, name, system_clock(), settings=settings
            )
        )
        page.context.add_cookies([{"name": "matazu_device_display", "value": made.secret, "url": self.city.url}])
        page.clock.install()
        page.goto(f"{self.city.url}/display/{self.city.code}{query}")
        expect(page.locator("html[data-connection=live]")).to_be_attached()
        return page

    def call(self, counter: int = 1, service: str = "moving") -> dict[str, Any]:
        """Somebody takes a number and is called."""
        self.city.issue(service)
        called: dict[str, Any] = self.city.call(str(counter))
        return called

    def notify(self, level: str, **texts: str) -> None:
        ports = self.city.door.extensions[KEY].ports
        manager = self._write(lambda session: Identity("user:0", Role.MANAGER, self.city._office_id(session)))
        with self.city.door.app_context():
            run(self.city.code, Right.RUN_DAY, manager, ports, lambda deed: day.post_notice(deed, texts, level))

    def devices(self) -> list[dict[str, Any]]:
        floor = self.city.api("/offices/{office}/floor", role=Role.MANAGER)
        return [device["status"] for device in floor["devices"] if device["role"] == "display"]

    def _write(self, act: Callable[[Any], Any]) -> Any:
        with self.city.door.app_context():
            return writing(act)


def after(page: Page, seconds: float) -> None:
    """Let the page live through this time; in small steps, since what a timer starts goes on between two of them."""
    for _ in range(int(seconds * 2)):
        page.clock.run_for(500)


def rows(page: Page) -> list[str]:
    return page.locator(".row__number").all_inner_texts()


def sounds(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate("window.hall.sounds")
    return found


def said(page: Page, part: str, form: str | None = None) -> list[str]:
    log = page.evaluate("window.matazuDisplay.announcements()")
    return [each["number"] for each in log if each["part"] == part and form in (None, each.get("form"))]


def alarms(hall: Hall) -> set[str]:
    return {alarm for status in hall.devices() for alarm in status.get("alarms", [])}


def until(page: Page, condition: Callable[[], bool], seconds: int = 40) -> None:
    """Let the page live until something is so on the server."""
    for _ in range(seconds):
        if condition():
            return
        after(page, 1)
    assert condition()


def test_ten_calls_at_once_are_ten_rows_and_each_is_large_and_spoken_in_turn(hall: Hall) -> None:
    page = hall.screen(voice="on")
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 1)
    calls = [hall.call(counter) for counter in range(1, 11)]
    numbers = [call["ticket"]["number"] for call in calls]
    expect(page.locator(".row")).to_have_count(10)
    assert rows(page) == numbers[::-1], "the newest stands first"
    assert page.locator("#calls").get_attribute("data-columns") == "2"
    gone = numbers.pop(8)
    hall.city.act(calls[8]["ticket"], "start")
    expect(page.locator(".row")).to_have_count(9)
    after(page, 90)
    assert [hero["number"] for hero in page.evaluate("window.hall.heroes")] == numbers
    assert said(page, "chime") == numbers
    assert said(page, "say", "short") + said(page, "say", "full") == numbers, "the short form while more than six wait"
    assert gone not in said(page, "chime"), "whoever has come is not called again"
    assert said(page, "say", "repeat") == numbers[-4:], "with more than three waiting nothing is said twice"
    heard = sounds(page)
    assert all(one["end"] <= other["start"] for one, other in pairwise(heard))


def test_a_silent_screen_shows_each_of_ten_calls_large_too(hall: Hall) -> None:
    page = hall.screen()
    numbers = [hall.call(counter)["ticket"]["number"] for counter in range(1, 11)]
    expect(page.locator(".row")).to_have_count(10)
    after(page, 60)
    heroes = page.evaluate("window.hall.heroes")
    assert [hero["number"] for hero in heroes] == numbers
    assert sounds(page) == []
    assert page.locator(".hero__number").inner_text() == numbers[-1], "the last one stays"
    assert page.locator(".hero.is-calling").count() == 0, "and stands still after its time"


def test_a_recall_sounds_again_and_is_large_again(hall: Hall) -> None:
    page = hall.screen(voice="on")
    called = hall.call(1)
    expect(page.locator(".hero__number")).to_have_text(called["ticket"]["number"])
    after(page, 20)
    hall.call(2)
    after(page, 20)
    hall.city.act(called["ticket"], "recall")
    expect(page.locator(".hero__number")).to_have_text(called["ticket"]["number"])
    after(page, 20)
    assert said(page, "chime").count(called["ticket"]["number"]) == 2


def test_after_a_reload_no_old_call_is_spoken_and_all_are_shown(hall: Hall) -> None:
    page = hall.screen(voice="on")
    numbers = [hall.call(counter)["ticket"]["number"] for counter in (1, 2)]
    expect(page.locator(".row")).to_have_count(1)
    after(page, 40)
    assert said(page, "say", "full") == numbers
    page.reload()
    expect(page.locator(".hero__number")).to_have_text(numbers[1])
    after(page, 20)
    assert sounds(page) == []
    assert page.locator(".hero.is-calling").count() == 0


def test_an_undone_call_leaves_with_the_message_before_any_timer(hall: Hall) -> None:
    page = hall.screen()
    called = hall.call(1)
    expect(page.locator(".hero")).to_have_count(1)
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 1)
    hall.city.act(called["ticket"], "undo")
    expect(page.locator(".hero")).to_have_count(0)
    expect(page.locator(".nobody__text")).to_be_visible()


@pytest.mark.parametrize("query", ["?inch=55&distance=10", ""])
def test_at_ten_metres_a_55_inch_screen_has_digits_of_the_standard(hall: Hall, query: str) -> None:
    page = hall.screen(query)
    for counter in range(1, 4):
        hall.call(counter)
    expect(page.locator(".row")).to_have_count(2)
    size = "element => parseFloat(getComputedStyle(element).fontSize)"
    assert page.locator(".hero__number").evaluate(size) == pytest.approx(263, rel=0.05)
    assert page.locator(".row__number").first.evaluate(size) >= 126
    assert page.locator(".row").first.evaluate("element => element.getBoundingClientRect().height") >= 126
    assert page.locator(".board__foot").evaluate(size) >= 70


@pytest.mark.parametrize("size", [WALL, {"width": 1080, "height": 1920}, {"width": 1366, "height": 768}], ids=str)
def test_nothing_is_cut_off_and_nothing_scrolls_with_ten_calls(hall: Hall, size: dict[str, int]) -> None:
    page = hall.screen(size=size)
    for counter in range(1, 11):
        hall.call(counter, "certificate" if counter % 2 else "moving")
        hall.city.issue("certificate")
    hall.city.act(hall.city.desk("1")["current"], "miss")
    expect(page.locator(".strip__numbers")).to_have_count(1)
    outside = """() => [...document.querySelectorAll(".hero *, .row *, .strip *, .board__foot, .board__clock, .board__title")].filter((element) => {
      const box = element.getBoundingClientRect(), shown = element.checkVisibility();
      const part = element.closest(".board__calls, .strip, .board")?.getBoundingClientRect();
      return shown && (box.right > innerWidth + 1 || box.left < -1 || box.bottom > innerHeight + 3 || box.right > part.right + 1);
    }).map((element) => element.className)"""
    assert page.evaluate(outside) == []
    covered = page.evaluate(
        """() => document.querySelector(".rows").getBoundingClientRect().bottom
                 <= document.querySelector("#missed").getBoundingClientRect().top + 1"""
    )
    assert covered, "the list ends above the missed numbers"


def test_an_old_view_says_so_within_35_seconds_and_comes_back_without_old_voices(hall: Hall) -> None:
    page = hall.screen(voice="on")
    first = hall.call(1)
    expect(page.locator(".hero")).to_have_count(1)
    after(page, 25)
    lose_the_network(page)
    after(page, 8)
    expect(page.locator("#mark")).to_contain_text("再接続中")
    after(page, 27)
    expect(page.locator("#stale")).to_contain_text("表示が更新されていません")
    expect(page.locator("#stale")).to_contain_text("Display not updating")
    spoken = said(page, "chime")
    hall.city.act(first["ticket"], "start")
    find_the_network(page)
    after(page, 10)
    expect(page.locator("#stale")).to_be_hidden()
    expect(page.locator(".hero")).to_have_count(0)
    assert said(page, "chime") == spoken
    until(page, lambda: "was_stale" in alarms(hall))


def test_blocked_sound_shows_a_wide_button_and_an_alarm_until_it_is_pressed(hall: Hall) -> None:
    page = hall.screen(voice="on")
    page.evaluate("sessionStorage.setItem('blocked', '1')")
    page.reload()
    button = page.get_by_role("button", name="音声を開始する")
    expect(button).to_be_visible()
    assert button.bounding_box()["width"] == WALL["width"]  # type: ignore[index]
    until(page, lambda: "voice_blocked" in alarms(hall))
    called = hall.call(1)
    after(page, 10)
    assert sounds(page) == []
    page.evaluate("sessionStorage.removeItem('blocked')")
    button.click()
    after(page, 15)
    expect(button).to_be_hidden()
    assert called["ticket"]["number"] in said(page, "say", "full")
    until(page, lambda: "voice_blocked" not in alarms(hall))
    page.evaluate("sessionStorage.setItem('blocked', '1')")
    page.clock.fast_forward("01:00:01")
    expect(button).to_be_visible()  # nobody was called: the hourly test of the sound found it
    until(page, lambda: "voice_blocked" in alarms(hall))


def test_of_two_voices_in_one_zone_the_second_falls_silent_and_staff_are_told(hall: Hall) -> None:
    first = hall.screen(voice="on")
    after(first, 2)
    second = hall.screen(voice="on")
    until(second, lambda: "voice_conflict" in alarms(hall))
    assert [status["voice"] for status in hall.devices()].count("on") >= 1
    after(second, 16)
    hall.call(1)
    expect(second.locator(".hero")).to_have_count(1)
    expect(first.locator(".hero")).to_have_count(1)
    after(first, 20)
    after(second, 20)
    assert sounds(first) != []
    assert sounds(second) == []


def test_a_zone_shows_and_says_only_its_own(hall: Hall) -> None:
    page = hall.screen("?zone=upstairs", voice="on")
    hall.city.open("31")
    hall.call(1)
    upstairs = hall.call(31, "tax")["ticket"]["number"]
    hall.city.issue("moving")
    expect(page.locator(".hero__number")).to_have_text(upstairs)
    after(page, 20)
    assert rows(page) == []
    assert said(page, "chime") == [upstairs]
    assert "引っ越し" not in page.locator("#queues").inner_text()


def test_the_handover_board_shows_ready_numbers_and_who_is_called_for_them(hall: Hall) -> None:
    page = hall.screen("?zone=hall&kind=handover")
    hall.city.open("desk")
    for _ in range(3):
        number = hall.city.issue("certificate")["number"]
        ticket = hall.city.call("1", number=number)["ticket"]
        for action in ("start", "finish"):
            hall.city.act(ticket, action)
        hall.city.act(ticket, "take_up", counter="desk")
        hall.city.act(ticket, "finish")
    hall.city.call("2", number=hall.city.issue("moving")["number"])
    expect(page.locator(".ready__number")).to_have_text(["A001", "A002", "A003"])
    assert page.locator(".hero").count() == 0, "a call to the desk is none for papers"
    hall.city.call("3", number="A002")
    expect(page.locator(".hero__number")).to_have_text("A002")
    expect(page.locator(".ready__number")).to_have_text(["A001", "A003"])


def test_an_emergency_covers_the_board_in_every_language_and_calls_go_on_beside(hall: Hall) -> None:
    page = hall.screen(voice="on", mode="off")
    hall.notify("emergency", ja="地震です。落ち着いてください。", en="Earthquake. Stay calm.", vi="Động đất.")
    expect(page.locator("#alert")).to_contain_text("地震です。")
    expect(page.locator("#alert [lang=vi]")).to_have_text("Động đất.")
    called = hall.call(1)
    expect(page.locator(".alert__call")).to_contain_text(called["ticket"]["number"])
    after(page, 30)
    assert "地震です。落ち着いてください。" in [sound["what"] for sound in sounds(page)], "whatever the quiet mode"


def test_a_long_notice_takes_turns_in_letters_for_the_last_seat_and_in_english(hall: Hall) -> None:
    hall.notify(
        "info",
        ja="本日は住民票の交付が混み合っています。証明書はコンビニでもお取りいただけます。",
        en="Certificates can also be had at convenience stores.",
    )
    page = hall.screen()
    label = page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
    told: dict[str, float] = {}
    lose_the_network(page)  # or the server's time, which the turns go by, would come in between
    for _ in range(40):
        line = page.locator(".strip__notice")
        told[line.inner_text()] = line.evaluate("each => parseFloat(getComputedStyle(each).fontSize)")
        if len(told) == 3:
            break
        after(page, 3)
    assert set(told) == {
        "本日は住民票の交付が混み合っています。",
        "証明書はコンビニでもお取りいただけます。",
        "Certificates can also be had at convenience stores.",
    }
    # 45 mm at ten metres; signs and letters need 40 and 30
    assert min(size for line, size in told.items() if line.endswith("。")) > label * 40 / 45
    assert min(told.values()) > label * 30 / 45


def test_outside_opening_hours_the_screen_is_black_with_the_next_opening(hall: Hall) -> None:
    page = hall.screen()
    hall.set_hours('{dates: {"2099-01-05": ["08:30-17:15"]}}')
    page.reload()
    expect(page.locator("#cover")).to_be_visible()
    expect(page.locator("#cover")).to_contain_text("受付時間外")
    assert page.locator("#cover").evaluate("element => getComputedStyle(element).backgroundColor") == "rgb(0, 0, 0)"


def test_whoever_wants_less_motion_sees_no_pulse(hall: Hall) -> None:
    page = hall.screen()
    page.emulate_media(reduced_motion="reduce")
    hall.call(1)
    expect(page.locator(".hero.is-calling")).to_have_count(1)
    assert page.locator(".hero").evaluate("element => getComputedStyle(element).animationName") == "none"


@pytest.mark.parametrize("state", ["nobody", "crowd", "handover", "emergency", "stale", "closed"])
def test_no_rule_of_accessibility_is_broken(hall: Hall, state: str) -> None:
    if state == "closed":
        hall.set_hours('{dates: {"2099-01-05": ["08:30-17:15"]}}')
    page = hall.screen("?kind=handover" if state == "handover" else "")
    if state in ("crowd", "handover", "emergency"):
        for counter in range(1, 8):
            hall.call(counter)
    if state == "crowd":
        expect(page.locator(".row")).to_have_count(7)
    if state == "emergency":
        hall.notify("emergency", ja="地震です。", en="Earthquake.")
        expect(page.locator("#alert")).to_be_visible()
    if state == "stale":
        lose_the_network(page)
        after(page, 36)
        expect(page.locator("#stale")).to_be_visible()
    page.emulate_media(reduced_motion="reduce")
    page.evaluate(AXE)
    run_axe = f"axe.run(document, {{runOnly: {json.dumps(AXE_TAGS)}, resultTypes: ['violations']}})"
    found = page.evaluate(f"async () => (await {run_axe}).violations.map(({{id, nodes}}) => [id, nodes[0].html])")
    assert found == []
