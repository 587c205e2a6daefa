"""Many messages at a time: who goes first, who waits for whom, and what becomes of a channel that fails."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from queue_app.adapters.recording import RecordingSender, Sent
from queue_app.services import outbox
from queue_app.services.channel_rests import TOLERATED, Rests
from queue_app.services.outbox import NotSent
from queue_app.services.post_room import AT_A_TIME, PostRoom
from queue_app.store.columns import KEYRING
from queue_app.store.database import db, writing
from queue_app.store.queue_tables import Delivery
from queue_app.web.context import KEY
from tests.bookings import BOOKABLE, reserve, slot
from tests.messages import CHANNELS, PHONE, send, states
from tests.world import World

pytestmark = [pytest.mark.environ(**CHANNELS), pytest.mark.office(BOOKABLE)]


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
