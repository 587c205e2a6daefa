"""Pages of the live queue for residents, without scripts: what each state says and offers, and what never leaves."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from queue_app.store.database import reading
from queue_app.store.queue_tables import EventRow
from tests.web.plain_browser import PlainBrowser
from tests.world import OFFICE, World

pytestmark = pytest.mark.any_database

HOME = OFFICE.replace("tickets_from_home: false", "tickets_from_home: true")


@pytest.fixture
def phone(world: World) -> PlainBrowser:
    return PlainBrowser(world.app.test_client())


def call_number(world: World, ticket: dict[str, Any], counter: str = "1") -> None:
    assert world.call(counter, number=ticket["number"]).status_code == 201


def history(world: World) -> int:
    with world.app.app_context(), reading() as session:
        return len(list(session.scalars(select(EventRow))))


def test_waiting_page_tells_place_range_and_who_is_served(world: World, phone: PlainBrowser) -> None:
    world.open("1", "2")
    first, _second, mine = (world.issue("moving") for _ in range(3))
    call_number(world, first)
    page = phone.open(f"/t/{mine['token']}")
    assert mine["number"] in page.text
    assert "あと 1人" in page.text
    assert "いま B001 をご案内中" in page.text
    assert "約" in page.text
    assert "8:30 時点" in page.text
    assert "お呼びする順番が前後することがあります" in page.text


def test_without_a_clerk_no_minutes_are_promised(world: World, phone: PlainBrowser) -> None:
    world.issue("moving")
    mine = world.issue("moving")
    assert "ただいま呼び出しを休止しています" in phone.open(f"/t/{mine['token']}").text


def test_whoever_is_first_of_a_service_is_next_only_when_a_counter_calls_nobody_else_first(
    world: World, phone: PlainBrowser
) -> None:
    world.open("1")
    other, mine = world.issue("certificate"), world.issue("moving")
    assert (mine["ahead"], mine["is_next"]) == (0, False)
    page = phone.open(f"/t/{mine['token']}").text
    assert "次にお呼びします" not in page and "約" in page
    call_number(world, other)
    assert "次にお呼びします" in phone.open(f"/t/{mine['token']}").text


def test_called_page_says_where_to_go_in_title_and_alert(world: World, phone: PlainBrowser) -> None:
    world.open("1")
    mine = world.issue("moving")
    call_number(world, mine)
    page = phone.open(f"/t/{mine['token']}")
    assert page.title.startswith("【呼出中】1番窓口")
    assert "B001番の方、1番窓口へお越しください。" in page.text
    assert page.roles.count("alert") == 1
    assert [button.label for button in page.buttons] == []


def test_waiting_page_holds_no_alert(world: World, phone: PlainBrowser) -> None:
    mine = world.issue("moving")
    assert "alert" not in phone.open(f"/t/{mine['token']}").roles


def test_missed_person_who_came_back_is_next(world: World, phone: PlainBrowser) -> None:
    world.open("1")
    mine, _other = world.issue("moving"), world.issue("moving")
    call_number(world, mine)
    world.act(mine, "miss")
    page = phone.open(f"/t/{mine['token']}")
    assert "いらっしゃらないようでした" in page.text
    phone.press("戻りました")
    assert "お戻りを受け付けました" in phone.page.text
    assert "次にお呼びします" in phone.page.text
    assert world.call("1").get_json()["ticket"]["number"] == mine["number"]


def test_coming_back_twice_changes_nothing_more(world: World, phone: PlainBrowser) -> None:
    world.open("1")
    mine = world.issue("moving")
    call_number(world, mine)
    world.act(mine, "miss")
    phone.open(f"/t/{mine['token']}")
    phone.press("戻りました")
    before = history(world)
    phone.press_again()
    assert history(world) == before
    assert phone.answer.status_code == 200


def test_postponing_is_offered_twice(world: World, phone: PlainBrowser) -> None:
    mine = world.issue("moving")
    phone.open(f"/t/{mine['token']}")
    phone.press("少し遅れます")
    assert "10分後ろにしました" in phone.page.text
    phone.press("少し遅れます")
    assert not [button for button in phone.page.buttons if "少し遅れます" in button.label]


def test_giving_up_asks_first_and_then_is_final(world: World, phone: PlainBrowser) -> None:
    mine = world.issue("moving")
    phone.open(f"/t/{mine['token']}")
    phone.follow("順番を取り消す")
    assert world.state(mine) == "waiting"
    phone.press("取り消す")
    assert "この番号は取り消されました。" in phone.page.text
    assert world.state(mine) == "cancelled"


def test_deed_that_came_too_late_leads_to_the_page_as_it_is_now(world: World, phone: PlainBrowser) -> None:
    world.open("1")
    mine = world.issue("moving")
    phone.open(f"/t/{mine['token']}")
    call_number(world, mine)
    phone.press("少し遅れます")
    assert phone.answer.status_code == 200
    assert "順番が動いたため" in phone.page.text
    assert "1番窓口へお越しください" in phone.page.text


def test_papers_in_preparation_are_no_counter_to_go_to(world: World, phone: PlainBrowser) -> None:
    world.open("1", "9")
    mine = world.issue("certificate")
    call_number(world, mine)
    world.act(mine, "start")
    world.act(mine, "finish")
    page = phone.open(f"/t/{mine['token']}")
    assert "書類を準備しています" in page.text
    world.act(mine, "take_up", counter="9")
    page = phone.open(f"/t/{mine['token']}")
    assert "書類を準備しています" in page.text
    assert "審査" not in page.text


def test_way_of_the_day_shows_what_is_over_and_what_comes(world: World, phone: PlainBrowser) -> None:
    world.open("1")
    mine = world.issue("certificate")
    call_number(world, mine)
    world.act(mine, "start")
    world.act(mine, "finish")
    text = " ".join(phone.open(f"/t/{mine['token']}").text.split())
    assert "証明書 受付 1番窓口 済み" in text
    assert "証明書 お渡し 1番窓口・2番窓口 これから" in text


def test_reading_changes_nothing(world: World, phone: PlainBrowser) -> None:
    mine = world.issue("moving")
    before = history(world)
    for path in ("/", "/crowd/aoba", f"/t/{mine['token']}", f"/t/{mine['token']}/cancel", "/offices"):
        phone.open(path)
        assert phone.answer.status_code == 200
    assert history(world) == before


def test_unknown_expired_and_malformed_tokens_get_the_same_page(world: World, phone: PlainBrowser) -> None:
    mine = world.issue("moving")
    world.clock.now += timedelta(days=1)
    pages = set()
    for token in (mine["token"], "A" * 24, "x", "%F0%9F%8E%AB", "a" * 2000):
        page = phone.open(f"/t/{token}")
        assert phone.answer.status_code == 404
        pages.add((page.title, page.text))
    assert len(pages) == 1


def test_ticket_page_is_kept_from_search_engines_and_caches(world: World, phone: PlainBrowser) -> None:
    phone.open(f"/t/{world.issue('moving')['token']}")
    assert phone.answer.headers["X-Robots-Tag"] == "noindex"
    assert phone.answer.headers["Cache-Control"] == "no-store"


def test_crowd_page_may_be_kept_for_fifteen_seconds(phone: PlainBrowser, world: World) -> None:
    phone.open("/crowd/aoba")
    assert phone.answer.headers["Cache-Control"] == "public, max-age=15"
    assert "Set-Cookie" not in phone.answer.headers


def test_crowd_page_tells_waiting_called_and_open_counters(world: World, phone: PlainBrowser) -> None:
    world.open("1")
    first, _second = world.issue("moving"), world.issue("moving")
    call_number(world, first)
    text = " ".join(phone.open("/crowd/aoba").text.split())
    assert re.search(r"住民異動 ●\s?受付中 待っている方\s?1人", text)
    assert re.search(r"いまご案内中\s?B001", text)
    assert re.search(r"国民健康保険 ▲\s?開いている窓口なし", text)


def test_crowd_page_after_hours_says_when_it_opens(world: World, phone: PlainBrowser) -> None:
    world.clock.now += timedelta(hours=10)
    text = phone.open("/crowd/aoba").text
    assert "次の受付は12月2日（水）8:30からです。" in text
    assert "受付時間外" in text


def test_nothing_personal_is_on_the_pages_of_the_queue(world: World, phone: PlainBrowser) -> None:
    world.open("1")
    mine = world.issue("moving", needs=["wheelchair", "hearing"])
    for path in ("/", "/crowd/aoba", f"/t/{mine['token']}"):
        text = phone.open(path).text
        assert "車いす" not in text
        assert "聞こえにくい" not in text


def test_number_from_home_only_where_the_office_allows_it(world: World, phone: PlainBrowser) -> None:
    assert "番号をとる" not in phone.open("/").text
    phone.open("/aoba/ticket")
    assert phone.answer.status_code == 404
    world.open_office(HOME)
    phone.open("/")
    phone.follow("番号をとる")
    phone.press("番号をとる", service="moving")
    assert "B001" in phone.page.text
    assert phone.path.startswith("/t/")


def test_number_from_home_pressed_twice_is_one_number(world: World, phone: PlainBrowser) -> None:
    world.open_office(HOME)
    phone.open("/aoba/ticket")
    phone.press("番号をとる", service="moving")
    first = phone.path
    phone.press_again()
    assert phone.path == first


def test_number_from_home_without_a_choice_says_what_is_missing(world: World, phone: PlainBrowser) -> None:
    world.open_office(HOME)
    phone.open("/aoba/ticket")
    phone.press("番号をとる")
    assert phone.answer.status_code == 422
    assert phone.page.title.startswith("エラー：")
    assert "ご用件を選んでください" in phone.page.text


def test_several_offices_are_asked_for_first(world: World, phone: PlainBrowser) -> None:
    world.open_office(OFFICE.replace("code: aoba", "code: midori").replace("あおば市役所", "みどり区役所"))
    phone.open("/")
    phone.follow("みどり区役所")
    assert phone.page.title.endswith("みどり区役所")


@pytest.mark.parametrize("language", ["en", "ja-x-easy", "zh-Hans", "ne"])
def test_no_key_shows_in_any_language(world: World, phone: PlainBrowser, language: str) -> None:
    world.open("1")
    mine = world.issue("moving")
    for path in ("/", "/crowd/aoba", f"/t/{mine['token']}", f"/t/{mine['token']}/cancel"):
        text = phone.open(f"{path}?lang={language}").text
        assert "resident." not in text
        assert "crowd." not in text
        assert "{" not in text
