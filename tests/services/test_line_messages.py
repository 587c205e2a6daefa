"""LINE: tied by a code that was sent from there, sent once or known to be in doubt, and nothing taken that is not signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from config import Settings
from queue_app.adapters.line import LineMessages
from queue_app.adapters.recording import RecordingSender
from queue_app.adapters.senders import senders_for
from queue_app.store.database import reading
from queue_app.store.linking_tables import LinkCode
from queue_app.store.reservation_tables import Reservation
from queue_app.web.context import KEY
from tests.bookings import BOOKABLE, reserve
from tests.conftest import settings_for
from tests.http_double import HANG_UP, Answer, Asked, HttpDouble
from tests.messages import LINE_AND_PUSH, PUBLIC_URL, deliveries, send
from tests.web.plain_browser import PlainBrowser
from tests.world import World

USER = "U" + "0123456789abcdef" * 2
OTHER = "U" + "f" * 32
ON_THIS_PHONE = "この端末で通知を受け取る"
pytestmark = [pytest.mark.environ(**LINE_AND_PUSH, PUBLIC_URL=PUBLIC_URL), pytest.mark.office(BOOKABLE)]


def browser(world: World, path: str) -> PlainBrowser:
    made = PlainBrowser(world.app.test_client())
    made.open(path)
    return made


def code_on(page: PlainBrowser) -> str:
    found = re.search(r"[2-9A-Z]{4}-[2-9A-Z]{4}", page.page.text)
    assert found is not None, page.page.text
    return found[0]


def line_says(world: World, *texts: tuple[str, str], secret: str = LINE_AND_PUSH["LINE_CHANNEL_SECRET"]) -> int:
    """What LINE posts when people (user, text) have written to the account."""
    events = [
        {
            "type": "message",
            "replyToken": f"reply-{number}",
            "source": {"type": "user", "userId": user},
            "message": {"type": "text", "text": text},
        }
        for number, (user, text) in enumerate(texts)
    ]
    raw = json.dumps({"destination": "U0", "events": events}).encode()
    signature = base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()
    answer = world.app.test_client().post("/hooks/line", data=raw, headers={"X-Line-Signature": signature})
    return answer.status_code


def contact_of_booking(world: World) -> tuple[str | None, str | None]:
    with world.app.app_context(), reading() as session:
        row = session.scalars(select(Reservation)).one()
        return row.contact_channel, row.contact_address


def booked(world: World, **facts: Any) -> str:
    return f"/r/{reserve(world, **facts)['token']}"


def test_a_code_sent_from_line_ties_that_account_to_the_booking_and_confirms_it(world: World) -> None:
    page = browser(world, f"{booked(world)}/messages")
    page.press("確認コードを出す")
    assert "@aoba-city" in page.page.text
    assert line_says(world, (USER, code_on(page).lower().replace("-", " "))) == 200
    assert contact_of_booking(world) == ("line", USER)
    assert [row.kind for row in deliveries(world, channel="line")] == ["confirmed", "reminder_1"]
    line = RecordingSender()
    send(world, line=line)
    assert [(message.address, message.kind) for message in line.sent] == [(USER, "confirmed")]
    page.open(page.path)
    assert "いまの受け取り方： LINE" in " ".join(page.page.text.split())


def test_a_code_sent_from_line_ties_that_account_to_the_number(world: World) -> None:
    world.open("1")
    page = browser(world, f"/t/{world.issue()['token']}/messages")
    page.press("確認コードを出す")
    line_says(world, (USER, code_on(page)))
    world.call("1")
    line = RecordingSender()
    send(world, line=line)
    assert [(message.address, message.kind) for message in line.sent] == [(USER, "called")]


def test_a_code_is_used_once_and_runs_out(world: World) -> None:
    page = browser(world, f"{booked(world)}/messages")
    page.press("確認コードを出す")
    code = code_on(page)
    line_says(world, (USER, code), (OTHER, code))
    assert contact_of_booking(world) == ("line", USER)
    page.open(page.path)
    page.press("確認コードを出す")
    second = code_on(page)
    world.clock.pass_(minutes=30)
    line_says(world, (OTHER, second))
    assert second != code
    assert contact_of_booking(world) == ("line", USER)


def test_line_is_answered_whether_the_code_was_good_and_a_greeting_is_left_alone(world: World) -> None:
    answered: list[tuple[str, str]] = []
    house = world.app.extensions[KEY]
    house.ports = replace(house.ports, line_reply=lambda token, text: answered.append((token, text)))
    page = browser(world, f"{booked(world)}/messages")
    page.press("確認コードを出す")
    line_says(world, (USER, "こんにちは"), (USER, "ABCD-EFGH"), (USER, code_on(page)))
    assert [token for token, _text in answered] == ["reply-1", "reply-2"]
    assert "使えません" in answered[0][1]
    assert "お知らせします" in answered[1][1]


@pytest.mark.parametrize("signature", ["", "bm90IGl0", "ä"])
def test_what_line_has_not_signed_changes_nothing(world: World, signature: str) -> None:
    page = browser(world, f"{booked(world)}/messages")
    page.press("確認コードを出す")
    assert line_says(world, (USER, code_on(page)), secret="of somebody else") == 403
    raw = json.dumps({"events": []}).encode()
    sent = world.app.test_client().post("/hooks/line", data=raw, headers={"X-Line-Signature": signature})
    assert sent.status_code == 403
    assert contact_of_booking(world) == (None, None)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"events": [1]}', b'{"events": [{"type": "follow"}]}'])
def test_what_line_says_otherwise_is_taken_and_left_alone(world: World, body: bytes) -> None:
    secret = LINE_AND_PUSH["LINE_CHANNEL_SECRET"].encode()
    signature = base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest()).decode()
    answer = world.app.test_client().post("/hooks/line", data=body, headers={"X-Line-Signature": signature})
    assert answer.status_code == 200


def test_a_code_is_unreadable_in_the_database_and_forgotten_after_a_day(world: World) -> None:
    from queue_app.services import forgetting
    from queue_app.store.database import writing

    page = browser(world, f"{booked(world)}/messages")
    page.press("確認コードを出す")
    plain = code_on(page).replace("-", "")
    with world.app.app_context():
        with reading() as session:
            row = session.scalars(select(LinkCode)).one()
            assert row.code == plain
            assert plain not in row.code_hash
        world.clock.pass_(hours=25)
        writing(lambda session: forgetting.forget_link_codes(session, world.clock()))
        with reading() as session:
            assert session.scalars(select(LinkCode)).first() is None


def line(double: HttpDouble) -> LineMessages:
    return LineMessages("a token of the tests", base=double.url)


class LineDouble:
    """Keeps LINE's promise: one message for each retry key, 409 for every further try."""

    def __init__(self, *first: int) -> None:
        self.says, self.keys = list(first), set[str]()
        self.taken: list[dict[str, Any]] = []

    def __call__(self, asked: Asked, _number: int) -> Answer:
        key, status = asked.headers["x-line-retry-key"], self.says.pop(0) if self.says else 200
        if key in self.keys:
            return 409, {"X-Line-Accepted-Request-Id": "first"}
        if status in (200, HANG_UP, 504):
            self.keys.add(key)
            self.taken.append(json.loads(asked.body))
        return status, {"X-Line-Request-Id": "second"}


