"""Booking pages in their rarer states: several mistakes at once, a booking that is past, a closed house at night."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from queue_app.web.context import KEY
from tests.bookings import BOOKABLE, TOMORROW, free, reserve, slot
from tests.real_server import ROOT
from tests.web.plain_browser import PlainBrowser
from tests.world import World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def phone(world: World) -> PlainBrowser:
    world.open_office(BOOKABLE)
    return PlainBrowser(world.app.test_client())


def test_every_mistake_of_a_page_is_named_once_above_and_at_its_field(phone: PlainBrowser) -> None:
    phone.open("/book/aoba")
    phone.press("次へ", errand="navigator")
    phone.press("次へ", move_type="within")
    phone.press("次へ", moved_on="2026-11-30")
    page = phone.press("次へ", num_people="many", foreign_nationals="-1", agent_visit="perhaps")
    assert phone.answer.status_code == 422
    assert page.title.startswith("エラー：")
    assert "入力内容をご確認ください（3か所）" in page.text
    for field in ("num_people", "foreign_nationals", "agent_visit"):
        assert f'href="#{field}"' in phone.answer.text
        assert f'id="{field}"' in phone.answer.text


def test_full_width_digits_are_taken_as_they_come(phone: PlainBrowser) -> None:
    phone.open("/book/aoba")
    phone.press("次へ", errand="navigator")
    phone.press("次へ", move_type="within")
    phone.press("次へ", moved_on="２０２６／１１／３０")
    assert not phone.page.title.startswith("エラー：")


def test_the_last_page_gives_code_time_place_change_and_a_calendar_entry(phone: PlainBrowser) -> None:
    phone.open("/book/aoba")
    phone.press("次へ", errand="moving")
    phone.press("次へ", people="1")
    phone.press("次へ", day=TOMORROW)
    phone.press("10:00")
    phone.press("次へ", name_kana="アオバ ハナコ", channel="none")
    done = phone.press("この内容で予約する")
    assert "予約が完了しました" in done.text
    assert re.search(r"\d{4}-\d{4}", done.text)
    for told in ("12月2日（水）", "10:00", "あおば市役所"):
        assert told in done.text
    assert any("変更" in words for words in done.links)
    phone.follow("カレンダーに追加")
    assert phone.answer.mimetype == "text/calendar"
    assert "DTSTART:20261202T010000Z" in phone.answer.text.splitlines()
    assert "SEQUENCE:0" in phone.answer.text.splitlines()


TEMPLATES = [
    file for part in ("queue_app/web", "kiosk", "display") for file in (ROOT / part / "templates").rglob("*.html")
]
GREYED_OUT = re.compile(r"\b(?:aria-)?disabled\b")


def moves_by_itself(markup: str) -> bool:
    return re.search(r"http-equiv\s*=\s*[\"']?refresh", markup, re.IGNORECASE) is not None


def test_no_page_moves_by_itself_and_nothing_a_resident_reads_is_greyed_out(phone: PlainBrowser) -> None:
    """A closed day is a word, not a dead control."""
    assert moves_by_itself('<meta http-equiv="refresh" content="5">')
    assert GREYED_OUT.search('<button disabled>満員</button><a aria-disabled="true">休み</a>')
    assert [file.name for file in TEMPLATES if moves_by_itself(file.read_text("utf-8"))] == []
    for_residents = [file for file in TEMPLATES if file.parent.name in ("booking", "resident")]
    assert len(for_residents) > 30
    assert [file.name for file in for_residents if GREYED_OUT.search(file.read_text("utf-8"))] == []
    for path in ("", "/people", "/day", "/month", f"/time?day={TOMORROW}"):
        phone.open(f"/book/aoba{path}")
        assert "Refresh" not in phone.answer.headers
        assert not GREYED_OUT.search(phone.answer.text), path


def to_the_contact(phone: PlainBrowser, clock: str = "10:00") -> None:
    phone.open("/book/aoba")
    phone.press("次へ", errand="moving")
    phone.press("次へ", people="1")
    phone.press("次へ", day=TOMORROW)
    phone.press(clock)


def test_who_moves_next_week_can_book_today_from_the_moving_day_on(phone: PlainBrowser) -> None:
    phone.open("/book/aoba")
    phone.press("次へ", errand="navigator")
    phone.press("次へ", move_type="within")
    phone.press("次へ", moved_on="2026-12-09")
    phone.open("/book/aoba/result")
    assert "引っ越した日以降の予約を選んでください" in phone.page.text
    phone.follow("予約を始める")
    assert "12月8日（火） 引っ越しの前です" in phone.page.text
    assert "引っ越しの前です" in phone.open("/book/aoba/time?day=2026-12-08").text
    phone.open("/book/aoba/day")
    phone.press("次へ", day="2026-12-09")
    phone.press("10:00")
    phone.press("次へ", name_kana="アオバ ハナコ", channel="none")
    assert "予約が完了しました" in phone.press("この内容で予約する").text


def test_long_visits_are_told_in_hours(phone: PlainBrowser) -> None:
    phone.open("/book/aoba")
    phone.press("次へ", errand="navigator")
    phone.press("次へ", move_type="in_abroad")
    phone.press("次へ", moved_on="2026-11-30")
    phone.press("次へ", num_people="4", foreign_nationals="4", agent_visit="no")
    assert "約1時間50分" in phone.open("/book/aoba/result").text


def test_questions_begin_anew_and_who_need_not_come_is_not_sent_to_the_counter(phone: PlainBrowser) -> None:
    for _ in range(2):
        phone.open("/book/aoba")
        phone.press("次へ", errand="navigator")
        assert "どのような届出ですか" in phone.page.text
        phone.press("次へ", move_type="out_domestic")
        phone.press("次へ", moved_on="2026-12-10")
        phone.press("次へ", num_people="1", foreign_nationals="0", agent_visit="no")
        phone.press("次へ", mynumber_cards="1")
        page = phone.open("/book/aoba/result")
        assert "来る必要はありません" in page.text
        assert "番号札をお取り" not in page.text
    phone.follow("答えを直す")
    assert "どのような届出ですか" in phone.page.text


def test_who_moves_after_the_last_day_that_can_be_booked_hears_from_when_on(phone: PlainBrowser) -> None:
    phone.open("/book/aoba")
    phone.press("次へ", errand="moving")
    page = phone.press("次へ", people="1", moved_on="令和9年1月10日")
    assert "1月10日（日）からの予約は、12月11日（金）から受け付けます。" in page.text
    assert "12月11日（金）から" in phone.open("/book/aoba/month").text


def test_who_has_a_booking_keeps_the_held_time_and_may_name_another_contact(world: World, phone: PlainBrowser) -> None:
    house = world.app.extensions[KEY]
    house.settings = replace(house.settings, twilio_account_sid="AC", twilio_auth_token="t", twilio_from="+81")
    reserve(world, slot("11:00"), contact={"channel": "sms", "address": "090-0000-0001"})
    to_the_contact(phone)
    assert (
        "090-0000-0001"
        in phone.press("内容を確認", name_kana="アオバ", channel="sms", phone="０９０ー００００ー０００１").text
    )
    page = phone.press("この内容で予約する")
    assert (phone.answer.status_code, "同じ手続きの予約がすでにあります" in page.text) == (409, True)
    assert page.links["予約の確認・変更・取消"] == "/book/find"
    assert "11:00" not in page.text, "what others have booked is nobody's business"
    phone.press("内容を確認", channel="none")
    assert "予約が完了しました" in phone.press("この内容で予約する").text


def test_who_goes_back_finds_the_held_time_free_and_other_errands_let_it_go(world: World, phone: PlainBrowser) -> None:
    reserve(world)
    to_the_contact(phone)
    assert slot() not in free(world)
    phone.open(f"/book/aoba/time?day={TOMORROW}")
    phone.press("10:00")
    assert phone.path == "/book/aoba/contact"
    phone.open(f"/book/aoba/time?day={TOMORROW}")
    for _ in range(2):
        reserve(world, slot("14:00"))
    assert "埋まってしまいました" in phone.press("14:00").text
    phone.press("10:00")
    assert phone.path == "/book/aoba/contact", "the time held before is not lost with the new one"
    phone.open("/book/aoba")
    phone.press("次へ", errand="insurance")
    assert slot() in free(world)


def test_past_booking_says_so_and_leads_to_another(world: World, phone: PlainBrowser) -> None:
    made = reserve(world)
    world.clock.pass_(days=2)
    page = phone.open(f"/r/{made['token']}")
    assert "この予約の日時は過ぎています。" in page.text
    phone.follow("もう一度予約する")
    assert phone.path == "/book/aoba"


def test_closed_house_says_that_booking_never_closes(world: World, phone: PlainBrowser) -> None:
    assert "予約は24時間できます" not in phone.open("/crowd/aoba").text
    world.clock.pass_(hours=12)
    phone.open("/crowd/aoba")
    assert "本日の受付は終了しました。次の受付は" in phone.page.text
    phone.follow("予約は24時間できます")
    assert phone.path == "/book/aoba"
