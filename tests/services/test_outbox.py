"""Messages are recorded with their cause, sent once, and end in a state that staff can read."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import LargeBinary, select, type_coerce
from sqlalchemy.orm import Session
from twilio.request_validator import RequestValidator

from config import Settings
from queue_app.adapters.mail import SmtpMail
from queue_app.adapters.recording import RecordingSender, Sent
from queue_app.adapters.sms import TwilioSms
from queue_app.services import outbox
from queue_app.services.channel_rests import TOLERATED, Rests
from queue_app.services.outbox import NotSent, OutcomeUnknown, Refused, send_due
from queue_app.services.post_room import AT_A_TIME, PostRoom
from queue_app.store.columns import KEYRING, Sealed
from queue_app.store.database import db, reading, writing
from queue_app.store.queue_tables import Delivery
from queue_app.store.reservation_tables import Reservation
from queue_app.web.context import KEY
from queue_app.web.sheets import csv_of
from tests.bookings import BOOKABLE, body, reserve, slot
from tests.conftest import settings_for
from tests.provider_double import ProviderDouble
from tests.world import World

PUBLIC_URL = "https://madoguchi.example.jp"
CHANNELS = {
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "a token of the tests",
    "TWILIO_FROM": "+815000000000",
    "SMTP_URL": "smtp://127.0.0.1:1",
    "MAIL_FROM": "yoyaku@aoba.example.jp",
    "PUBLIC_URL": PUBLIC_URL,
}
PHONE = {"channel": "sms", "address": "090-0000-0001"}
MAIL = {"channel": "email", "address": "hanako@example.jp"}


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return settings_for(tmp_path, DATABASE_URL=database_url, REDIS_URL="redis://127.0.0.1:1/0", **CHANNELS)


@pytest.fixture
def world(world: World) -> World:
    world.open_office(BOOKABLE)
    return world


def deliveries(world: World, **where: Any) -> list[Delivery]:
    with world.app.app_context(), reading() as session:
        rows = list(session.scalars(select(Delivery).filter_by(**where).order_by(Delivery.id)))
        session.expunge_all()
        return rows


def send(world: World, **senders: Any) -> None:
    with world.app.app_context():
        send_due(world.app.extensions[KEY].ports, senders)


def states(world: World, kind: str = "confirmed") -> list[str]:
    return [row.state for row in deliveries(world, kind=kind)]


def test_a_booking_records_its_confirmation_and_two_reminders(world: World) -> None:
    reserve(world, slot(day="2026-12-18"), contact=PHONE)
    rows = deliveries(world)
    assert [(row.kind, row.state) for row in rows] == [
        ("confirmed", "due"),
        ("reminder_7", "due"),
        ("reminder_1", "due"),
    ]
    assert [f"{row.due_at:%m-%d}" for row in rows[1:]] == ["12-11", "12-17"]
    assert {row.address for row in rows} == {"+819000000001"}


def test_a_refused_booking_records_nothing(world: World) -> None:
    reserve(world, slot(service="insurance"), contact=PHONE)
    refused = world.as_(None).post(
        "/offices/aoba/reservations", body(slot(service="insurance"), contact={**PHONE, "address": "090-0000-0002"})
    )
    assert refused.status_code == 409
    assert len(deliveries(world, kind="confirmed")) == 1


def test_a_message_goes_out_once_and_ends_as_sent(world: World) -> None:
    reserve(world, contact=PHONE)
    sms = RecordingSender()
    for _ in range(3):
        send(world, sms=sms)
    assert [message.kind for message in sms.sent] == ["confirmed"]
    assert states(world) == ["sent"]


def test_a_message_says_when_and_where_to_change_and_nothing_that_was_typed(world: World) -> None:
    made = reserve(world, contact=PHONE, name_kana="ツグ ワルイ")
    sms = RecordingSender()
    send(world, sms=sms)
    text = str(sms.sent[0].payload["text"])
    assert "12月2日（水）10:00" in text or "Wed 2 Dec, 10:00" in text
    assert f"{PUBLIC_URL}/r/{made['token']}" in text
    assert made["code"][:4] + "-" + made["code"][4:] in text
    assert "ツグ" not in str(sms.sent[0].payload)


def test_a_mail_brings_papers_and_the_calendar(world: World) -> None:
    reserve(
        world,
        contact=MAIL,
        language="ja",
        answers={"move_type": "in_domestic", "mynumber_cards": 1},
        moved_on="2026-12-01",
    )
    mail = RecordingSender()
    send(world, email=mail)
    payload = mail.sent[0].payload
    assert "本人確認書類" in str(payload["text"]) and "暗証番号" in str(payload["text"])
    assert "BEGIN:VCALENDAR" in str(payload["enclosures"])


def test_moving_and_cancelling_withdraw_reminders_and_say_so(world: World) -> None:
    made = reserve(world, slot(day="2026-12-18"), contact=PHONE)
    resident = world.as_(None)
    resident.post(f"/reservations/{made['token']}/reschedule", {"slot": slot(day="2026-12-22")})
    due = [(row.kind, f"{row.due_at:%d}") for row in deliveries(world, state="due")]
    assert due == [("moved", "30"), ("reminder_7", "15"), ("reminder_1", "21")]
    resident.post(f"/reservations/{made['token']}/cancel")
    assert [row.kind for row in deliveries(world, state="due")] == ["cancelled"]


def test_reminders_go_out_on_their_day_at_a_decent_hour(world: World) -> None:
    reserve(world, slot("08:30", day="2026-12-18"), contact=PHONE)
    sms = RecordingSender()
    send(world, sms=sms)
    world.clock.pass_(days=10, hours=0.4)
    send(world, sms=sms)
    assert [message.kind for message in sms.sent] == ["confirmed"]
    world.clock.pass_(hours=0.2)
    send(world, sms=sms)
    assert [message.kind for message in sms.sent] == ["confirmed", "reminder_7"]


def test_the_reminder_of_the_day_before_leads_straight_to_cancelling(world: World) -> None:
    made = reserve(world, slot("10:00", day="2026-12-15"), contact=PHONE)
    sms = RecordingSender()
    world.clock.pass_(days=13, hours=2)
    send(world, sms=sms)
    words = [str(message.payload["text"]) for message in sms.sent if message.kind == "reminder_1"]
    assert [word.split()[-1] for word in words] == [f"{PUBLIC_URL}/r/{made['token']}/cancel"]
    page = world.app.test_client().get(f"/r/{made['token']}/cancel").text
    assert page.count("<form") == 1


def test_what_is_proven_unsent_is_tried_again_later_each_time(world: World) -> None:
    reserve(world, contact=PHONE)
    failures: list[Exception | None] = [NotSent("busy"), NotSent("busy"), None]
    sms = RecordingSender(fails=lambda _message: failures.pop(0))
    send(world, sms=sms)
    send(world, sms=sms)  # not yet due again
    assert (len(failures), states(world)) == (2, ["due"])
    world.clock.pass_(seconds=15)
    send(world, sms=sms)
    world.clock.pass_(seconds=15)
    send(world, sms=sms)
    assert len(failures) == 1
    world.clock.pass_(seconds=15)
    send(world, sms=sms)
    assert (len(sms.sent), states(world)) == (1, ["sent"])


def test_silence_is_unknown_and_never_sent_again(world: World) -> None:
    reserve(world, contact=PHONE)
    sms = RecordingSender(fails=lambda _message: OutcomeUnknown("silence"))
    for _ in range(3):
        send(world, sms=sms)
        world.clock.pass_(hours=1)
    assert (deliveries(world)[0].attempts, states(world)) == (1, ["unknown"])


def test_a_refused_message_has_failed(world: World) -> None:
    reserve(world, contact=PHONE)
    send(world, sms=RecordingSender(fails=lambda _message: Refused("no such number")))
    assert states(world) == ["failed"]


def test_a_message_whose_use_is_over_is_dropped(world: World) -> None:
    reserve(world, contact=PHONE)
    world.clock.pass_(days=2)
    sms = RecordingSender()
    send(world, sms=sms)
    assert (sms.sent, states(world)) == ([], ["dropped"])


def test_a_message_whose_sender_died_is_unknown_and_never_sent_again(world: World) -> None:
    reserve(world, contact=PHONE)

    class Death(BaseException):
        pass

    with pytest.raises(Death):
        send(world, sms=RecordingSender(fails=lambda _message: Death()))  # type: ignore[arg-type, return-value]
    assert states(world) == ["sending"]
    world.clock.pass_(minutes=3)
    sms = RecordingSender()
    send(world, sms=sms)
    assert (sms.sent, states(world)) == ([], ["unknown"])


def test_a_sender_that_dies_leaves_doubt_about_the_one_message_in_its_hand(world: World) -> None:
    for number in range(3):
        reserve(world, slot(day=f"2026-12-{16 + number}"), contact={**PHONE, "address": f"090-0000-000{number}"})

    class Death(BaseException):
        pass

    with pytest.raises(Death):
        send(world, sms=RecordingSender(fails=lambda _message: Death()))  # type: ignore[arg-type, return-value]
    assert states(world) == ["sending", "due", "due"]
    world.clock.pass_(minutes=3)
    sms = RecordingSender()
    send(world, sms=sms)
    assert states(world) == ["unknown", "sent", "sent"]


def test_two_senders_at_once_send_one_message(world: World) -> None:
    reserve(world, contact=PHONE)
    sms, both = RecordingSender(), threading.Barrier(2)

    def work() -> None:
        both.wait(timeout=10)
        send(world, sms=sms)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(sms.sent) == 1


def remind(world: World, count: int, kind: str = "reminder_1", *, use: timedelta = timedelta(days=1)) -> None:
    """So many messages to as many numbers are due."""
    now = world.clock()

    def add(session: Session) -> None:
        session.add_all(
            Delivery(
                office_id=1, channel="sms", kind=kind, address=f"+8190{number:08d}", address_hash=f"{kind} {number}",
                payload=json.dumps({"text": "x" * 100}), dedupe=f"{kind} {number}", due_at=now, expires_at=now + use,
                updated_at=now,
            )
            for number in range(count)
        )  # fmt: skip

    with world.app.app_context():
        writing(add)


def test_four_messages_are_under_way_at_a_time(world: World) -> None:
    """Were there one sender less, the fourth would never come to the meeting and the barrier would break."""
    remind(world, 8)
    met = threading.Barrier(AT_A_TIME)

    def meet(_message: Sent) -> None:
        met.wait(timeout=20)

    sms = RecordingSender(fails=meet)
    room = PostRoom(world.app.extensions[KEY].ports, {"sms": sms}, world.app.app_context)
    with world.app.app_context():
        room.look()
    for sender in room._at_work:
        sender.join(timeout=30)
    assert sorted(message.address for message in sms.sent) == [f"+8190{number:08d}" for number in range(8)]
    assert states(world, "reminder_1") == ["sent"] * 8


def test_one_person_is_written_to_in_order_however_many_send(world: World) -> None:
    made = reserve(world, slot(day="2026-12-18"), contact=PHONE)
    others: list[int] = []

    def look(_message: Sent) -> None:
        if not others:
            world.as_(None).post(f"/reservations/{made['token']}/cancel")
            others.append(-1)
            with world.app.app_context():
                claimed = outbox._next(world.app.extensions[KEY].ports, Rests())
            others.append(0 if claimed is None else claimed.id)

    sms = RecordingSender(fails=look)
    send(world, sms=sms)
    assert others == [-1, 0], "while the first is being said nobody may take the second"
    assert [message.kind for message in sms.sent] == ["confirmed", "cancelled"]


def test_whose_use_is_over_first_goes_first(world: World) -> None:
    remind(world, 30)
    world.clock.pass_(seconds=5)
    remind(world, 1, "called", use=timedelta(minutes=5))
    sms = RecordingSender()
    send(world, sms=sms)
    assert sms.sent[0].kind == "called"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_claim_opens_one_message_however_many_are_due(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    remind(world, 60)
    opened: list[bytes] = []
    unseal = KEYRING.unseal
    monkeypatch.setattr(KEYRING, "unseal", lambda sealed: opened.append(sealed) or unseal(sealed))
    with world.app.app_context():
        outbox._next(world.app.extensions[KEY].ports, Rests())
    assert len(opened) == 2, "an address and a text"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_a_claim_asks_is_answered_from_indexes_alone(world: World) -> None:
    """A look through all that was ever sent made each message slower than the one before."""
    with world.app.app_context(), db.engine.connect() as connection:
        for asked, index in (
            ("SELECT id FROM delivery WHERE state = 'due' AND due_at <= '2027' AND channel NOT IN ('paper') "
             "ORDER BY expires_at, due_at, id", "ix_delivery_due"),
            ("SELECT count(*) FROM delivery WHERE office_id = 1 AND channel = 'sms' AND state IN ('sent', 'sending') "
             "AND updated_at > '2026'", "ix_delivery_of_office"),
        ):  # fmt: skip
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}").all()
            assert f"USING COVERING INDEX {index}" in str(plan), plan


def test_one_bad_mailbox_stops_nobody_and_a_provider_that_is_away_is_left_in_peace(world: World) -> None:
    remind(world, 12)
    asked: list[str] = []

    def one_is_bad(message: Sent) -> Exception | None:
        asked.append(message.address)
        return NotSent("busy") if message.address.endswith("03") else None

    send(world, sms=RecordingSender(fails=one_is_bad))
    assert len(asked) == 12, "all others have their message"
    remind(world, 12, "near")
    asked.clear()
    send(world, sms=RecordingSender(fails=lambda message: asked.append(message.address) or NotSent("no connection")))
    assert len(asked) == TOLERATED + 1


@pytest.mark.parametrize(("told", "tolerated"), [(False, TOLERATED), (True, 0)])
def test_a_channel_rests_longer_with_each_failure_up_to_a_bound(world: World, told: bool, tolerated: int) -> None:
    rests, now, waited = Rests(), world.clock(), []
    for _ in range(tolerated):
        rests.failed("sms", now, was_told=told)
        assert rests.resting(now) == ()
    for _ in range(6):
        rests.failed("sms", now, was_told=told)
        waited.append(next(s for s in range(60) if not rests.resting(now + timedelta(seconds=s))))
    assert waited == [1, 2, 4, 8, 15, 15]
    rests.answered("sms")
    rests.failed("sms", now + timedelta(minutes=1), was_told=told)
    assert bool(rests.resting(now + timedelta(minutes=1))) is told


def test_no_session_is_open_while_a_provider_is_spoken_to(world: World) -> None:
    reserve(world, contact=PHONE)
    open_ones: list[int] = []

    def look(_message: object) -> None:
        open_ones.append(db.engine.pool.checkedout())  # type: ignore[attr-defined]

    send(world, sms=RecordingSender(fails=look))
    assert open_ones == [0]


def test_one_number_gets_three_short_messages_an_hour_and_five_a_day(world: World) -> None:
    sms = RecordingSender()
    sent = []
    for hour in range(4):
        for number in range(3):
            start = f"{9 + hour}:{(0, 30)[number % 2]:02d}".zfill(5)
            made = reserve(world, slot(start, day=f"2026-12-{8 + number:02d}"), caller=world.clerk, contact=PHONE)
            assert made["status"] == "booked"
        send(world, sms=sms)
        sent.append(len(sms.sent))
        world.clock.pass_(hours=1, seconds=1)
    assert sent == [3, 5, 5, 5]
    dropped = deliveries(world, kind="confirmed", state="dropped")
    assert {row.last_error for row in dropped} == {"limit_of_number"}


@pytest.mark.parametrize(
    "number", ["+1 202 555 0100", "0990-000-000", "0120-000-000", "042-000-0000", "110", "call me"]
)
def test_foreign_paid_and_fixed_numbers_are_refused_by_field(world: World, number: str) -> None:
    refused = world.as_(None).post("/offices/aoba/reservations", body(contact={"channel": "sms", "address": number}))
    assert refused.status_code == 422
    assert refused.get_json()["errors"][0]["field"] == "contact.address"


def test_a_second_open_booking_for_one_contact_and_service_is_refused_however_it_is_written(world: World) -> None:
    reserve(world, contact=PHONE)
    again = body(slot("11:00"), contact={"channel": "sms", "address": "+81 90 0000 0001"})
    refused = world.as_(None).post("/offices/aoba/reservations", again)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "already_booked")
    reserve(world, slot("11:00", "insurance"), contact=PHONE)
    reserve(world, slot("11:00"), contact=PHONE, caller=world.clerk)


def test_with_a_phone_its_last_digits_are_the_second_factor(world: World) -> None:
    made = reserve(world, contact=PHONE)
    assert made["pin"] is None
    found = world.as_(None).post("/offices/aoba/reservations/find", {"code": made["code"], "digits": "0001"})
    assert found.get_json()["token"] == made["token"]


def test_who_asked_is_told_of_the_call_and_of_being_near(world: World) -> None:
    tickets = [world.issue("moving", notify={"channel": "sms", "address": f"090-0000-001{n}"}) for n in range(5)]
    world.open("1", "2")
    world.call("1")
    sms = RecordingSender()
    send(world, sms=sms)
    assert [(m.kind, m.address[-1]) for m in sms.sent] == [("called", "0"), ("near", "1"), ("near", "2"), ("near", "3")]
    assert tickets[0]["number"] in str(sms.sent[0].payload["text"])
    world.call("2")
    send(world, sms=sms)
    assert [(m.kind, m.address[-1]) for m in sms.sent[4:]] == [("called", "1"), ("near", "4")]


def test_a_turn_message_is_of_no_use_after_five_minutes(world: World) -> None:
    world.issue("moving", notify=PHONE)
    world.open("1")
    world.call("1")
    world.clock.pass_(minutes=5)
    sms = RecordingSender()
    send(world, sms=sms)
    assert sms.sent == []


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


class Inbox:
    """Keeps mails; answers the text of each with the next of `says`."""

    def __init__(self, *says: str) -> None:
        self.mails: list[Any] = []
        self.says = list(says)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        said = self.says.pop(0) if self.says else "250 taken"
        if said.startswith("250"):
            self.mails.append(envelope)
        return said


@contextmanager
def mail_server(inbox: Inbox) -> Iterator[SmtpMail]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = Controller(inbox, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield SmtpMail(f"smtp://127.0.0.1:{port}", "yoyaku@aoba.example.jp")
    finally:
        server.stop()


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


def test_personal_data_of_messages_and_bookings_is_unreadable_in_the_database(world: World, settings: Settings) -> None:
    reserve(world, contact={"channel": "email", "address": "marker-hanako@example.jp"}, name_kana="マーカー ハナコ")
    if settings.is_embedded:
        raw = b"".join(file.read_bytes() for file in Path(settings.database_url[10:]).parent.glob("matazu.db*"))
    else:
        with world.app.app_context(), db.engine.connect() as connection:
            raw = "".join(
                str([bytes(cell) if isinstance(cell, memoryview) else cell for cell in row])
                for table in (Reservation.__table__, Delivery.__table__)
                for row in connection.execute(
                    select(*(type_coerce(c, LargeBinary) if isinstance(c.type, Sealed) else c for c in table.columns))
                )
            ).encode()
    assert b"marker-hanako" not in raw
    assert "マーカー".encode() not in raw


def test_staff_see_what_became_of_the_messages_about_a_booking(world: World) -> None:
    made = reserve(world, contact=PHONE)
    send(world, sms=RecordingSender(fails=lambda _message: Refused("no such number")))
    search = world.clerk.post("/offices/aoba/reservations/search", {"text": made["code"], "reason": "phone_call"})
    told = search.get_json()["reservations"][0]["messages"]
    assert [(each["kind"], each["state"], each["why"]) for each in told] == [
        ("confirmed", "failed", "no such number"),
        ("reminder_1", "due", None),
    ]
