"""Staff who book for somebody at the desk or on the phone: the pages of residents, their rules, and the mark for people
of whom nobody may know that they come."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from queue_app.domain.access import Role
from queue_app.store.database import reading
from queue_app.store.queue_tables import Delivery
from queue_app.store.reservation_tables import Reservation
from tests.bookings import BOOKABLE, TOMORROW, reserve, slot
from tests.web.plain_browser import PlainBrowser
from tests.web.staff_browser import staff
from tests.web.test_days_to_choose import CLOSED, OPENS, best, seen
from tests.world import World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SLOTS = "slots: {length_min: 30, capacity: 2}"


def desk(world: World, text: str = BOOKABLE) -> PlainBrowser:
    """A clerk who has chosen the errand and the number of people for whoever is on the phone."""
    world.open_office(text)
    browser = PlainBrowser(staff(world, Role.CLERK).client)
    browser.open("/book/aoba")
    assert "代理" in browser.page.text
    browser.press("次へ", errand="moving")
    browser.press("次へ", people="1")
    return browser


def to_the_contact(browser: PlainBrowser) -> None:
    browser.open(f"/book/aoba/time?day={TOMORROW}")
    browser.press("10:00")


def only_booking(world: World) -> Reservation:
    with world.app.app_context(), reading() as session:
        return session.scalars(select(Reservation)).one()


def test_opening_of_booking_holds_for_staff_too(world: World) -> None:
    browser = desk(world, BOOKABLE.replace(SLOTS, OPENS))
    for path in ("day", "month", f"time?day={TOMORROW}"):
        assert "12月7日（月）8:30に再開します" in browser.open(f"/book/aoba/{path}").text
    refused = world.clerk.post(
        "/offices/aoba/reservations", {"slot": slot(), "service": "moving", "name_kana": "アオバ"}
    )
    assert (refused.status_code, "not_yet_open" in refused.text) == (422, True)
    world.clock.pass_(days=6)
    assert "停止しています" not in browser.open("/book/aoba/day").text


def test_full_and_closed_days_are_words_for_staff_too(world: World) -> None:
    text = BOOKABLE.replace(SLOTS, "slots: {length_min: 525, capacity: 1}").replace(CLOSED, 'closed: ["12-03"]')
    browser = desk(world, text)
    reserve(world, slot("08:30"))
    page = browser.open("/book/aoba/day").text
    assert "12月2日（水） 満員" in page
    assert "12月3日（木） 休み" in page
    assert "12月4日（金）" in page
    lost = world.clerk.post(
        "/offices/aoba/reservations", {"slot": slot("08:30"), "service": "moving", "name_kana": "アオバ"}
    )
    assert (lost.status_code, lost.get_json()["code"]) == (409, "slot_full")


def test_wished_time_moves_what_is_recommended_to_staff_too(world: World) -> None:
    browser = desk(world, BOOKABLE.replace("capacity: 2}", "capacity: planned}"))
    plain, late = (best(seen(browser, f"/book/aoba/time?day={TOMORROW}{wish}")) for wish in ("", "&wish=15:00"))
    assert plain != late
    assert all(re.search("1[456]:", each) for each in late)


def test_residents_are_not_offered_the_mark_and_cannot_send_it(world: World) -> None:
    world.open_office(BOOKABLE)
    browser = PlainBrowser(world.app.test_client())
    browser.open("/book/aoba")
    browser.press("次へ", errand="moving")
    browser.press("次へ", people="1")
    to_the_contact(browser)
    assert "知らせない" not in browser.page.text
    browser.press("内容を確認する", name_kana="アオバ ハナコ", shielded="yes")
    browser.press("この内容で予約する")
    assert only_booking(world).shielded is False


def test_staff_book_with_the_mark_in_one_go(world: World) -> None:
    browser = desk(world)
    to_the_contact(browser)
    browser.press("内容を確認する", name_kana="アオバ ハナコ", shielded="yes")
    assert "知らせない・載せない" in browser.page.text
    page = browser.press("この内容で予約する")
    row = only_booking(world)
    assert row.shielded
    assert (row.contact_address, row.name_hash, row.pin) == (None, None, None)
    assert f"{row.code[:4]}-{row.code[4:]}" in page.text
    assert "予約番号を必ずお伝えください" in page.text
    with world.app.app_context(), reading() as session:
        assert session.scalars(select(Delivery)).all() == []
    stranger = PlainBrowser(world.app.test_client())
    stranger.open(browser.path)
    assert stranger.answer.status_code == 404
    browser.follow("予約をさがす")
    assert browser.path == "/staff/bookings"


def test_mark_is_not_lost_with_the_login(world: World) -> None:
    browser = desk(world)
    to_the_contact(browser)
    browser.press("内容を確認する", name_kana="アオバ ハナコ", shielded="yes")
    browser.client.delete_cookie("matazu_session")
    browser.press("この内容で予約する")
    assert browser.answer.status_code in (401, 403)
    assert only_booking(world).state == "held"


def test_scanned_code_opens_its_result_and_its_booking_and_nothing_elsewhere(world: World) -> None:
    world.open_office(BOOKABLE)
    token = reserve(world)["token"]
    resident = PlainBrowser(world.app.test_client())
    resident.open("/book/aoba")
    resident.press("次へ", errand="navigator")
    resident.press("次へ", move_type="within")
    resident.press("次へ", moved_on="2026-11-30")
    resident.open("/book/aoba/result")
    code = next(url for words, url in resident.page.links.items() if "この結果へのリンク" in words)
    assert len(code) < 320, "a finer code is not read off a phone by every scanner"
    clerk = PlainBrowser(staff(world, Role.CLERK).client)
    for scanned, opens in ((code, "転居届"), (f"http://localhost/r/{token}", "ご予約")):
        clerk.open("/staff/bookings")
        assert opens in clerk.press("さがす", wish=scanned).text
    clerk.open("/staff/bookings")
    clerk.press("さがす", wish="https://elsewhere.example/book/aoba")
    assert clerk.path == "/staff/bookings"


def test_next_caller_finds_nothing_of_the_one_before(world: World) -> None:
    browser = desk(world)
    to_the_contact(browser)
    browser.press("内容を確認する", name_kana="アオバ ハナコ")
    browser.open("/staff/bookings")
    browser.follow("代理で予約する")
    browser.press("次へ", errand="moving")
    browser.press("次へ", people="1")
    browser.open(f"/book/aoba/time?day={TOMORROW}")
    browser.press("10:30")
    assert "アオバ ハナコ" not in browser.answer.text
