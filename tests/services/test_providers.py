"""The providers of short messages and mail, as doubles on this machine: what they hear, and what follows from their answers."""

from __future__ import annotations

import pytest
from twilio.request_validator import RequestValidator

from queue_app.adapters.recording import RecordingSender
from queue_app.adapters.sms import TwilioSms
from queue_app.services.outbox import OutcomeUnknown
from queue_app.store.queue_tables import Delivery
from queue_app.web.sheets import csv_of
from tests.bookings import BOOKABLE, body, reserve
from tests.messages import CHANNELS, MAIL, PHONE, PUBLIC_URL, Inbox, deliveries, mail_server, send, states
from tests.provider_double import ProviderDouble
from tests.world import World

pytestmark = [pytest.mark.environ(**CHANNELS), pytest.mark.office(BOOKABLE)]


def twilio(double: ProviderDouble) -> TwilioSms:
    return TwilioSms("AC" + "0" * 32, "a token of the tests", "+815000000000", base=double.url, public_url=PUBLIC_URL)


def test_the_provider_gets_number_text_validity_and_where_to_report(world: World) -> None:
    reserve(world, contact=PHONE)
    with ProviderDouble() as provider:
        send(world, sms=twilio(provider))
    taken = provider.taken[0]
    row = deliveries(world, kind="confirmed")[0]
    assert (taken["To"], taken["From"]) == ("+819000000001", "+815000000000")
    assert 1 <= int(taken["ValidityPeriod"]) <= 36_000
    assert taken["StatusCallback"] == f"{PUBLIC_URL}/hooks/sms/{row.id}"
    assert row.provider_id is not None and row.provider_id.startswith("SM")


@pytest.mark.parametrize(
    ("answers", "ends", "taken"),
    [
        (["429", "take"], "sent", 1),
        (["500", "503", "take"], "sent", 1),
        (["400"], "failed", 0),
        (["take_and_hang_up", "take"], "unknown", 1),
    ],
)
def test_the_provider_never_takes_a_message_twice(world: World, answers: list[str], ends: str, taken: int) -> None:
    reserve(world, contact=PHONE)
    with ProviderDouble(behaves=lambda number: answers[number]) as provider:
        sender = twilio(provider)
        for _ in range(5):
            send(world, sms=sender)
            world.clock.pass_(minutes=2)
    assert (states(world), len(provider.taken)) == ([ends], taken)


def test_a_provider_that_cannot_be_reached_has_taken_nothing(world: World) -> None:
    reserve(world, contact=PHONE)
    with ProviderDouble() as gone:
        sender = twilio(gone)
    send(world, sms=sender)
    assert states(world) == ["due"]


def report(world: World, row: Delivery, state: str, *, url: str | None = None, **changed: str) -> int:
    path = f"/hooks/sms/{row.id}"
    form = {"MessageSid": row.provider_id or "SM1", "MessageStatus": state}
    signature = RequestValidator("a token of the tests").compute_signature(url or PUBLIC_URL + path, form)
    answer = world.app.test_client().post(path, data={**form, **changed}, headers={"X-Twilio-Signature": signature})
    return answer.status_code


def test_reports_only_move_a_message_forward_and_repeats_are_fine(world: World) -> None:
    reserve(world, contact=PHONE)
    with ProviderDouble() as provider:
        send(world, sms=twilio(provider))
    row = deliveries(world, kind="confirmed")[0]
    for state in ("delivered", "sent", "delivered", "failed"):
        assert report(world, row, state) == 204
        assert states(world) == ["delivered"]


def test_a_report_settles_what_was_unknown(world: World) -> None:
    reserve(world, contact=PHONE)
    send(world, sms=RecordingSender(fails=lambda _message: OutcomeUnknown("silence")))
    assert report(world, deliveries(world, kind="confirmed")[0], "delivered") == 204
    assert states(world) == ["delivered"]


def test_a_forged_or_changed_report_is_refused(world: World) -> None:
    reserve(world, contact=PHONE)
    send(world, sms=RecordingSender())
    row = deliveries(world, kind="confirmed")[0]
    assert report(world, row, "failed", url=f"http://madoguchi.example.jp/hooks/sms/{row.id}") == 403
    assert report(world, row, "sent", MessageStatus="failed") == 403
    assert report(world, row, "failed", Extra="field") == 403
    assert world.app.test_client().get(f"/hooks/sms/{row.id}").status_code == 405
    assert states(world) == ["sent"]


def test_a_mail_arrives_with_subject_text_and_calendar(world: World) -> None:
    from email import message_from_bytes, policy

    reserve(world, contact=MAIL, language="ja")
    inbox = Inbox()
    with mail_server(inbox) as mail:
        send(world, email=mail)
    assert states(world) == ["sent"]
    message = message_from_bytes(inbox.mails[0].content, policy=policy.default)
    assert message["Subject"] == "【あおば市役所】ご予約の確認 12月2日（水）10:00"
    assert message["To"] == "hanako@example.jp"
    assert [part.get_content_type() for part in message.iter_attachments()] == ["text/calendar", "image/png"]


RARE = "髙﨑𠮷葛\U000e0100市"
"""Forms of names that are written so and no other way; the last with a variation selector."""


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_rare_characters_survive_in_mail_calendar_and_table(world: World) -> None:
    from email import message_from_bytes, policy

    world.open_office(BOOKABLE.replace("あおば市役所", RARE).replace("ja: 住民異動", f"ja: {RARE}窓口"))
    made = reserve(world, contact=MAIL, language="ja", name_kana=RARE)
    assert made["name_kana"] == RARE
    inbox = Inbox()
    with mail_server(inbox) as mail:
        send(world, email=mail)
    message = message_from_bytes(inbox.mails[0].content, policy=policy.default)
    calendar = next(message.iter_attachments()).get_content().replace("\r\n ", "").replace("\n ", "")
    body = message.get_body()
    assert body is not None
    assert [RARE in text for text in (message["Subject"], body.get_content(), calendar)] == [True] * 3
    assert f"{RARE}窓口" in calendar
    assert csv_of(["head"], [[RARE]]).encode().decode("utf-8-sig").splitlines()[1] == RARE


def test_a_mail_server_that_is_busy_is_asked_again_with_the_same_message_id(world: World) -> None:
    reserve(world, contact=MAIL)
    inbox = Inbox("451 later")
    with mail_server(inbox) as mail:
        send(world, email=mail)
        assert states(world) == ["due"]
        world.clock.pass_(minutes=1)
        send(world, email=mail)
    assert (states(world), len(inbox.mails)) == (["sent"], 1)


@pytest.mark.parametrize(
    "address",
    ["a@b", "a b@example.jp", "a@example.jp\r\nBcc: x@example.jp", "@example.jp", "a@@example.jp"],
    ids=range(5),
)
def test_what_is_no_mail_address_is_refused_by_field(world: World, address: str) -> None:
    refused = world.as_(None).post("/offices/aoba/reservations", body(contact={"channel": "email", "address": address}))
    assert refused.status_code == 422
    assert refused.get_json()["errors"][0]["code"] == "not_an_email"
