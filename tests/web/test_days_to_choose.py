"""Days and times as residents choose them: the month, booking that opens later, full months, wishes, no visit at all."""

from __future__ import annotations

import re

import pytest

from queue_app.services.office_navigator import OFFICES
from tests.bookings import BOOKABLE, NAVIGATOR, TOMORROW, reserve, slot
from tests.web.plain_browser import PlainBrowser
from tests.world import World

pytestmark = pytest.mark.any_database

CLOSED = 'closed: [holidays, "12-29..01-03"]'
OPENS = 'slots: {length_min: 30, capacity: 2, opens_at: "2026-12-07 08:30"}'


def phone_with(world: World, text: str, service: str = "moving") -> PlainBrowser:
    """A phone on whose page the errand and the number of people are chosen already."""
    world.open_office(text)
    browser = PlainBrowser(world.app.test_client())
    browser.open("/book/aoba")
    browser.press("次へ", errand=service)
    browser.press("次へ", people="1")
    return browser


def seen(browser: PlainBrowser, path: str) -> str:
    """The page as it is sent, names of links included."""
    browser.open(path)
    return browser.answer.text


def test_the_month_names_each_day_in_full_and_leads_to_its_times(world: World) -> None:
    browser = phone_with(world, BOOKABLE)
    for clock in ("08:30", "09:00"):
        reserve(world, slot(clock))
    page = seen(browser, "/book/aoba/month?month=2026-12")
    assert 'visually-hidden">12月3日 木曜日 残り' in page
    assert f'href="/book/aoba/time?day={TOMORROW}"' in page
    assert "10:00" in seen(browser, f"/book/aoba/time?day={TOMORROW}")


def test_a_month_that_is_none_or_gone_by_shows_this_one(world: World) -> None:
    browser = phone_with(world, BOOKABLE)
    for asked in ("2020-01", "nonsense", "2026-13", "9999-12"):
        assert "年1" in seen(browser, f"/book/aoba/month?month={asked}")


@pytest.mark.parametrize("path", ["day", "month", f"time?day={TOMORROW}"])
def test_booking_that_opens_later_says_when_and_how_to_come_without(world: World, path: str) -> None:
    browser = phone_with(world, BOOKABLE.replace("slots: {length_min: 30, capacity: 2}", OPENS))
    page = seen(browser, f"/book/aoba/{path}")
    assert "ただいま来庁予約を停止しています。12月7日（月）8:30に再開します。" in page
    assert "予約なしでも、窓口で番号札をお取りいただけます。" in page
    world.clock.pass_(days=6)
    assert "停止しています" not in seen(browser, "/book/aoba/day")


def test_nothing_is_held_before_booking_opens(world: World) -> None:
    world.open_office(BOOKABLE.replace("slots: {length_min: 30, capacity: 2}", OPENS))
    answer = world.as_(None).post("/offices/aoba/holds", {"slot": slot(day="2026-12-10"), "service": "moving"})
    assert answer.status_code == 422
    assert "not_yet_open" in answer.text
    world.clock.pass_(days=6)
    answer = world.as_(None).post("/offices/aoba/holds", {"slot": slot(day="2026-12-10"), "service": "moving"})
    assert answer.status_code == 201, answer.text


def test_a_full_month_tells_the_next_free_day_and_the_way_without_booking(world: World) -> None:
    text = BOOKABLE.replace(CLOSED, 'closed: ["12-01..12-31"]').replace("ahead_days: 30", "ahead_days: 40")
    browser = phone_with(world, text)
    page = seen(browser, "/book/aoba/month?month=2026-12")
    assert "この期間に空きはありません。 次に空いている日は1月1日（金）です。 予約なしでも、窓口で番号札を" in page
    assert "/time?day=" not in page
    assert "/time?day=2027-01-01" in seen(browser, "/book/aoba/month?month=2027-01")


def test_a_list_without_a_single_free_day_offers_nothing_to_choose(world: World) -> None:
    text = BOOKABLE.replace(CLOSED, 'closed: ["01-01..12-31"]')
    page = seen(phone_with(world, text), "/book/aoba/day")
    assert "この期間に空きはありません。" in page
    assert "予約なしでも、窓口で番号札をお取りいただけます。" in page
    assert 'name="day"' not in page


def test_what_needs_no_visit_has_a_page_with_addresses_in_words(world: World) -> None:
    world.open_office(BOOKABLE)
    browser = PlainBrowser(world.app.test_client())
    assert "来庁しなくてもできる手続き" in seen(browser, "/")
    page = seen(browser, "/book/aoba/no-visit")
    assert 'href="https://suido.aoba.example/hikkoshi"' in page
    assert ">https://suido.aoba.example/hikkoshi</a>" in page
    assert "運転免許証の住所変更" in page
    assert "転出届" in page


def test_an_office_without_a_navigator_says_so_kindly(world: World) -> None:
    world.open_office(BOOKABLE.replace(NAVIGATOR, ""))
    page = seen(PlainBrowser(world.app.test_client()), "/book/aoba/no-visit")
    assert "いまご案内できるものはありません" in page


def test_a_wish_moves_the_recommended_times_and_hides_none(world: World) -> None:
    planned = BOOKABLE.replace("slots: {length_min: 30, capacity: 2}", "slots: {length_min: 30, capacity: planned}")
    browser = phone_with(world, planned)
    plain = seen(browser, f"/book/aoba/time?day={TOMORROW}")
    late = seen(browser, f"/book/aoba/time?day={TOMORROW}&wish=15:00")
    assert best(plain) != best(late)
    assert best(late)
    assert all("14:" in each or "15:" in each or "16:" in each for each in best(late)), best(late)
    assert late.count('name="slot"') == plain.count('name="slot"')
    assert all(int(each[:2].strip(":")) < 12 for each in best(seen(browser, f"/book/aoba/time?day={TOMORROW}&wish=am")))
    assert best(seen(browser, f"/book/aoba/time?day={TOMORROW}&wish=99:99")) == best(plain)


def test_times_at_which_nobody_is_on_duty_are_no_times_and_not_full_ones(world: World) -> None:
    planned = BOOKABLE.replace("slots: {length_min: 30, capacity: 2}", "slots: {length_min: 30, capacity: planned}")
    rota = 'rota: [{group: "1", clerks: 2, from: "10:00", to: "15:00", lunch: ["12:00", "12:00"], days: [wed]}]\n'
    browser = phone_with(world, planned + rota)
    page = seen(browser, f"/book/aoba/time?day={TOMORROW}")
    hours = {clock[:-3] for clock in re.findall(r"\d+:\d\d", page.split("<ul", 1)[1])}
    assert hours == {"10", "11", "13", "14"}, hours
    page = seen(browser, "/book/aoba/time?day=2026-12-03")
    assert "この日に選べる時間はありません。 休み" in page
    assert "満員" not in page


def best(page: str) -> list[str]:
    """The times that carry the recommendation."""
    rows = page.split('name="slot"')[1:]
    return [row.split(">")[1].split(" <")[0].strip() for row in rows if "おすすめ" in row.split("</button>")[0]]


def test_the_example_city_has_no_address_that_is_not_https() -> None:
    lines = (OFFICES / "aoba-navigator.yaml").read_text("utf-8").splitlines()
    addresses = [line.split("url:")[1].strip() for line in lines if line.startswith("    url:")]
    assert len(addresses) >= 5
    assert all(each.startswith("https://") for each in addresses)
