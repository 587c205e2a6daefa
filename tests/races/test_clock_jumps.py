"""The clock of the machine is set while holds run and numbers are given: nothing confirms late, nothing is given twice.

Ordinary suite: 120 holds. `make storm`: 10,000 (HOLDS in the environment). Each has its broken twin.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from queue_app.services import holding, places, reception
from queue_app.services.errands import Said
from queue_app.store.database import reading
from queue_app.store.queue_tables import Ticket
from queue_app.store.reservation_tables import SlotPlace
from tests.races.test_last_place import _book, _start_over, in_office, open_with, quiet_slots
from tests.world import World

HOLDS = int(os.environ.get("HOLDS", "10000"))
JUMPS = (-90, -30, -1, 0, 1, 30, 90)
AT_A_TIME = 120
REFUSED_BY_THE_TABLE = "refused by the table"


def jumping_day(world: World, count: int, seed: int) -> list[str]:
    """Holds begun together; the clock wanders around their expiry by jumps, and holders and rivals try. What went wrong."""
    open_with(world, 1)
    dice = random.Random(seed)
    slots = quiet_slots(count)
    made = in_office(world, lambda deed: [holding.hold(deed, each, Said(service="moving")) for each in slots])
    expiry = world.clock.now + timedelta(minutes=10)
    world.clock.now = expiry - timedelta(seconds=60)
    faults, booked = [], Counter[str]()
    for slot_id, (_row, hold_id) in zip(slots, made, strict=True):
        for _ in range(dice.randint(1, 4)):
            world.clock.now = _within(world.clock.now + timedelta(seconds=dice.choice(JUMPS)), expiry)
            is_over = world.clock.now >= expiry
            ours = dice.random() < 0.5
            outcome = _tried(world, **({"hold": hold_id} if ours else {"slot": slot_id}))
            if outcome == REFUSED_BY_THE_TABLE:
                faults.append(f"{slot_id}: only the table's own rule stopped a second owner")
            booked[slot_id] += outcome == "booked"
            if ours and is_over and outcome == "booked":
                faults.append(f"{slot_id}: confirmed {world.clock.now - expiry} after its expiry")
    faults += [f"{slot_id} was sold {times} times" for slot_id, times in booked.items() if times > 1]
    return faults + _leaked(world, expiry, sum(booked.values()))


def _tried(world: World, **where: str) -> str:
    try:
        return _book(world, **where)
    except IntegrityError:
        return REFUSED_BY_THE_TABLE


def _within(now: datetime, expiry: datetime) -> datetime:
    """Two minutes around the expiry; jumps add up."""
    return min(max(now, expiry - timedelta(minutes=2)), expiry + timedelta(minutes=2))


def _leaked(world: World, expiry: datetime, sold: int) -> list[str]:
    """Places that are taken after twice the time of a hold, and nobody's."""
    world.clock.now = expiry + timedelta(minutes=10)
    in_office(world, places.clear_passed)
    with world.app.app_context(), reading() as session:
        taken = session.scalar(select(func.count()).select_from(SlotPlace)) or 0
    return [f"{taken} places are taken and {sold} were sold"] if taken != sold else []


def test_holds_survive_jumps_of_the_clock_by_ninety_seconds(world: World) -> None:
    assert jumping_day(world, AT_A_TIME, seed=4) == []


@pytest.mark.storm
@pytest.mark.timeout(3600)
def test_ten_thousand_holds_survive_jumps_of_the_clock(world: World) -> None:
    for seed in range(max(1, HOLDS // AT_A_TIME)):
        assert jumping_day(world, AT_A_TIME, seed) == []
        _start_over(world)


def test_a_hold_that_believes_its_row_and_not_the_clock_would_be_noticed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "clear_passed", lambda _deed: None)
    monkeypatch.setattr(holding, "_state_now", lambda _deed, row: holding.State(row.state))
    assert jumping_day(world, AT_A_TIME, seed=4) != []


def numbers_over_jumps(world: World) -> list[tuple[str, str]]:
    """Numbers of a day on which the clock is set back and forth by an hour and by a day."""
    world.open_office()
    for jump in (0, 3600, -3600, 86_400, -86_400, 86_400, 3600, -86_400, -3600):
        world.clock.pass_(seconds=jump)
        world.clerk.post("/offices/aoba/tickets", {"service": "moving"})
    with world.app.app_context(), reading() as session:
        return [(str(day), number) for day, number in session.execute(select(Ticket.day, Ticket.number_text))]


def test_no_number_is_given_twice_on_a_day_that_comes_twice(world: World) -> None:
    given = numbers_over_jumps(world)
    assert len(given) == 9 and len(set(given)) == 9
    assert len({day for day, _ in given}) == 2


def test_a_series_that_begins_anew_whenever_the_day_changes_would_be_noticed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The usual mistake: one counter, set to zero at the first number of another day."""
    kept = {"day": "", "last": 0}

    def next_number(deed: object, _series: str) -> int:
        today = str(deed.today)  # type: ignore[attr-defined]
        kept.update(day=today, last=kept["last"] + 1 if kept["day"] == today else 1)
        return int(kept["last"])

    monkeypatch.setattr(reception, "_next_number", next_number)
    given = numbers_over_jumps(world)
    assert len(given) < 9 or len(set(given)) < 9
