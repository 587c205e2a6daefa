"""What a display plays and shows beside numbers: recordings, parts of the day, the city's own information."""

from __future__ import annotations

import io
from itertools import pairwise
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from queue_app.adapters.chime import chime
from queue_app.adapters.media import Media
from queue_app.adapters.speech import Speech
from queue_app.domain.sound_parts import clips_to_record
from queue_app.services import offices
from queue_app.store.database import reading
from queue_app.store.office_tables import OfficeRow
from tests.journeys.conftest import City
from tests.journeys.test_display import Hall, after, alarms, said, sounds, until

pytestmark = pytest.mark.browser


@pytest.fixture
def hall(city: City) -> Hall:
    return Hall(city)


def media(hall: Hall) -> Media:
    folder = hall.city.server.folder
    return Media(folder, Speech(folder / "speech"))


def record(hall: Hall, *languages: str, without: str = "") -> None:
    """Somebody has read all clips of these languages into a microphone."""
    with hall.city.door.app_context(), reading() as session:
        office = offices.office_by_code(session, hall.city.code)
    for language in languages:
        for clip in clips_to_record(office, language):
            if clip != without:
                media(hall).keep_recording(hall.city.code, clip, kind="wav", content=chime())


def set_up(hall: Hall, **settings: Any) -> None:
    """Keys of the office file, as the admin pages write them."""

    def write(session: Any) -> None:
        row = session.query(OfficeRow).filter_by(code=hall.city.code).one()
        row.settings = {**row.settings, **settings}
        offices.setup_changed(session, row.id)

    hall._write(write)


def files(page: Page) -> list[str]:
    return [sound["what"] for sound in sounds(page) if sound["what"].endswith(".wav")]


def calls_visible(page: Page) -> bool:
    return bool(
        page.evaluate(
            """() => {
              const pane = document.querySelector("#pane"), beside = pane.getBoundingClientRect();
              const missed = document.querySelector("#queues").getBoundingClientRect();
              const low = [...document.querySelectorAll(".hero, .nobody")].filter((element) => element.getBoundingClientRect().bottom > missed.top + 1);
              if (low.length > 0) return false;
              if (!pane.checkVisibility()) return true;
              return [...document.querySelectorAll(".hero, .hero *, .row, .nobody, .nobody *")].every((element) => {
                const box = element.getBoundingClientRect();
                return box.right <= beside.left + 1 || box.left >= beside.right - 1
                    || box.bottom <= beside.top + 1 || box.top >= beside.bottom - 1;
              });
            }"""
        )
    )


def test_recordings_say_the_call_piece_by_piece_and_then_in_the_language_of_the_ticket(hall: Hall) -> None:
    record(hall, "ja", "en")
    page = hall.screen(voice="on")
    hall.city.issue("moving", language="en")
    number = hall.city.call("3")["ticket"]["number"]
    expect(page.locator(".hero__number")).to_have_text(number)
    after(page, 45)
    names = [name.rsplit(".", 2)[0] for name in files(page)]
    assert names[:2] == ["ja.number.B", "ja.number.1"], "the number comes first"
    assert names[2] == "ja.reception.2"
    assert "ja.repeat.2" in names
    assert names.index("en.reception.1") > names.index("ja.repeat.2")
    assert [name for name in names if name.startswith("en.figure")][:2] == ["en.figure.B", "en.figure.1"]
    assert [one["end"] <= other["start"] for one, other in pairwise(sounds(page))].count(False) == 0
    assert said(page, "say", "full") == [number, number], "once in each language"


def test_a_recording_that_is_missing_leaves_the_sentence_to_the_browsers_voice(hall: Hall) -> None:
    record(hall, "ja", without="ja/reception/2")
    page = hall.screen(voice="on")
    number = hall.call(3)["ticket"]["number"]
    after(page, 30)
    assert files(page) == []
    assert any("さんばんまどぐち" in sound["what"] for sound in sounds(page))
    assert said(page, "say", "full") == [number]


