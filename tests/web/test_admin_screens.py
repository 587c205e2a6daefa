"""Setting up displays, voices, recordings and city information in the browser, and sending an emergency."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from PIL import Image

from queue_app.adapters.chime import chime
from queue_app.domain.access import Role
from queue_app.domain.sound_parts import clips_to_record
from queue_app.services import bearers, office_file, offices
from queue_app.store.database import reading, writing
from queue_app.store.office_tables import OfficeRow
from queue_app.web.context import KEY
from tests.web.staff_browser import Browser, person
from tests.web.test_display import facts
from tests.web.test_kiosk import paired
from tests.world import OFFICE, World

pytestmark = pytest.mark.any_database

ZONED = OFFICE.replace(
    "services: [insurance], stages: [reception]}", "services: [insurance], stages: [reception], zone: hall}"
)


@pytest.fixture
def admin(world: World) -> Browser:
    world.open_office(ZONED)
    browser = Browser(world)
    browser.log_in(person(world, Role.ADMIN))
    return browser


def display(world: World, name: str, **settings: Any) -> tuple[int, str]:
    def make(session: Any) -> tuple[int, str]:
        office_id = session.query(OfficeRow.id).filter_by(code="aoba").scalar()
        made = bearers.issue_token(session, office_id, Role.DISPLAY, name, world.clock(), settings=settings)
        number = next(row.id for row in bearers.list_tokens(session, office_id) if row.name == name)
        return number, made.secret

    with world.app.app_context():
        return writing(make)


def exported(world: World) -> str:
    with world.app.app_context(), reading() as session:
        return office_file.export_office(session, "aoba")


def clips(world: World, language: str) -> list[str]:
    with world.app.app_context(), reading() as session:
        needed = clips_to_record(offices.office_by_code(session, "aoba"), language)
    return [clip.partition("/")[2].replace("/", "-") for clip in needed]


def bring(admin: Browser, language: str, *files: tuple[bytes, str], clip: str = "") -> str:
    admin.open(f"/admin/sounds/{language}")
    action = f"/admin/sounds/{language}"
    fields = admin.fields(action) | {"clip": clip, "files": [(io.BytesIO(content), name) for content, name in files]}
    return admin._take(admin.send(action, fields, content_type="multipart/form-data"))


def test_a_display_gets_its_area_size_and_voice_and_the_page_follows(world: World, admin: Browser) -> None:
    number, token = display(world, "壁1", mode="short")
    admin.open(f"/admin/screens/{number}")
    page = admin.press(f"/admin/screens/{number}", zone="hall", kind="handover", inch="65", distance="9.5", voice="yes")
    assert admin.path.startswith("/admin/screens?saved")
    assert "壁1" in page
    screen = facts(world, token=token)["screen"]
    assert (screen["zone"], screen["kind"], screen["inch"], screen["distance"]) == ("hall", "handover", 65, 9.5)
    assert (screen["voice"], screen["pane"], screen["mode"]) == (True, [], "short"), "what a command has set stays"


@pytest.mark.parametrize(
    ("field", "value"), [("inch", "0"), ("inch", "wide"), ("distance", "nan"), ("zone", "nowhere"), ("kind", "video")]
)
def test_a_wrong_value_is_refused_at_its_field_and_nothing_typed_is_lost(
    world: World, admin: Browser, field: str, value: str
) -> None:
    number, token = display(world, "壁1")
    admin.open(f"/admin/screens/{number}")
    typed = {"zone": "hall", "kind": "calls", "inch": "65", "distance": "9"} | {field: value}
    page = admin.press(f"/admin/screens/{number}", **typed)
    assert admin.status == 422
    assert f'id="{field}-error"' in page
    assert facts(world, token=token)["screen"]["inch"] == 55


def test_a_tv_too_small_for_its_last_seat_is_named_with_what_it_takes(world: World, admin: Browser) -> None:
    number, _ = display(world, "壁1", inch=43, distance=10)
    assert "約7mまで" in admin.open(f"/admin/screens/{number}")
    assert "55インチ以上" in admin.page
    display(world, "壁2", inch=55, distance=10)
    assert admin.open("/admin/screens").count("小さすぎます") == 1


def test_two_voices_in_one_area_are_a_mistake_that_the_admin_sees_first(world: World, admin: Browser) -> None:
    display(world, "壁1", voice="on", zone="hall")
    assert "設定の誤り" not in admin.open("/admin/screens")
    number, _ = display(world, "壁2", voice="on", zone="hall")
    assert "設定の誤りです。同じ区域で、壁1からも" in admin.open("/admin/screens")
    assert "設定の誤り" in admin.open("/admin/")
    admin.open(f"/admin/screens/{number}")
    admin.press(f"/admin/screens/{number}", zone="hall", kind="calls", inch="55", distance="10")
    assert "設定の誤り" not in admin.open("/admin/screens")


def test_an_area_in_which_nothing_speaks_is_named(world: World, admin: Browser) -> None:
    display(world, "壁1", zone="hall")
    assert "音声を出す画面がありません（hall）" in admin.open("/admin/screens")
    display(world, "壁2", zone="hall", voice="on")
    assert "音声を出す画面がありません" not in admin.open("/admin/screens")


def test_a_screen_of_another_office_or_a_kiosk_is_not_there(world: World, admin: Browser) -> None:
    world.kiosk.get("/offices/aoba")
    with world.app.app_context(), reading() as session:
        office_id = session.query(OfficeRow.id).filter_by(code="aoba").scalar()
        kiosk = next(row.id for row in bearers.list_tokens(session, office_id) if row.role == Role.KIOSK)
    admin.open(f"/admin/screens/{kiosk}")
    assert admin.status == 404
    admin.open("/admin/screens/99999")
    assert admin.status == 404


def test_the_voice_of_an_area_is_set_by_parts_of_the_day_and_stands_in_the_office_file(
    world: World, admin: Browser
) -> None:
    admin.open("/admin/voices/hall")
    admin.press(
        "/admin/voices/hall", mode="short", volume="60",
        from_1="12:00", to_1="13:00", mode_1="chime", volume_1="30", from_2="17:00", to_2="08:30", mode_2="off",
    )  # fmt: skip
    assert admin.path.startswith("/admin/screens?saved")
    _, token = display(world, "壁1", zone="hall", voice="on")
    screen = facts(world, token=token)["screen"]
    assert (screen["mode"], screen["volume"]) == ("short", 0.6)
    assert screen["bands"] == [
        {"from": "12:00", "to": "13:00", "mode": "chime", "volume": 0.3},
        {"from": "17:00", "to": "08:30", "mode": "off"},
    ]
    before = exported(world)
    assert "voice:" in before
    world.open_office(before)
    assert exported(world) == before, "loading an export changes nothing"
    assert "chime" in admin.open("/admin/voices/hall")


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"volume": "101"}, "volume"), ({"mode": "loud"}, "mode"), ({"to_2": "13:00"}, "from_2"), ({"from_1": "9:00", "to_1": "9:00"}, "from_1")],
)  # fmt: skip
def test_a_voice_that_cannot_be_is_refused_at_its_field(
    world: World, admin: Browser, typed: dict[str, str], field: str
) -> None:
    admin.open("/admin/voices/all")
    page = admin.press("/admin/voices/all", **({"mode": "full", "volume": "80"} | typed))
    assert admin.status == 422
    assert f'id="{field}-error"' in page
    assert "voice:" not in exported(world)


def test_recordings_are_brought_by_name_and_the_server_speaks_when_all_are_there(world: World, admin: Browser) -> None:
    names = clips(world, "vi")
    bring(admin, "vi", *[(chime(), f"{name}.wav") for name in names[:-1]])
    assert admin.path.startswith("/admin/sounds/vi?saved")
    assert f"{len(names)}のうち{len(names) - 1}" in admin.page
    assert "vi" not in facts(world)["screen"]["served"]
    bring(admin, "vi", (chime(), "take 3 final.wav"), clip=names[-1])
    assert "vi" in facts(world)["screen"]["served"]
    address = re.findall(r'<audio[^>]*src="([^"]+)"', admin.page)[0]
    answer = world.app.test_client().get(address, buffered=True)
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "audio/wav", chime())
    assert "immutable" in answer.headers["Cache-Control"]
    part = world.app.test_client().get(address, headers={"Range": "bytes=0-3"}, buffered=True)
    assert (part.status_code, part.data) == (206, b"RIFF")
    admin.press("/admin/sounds/vi/drop", clip=names[0])
    assert "vi" not in facts(world)["screen"]["served"]


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"<script>", "reception-1.wav"), (chime(), "../../secret_key"), (chime(), "reception-9.wav"), (chime(), "number-０.wav")],
)  # fmt: skip
def test_what_cannot_be_used_is_named_and_nothing_of_the_pile_is_kept(
    world: World, admin: Browser, content: bytes, name: str
) -> None:
    page = bring(admin, "en", (chime(), "reception-1.wav"), (content, name))
    assert admin.status == 422
    assert "どれも入れていません" in page
    assert world.app.extensions[KEY].ports.media.recorded("aoba") == {}


def test_a_call_names_the_files_that_say_it_and_a_call_that_is_over_names_none(world: World, admin: Browser) -> None:
    bring(admin, "en", *[(chime(), f"{name}.wav") for name in clips(world, "en")])
    world.open("3")
    world.issue("insurance", language="en")
    world.call("3")
    call = facts(world)["snapshot"]["calls"][0]
    client = world.app.test_client()
    found = client.get(f"/display/aoba/calls/{call['call_id']}/sounds").get_json()
    assert list(found) == ["en"]
    assert [address.rsplit("/", 1)[1].split(".")[1:3] for address in found["en"]["short"]] == [
        ["figure", "2"], ["figure", "0"], ["figure", "1"], ["window", "1"], ["figure", "3"],
    ]  # fmt: skip
    assert client.get("/display/aoba/calls/999/sounds").status_code == 404
    assert client.get("/display/aoba/media/recorded/..%2f..%2fsecret_key").status_code == 404
    assert client.get("/display/nowhere/media/recorded/en.short.2.0123456789abcdef.wav").status_code == 404


def test_city_information_is_brought_shown_and_taken_away(world: World, admin: Browser) -> None:
    file = io.BytesIO()
    Image.new("RGB", (800, 600), "teal").save(file, "PNG")
    admin.open("/admin/pane")
    fields = admin.fields("/admin/pane") | {
        "text_ja": "税の相談は3階です。",
        "picture": (io.BytesIO(file.getvalue()), "x.png"),
    }
    admin._take(admin.send("/admin/pane", fields, content_type="multipart/form-data"))
    assert admin.path.startswith("/admin/pane?saved")
    (slide,) = facts(world)["screen"]["pane"]
    assert slide["text"] == {"ja": "税の相談は3階です。"}
    assert world.app.test_client().get(slide["image"], buffered=True).mimetype == "image/jpeg"
    before = exported(world)
    world.open_office(before)
    assert exported(world) == before
    admin.press("/admin/pane/0/remove")
    assert facts(world)["screen"]["pane"] == []


@pytest.mark.parametrize(("text", "content"), [("", b""), ("あ" * 121, b""), ("文", b"<svg/>")])
def test_city_information_that_cannot_be_shown_is_refused(
    world: World, admin: Browser, text: str, content: bytes
) -> None:
    admin.open("/admin/pane")
    picture = {"picture": (io.BytesIO(content), "x.svg")} if content else {}
    fields = admin.fields("/admin/pane") | {"text_ja": text} | picture
    admin._take(admin.send("/admin/pane", fields, content_type="multipart/form-data"))
    assert admin.status == 422
    assert facts(world)["screen"]["pane"] == []


def test_a_counter_gets_its_area_and_its_arrow(world: World, admin: Browser) -> None:
    admin.open("/admin/counters/1")
    fields = {
        "label_ja": "1番窓口",
        "services": ["certificate"],
        "stages": ["reception"],
        "zone": "2F",
        "direction": "left",
    }
    admin.press("/admin/counters/1", **fields)
    assert admin.status == 200
    counter = next(each for each in facts(world)["snapshot"]["counters"] if each["counter"] == "1")
    assert (counter["zone"], counter["direction"]) == ("2F", "left")
    admin.open("/admin/counters/1")
    admin.press("/admin/counters/1", **(fields | {"zone": "二階 東"}))
    assert admin.status == 422


def test_an_emergency_is_checked_in_every_language_and_then_stands_on_every_display(world: World) -> None:
    manager = Browser(world)
    manager.log_in(person(world, Role.MANAGER))
    page = manager.open("/staff/emergency?kind=earthquake")
    assert facts(world)["snapshot"]["notices"] == [], "looking at it sends nothing"
    words = dict(re.findall(r'name="(text_[^"]+)"[^>]*value="([^"]*)"', page))
    assert len(words) == 11
    assert all(words.values())
    manager.press("/staff/emergency", **words)
    (notice,) = facts(world)["snapshot"]["notices"]
    assert notice["level"] == "emergency"
    kiosk = paired(world)
    assert notice["texts"]["ja"] in kiosk.open("/kiosk/aoba").text
    assert notice["texts"]["en"] in kiosk.open("/kiosk/aoba?l=en").text
    assert len(notice["texts"]) == 11
    manager.press(manager.actions()[next(i for i, a in enumerate(manager.actions()) if a.endswith("/end"))])
    assert facts(world)["snapshot"]["notices"] == []


def test_a_clerk_sends_no_emergency_and_an_empty_one_is_refused(world: World) -> None:
    clerk = Browser(world)
    clerk.log_in(person(world, Role.CLERK))
    clerk.open("/staff/emergency")
    assert clerk.status == 403
    manager = Browser(world)
    manager.log_in(person(world, Role.MANAGER))
    manager.open("/staff/emergency?kind=own")
    page = manager.press("/staff/emergency", text_ja=" ", text_en="Fire")
    assert manager.status == 422
    assert 'id="text_ja-error"' in page
    assert "Fire" in page
