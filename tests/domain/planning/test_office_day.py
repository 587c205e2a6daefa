"""A real office's set-up before the planner."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from queue_app.domain.calendar import parse_hours
from queue_app.domain.errors import Refusal
from queue_app.domain.office import Counter, Office, Service
from queue_app.domain.planning.office_day import (
    Booked,
    clerks_of,
    office_day,
    planned_places,
    pools_of,
    usual_walk_ins,
    visit_of,
    visit_stages,
)
from queue_app.domain.ticket import StageKind

RECEPTION, PAPERS, HANDOVER = StageKind.RECEPTION, StageKind.BACK_OFFICE, StageKind.HANDOVER
MOVING = Service("moving", "B", {"ja": "引っ越し"}, minutes=20, stages=(RECEPTION, PAPERS, HANDOVER))
TAX = Service("tax", "C", {"ja": "税"}, minutes=10)
STARTS = [15.0 * step for step in range(32)]


def office(*counters: Counter, services: tuple[Service, ...] = (MOVING, TAX)) -> Office:
    return Office(
        id=1,
        code="aoba",
        name={"ja": "あおば市役所"},
        zone=ZoneInfo("Asia/Tokyo"),
        hours=parse_hours("always"),
        services={service.code: service for service in services},
        counters={counter.code: counter for counter in counters},
    )


def counter(code: str, *services: str, stages: tuple[StageKind, ...] = (RECEPTION, HANDOVER)) -> Counter:
    return Counter(code, {"ja": code}, services, stages)


AOBA = office(
    *(counter(str(n), "moving") for n in range(1, 5)),
    counter("5", "moving", stages=(PAPERS,)),
    counter("6", "moving", stages=(PAPERS,)),
    counter("9", "tax"),
)


def places(of: Office, service: Service, *bookings: Booked, days_before: float = 0.0) -> list[int]:
    plan = office_day(of, open_min=525, bookings=bookings, starts=STARTS)
    return planned_places(plan.places_left(visit_of(of, service), 6), days_before=days_before)


def test_counters_that_share_a_queue_are_one_pool() -> None:
    shared = office(counter("1", "moving"), counter("2", "moving", "tax"), counter("3", "tax"))
    assert set(pools_of(shared).values()) == {"1"}
    assert clerks_of(shared) == {"1": 3}
    assert clerks_of(AOBA) == {"1": 4, "5": 2, "9": 1}


def test_a_delivery_is_shorter_and_papers_need_no_resident() -> None:
    stages = visit_stages(AOBA, MOVING)
    assert [(stage.pool, round(stage.duration.mean_min, 1), stage.resident) for stage in stages] == [
        ("1", 20.0, True),
        ("5", 20.0, False),
        ("1", 6.7, True),
    ]


def test_a_service_that_no_counter_serves_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        visit_stages(office(counter("9", "tax")), MOVING)
    assert refused.value.code == "rota_nobody"


def test_every_slot_of_an_empty_day_has_a_place_outside_lunch() -> None:
    free = places(AOBA, TAX)
    assert free[0] >= 1
    assert max(free) <= 6


def test_bookings_take_places_around_their_time_and_nowhere_else() -> None:
    before = places(AOBA, MOVING)
    after = places(AOBA, MOVING, *[Booked("moving", 60.0)] * 4)
    assert after[4] < before[4]
    assert after[-4:] == before[-4:]
    assert all(late <= early for late, early in zip(after, before, strict=True))


def test_a_booking_of_another_pool_takes_nothing() -> None:
    assert places(AOBA, MOVING, *[Booked("tax", 60.0)] * 3) == places(AOBA, MOVING)


def test_places_are_given_out_in_stages() -> None:
    assert sum(places(AOBA, MOVING, days_before=40.0)) == 0
    assert sum(places(AOBA, MOVING, days_before=10.0)) <= sum(places(AOBA, MOVING))


def test_more_people_without_booking_leave_fewer_places() -> None:
    def total(walk_ins: float) -> int:
        plan = office_day(AOBA, open_min=525, walk_ins={"moving": walk_ins}, starts=STARTS)
        return sum(plan.places_left(visit_of(AOBA, MOVING), 6))

    assert total(0) > total(10) > total(30)


def test_without_a_past_a_share_of_the_time_is_kept_for_walk_ins() -> None:
    usual = usual_walk_ins(AOBA, 525)
    assert usual["tax"] == pytest.approx(0.4 * 525 / 10)
    assert usual["moving"] == pytest.approx(0.4 * 2 * 525 / 20)  # the papers are the narrowest place


def test_an_extra_opening_of_three_hours_has_no_lunch() -> None:
    plan = office_day(AOBA, open_min=180, starts=[0.0, 90.0, 165.0], walk_ins={})
    assert min(plan.places_left(visit_of(AOBA, TAX), 3)) >= 1


def test_an_office_without_counters_is_refused() -> None:
    with pytest.raises(Refusal):
        office_day(office(services=()), open_min=525)
