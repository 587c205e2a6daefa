"""LINE and notifications on the phone: chosen on the page, tied safely, sent once or known to be in doubt."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select

from config import Settings, WrongSetting
from queue_app.adapters.line import LineMessages
from queue_app.adapters.push import WebPush
from queue_app.adapters.push_crypto import seal
from queue_app.adapters.recording import RecordingSender
from queue_app.adapters.senders import senders_for
from queue_app.services.push_subscription import (
    Subscription,
    from_base64,
    is_known_service,
    new_private_key,
    public_key_of,
    to_base64,
)
from queue_app.store.database import reading
from queue_app.store.linking_tables import LinkCode
from queue_app.store.queue_tables import Ticket
from queue_app.store.reservation_tables import Reservation
from queue_app.web.context import KEY
from tests.bookings import BOOKABLE, reserve
from tests.conftest import settings_for
from tests.http_double import HANG_UP, Answer, Asked, HttpDouble
from tests.messages import deliveries, send
from tests.web.plain_browser import PlainBrowser
from tests.world import World

PUBLIC_URL = "https://madoguchi.example.jp"
VAPID_KEY = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
CHANNELS = {
    "LINE_CHANNEL_SECRET": "a secret of the tests",
    "LINE_CHANNEL_TOKEN": "a token of the tests",
    "LINE_ACCOUNT": "@aoba-city",
    "VAPID_PRIVATE_KEY": VAPID_KEY,
    "VAPID_SUBJECT": "mailto:joho@aoba.example.jp",
    "PUBLIC_URL": PUBLIC_URL,
}
USER = "U" + "0123456789abcdef" * 2
OTHER = "U" + "f" * 32
ON_THIS_PHONE = "この端末で通知を受け取る"

pytestmark = [pytest.mark.environ(**CHANNELS), pytest.mark.office(BOOKABLE)]


class Phone:
    """A browser that can receive notifications: it alone can open what is sealed for it."""

    def __init__(self) -> None:
        self.key, self.secret = ec.generate_private_key(ec.SECP256R1()), b"sixteen bytes ok"

    def subscription(self, endpoint: str = "https://fcm.googleapis.com/fcm/send/phone-1") -> str:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return Subscription(endpoint, to_base64(point), to_base64(self.secret)).as_address()

    def open(self, sealed: bytes) -> dict[str, str]:
        salt, theirs, rest = sealed[:16], sealed[21:86], sealed[86:]
        ours = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs))
        secret = HKDF(SHA256(), 32, self.secret, b"WebPush: info\x00" + ours + theirs).derive(shared)
        key = HKDF(SHA256(), 16, salt, b"Content-Encoding: aes128gcm\x00").derive(secret)
        nonce = HKDF(SHA256(), 12, salt, b"Content-Encoding: nonce\x00").derive(secret)
        opened: dict[str, str] = json.loads(AESGCM(key).decrypt(nonce, rest, None).rstrip(b"\x02"))
        return opened


def browser(world: World, path: str) -> PlainBrowser:
    made = PlainBrowser(world.app.test_client())
    made.open(path)
    return made


def code_on(page: PlainBrowser) -> str:
    found = re.search(r"[2-9A-Z]{4}-[2-9A-Z]{4}", page.page.text)
    assert found is not None, page.page.text
    return found[0]


def line_says(world: World, *texts: tuple[str, str], secret: str = CHANNELS["LINE_CHANNEL_SECRET"]) -> int:
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
    secret = CHANNELS["LINE_CHANNEL_SECRET"].encode()
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


def test_the_seal_is_that_of_the_standard() -> None:
    """RFC 8291, appendix A."""
    to = Subscription(
        "https://push.example.net/",
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "BTBZMqHH6r4Tts7J_aSIgg",
    )
    key = ec.derive_private_key(int.from_bytes(from_base64(VAPID_KEY)), ec.SECP256R1())
    text = b"When I grow up, I want to be a watermelon"
    assert to_base64(seal(text, to, key=key, salt=from_base64("DGv6ra1nlYgDCS1FRnbzlw"))) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
        "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    assert public_key_of(VAPID_KEY) == (
        "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
    )


def push(world: World, double: HttpDouble) -> WebPush:
    return WebPush(VAPID_KEY, CHANNELS["VAPID_SUBJECT"], clock=world.clock, base=double.url)


def test_a_phone_alone_can_read_what_is_sent_to_it_and_whom_it_is_from(world: World) -> None:
    phone = Phone()
    ticket = world.issue()
    page = browser(world, f"/t/{ticket['token']}/messages")
    page.press(ON_THIS_PHONE, subscription=phone.subscription())
    assert "変更しました" in page.page.text
    world.open("1")
    world.call("1")
    with HttpDouble(answers=lambda _asked, _number: (201, {})) as double:
        send(world, push=push(world, double))
    asked = double.asked[0]
    shown = phone.open(asked.body)
    assert ticket["number"] in shown["title"]
    assert shown["url"] == f"{PUBLIC_URL}/t/{ticket['token']}"
    assert shown["url"] not in shown["body"]
    assert asked.path == "/fcm/send/phone-1"
    assert asked.headers["content-encoding"] == "aes128gcm"
    assert 1 <= int(asked.headers["ttl"]) <= 300
    check_word(asked.headers["authorization"], now=world.clock())


def check_word(header: str, *, now: datetime) -> None:
    word, key = re.fullmatch(r"vapid t=(\S+), k=(\S+)", header).groups()  # type: ignore[union-attr]
    signed, _, signature = word.rpartition(".")
    raw = from_base64(signature)
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), from_base64(key))
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    public.verify(der, signed.encode(), ec.ECDSA(SHA256()))
    claims = json.loads(from_base64(signed.split(".")[1]))
    assert claims["aud"] == "https://fcm.googleapis.com"
    assert 0 < claims["exp"] - now.timestamp() <= 24 * 3600
    assert claims["sub"] == CHANNELS["VAPID_SUBJECT"]


@pytest.mark.parametrize(
    ("answers", "ends", "asked"),
    [
        ([(201, {})], "sent", 1),
        ([(429, {"Retry-After": "30"}), (201, {})], "sent", 2),
        ([(503, {}), (201, {})], "sent", 2),
        ([(410, {})], "failed", 1),
        ([(HANG_UP, {})], "unknown", 1),
        ([(302, {"Location": "http://127.0.0.1:1/"})], "failed", 1),
    ],
)
def test_a_notification_is_never_sent_twice_when_that_can_be_known(
    world: World, answers: list[Answer], ends: str, asked: int
) -> None:
    reserve(world, contact={"channel": "push", "address": Phone().subscription()})
    with HttpDouble(answers=lambda _asked, number: answers[number]) as double:
        for _ in range(4):
            send(world, push=push(world, double))
            world.clock.pass_(minutes=2)
    row = deliveries(world, kind="confirmed")[0]
    assert (row.state, len(double.asked)) == (ends, asked)


@pytest.mark.parametrize(
    ("endpoint", "known"),
    [
        ("https://fcm.googleapis.com/fcm/send/a", True),
        ("https://updates.push.services.mozilla.com/wpush/v2/a", True),
        ("https://web.push.apple.com/a", True),
        ("https://wns2-pn1p.notify.windows.com/w/?token=a", True),
        ("http://fcm.googleapis.com/fcm/send/a", False),
        ("https://fcm.googleapis.com:8443/a", False),
        ("https://user@fcm.googleapis.com/a", False),
        ("https://fcm.googleapis.com.example.jp/a", False),
        ("https://evilpush.apple.com/a", False),
        ("https://127.0.0.1/a", False),
        ("https://[::1]/a", False),
        ("https://fcm.googleapis.com@127.0.0.1/a", False),
        ("https://fcm.googleapis.com/" + "a" * 1000, False),
        ("file:///etc/passwd", False),
        ("https://[", False),
    ],
)
def test_only_push_services_of_known_makers_are_written_to(endpoint: str, known: bool) -> None:
    assert is_known_service(endpoint) is known


@pytest.mark.parametrize(
    "address", ["", "{}", "[]", "null", '"x"', Phone().subscription("https://127.0.0.1/a"), Phone().subscription()[:-9]]
)
def test_what_is_no_subscription_is_refused_by_field(world: World, address: str) -> None:
    ticket = world.issue()
    said = {"channel": "push", "address": address}
    answer = world.as_(None).post(f"/tickets/{ticket['token']}/notify", said)
    assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, "address")


def test_a_line_account_is_not_taken_from_a_form(world: World) -> None:
    path = booked(world)
    page = browser(world, f"{path}/messages")
    page.press(ON_THIS_PHONE, channel="line", line=USER, address=USER, subscription=USER)
    assert contact_of_booking(world) == (None, None)
    page.press(ON_THIS_PHONE, channel="sms", phone="090-0000-0001")
    assert page.answer.status_code == 422  # sms is not set up in this test


def test_an_old_address_hears_nothing_more_and_can_be_taken_again(world: World) -> None:
    phone = Phone()
    path = booked(world, contact={"channel": "line", "address": USER})
    line_sender, push_sender = RecordingSender(), RecordingSender()
    send(world, line=line_sender, push=push_sender)
    page = browser(world, f"{path}/messages")
    page.press(ON_THIS_PHONE, subscription=phone.subscription())
    page.press("確認コードを出す")
    line_says(world, (USER, code_on(page)))
    world.clock.pass_(hours=20)
    send(world, line=line_sender, push=push_sender)
    assert [message.kind for message in line_sender.sent] == ["confirmed"]
    assert [message.kind for message in push_sender.sent] == []
    live = deliveries(world, state="due")
    assert [(row.channel, row.kind) for row in live] == []


def test_nothing_that_is_not_set_up_is_offered(world: World, tmp_path: Path) -> None:
    house = world.app.extensions[KEY]
    path = booked(world)
    house.settings = settings_for(tmp_path, DATABASE_URL=house.settings.database_url, REDIS_URL="redis://127.0.0.1:1/0")
    assert "お知らせの受け取り方" not in browser(world, path).page.text
    client = world.app.test_client()
    assert client.get(f"{path}/messages").status_code == 404
    assert client.post(f"{path}/messages/line").status_code in (404, 400)
    assert client.post("/hooks/line", data=b"{}").status_code == 403


def test_a_booking_that_is_over_is_not_told_about(world: World) -> None:
    path = booked(world)
    page = browser(world, f"{path}/messages")
    browser(world, f"{path}/cancel").press("取り消す")
    page.press(ON_THIS_PHONE, subscription=Phone().subscription())
    assert page.answer.status_code == 409
    assert "もうありません" in page.page.text


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


def test_a_key_for_notifications_can_be_made_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    made = new_private_key()
    assert len(made) == 43
    assert len(from_base64(public_key_of(made))) == 65
    with pytest.raises(WrongSetting, match="VAPID_PRIVATE_KEY"):
        settings_for(tmp_path, **{**CHANNELS, "VAPID_PRIVATE_KEY": "too short"})


def test_where_somebody_is_told_is_unreadable_in_the_database(world: World) -> None:
    ticket = world.issue()
    browser(world, f"/t/{ticket['token']}/messages").press(ON_THIS_PHONE, subscription=Phone().subscription())
    with world.app.app_context(), reading() as session:
        row = session.scalars(select(Ticket)).one()
        assert "fcm.googleapis.com" in (row.notify_address or "")
        raw = session.connection().exec_driver_sql("SELECT notify_address FROM ticket").scalar_one()
        assert b"fcm.googleapis" not in bytes(raw)
