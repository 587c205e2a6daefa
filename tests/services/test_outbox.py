"""Messages are recorded with their cause, sent once, and end in a state that staff can read."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, select, type_coerce

from config import Settings
from queue_app.adapters.recording import RecordingSender
from queue_app.services.outbox import NotSent, OutcomeUnknown, Refused
from queue_app.store.columns import Sealed
from queue_app.store.database import db
from queue_app.store.queue_tables import Delivery
from queue_app.store.reservation_tables import Reservation
from tests.bookings import BOOKABLE, body, reserve, slot
from tests.messages import CHANNELS, MAIL, PHONE, PUBLIC_URL, deliveries, send, states
from tests.world import World

pytestmark = [pytest.mark.environ(**CHANNELS), pytest.mark.office(BOOKABLE)]


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
