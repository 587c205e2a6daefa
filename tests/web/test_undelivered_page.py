"""Staff see which messages did not arrive, whom they were for, and nothing that was in them."""

from __future__ import annotations

import pytest

from queue_app.adapters.recording import RecordingSender
from queue_app.domain.access import Role
from queue_app.services import outbox
from queue_app.services.outbox import OutcomeUnknown, Refused, send_due
from queue_app.web.context import KEY
from tests.bookings import BOOKABLE, reserve, slot
from tests.messages import CHANNELS, MAIL, PHONE
from tests.web.plain_browser import Page
from tests.web.staff_browser import staff
from tests.world import World

pytestmark = [pytest.mark.environ(**CHANNELS | {"PUBLIC_URL": "http://localhost"}), pytest.mark.office(BOOKABLE)]


def send(world: World, failure: Exception) -> None:
    with world.app.app_context():
        sender = RecordingSender(fails=lambda _message: failure)
        send_due(world.app.extensions[KEY].ports, {"sms": sender, "email": sender})


def page_of(world: World) -> str:
    words = Page(staff(world, Role.CLERK).open("/staff/messages")).text
    return "".join(words.split())


def test_failed_and_doubtful_messages_are_listed_with_whom_they_were_for(world: World) -> None:
    made = reserve(world, contact=PHONE)
    send(world, Refused("status 400"))
    reserve(world, slot("11:00"), contact=MAIL)
    send(world, OutcomeUnknown("silence"))
    said = page_of(world)
    code = f"{made['code'][:4]}-{made['code'][-4:]}"
    assert f"予約{code}（12月2日（水）10:00）予約の確認ショートメッセージ失敗" in said
    assert "予約の確認メール不明届いたか分かりません" in said
    for secret in ("0000001", "hanako@", "アオバ", made["token"]):
        assert secret not in said


def test_a_number_that_had_too_many_messages_and_a_spent_budget_are_said(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PER_DAY_IN_ALL", 0)
    reserve(world, contact=PHONE)
    send(world, Refused("never asked"))
    said = page_of(world)
    assert "使い切りました" in said
    assert "回数の上限に達したため送っていません" in said


def test_a_week_without_trouble_says_so(world: World) -> None:
    assert "届かなかったお知らせはありません" in page_of(world)
