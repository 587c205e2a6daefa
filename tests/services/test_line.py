"""The line asked of the database is the line of the discipline: same head, same number of people before."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from queue_app.domain.discipline import in_order
from queue_app.domain.ticket import StageKind, State
from queue_app.services import line, offices
from queue_app.store.database import db
from queue_app.store.queue_tables import Stage
from tests.world import World

PEOPLE = st.lists(
    st.tuples(st.integers(-90, 10), st.sampled_from([0, 10, 20, 30, 45]), st.one_of(st.none(), st.integers(-30, 0))),
    min_size=1,
    max_size=12,
)


@pytest.fixture
def twelve(world: World) -> World:
    for _ in range(12):
        world.issue("moving")
    return world


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(people=PEOPLE)
def test_head_and_places_are_those_of_the_discipline(twelve: World, people: list[tuple[int, int, int | None]]) -> None:
    """People as minutes of their reference, head start, and return; the rows are set and rolled back each time."""
    now = twelve.clock()
    with twelve.app.app_context():
        session = db.session()
        office = offices.office_by_code(session, "aoba")
        stages = session.query(Stage).order_by(Stage.id).all()
        for stage, facts in zip(stages, [*people, *[None] * 12], strict=False):
            if facts is None:
                stage.state = State.CANCELLED
                continue
            reference, lead, returned = facts
            stage.reference_at = now + timedelta(minutes=reference)
            stage.order_time = stage.reference_at - timedelta(minutes=lead)
            stage.returned_at = None if returned is None else now + timedelta(minutes=returned)
        session.flush()
        waiting = [stage for stage in stages if stage.state == State.WAITING]
        expected = in_order([line.as_waiting(stage) for stage in waiting], now)
        found = line.head(session, office, office.counters["1"], now)
        head = found.ticket_id if found else None
        places = {
            stage.ticket_id: line.counts_before(session, office, stage, now, [("moving", StageKind.RECEPTION)])
            for stage in waiting
        }
        session.rollback()
    assert head == expected[0].number
    for place, person in enumerate(expected):
        assert places[person.number].get(("moving", "reception"), 0) == place
