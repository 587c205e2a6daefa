"""The outlook: what is looked up agrees with what the estimator says, and is not used when it no longer fits."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from queue_app.domain.estimate import Ahead, Clerk, LiveState, Running, sampled_waits, spread_of, spreads_in_line
from queue_app.domain.office import Office
from queue_app.domain.planning.lognormal import Duration
from queue_app.domain.ticket import StageKind
from queue_app.services import history, offices, waits
from queue_app.services.hall import read_hall
from queue_app.services.outlook import Lookout, look_ahead, state_of
from queue_app.services.ports import Ports
from queue_app.store.database import reading, writing
from queue_app.store.queue_tables import EventRow
from queue_app.store.statistics_tables import QueueLaw, VisitRecord
from queue_app.web.context import KEY
from tests.bookings import BOOKABLE, reserve, slot
from tests.world import World

MOVING = ("moving", StageKind.RECEPTION)


@pytest.fixture(autouse=True)
def nothing_remembered() -> Any:
    waits._outlooks.clear()
    yield
    waits._outlooks.clear()


def ports_of(world: World) -> Ports:
    found: Ports = world.app.extensions[KEY].ports
    return found


def look(world: World) -> int:
    with world.app.app_context():
        return Lookout(ports_of(world), world.app.app_context).look()


def office_of(world: World) -> Office:
    with world.app.app_context(), reading() as session:
        return offices.office_by_code(session, "aoba")


def test_one_run_answers_for_the_whole_line() -> None:
    """The n-th spread of the line is what the estimator of one person says with n people ahead."""
    law = Duration(10.0, 0.5)
    clerks = (Clerk(running=Running(law, 4.0)), Clerk(running=Running(law, 1.0)))
    line = tuple(Ahead("moving", law, -30.0 + place, stays=0.95) for place in range(9))
    spreads = spreads_in_line(LiveState("moving", ahead=line, clerks=clerks), Random(1), paths=1500)
    for ahead in (0, 3, 8):
        state = LiveState("moving", ahead=line[:ahead], clerks=clerks)
        alone = spread_of(sampled_waits(state, Random(2), paths=1500))
        assert spreads[ahead].p50 == pytest.approx(alone.p50, rel=0.08, abs=0.4)
        assert spreads[ahead].p90 == pytest.approx(alone.p90, rel=0.08, abs=0.4)


def test_a_number_is_told_what_was_looked_up_and_the_history_keeps_it(world: World) -> None:
    world.open("1", "2")
    for _ in range(4):
        world.issue("moving")
    world.call("1")
    world.call("2")
    assert look(world) == 1
    ticket = world.issue("moving")
    with world.app.app_context(), reading() as session:
        told = session.scalars(select(EventRow).order_by(EventRow.id.desc())).first()
        outlook = waits.outlook_of(session, 1)
        assert told is not None and outlook is not None
        spread = outlook.spreads[MOVING][2]
        assert told.data["told"]["by"] == "passes-1"
        assert told.data["told"]["busy"] is True
        assert told.data["told"]["raw"] == [round(each, 2) for each in (spread.p10, spread.p50, spread.p90)]
    shown = ticket["estimate"]
    assert [shown["low_min"] % 5, shown["high_min"] % 5] == [0, 0]
    assert shown["low_min"] <= spread.p10 and spread.p90 <= shown["high_min"]
    queue = next(each for each in world.board()["queues"] if each["service"] == "moving")
    assert queue["estimate"]["high_min"] >= shown["high_min"]


def test_an_outlook_that_is_old_or_knew_other_counters_is_not_used(world: World) -> None:
    world.open("1", "2")
    look(world)

    def by() -> str:
        world.issue("moving")
        with world.app.app_context(), reading() as session:
            row = session.scalars(select(EventRow).order_by(EventRow.id.desc())).first()
            assert row is not None
            return str(row.data["told"]["by"])

    assert by() == "passes-1"
    world.clock.pass_(seconds=91)
    assert by() == "one-pass-1"
    look(world)
    assert by() == "passes-1"
    world.clerk.post("/offices/aoba/counters/2/pause")
    assert by() == "one-pass-1"


def test_nobody_on_duty_is_no_number_and_no_crash(world: World) -> None:
    look(world)
    assert world.issue("moving")["estimate"] is None
    world.open("1")
    world.clerk.post("/offices/aoba/counters/1/pause")
    world.clock.pass_(seconds=40)
    look(world)
    assert world.issue("moving")["estimate"] is None
    assert world.board()["queues"][1]["estimate"] is None


def test_it_is_made_again_after_a_change_but_not_all_the_time(world: World) -> None:
    with world.app.app_context():
        lookout = Lookout(ports_of(world), world.app.app_context)
        looks = [lookout.look(), lookout.look()]
    world.issue("moving")
    with world.app.app_context():
        looks.append(lookout.look())
        world.clock.pass_(seconds=5)
        looks += [lookout.look(), lookout.look()]
        world.clock.pass_(seconds=30)
        looks.append(lookout.look())
    assert looks == [1, 0, 0, 1, 0, 1]


def test_booked_people_still_to_come_and_deliveries_that_return_are_known(world: World) -> None:
    world.open_office(BOOKABLE)
    reserve(world, slot("10:00"))
    world.clock.now = world.clock.now + timedelta(days=1, minutes=70)
    world.open("1", "2", "9")
    certificate = world.issue("certificate")
    world.call("1")
    world.act(certificate, "start")
    with world.app.app_context(), reading() as session:
        hall = read_hall(session, offices.office_by_code(session, "aoba"), ports_of(world))
        found = look_ahead(session, hall.office, ports_of(world))
        state = state_of(hall, MOVING, ["1", "2"], [("moving", hall.now + timedelta(minutes=20))])
    kinds = sorted(each.stage for each in state.coming)
    assert kinds == ["certificate/handover", "moving/reception"]
    booked = next(each for each in state.coming if each.stage == "moving/reception")
    assert booked.order_min == -10.0
    assert 0.9 < booked.shows < 0.93
    assert found.spreads[MOVING][0].p50 >= 0


def test_what_the_nights_learnt_is_believed_instead_of_the_file(world: World) -> None:
    office = office_of(world)
    assert waits.duration(office, "moving", StageKind.RECEPTION).mean_min == 14
    law = {"mean_min": 22.0, "cv": 0.4, "scale": 1.5, "low_z": -0.4, "high_z": 0.6, "lessons": 300}
    with world.app.app_context():

        def act(session: Any) -> None:
            row = QueueLaw(
                office_id=1, service="moving", kind="reception", services=100, learnt_at=world.clock(), **law
            )
            row.leaves_per_min = 0.002
            session.add(row)
            offices.setup_changed(session, 1)

        writing(act)
    office = office_of(world)
    assert waits.duration(office, "moving", StageKind.RECEPTION) == Duration(22.0, 0.4)
    assert waits.duration(office, "moving", StageKind.HANDOVER).mean_min == pytest.approx(14 / 3)
    world.open("1")
    for _ in range(3):
        world.issue("moving")
    look(world)
    corrected = world.issue("moving")["estimate"]
    assert corrected["likely_min"] > 75


def test_the_error_of_what_was_shown_is_kept_with_the_visit(world: World) -> None:
    world.open("1")
    look(world)
    ticket = world.issue("moving")
    world.clock.pass_(minutes=3)
    world.call("1")
    with world.app.app_context():
        history.catch_up(ports_of(world), 1)
        with reading() as session:
            visit = session.scalars(select(VisitRecord)).one()
            assert visit.told["shown"] == [ticket["estimate"][each] for each in ("low_min", "likely_min", "high_min")]
            assert visit.first_called_at is not None


def test_a_planned_lunch_makes_the_waits_longer(world: World) -> None:
    """The rota sends one of two clerks to lunch in ten minutes; without a rota nobody knows of any."""
    from tests.world import OFFICE

    world.clock.now = world.clock.now + timedelta(hours=3)
    world.open("1", "2")
    for _ in range(8):
        world.issue("moving")

    def wait() -> float:
        with world.app.app_context(), reading() as session:
            found = look_ahead(session, offices.office_by_code(session, "aoba"), ports_of(world))
            return found.spreads[MOVING][8].p50

    without = wait()
    world.open_office(OFFICE + "rota:\n  - {group: '1', clerks: 2, lunch: ['11:40', '13:00']}\n")
    assert wait() > without + 10
