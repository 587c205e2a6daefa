"""Requests to see or delete what is held: everything is shown, everything goes at once, and the figures stay."""

from __future__ import annotations

import re
from typing import Any

import pytest

from queue_app.domain.access import Role
from queue_app.store.database import db
from tests.bookings import reserve, slot
from tests.markers import Marked, traces
from tests.messages import CHANNELS
from tests.services.test_arrivals import HALL, SCHOOL_CHILD, TODAY
from tests.services.test_commands import done
from tests.services.test_shielding import SHE, booked, sent
from tests.services.test_traces import all_rows
from tests.web.staff_browser import Browser, staff
from tests.world import Clock, World

HE = Marked(4832)
BESIDE = {"PUBLIC_URL": "http://127.0.0.1:8000"}
"""A session cookie without TLS."""

pytestmark = [pytest.mark.any_database, pytest.mark.environ(**CHANNELS | BESIDE)]


@pytest.fixture
def hall(world: World) -> World:
    world.open_office(HALL)
    return world


def found(world: World, wish: str, **more: str) -> Browser:
    """A manager who has searched."""
    browser = staff(world, Role.MANAGER)
    browser.open("/staff/disclosure")
    browser.press("/staff/disclosure", wish=wish, reason="asked_deletion", **more)
    return browser


def about(browser: Browser, person: Marked) -> list[str]:
    return traces(browser.page.encode(), [person])


def test_it_asks_for_the_reason_and_shows_nobody_before(hall: World) -> None:
    booked(hall)
    browser = staff(hall, Role.MANAGER)
    browser.open("/staff/disclosure")
    browser.press("/staff/disclosure", wish=SHE.phone)
    assert browser.status == 422
    assert browser.actions().count("/staff/disclosure/show") == 0


def test_everything_held_is_shown_and_can_be_taken_along(hall: World) -> None:
    booked(hall)
    browser = found(hall, SHE.phone)
    browser.press("/staff/disclosure/show")
    assert SHE.kana in browser.page
    assert "+81900000" in browser.page
    assert "予約済み" in browser.page and "予約の確認 (" in browser.page, "in words, not in codes of ours"
    assert ">booked<" not in browser.page and "confirmed (" not in browser.page
    file = browser.send("/staff/disclosure/file", browser.fields("/staff/disclosure/file"))
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert file.headers["Cache-Control"] == "no-store"
    assert SHE.kana in file.text
    for told in (re.sub(r"<script.*?</script>|<[^>]*>", " ", browser.page), file.text):
        assert "2026年12月2日（水） 10:00" in told, told
        assert re.findall(r"\d{4}-\d\d-\d\d", told) == []


def test_nothing_is_deleted_without_the_box(hall: World) -> None:
    booked(hall)
    browser = found(hall, SHE.phone)
    browser.press("/staff/disclosure/show")
    browser.press("/staff/disclosure/erase")
    assert browser.status == 422
    with hall.app.app_context(), db.engine.connect():
        assert "booked" in all_rows().decode(errors="replace")


def test_a_visit_ahead_is_cancelled_without_a_word_and_everything_goes(hall: World) -> None:
    mine = booked(hall)
    others = booked(hall, by=HE)
    browser = found(hall, SHE.phone)
    browser.press("/staff/disclosure/show")
    browser.press("/staff/disclosure/erase", sure="yes")
    assert "消しました" in browser.page
    assert sent(hall) == ["confirmed"], "the other resident's"
    for wish in (SHE.phone, SHE.kana, mine["code"]):
        browser.press("/staff/disclosure", wish=wish, reason="asked_deletion")
        assert "/staff/disclosure/show" not in browser.actions()
    assert hall.as_(None).get(f"/reservations/{others['token']}").get_json()["status"] == "booked"
    browser.open("/staff/audit")
    assert "請求による消去" in browser.page
    assert about(browser, SHE) == []


