"""How long the recorded past is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from queue_app.services import history
from queue_app.services.forgetting import ESTIMATES_KEPT, RECORDS_KEPT, forget_due
from queue_app.store.database import reading, writing
from queue_app.store.queue_tables import EventRow
from queue_app.store.statistics_tables import StopRecord, VisitRecord
from queue_app.web.context import KEY
from tests.world import World


def a_recorded_visit(world: World) -> None:
    world.open("1")
    world.issue("moving")
    world.clock.pass_(minutes=4)
    world.call("1", finish=True)
    read_on(world)


def read_on(world: World) -> None:
    with world.app.app_context():
        history.catch_up(world.app.extensions[KEY].ports, 1)


def forget_after(world: World, passed: timedelta) -> None:
    later = world.clock() + passed
    with world.app.app_context():
        writing(lambda session: forget_due(session, later))


def told(world: World) -> list[dict[str, Any]]:
    with world.app.app_context(), reading() as session:
        return [row.told for row in session.scalars(select(VisitRecord))]


def rows(world: World) -> list[int | None]:
    with world.app.app_context(), reading() as session:
        return [session.scalar(select(func.count()).select_from(each)) for each in (VisitRecord, StopRecord, EventRow)]


def test_what_a_number_was_told_is_forgotten_after_sixty_days_and_its_wait_is_not(world: World) -> None:
    a_recorded_visit(world)
    forget_after(world, ESTIMATES_KEPT - timedelta(days=1))
    assert "shown" in told(world)[0]
    forget_after(world, ESTIMATES_KEPT + timedelta(days=1))
    assert told(world) == [{}]
    with world.app.app_context(), reading() as session:
        assert session.scalars(select(VisitRecord.first_called_at)).one() is not None


def test_records_and_events_are_forgotten_after_thirteen_months_and_no_recount_brings_them_back(world: World) -> None:
    a_recorded_visit(world)
    before = rows(world)
    forget_after(world, RECORDS_KEPT - timedelta(days=1))
    assert rows(world) == before
    forget_after(world, RECORDS_KEPT + timedelta(days=1))
    assert rows(world) == [0, 0, 0]
    with world.app.app_context():
        assert list(history.rebuild(1)) == []
    read_on(world)
    assert rows(world) == [0, 0, 0]


def test_the_day_goes_on_after_the_oldest_events_are_gone(world: World) -> None:
    a_recorded_visit(world)
    forget_after(world, RECORDS_KEPT + timedelta(days=1))
    world.issue("moving")
    world.call("1", finish=True)
    read_on(world)
    assert rows(world)[0] == 1
