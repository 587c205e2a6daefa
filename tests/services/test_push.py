"""Notifications on the phone: chosen on its page, sealed for it alone, sent once or known to be in doubt."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select

from config import WrongSetting
from queue_app.adapters.push import WebPush
from queue_app.adapters.push_crypto import seal
from queue_app.adapters.recording import RecordingSender
from queue_app.services.push_subscription import (
    Subscription,
    from_base64,
    is_known_service,
    new_private_key,
    public_key_of,
    to_base64,
)
from queue_app.store.database import reading
from queue_app.store.queue_tables import Ticket
from tests.bookings import BOOKABLE, reserve
from tests.conftest import settings_for
from tests.http_double import HANG_UP, Answer, HttpDouble
from tests.messages import LINE_AND_PUSH, PUBLIC_URL, VAPID_KEY, deliveries, send
from tests.services.test_line_messages import ON_THIS_PHONE, USER, booked, browser, code_on, line_says
from tests.world import World

pytestmark = [pytest.mark.environ(**LINE_AND_PUSH, PUBLIC_URL=PUBLIC_URL), pytest.mark.office(BOOKABLE)]


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
    return WebPush(VAPID_KEY, LINE_AND_PUSH["VAPID_SUBJECT"], clock=world.clock, base=double.url)


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
    assert claims["sub"] == LINE_AND_PUSH["VAPID_SUBJECT"]


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


def test_a_booking_that_is_over_is_not_told_about(world: World) -> None:
    path = booked(world)
    page = browser(world, f"{path}/messages")
    browser(world, f"{path}/cancel").press("取り消す")
    page.press(ON_THIS_PHONE, subscription=Phone().subscription())
    assert page.answer.status_code == 409
    assert "もうありません" in page.page.text


def test_a_key_for_notifications_can_be_made_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    made = new_private_key()
    assert len(made) == 43
    assert len(from_base64(public_key_of(made))) == 65
    with pytest.raises(WrongSetting, match="VAPID_PRIVATE_KEY"):
        settings_for(tmp_path, **{**LINE_AND_PUSH, "VAPID_PRIVATE_KEY": "too short"})


def test_where_somebody_is_told_is_unreadable_in_the_database(world: World) -> None:
    ticket = world.issue()
    browser(world, f"/t/{ticket['token']}/messages").press(ON_THIS_PHONE, subscription=Phone().subscription())
    with world.app.app_context(), reading() as session:
        row = session.scalars(select(Ticket)).one()
        assert "fcm.googleapis.com" in (row.notify_address or "")
        raw = session.connection().exec_driver_sql("SELECT notify_address FROM ticket").scalar_one()
        assert b"fcm.googleapis" not in bytes(raw)
