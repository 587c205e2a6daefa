"""The records of visits: read on as the history grows they are what a recount makes of it, on both databases."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from queue_app.domain.access import Role
from queue_app.domain.discipline import RULE_VERSION
from queue_app.domain.history import End
from queue_app.services import bookkeeping, history
from queue_app.services.ports import Ports
from queue_app.store.database import reading, writing
from queue_app.store.queue_tables import EventRow
from queue_app.store.statistics_tables import HistoryMark, QueueLaw, StopRecord, VisitRecord
from queue_app.web.context import KEY
from tests.bookings import BOOKABLE, reserve, slot
from tests.world import World

ACTIONS = (
    "start",
    "start",
    "finish",
    "finish",
    "finish",
    "miss",
    "requeue",
    "hold",
    "resume",
    "undo",
    "cancel",
    "recall",
)


def ports_of(world: World) -> Ports:
    found: Ports = world.app.extensions[KEY].ports
    return found


def records(world: World) -> list[tuple[Any, ...]]:
    """Everything recorded, in order."""
    with world.app.app_context(), reading() as session:
        return [
            tuple(getattr(row, column.name) for column in table.__table__.columns)
            for table, key in ((VisitRecord, VisitRecord.ticket_id), (StopRecord, StopRecord.stage_id))
            for row in session.scalars(select(table).order_by(key))
        ]


def read_on(world: World) -> int:
    with world.app.app_context():
        return history.catch_up(ports_of(world), 1)


def recount(world: World) -> None:
    with world.app.app_context():
        list(history.rebuild(1))


def a_wild_hour(world: World, rng: Random, *, steps: int) -> None:
    """People come, are called, missed, held, sent on, and clerks take half of it back."""
    world.open("1", "2", "9")
    tickets = [world.issue(service) for service in ("certificate", "moving", "certificate")]
    for _ in range(steps):
        world.clock.pass_(seconds=rng.randrange(1, 240))
        match rng.randrange(8):
            case 0:
                tickets.append(world.issue(rng.choice(["certificate", "moving"])))
            case 1 | 2:
                world.call(rng.choice("12"))
            case 3:
                world.act(rng.choice(tickets), "take_up", counter="9")
            case 4:
                world.act(rng.choice(tickets), "forward", service=rng.choice(["moving", "certificate"]))
            case _:
                world.act(rng.choice(tickets), rng.choice(ACTIONS))
        if rng.random() < 0.3:
            read_on(world)


@pytest.mark.parametrize("seed", [1, 2])
def test_reading_on_gives_what_counting_everything_again_gives(world: World, seed: int) -> None:
    a_wild_hour(world, Random(seed), steps=45)
    read_on(world)
    kept = records(world)
    recount(world)
    assert records(world) == kept
    with world.app.app_context():
        writing(lambda session: session.execute(VisitRecord.__table__.delete()))
        writing(lambda session: session.execute(StopRecord.__table__.delete()))
    recount(world)
    assert records(world) == kept
    assert len(kept) > 10


def test_a_record_tells_what_the_counter_saw(world: World) -> None:
    world.open("1", "9")
    ticket = world.issue("certificate")
    world.clock.pass_(minutes=7)
    world.call("1")
    world.act(ticket, "start")
    world.clock.pass_(minutes=4)
    world.act(ticket, "finish")
    world.clock.pass_(minutes=1)
    world.act(ticket, "take_up", counter="9")
    world.clock.pass_(minutes=5)
    world.act(ticket, "finish")
    world.clock.pass_(minutes=3)
    world.call("1")
    world.act(ticket, "start")
    world.clock.pass_(minutes=2)
    world.act(ticket, "finish")
    read_on(world)
    with world.app.app_context(), reading() as session:
        visit = session.scalars(select(VisitRecord)).one()
        stops = session.scalars(select(StopRecord).order_by(StopRecord.stage_id)).all()
        assert (visit.end, visit.with_clerk_s, visit.idle_s) == (End.DONE, 6 * 60, 16 * 60)
        assert [(stop.kind, stop.served_s // 60, stop.lead_min) for stop in stops] == [
            ("reception", 4, 0.0), ("back_office", 5, 10.0), ("handover", 2, 20.0),
        ]  # fmt: skip
        assert [stop.called_at - stop.counts_from for stop in stops if stop.called_at] == [
            timedelta(minutes=wait) for wait in (7, 1, 3)
        ]


def test_an_undone_press_is_not_in_the_record(world: World) -> None:
    world.open("1")
    ticket = world.issue("moving")
    world.call("1")
    world.act(ticket, "miss")
    read_on(world)
    world.act(ticket, "undo")
    world.act(ticket, "undo")
    read_on(world)
    with world.app.app_context(), reading() as session:
        stop = session.scalars(select(StopRecord)).one()
        assert (stop.calls, stop.misses, stop.called_at, stop.end) == (0, 0, None, End.OPEN)


def test_a_booked_visit_keeps_what_its_place_is_made_of(world: World) -> None:
    world.open_office(BOOKABLE)
    booking = reserve(world, slot("10:00"))
    world.clock.now = world.clock.now + timedelta(days=1, minutes=82)
    answer = world.as_(Role.KIOSK).post("/offices/aoba/check-ins", {"token": booking["token"]})
    assert answer.status_code == 201, answer.text
    read_on(world)
    with world.app.app_context(), reading() as session:
        visit, stop = session.scalars(select(VisitRecord)).one(), session.scalars(select(StopRecord)).one()
        assert (visit.visit_class, stop.lead_min) == ("booked", 30.0)
        assert visit.counts_from - visit.arrived_at == timedelta(minutes=8)
        assert stop.reference_at == visit.counts_from == stop.counts_from
        rules = {event.data["rule"] for event in session.scalars(select(EventRow)) if "ready" in event.data}
        assert rules == {RULE_VERSION}, "each order time stands with the version of its rule"


def test_the_books_are_kept_once_and_learnt_from_once_a_day(world: World) -> None:
    world.open("1")
    world.issue("moving")
    with world.app.app_context():
        bookkeeping.keep_books(ports_of(world))
        bookkeeping.keep_books(ports_of(world))
        with reading() as session:
            mark = session.scalars(select(HistoryMark)).one()
            assert mark.learnt_on == date(2026, 12, 1)
            assert session.scalars(select(VisitRecord.ticket_id)).all() == [1]
            assert session.scalars(select(QueueLaw)).all() == []


def test_nobody_can_be_told_from_a_record(world: World) -> None:
    """Pseudonymous: ids, codes and times; a name, an address, a need or a number has no column to be in."""
    columns = {column.name for table in (VisitRecord, StopRecord) for column in table.__table__.columns}
    assert not columns & {"name", "name_kana", "contact", "needs", "note", "number", "number_text", "language", "actor"}
