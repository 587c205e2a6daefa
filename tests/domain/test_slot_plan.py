"""How a service is cut into slots: what is read, what is refused, and how long a booking is."""

from __future__ import annotations

import pytest

from queue_app.domain.errors import Invalid
from queue_app.domain.slots import (
    SlotPlan,
    invited_at,
    length_for,
    parse_slot_plan,
)
from tests.domain.test_slots import at


@pytest.mark.parametrize(
    ("people", "person_min", "length"),
    [(1, None, 25), (2, None, 38), (4, None, 64), (4, 10, 55), (4, 0, 25), (0, 5, 25)],
)
def test_people_lengthen_a_booking(people: int, person_min: int | None, length: int) -> None:
    assert length_for(25, people, SlotPlan(30, 1, person_min=person_min)) == length


def test_the_places_of_a_slot_are_asked_to_come_one_after_another() -> None:
    plan = SlotPlan(15, 4, start_offsets=(0, 5, 10))
    assert [invited_at(at(9, 0), place, plan) for place in range(4)] == [at(9, 0), at(9, 5), at(9, 10), at(9, 0)]


@pytest.mark.parametrize(
    "value",
    [
        {"length_min": 15, "capacity": 2},
        {"length_min": 30, "capacity": "planned", "weekend_ok": False, "person_min": 10},
        {"length_min": 15, "capacity": 3, "start_offsets": [0, 5, 10], "walk_in_share": 0.6},
    ],
)
def test_plans_are_written_as_they_were_read(value: object) -> None:
    assert parse_slot_plan(value).to_value() == value


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"length_min": 0}, "length_min"),
        ({"length_min": "15"}, "length_min"),
        ({"capacity": -1}, "capacity"),
        ({"capacity": True}, "capacity"),
        ({"capacity": "many"}, "capacity"),
        ({"start_offsets": [15]}, "start_offsets"),
        ({"start_offsets": []}, "start_offsets"),
        ({"walk_in_share": 1.5}, "walk_in_share"),
        ({"person_min": -5}, "person_min"),
        ({"weekend_ok": 1}, "weekend_ok"),
        ({"lenght_min": 15}, "lenght_min"),
    ],
)
def test_a_wrong_plan_is_refused_with_the_key(change: dict[str, object], path: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_slot_plan({"length_min": 15, "capacity": 2, **change})
    assert [error.field for error in refusal.value.errors] == [path]


def test_a_plan_needs_its_length_and_its_capacity() -> None:
    with pytest.raises(Invalid) as refusal:
        parse_slot_plan({})
    assert [error.field for error in refusal.value.errors] == ["length_min", "capacity"]