def test_without_any_voice_the_chime_sounds_the_number_shows_and_staff_see_it(hall: Hall) -> None:
    page = hall.screen(voice="on")
    page.evaluate("speechSynthesis.getVoices().length = 0")
    page.evaluate("Object.defineProperty(speechSynthesis, 'getVoices', { value: () => [] })")
    number = hall.call(3)["ticket"]["number"]
    expect(page.locator(".hero__number")).to_have_text(number)
    after(page, 20)
    assert [sound["what"] for sound in sounds(page)] == ["chime"]
    until(page, lambda: "voice_missing" in alarms(hall))


def test_the_part_of_the_day_decides_how_much_is_said_and_how_loud(hall: Hall) -> None:
    set_up(hall, voice=[{"zone": "hall", "mode": "short", "volume": 50, "bands": [
        {"from": "00:00", "to": "12:00", "mode": "chime", "volume": 20}, {"from": "12:00", "to": "24:00", "mode": "chime", "volume": 20}]}])  # fmt: skip
    page = hall.screen(voice="on")
    hall.call(1)
    expect(page.locator(".hero")).to_have_count(1)
    after(page, 15)
    assert [(sound["what"], sound["volume"]) for sound in sounds(page)] == [("chime", 0.2)]
    set_up(hall, voice=[{"zone": "hall", "mode": "short", "volume": 50}])
    page.evaluate("matazuDisplay.lookAtSetUp()")
    number = hall.call(2)["ticket"]["number"]
    expect(page.locator(".hero__number")).to_have_text(number)
    after(page, 20)
    assert said(page, "say", "full") == [number]
    assert said(page, "say", "repeat") == [], "short: the sentence once"
    assert sounds(page)[1]["volume"] == 0.5


def test_a_screen_whose_zone_is_changed_at_a_desk_becomes_that_screen(hall: Hall) -> None:
    from queue_app.store.access_tables import AccessToken

    page = hall.screen("", zone="hall")
    hall.city.open("31")
    number = hall.call(31, "tax")["ticket"]["number"]
    after(page, 5)
    expect(page.locator(".hero")).to_have_count(0)

    def move(session: Any) -> None:
        for row in session.query(AccessToken).filter(AccessToken.name.startswith("display {'zone': 'hall'}")):
            row.settings = {**row.settings, "zone": "upstairs"}

    hall._write(move)
    with page.expect_navigation():
        page.evaluate("void matazuDisplay.lookAtSetUp()")
    expect(page.locator(".hero__number")).to_have_text(number)


@pytest.mark.parametrize("size", [{"width": 1920, "height": 1080}, {"width": 1080, "height": 1920}], ids=str)
def test_city_information_stands_beside_and_gives_way_without_changing_a_number(
    hall: Hall, size: dict[str, int]
) -> None:
    plain = hall.screen(size=size)
    hall.call(1)
    expect(plain.locator(".hero__number")).to_have_count(1)
    digits = "element => parseFloat(getComputedStyle(element).fontSize)"
    usual = plain.locator(".hero__number").evaluate(digits)
    file = io.BytesIO()
    Image.new("RGB", (1200, 800), "teal").save(file, "PNG")
    name = media(hall).keep_picture(hall.city.code, file.getvalue())
    long = "マイナンバーカードの電子証明書の更新は、有効期限の三か月前から本庁舎一階の窓口でできます。"
    set_up(hall, pane=[{"text": {"ja": long, "en": "Renew your card at the ground floor."}, "image": name}])
    page = hall.screen(size=size)
    expect(page.locator("#pane")).to_contain_text("マイナンバーカード")
    expect(page.locator("#pane img")).to_be_visible()
    assert page.locator("#pane img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 1200
    assert page.locator(".hero__number").evaluate(digits) == usual
    assert calls_visible(page)
    after(page, 1)
    inside = "box => [box, box.lastElementChild].every((each) => each.scrollHeight <= each.clientHeight + 2)"
    assert page.locator("#pane").evaluate(inside), "nothing of it is cut off"
    hall.call(2)
    expect(page.locator(".row")).to_have_count(1)
    expect(page.locator("#pane")).to_be_hidden()
    quiet = hall.screen(size=size, pane="off")
    expect(quiet.locator("#pane")).to_be_hidden()