@pytest.mark.parametrize(
    ("answers", "ends", "taken", "provider_id"),
    [
        ([200], "sent", 1, "second"),
        ([HANG_UP], "sent", 1, "first"),  # the repeat under the same key is told that the first one arrived
        ([504], "sent", 1, "first"),
        ([500, 429, 200], "sent", 1, "second"),
        ([400], "failed", 0, None),
    ],
)
def test_line_takes_each_message_once_however_it_answers(
    world: World, answers: list[int], ends: str, taken: int, provider_id: str | None
) -> None:
    reserve(world, contact={"channel": "line", "address": USER})
    provider = LineDouble(*answers)
    with HttpDouble(answers=provider) as double:
        for _ in range(5):
            send(world, line=line(double))
            world.clock.pass_(minutes=2)
    row = deliveries(world, kind="confirmed")[0]
    assert (row.state, len(provider.taken), row.provider_id) == (ends, taken, provider_id)
    if taken:
        assert provider.taken[0]["to"] == USER
        assert "/r/" in provider.taken[0]["messages"][0]["text"]


def test_line_that_stays_silent_until_the_end_is_unknown_and_not_failed(world: World) -> None:
    reserve(world, contact={"channel": "line", "address": USER})
    with HttpDouble(answers=lambda _asked, _number: (HANG_UP, {})) as double:
        for _ in range(27):
            send(world, line=line(double))
            world.clock.pass_(hours=1)
    assert deliveries(world, kind="confirmed")[0].state == "unknown"


def test_a_line_account_is_not_taken_from_a_form(world: World) -> None:
    path = booked(world)
    page = browser(world, f"{path}/messages")
    page.press(ON_THIS_PHONE, channel="line", line=USER, address=USER, subscription=USER)
    assert contact_of_booking(world) == (None, None)
    page.press(ON_THIS_PHONE, channel="sms", phone="090-0000-0001")
    assert page.answer.status_code == 422  # sms is not set up in this test


def test_nothing_that_is_not_set_up_is_offered(world: World, tmp_path: Path) -> None:
    house = world.app.extensions[KEY]
    path = booked(world)
    house.settings = settings_for(tmp_path, DATABASE_URL=house.settings.database_url, REDIS_URL="redis://127.0.0.1:1/0")
    assert "お知らせの受け取り方" not in browser(world, path).page.text
    client = world.app.test_client()
    assert client.get(f"{path}/messages").status_code == 404
    assert client.post(f"{path}/messages/line").status_code in (404, 400)
    assert client.post("/hooks/line", data=b"{}").status_code == 403


def test_yesterdays_number_has_no_page_for_messages(world: World) -> None:
    ticket = world.issue()
    world.clock.pass_(days=1)
    assert world.app.test_client().get(f"/t/{ticket['token']}/messages").status_code == 404


def test_whoever_books_without_a_phone_keeps_a_second_factor_when_the_address_changes(world: World) -> None:
    made = reserve(world)
    page = browser(world, f"/r/{made['token']}/messages")
    page.press("確認コードを出す")
    line_says(world, (USER, code_on(page)))
    asked = {"code": made["code"], "digits": made["pin"]}
    assert world.as_(None).post("/offices/aoba/reservations/find", asked).status_code == 200


def test_senders_are_there_for_what_is_set_up_and_for_nothing_else(settings: Settings, tmp_path: Path) -> None:
    assert set(senders_for(settings)) == {"line", "push"}
    assert set(senders_for(settings_for(tmp_path))) == set()