def test_nothing_is_left_in_the_clear_rows_and_the_statistics_are_the_same(
    hall: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sealed with nothing, so that a value that was forgotten about would be seen."""
    from queue_app.store.columns import Keyring

    monkeypatch.setattr(Keyring, "seal", lambda _self, plain: plain.encode())
    monkeypatch.setattr(Keyring, "unseal", lambda _self, sealed: sealed.decode())
    mine = reserve(
        hall,
        slot("10:00", day=TODAY),
        name_kana=SHE.kana,
        contact={"channel": "sms", "address": SHE.phone},
        answers=SCHOOL_CHILD,
        moved_on=TODAY,
    )
    clock.pass_(hours=1, minutes=25)
    arrived = hall.kiosk.post("/offices/aoba/check-ins", {"code": mine["code"]}, Idempotency_Key="k" * 40)
    assert arrived.status_code == 201, arrived.text
    hall.open("1")
    hall.call("1")
    hall.call("1", finish=True)
    day = {"from": TODAY, "to": TODAY}
    before = hall.manager.get("/offices/aoba/statistics", query_string=day).get_json()
    with hall.app.app_context():
        assert traces(all_rows(), [SHE])
        assert mine["token"].encode() in all_rows()
    browser = found(hall, mine["code"])
    browser.press("/staff/disclosure/show")
    assert [code for code in ("(kiosk)", " came<", " issued<") if code in browser.page] == []
    assert all(word in browser.page for word in ("発券機", "来られた", "呼出し", "日本語"))
    browser.press("/staff/disclosure/erase", sure="yes")
    with hall.app.app_context():
        left = all_rows()
    assert traces(left, [SHE]) == []
    assert mine["token"].encode() not in left
    assert mine["code"].encode() not in left
    assert hall.manager.get("/offices/aoba/statistics", query_string=day).get_json() == before


def test_another_offices_booking_is_nobodys_here(hall: World) -> None:
    booked(hall)
    hall.open_office(HALL.replace("code: aoba", "code: midori"))
    mine = reserve(hall)
    browser = found(hall, mine["code"])
    fields = browser.fields("/staff/disclosure/show") | {"key": "999"}
    assert browser.send("/staff/disclosure/show", fields).status_code == 404
    assert browser.send("/staff/disclosure/show", fields | {"kind": "user", "key": "1"}).status_code == 404


def test_a_clerk_may_not_and_the_log_says_who_was_refused_what(hall: World, caplog: pytest.LogCaptureFixture) -> None:
    browser = staff(hall, Role.CLERK)
    browser.open("/staff/account")
    assert caplog.messages == []
    browser.open("/staff/disclosure")
    assert browser.status == 403
    assert [re.sub(r"\d+", "1", each) for each in caplog.messages] == ["user:1 was refused staff.disclosure: forbidden"]


def test_the_command_does_the_same(hall: World) -> None:
    mine = booked(hall)
    words: tuple[Any, ...] = ("--office", "aoba", "--reason", "asked_deletion", mine["code"])
    shown = done(hall.app, "person", "show", *words)
    assert SHE.kana in shown and "2026-12-02 10:00" in shown
    assert "would be deleted" in done(hall.app, "person", "erase", *words)
    assert SHE.kana in done(hall.app, "person", "show", *words)
    assert re.fullmatch(r"reservation:\d+: deleted\n", done(hall.app, "person", "erase", "--yes", *words))
    assert done(hall.app, "person", "show", *words) == ""


def test_the_counter_marks_by_code_or_number_and_a_wrong_code_finds_nothing(hall: World) -> None:
    mine, number = booked(hall), hall.issue("moving")["number"]
    browser = staff(hall, Role.CLERK)
    browser.open(f"/staff/shield?number={number}")
    assert number in browser.page
    for wish in (number, mine["code"]):
        browser.press("/staff/shield", wish=wish, act="shield")
        assert "印を付けました" in browser.page
    browser.press("/staff/shield", wish="10000008", act="shield")
    assert (browser.status, "見つかりません" in browser.page) == (422, True)
    browser.press("/staff/shield", wish=mine["code"], act="unshield")
    assert "印を外しました" in browser.page
