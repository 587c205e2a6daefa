"""Who is next: the promises on the wall, held against random crowds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from queue_app.domain.discipline import (
    SAFETY,
    HeadStarts,
    Rank,
    StageRole,
    VisitClass,
    Waiting,
    first_reference,
    head_start,
    in_order,
    order_key,
    rank,
)

OPEN = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
FURTHEST = timedelta(minutes=HeadStarts().booked_min + HeadStarts().need_min)
Chooser = Callable[[list[Waiting], datetime], Waiting]


def at(minutes: float) -> datetime:
    return OPEN + timedelta(minutes=minutes)


def test_a_booking_counts_from_its_time_even_when_the_person_comes_early() -> None:
    assert first_reference(at(0), at(20)) == at(20)


def test_a_booking_up_to_fifteen_minutes_late_keeps_its_place() -> None:
    assert first_reference(at(35), at(20)) == at(20)
    assert first_reference(at(35.1), at(20)) == at(35.1)


def test_the_head_starts_are_those_on_the_wall() -> None:
    def minutes(visit_class: VisitClass, role: StageRole, *, has_need: bool = False) -> float:
        return head_start(visit_class, role, has_need=has_need).total_seconds() / 60

    assert [minutes(VisitClass.BOOKED, role) for role in StageRole] == [30, 30, 30]
    assert [minutes(VisitClass.WALK_IN, role) for role in StageRole] == [0, 10, 20]
    assert [minutes(VisitClass.REMOTE, role) for role in StageRole] == [0, 10, 20]
    assert minutes(VisitClass.WALK_IN, StageRole.FIRST, has_need=True) == 15


def test_who_was_absent_and_came_back_goes_before_everybody() -> None:
    back = Waiting(at(50), at(50), 9, returned_at=at(60))
    long = Waiting(at(-5), at(-5), 1)
    assert in_order([long, back], at(61)) == [back, long]


def test_after_sixty_minutes_a_wait_goes_before_every_head_start() -> None:
    walk_in, booked = Waiting(at(0), at(0), 1), Waiting(at(-1), at(29), 2)
    assert in_order([walk_in, booked], at(59))[0] is booked
    assert in_order([walk_in, booked], at(60))[0] is walk_in


def test_equal_order_times_are_called_by_number() -> None:
    assert [each.number for each in in_order([Waiting(at(0), at(0), 2), Waiting(at(0), at(0), 1)], at(1))] == [1, 2]


@dataclass(frozen=True)
class Broken:
    """A promise that a call did not keep."""

    promise: str


def broken_promise(called: Waiting, waiting: list[Waiting], now: datetime) -> Broken | None:
    """What is printed on the wall, checked for one call against everybody who goes on waiting."""
    if called.returned_at is not None:
        return None
    for other in waiting:
        if other.returned_at is not None:
            return Broken("returned first")
        if called.reference_at >= other.reference_at + FURTHEST:
            return Broken("overtaken beyond the head start")
        if other.reference_at <= now - SAFETY and called.reference_at > other.reference_at:
            return Broken("sixty minutes")
        if rank(called, now) is Rank.IN_ORDER and (called.order_time, called.number) > (other.order_time, other.number):
            return Broken("not the smallest printed order time")
    return None


def by_the_rule(waiting: list[Waiting], now: datetime) -> Waiting:
    return min(waiting, key=lambda each: order_key(each, now))


def booked_always_first(waiting: list[Waiting], _: datetime) -> Waiting:
    """The broken twin: whoever has the longest head start, as many offices do it."""
    return min(waiting, key=lambda each: (each.order_time - each.reference_at, each.reference_at))


def without_safety(waiting: list[Waiting], _: datetime) -> Waiting:
    return min(waiting, key=lambda each: (each.returned_at is None, each.order_time, each.number))


def crowd(events: int, seed: int, choose: Chooser) -> Broken | None:
    """Random people come, are called, and come back after absence; now more of them, now fewer."""
    rng = Random(seed)
    waiting: list[Waiting] = []
    now, crowded = 0.0, 0.5
    for number in range(events):
        if number % 500 == 0:
            crowded = rng.uniform(0.35, 0.62)
        now += rng.expovariate(1.2)
        if rng.random() < crowded or not waiting:
            waiting.append(_somebody(rng, number, now))
            continue
        called = choose(waiting, at(now))
        waiting.remove(called)
        broken = broken_promise(called, waiting, at(now))
        if broken:
            return broken
        if len(waiting) > 150:
            waiting = waiting[-30:]
        if rng.random() < 0.02:
            waiting.append(Waiting(called.order_time, called.reference_at, called.number, returned_at=at(now)))
    return None


def _somebody(rng: Random, number: int, now: float) -> Waiting:
    visit_class, role = rng.choice(list(VisitClass)), rng.choice(list(StageRole))
    booked_first = visit_class is VisitClass.BOOKED and role is StageRole.FIRST
    reference = first_reference(at(now), at(now + rng.gauss(5, 8)) if booked_first else None)
    lead = head_start(visit_class, role, has_need=rng.random() < 0.05)
    return Waiting(reference - lead, reference, number)


def test_no_call_breaks_a_promise() -> None:
    for seed in range(4):
        assert crowd(15_000, seed, by_the_rule) is None


@pytest.mark.storm
@pytest.mark.timeout(1200)
def test_a_million_random_events_break_no_promise() -> None:
    for seed in range(100, 110):
        assert crowd(100_000, seed, by_the_rule) is None


def test_the_check_finds_a_rule_that_always_prefers_bookings() -> None:
    assert crowd(15_000, 1, booked_always_first) is not None


def test_the_check_finds_a_rule_that_forgets_the_sixty_minutes() -> None:
    assert crowd(15_000, 1, without_safety) == Broken("sixty minutes")
