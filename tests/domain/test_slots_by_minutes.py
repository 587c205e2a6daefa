"""Slots against a second calculation that colours single minutes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queue_app.domain.calendar import office_day, open_intervals
from queue_app.domain.slots import (
    BookingWindow,
    Offer,
    covered_slots,
    grid,
)
from tests.domain.test_slots import CLOCK_CHANGES, MONDAY, WEEK, an_ask, an_offer, offered

Booking = tuple[datetime, int]
Sell = Callable[[Offer, datetime, int], list[str]]


def offered_by_colouring(offer: Offer, day: date, need_min: int, sold: list[Booking]) -> set[datetime]:
    """Cuts the open minutes of a day into cells by counting, and tries every start by looking at its minutes."""
    cell_of, length = _numbered_minutes(offer, day), offer.plan.length_min
    load: Counter[int] = Counter()
    for start, need in sold:
        load.update({cell_of[minute] for minute in _minutes(start, need)})
    starts = {minute for minute, cell in cell_of.items() if cell_of.get(minute - timedelta(minutes=1)) != cell}

    def fits(start: datetime) -> bool:
        whole_cells = -(-need_min // length) * length
        cells = [cell_of.get(minute) for minute in _minutes(start, whole_cells)]
        return None not in cells and all(load[cell] < (offer.plan.capacity or 0) for cell in cells if cell is not None)

    return {start for start in starts if fits(start)}


def _numbered_minutes(offer: Offer, day: date) -> dict[datetime, int]:
    """Each minute of a whole cell with that cell's number; minutes left over before a break have none."""
    numbered: dict[datetime, int] = {}
    for stretch, (start, end) in enumerate(open_intervals(offer.hours, day, offer.zone, offer.holidays)):
        whole = int((end - start).total_seconds()) // 60 // offer.plan.length_min * offer.plan.length_min
        for minute in range(whole):
            numbered[start + timedelta(minutes=minute)] = stretch * 10_000 + minute // offer.plan.length_min
    return numbered


def _minutes(start: datetime, count: int) -> list[datetime]:
    return [start + timedelta(minutes=minute) for minute in range(count)]


def sell(offer: Offer, start: datetime, need_min: int) -> list[str]:
    return [cell.id for cell in covered_slots(offer, start, need_min)]


def sales_day(offer: Offer, day: date, wishes: list[tuple[int, int]], sell: Sell) -> bool:
    """Sells one booking after another as offered; False as soon as offer and colouring differ."""
    sold: list[Booking] = []
    taken: Counter[str] = Counter()
    for pick, need_min in wishes:
        free = offered(offer, day, an_ask(datetime(2020, 1, 1, tzinfo=UTC), need_min=need_min), dict(taken))
        if set(free) != offered_by_colouring(offer, day, need_min, sold):
            return False
        if free:
            start = free[pick % len(free)]
            taken.update(sell(offer, start, need_min))
            sold.append((start, need_min))
    return True


FAR_AHEAD = BookingWindow(ahead_days=100_000)
WISHES = st.lists(st.tuples(st.integers(0, 200), st.integers(1, 130)), min_size=1, max_size=8)
HOURS = st.sampled_from(["always", {**WEEK, "sun": ["00:30-02:45", "03:10-12:00"]}, {"dates": {"2027-12-31": []}}])


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(CLOCK_CHANGES), HOURS, st.sampled_from([7, 15, 20, 30, 60]), st.integers(0, 3), WISHES)
def test_what_is_offered_is_what_the_coloured_minutes_leave_free(
    place: tuple[ZoneInfo, date], hours: object, length_min: int, capacity: int, wishes: list[tuple[int, int]]
) -> None:
    zone, day = place
    offer = an_offer(hours, zone=zone, length_min=length_min, capacity=capacity, window=FAR_AHEAD)
    assert sales_day(offer, day, wishes, sell)


def twin_that_takes_only_the_first_slot(offer: Offer, start: datetime, need_min: int) -> list[str]:
    return sell(offer, start, need_min)[:1]


def twin_that_counts_the_closing_minute_in(offer: Offer, start: datetime, need_min: int) -> list[str]:
    end = start + timedelta(minutes=need_min)
    return [cell.id for cell in grid(offer, office_day(start, offer.zone)) if start <= cell.start <= end]


def twin_that_rounds_the_length_down(offer: Offer, start: datetime, need_min: int) -> list[str]:
    return sell(offer, start, max(1, need_min - offer.plan.length_min))


SALES = [(0, 15), (0, 40), (3, 30), (5, 15), (3, 60), (10, 16), (0, 15)]


def test_a_day_of_sales_never_differs_from_the_coloured_minutes() -> None:
    assert sales_day(an_offer(capacity=1, window=FAR_AHEAD), MONDAY, SALES, sell)


@pytest.mark.parametrize(
    "twin",
    [
        twin_that_takes_only_the_first_slot,
        twin_that_counts_the_closing_minute_in,
        twin_that_rounds_the_length_down,
    ],
)
def test_the_coloured_minutes_catch_each_broken_twin(twin: Sell) -> None:
    assert not sales_day(an_offer(capacity=1, window=FAR_AHEAD), MONDAY, SALES, twin)
