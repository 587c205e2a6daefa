"""Booking pages in their rarer states: several mistakes at once, a booking that is past, a closed house at night."""

from __future__ import annotations

import pytest

from tests.bookings import BOOKABLE, reserve
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
