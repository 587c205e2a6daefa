"""Waiting at home: the message "please leave now" goes out once, when the outlook says so, and never after a call."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from queue_app.adapters.recording import RecordingSender
from queue_app.domain.estimate import Spread
from queue_app.domain.planning.remote import ALWAYS_OPEN, SPARE_MIN
from queue_app.domain.ticket import StageKind
from queue_app.services import offices, remote, waits
from queue_app.services.outbox import NotSent, send_due
from queue_app.services.waits import Outlook
from queue_app.store.database import reading, writing
from queue_app.store.planning_tables import RemoteTicket
from queue_app.store.queue_tables import Delivery
from queue_app.store.statistics_tables import QueueLaw
from queue_app.web.context import KEY
from tests.messages import CHANNELS, MAIL, PHONE
from tests.races.arena import together
from tests.services.test_remote import FROM_HOME, join, watch
from tests.web.plain_browser import PlainBrowser
from tests.world import World

WAY = 10
RECEPTION = ("certificate", StageKind.RECEPTION)

pytestmark = [pytest.mark.parametrize("database_url", ["sqlite"], indirect=True), pytest.mark.environ(**CHANNELS)]


@pytest.fixture
def home(world: World) -> Iterator[World]:
    waits._outlooks.clear()
    world.open_office(FROM_HOME)
    world.open("1")
    yield world
    waits._outlooks.clear()


class Unreachable:
    """A provider that cannot be reached just now."""

    def send(self, **_message: Any) -> str:
        raise NotSent("no route")


def outlook(world: World, *spreads: Spread) -> None:
    """What the background has worked out, for whoever has 0, 1, 2 ... people ahead."""
    with world.app.app_context(), reading() as session:
        waits.remember(session, 1, Outlook(1, world.clock(), frozenset({"1"}), {RECEPTION: spreads}))


def sent_by(world: World, sender: Any) -> Any:
    with world.app.app_context():
        send_due(world.app.extensions[KEY].ports, {"sms": sender})
    return sender


def kinds(world: World) -> list[tuple[str, str]]:
    with world.app.app_context(), reading() as session:
        rows = session.execute(select(Delivery.kind, Delivery.state).order_by(Delivery.id))
        return [(row.kind, row.state) for row in rows]


def left_at(world: World) -> Any:
    with world.app.app_context(), reading() as session:
        return session.scalars(select(RemoteTicket.leave_at)).one()


def around(p20: float) -> Spread:
    """Always the same range; only the 20 % point of the passes differs."""
    return Spread(4.0, 30.0, 60.0, p20)


def test_the_moment_is_the_20_percent_point_of_the_outlooks_passes_and_nothing_reckoned_from_the_range(
    home: World,
) -> None:
    join(home, travel_min=WAY)
    outlook(home, around(WAY + SPARE_MIN + 0.1))
    assert watch(home) == 0
    outlook(home, around(WAY + SPARE_MIN))
    assert watch(home) == 1
    assert left_at(home) == home.clock()


def test_what_the_queues_past_taught_moves_the_moment_too(home: World) -> None:
    """Estimates of this queue were twice too short: the same passes mean a longer wait, and nobody leaves yet."""

    def learn(session: Any) -> None:
        law = {"mean_min": 5.0, "cv": 0.5, "leaves_per_min": 0.0, "scale": 2.0, "low_z": -0.4, "high_z": 0.6}
        row = QueueLaw(office_id=1, service="certificate", kind="reception", services=100, lessons=300, **law)
        row.learnt_at = home.clock()
        session.add(row)
        offices.setup_changed(session, 1)

    join(home, travel_min=WAY)
    with home.app.app_context():
        writing(learn)
    outlook(home, Spread(8.0, 15.0, 30.0, WAY + SPARE_MIN))
    assert watch(home) == 0


def test_the_message_goes_out_once_however_often_the_wait_changes(home: World) -> None:
    join(home, travel_min=WAY, notify=PHONE)
    for p20 in (40.0, 12.0, 40.0, 5.0, 0.0):
        outlook(home, around(p20))
        watch(home, minutes=1)
    sms = sent_by(home, RecordingSender())
    sent_by(home, sms)
    assert [message.kind for message in sms.sent] == ["leave"]
    assert "10" in str(sms.sent[0].payload["text"])


def test_nobody_who_was_called_before_is_asked_to_leave_even_when_back_in_line(home: World) -> None:
    mine = join(home, travel_min=60, notify=PHONE).get_json()
    home.call("1")
    home.act(mine, "miss")
    home.act(mine, "requeue")
    outlook(home, around(0.0))
    watch(home)
    assert ("leave", "due") not in kinds(home)
    assert left_at(home) is None


def test_a_call_that_was_taken_back_at_once_is_no_call(home: World) -> None:
    mine = join(home, travel_min=60, notify=PHONE).get_json()
    home.call("1")
    assert home.act(mine, "undo").status_code == 200
    outlook(home, around(0.0))
    watch(home)
    assert ("leave", "due") in kinds(home)


@pytest.mark.parametrize("meanwhile", ["called", "cancelled", "here", "forgotten"])
def test_a_message_that_its_provider_delayed_is_dropped_when_it_comes_too_late(home: World, meanwhile: str) -> None:
    mine = join(home, travel_min=WAY, notify=PHONE).get_json()
    outlook(home, around(0.0))
    watch(home)
    sent_by(home, Unreachable())
    assert ("leave", "due") in kinds(home)
    match meanwhile:
        case "called":
            home.call("1")
        case "cancelled":
            home.as_(None).post(f"/tickets/{mine['token']}/cancel")
        case "here":
            browser = PlainBrowser(home.app.test_client())
            browser.open(f"/t/{mine['token']}")
            browser.press("窓口に着きました")
        case "forgotten":
            with home.app.app_context():
                writing(lambda session: session.query(RemoteTicket).delete())
    home.clock.pass_(minutes=2)
    sms = sent_by(home, RecordingSender())
    assert "leave" not in [message.kind for message in sms.sent]
    assert ("leave", "dropped") in kinds(home)


@pytest.mark.parametrize(
    ("first", "again"),
    [(PHONE, {"channel": "sms", "address": "+819000000001"}), (MAIL, {**MAIL, "address": " hanako@example.jp"})],
)
def test_a_contact_holds_one_number_from_home_however_it_is_written(
    home: World, first: dict[str, str], again: dict[str, str]
) -> None:
    mine = join(home, notify=first).get_json()
    refused = join(home, notify=again)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "already_has_number")
    assert join(home, notify={"channel": "sms", "address": "090-0000-0002"}).status_code == 201
    home.as_(None).post(f"/tickets/{mine['token']}/cancel")
    assert join(home, notify=again).status_code == 201


def taken_together(home: World, people: int) -> int:
    answers = together([lambda: join(home) for _ in range(people)])
    assert {answer.status_code for answer in answers} <= {201, 409}
    return [answer.status_code for answer in answers].count(201)


def test_the_race_for_the_share_would_notice_a_count_that_is_older_than_the_lock(
    home: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broken twin: everybody counts before waiting for their turn to write."""
    people, seen, count = 8, threading.local(), remote._taken
    all_have_counted = threading.Barrier(people)

    def count_then_join() -> Any:
        with home.app.app_context(), reading() as session:
            office = offices.office_by_code(session, "aoba")
            seen.counts = count(session, office.id, office.today(home.clock()), "certificate")
        all_have_counted.wait()
        return join(home)

    monkeypatch.setattr(remote, "_taken", lambda *_whose: seen.counts)
    answers = together([count_then_join for _ in range(people)])
    assert [answer.status_code for answer in answers].count(201) > ALWAYS_OPEN
    monkeypatch.undo()
    assert taken_together(home, people) == 0


def test_the_share_is_kept_while_people_at_the_door_take_numbers_at_the_same_time(home: World) -> None:
    walk_ins = [home.issue for _ in range(4)]
    answers = together([*walk_ins, *(lambda: join(home) for _ in range(10))])
    taken = [answer.status_code for answer in answers if not isinstance(answer, dict)].count(201)
    assert ALWAYS_OPEN <= taken <= max(ALWAYS_OPEN, 4)
    assert taken_together(home, 4) == 4 - taken
