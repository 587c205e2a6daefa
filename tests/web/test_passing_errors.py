"""What may go well the next time: the page says when, keeps what was typed, and sends it once more without a second effect."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from queue_app.store.database import db
from tests.bookings import TOMORROW, free, slot
from tests.standing import standing_world
from tests.web.plain_browser import Page, PlainBrowser
from tests.web.test_days_to_choose import BOOKABLE, phone_with
from tests.world import World

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def said(world: World, statement: str) -> None:
    with world.app.app_context(), db.engine.begin() as connection:
        connection.execute(text(statement))


def before_the_check(world: World) -> PlainBrowser:
    browser = phone_with(world, BOOKABLE)
    browser.press("次へ", day=TOMORROW)
    browser.press("10:00")
    browser.press("次へ", name_kana="アオバ ハナコ", channel="none")
    return browser


@SQLITE
def test_a_database_that_fails_at_the_last_press_costs_one_more_press(world: World) -> None:
    browser = before_the_check(world)
    said(world, "CREATE TRIGGER away BEFORE UPDATE ON reservation BEGIN SELECT RAISE(ABORT, 'away'); END")
    page = browser.press("この内容で予約する")
    assert (browser.answer.status_code, browser.answer.headers["Retry-After"]) == (503, "5")
    assert "あと5秒ほどお待ちください。" in page.text
    assert "入力された内容は残っています。もう一度送っても、二重に受け付けることはありません。" in page.text
    said(world, "DROP TRIGGER away")
    assert "予約が完了しました" in browser.press("もう一度送る").text
    assert "予約が完了しました" in browser.press_again().text
    assert free(world)[slot()] == 1, "one place of two is taken, however often it was sent"


@SQLITE
def test_what_was_typed_on_a_page_goes_along(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = phone_with(world, BOOKABLE)
    browser.press("次へ", day=TOMORROW)
    browser.press("10:00")
    with monkeypatch.context() as broken:
        broken.setattr("queue_app.web.booking.confirm.normalise_kana", lambda _text: 1 / 0)
        page = browser.press("次へ", name_kana="アオバ ハナコ", channel="none")
    assert browser.answer.status_code == 500
    assert "アオバ" not in page.text, "in the form alone"
    assert "アオバ ハナコ" in browser.press("もう一度送る").text


@SQLITE
def test_a_page_that_could_not_be_opened_can_be_opened_again(world: World) -> None:
    browser = phone_with(world, BOOKABLE)
    said(world, "ALTER TABLE office_log RENAME TO away")
    page = browser.open("/book/aoba/day?from=2026-12-03")
    assert browser.answer.status_code == 503
    assert page.links["もう一度開く"] == "/book/aoba/day?from=2026-12-03"
    said(world, "ALTER TABLE away RENAME TO office_log")
    assert "12月3日" in browser.follow("もう一度開く").text


def test_somebody_who_presses_too_often_hears_when_to_come_back(tmp_path: Path, migrated_file: Path) -> None:
    with standing_world(tmp_path, migrated_file, RATE_LIMIT_PUBLIC="8/minute") as world:
        client = world.app.test_client()
        answers = [client.get("/book/aoba", buffered=True) for _ in range(9)]
    wait_s = int(answers[-1].headers["Retry-After"])
    assert [answer.status_code for answer in answers] == [200] * 8 + [429]
    assert 1 <= wait_s <= 61
    page = Page(answers[-1].text)
    assert f"あと{wait_s}秒ほどお待ちください。" in page.text
    assert page.links["もう一度開く"] == "/book/aoba"


@SQLITE
def test_a_passphrase_is_never_given_back(world: World) -> None:
    browser = PlainBrowser(world.app.test_client())
    browser.open("/staff/login")
    said(world, 'ALTER TABLE "user" RENAME TO away')
    browser.press("ログイン", login="hana", passphrase="a secret passphrase of hana")
    assert browser.answer.status_code == 503
    assert "a secret passphrase" not in browser.answer.text
    assert browser.page.buttons == []
