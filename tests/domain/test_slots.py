# ruff: noqa: DTZ001 - the bounds of drawn times have no zone on purpose.
"""Slots: the grid of a day, what is left of it, why a day has none, and the names of slots."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queue_app.domain.calendar import Hours, no_holidays, open_intervals, parse_hours
from queue_app.domain.errors import Invalid
from queue_app.domain.slots import (
    Ask,
    BookingWindow,
    CapacityOf,
    DaySlots,
    NoPlace,
    Offer,
    Slot,
    SlotPlan,
    SlotTime,
    alternatives,
    bookable,
    covered_slots,
    fixed_capacity,
    grid,
    parse_slot_id,
    slot_id,
    slots_between,
    why_not,
)

TOKYO = ZoneInfo("Asia/Tokyo")
CLOCK_CHANGES = [
    (ZoneInfo("Europe/Berlin"), date(2027, 3, 28)),
    (ZoneInfo("Europe/Berlin"), date(2027, 10, 31)),
    (ZoneInfo("America/St_Johns"), date(2027, 3, 14)),
    (ZoneInfo("America/St_Johns"), date(2027, 11, 7)),
    (ZoneInfo("Australia/Lord_Howe"), date(2027, 10, 3)),
    (ZoneInfo("Australia/Lord_Howe"), date(2027, 4, 4)),
    (TOKYO, date(2028, 2, 29)),
    (TOKYO, date(2027, 12, 31)),
]
MONDAY = date(2027, 5, 10)
WEEK = {day: ["08:30-12:00", "13:00-17:15"] for day in ("mon", "tue", "wed", "thu", "fri")}
LONG_BEFORE = datetime(2027, 5, 7, 0, 0, tzinfo=UTC)


def an_offer(
    hours: object = WEEK,
    *,
    zone: ZoneInfo = TOKYO,
    length_min: int = 15,
    capacity: int = 2,
    window: BookingWindow = BookingWindow(),  # noqa: B008 - frozen
) -> Offer:
    return Offer("moving", SlotPlan(length_min, capacity), parse_hours(hours), zone, no_holidays, window)


def an_ask(now: datetime = LONG_BEFORE, *, need_min: int = 15, moved_on: date | None = None) -> Ask:
    return Ask(now, need_min, moved_on)


def at(hour: int, minute: int = 0, day: date = MONDAY) -> datetime:
    return datetime.combine(day, time(hour, minute), tzinfo=TOKYO).astimezone(UTC)


def offered(offer: Offer, day: date, ask: Ask, taken: dict[str, int] | None = None) -> list[datetime]:
    found = bookable(offer, day, ask, taken=taken or {}, capacity_of=fixed_capacity(offer.plan))
    return [slot.start for slot in found.free]


# --- The grid ----------------------------------------------------------------------------------------------------


def test_the_grid_begins_at_each_opening_and_leaves_the_rest_before_a_break() -> None:
    cells = grid(an_offer({"mon": ["08:30-09:40", "13:05-13:35"]}, length_min=30), MONDAY)
    assert [cell.start for cell in cells] == [at(8, 30), at(9, 0), at(13, 5)]


@pytest.mark.parametrize(("zone", "day"), CLOCK_CHANGES)
def test_no_slot_is_doubled_or_dropped_when_the_clock_changes(zone: ZoneInfo, day: date) -> None:
    cells = grid(an_offer("always", zone=zone, length_min=30), day)
    [(opening, closing)] = open_intervals(Hours(always=True), day, zone, no_holidays)
    assert len({cell.id for cell in cells}) == len(cells) == (closing - opening) // timedelta(minutes=30)
    assert all(earlier.end == later.start for earlier, later in pairwise(cells))


def test_a_service_that_is_not_for_weekends_stays_out_of_an_extra_opening() -> None:
    sunday = date(2027, 3, 28)
    offer = an_offer({**WEEK, "dates": {"2027-03-28": ["09:00-12:00"]}})
    assert len(grid(offer, sunday)) == 12
    weekdays_only = replace(offer, plan=replace(offer.plan, weekend_ok=False))
    assert grid(weekdays_only, sunday) == ()
    assert grid(replace(weekdays_only, holidays=lambda _day: "祝日"), MONDAY) == ()


def test_a_long_booking_takes_a_place_in_every_slot_it_touches() -> None:
    cells = covered_slots(an_offer(), at(9, 0), 40)
    assert [cell.start for cell in cells] == [at(9, 0), at(9, 15), at(9, 30)]


@pytest.mark.parametrize("start", [at(11, 45), at(17, 0)])
def test_a_long_booking_does_not_run_into_the_break_or_the_closing(start: datetime) -> None:
    offer = an_offer()
    assert len(covered_slots(offer, start, 15)) == 1
    with pytest.raises(Invalid) as refusal:
        covered_slots(offer, start, 16)
    assert refusal.value.errors[0].code == "too_long"
    assert start not in offered(offer, MONDAY, an_ask(need_min=16))
    assert why_not(offer, start, an_ask(need_min=16)) is NoPlace.TOO_LONG


def test_a_time_beside_the_grid_is_refused() -> None:
    with pytest.raises(Invalid) as refusal:
        covered_slots(an_offer(), at(9, 5), 15)
    assert refusal.value.errors[0].code == "not_offered"
    assert why_not(an_offer(), at(9, 5), an_ask()) is NoPlace.CLOSED


# --- What is left ------------------------------------------------------------------------------------------------


def test_remaining_is_what_the_fullest_covered_slot_leaves() -> None:
    offer = an_offer(capacity=3)
    taken = {slot_id("moving", at(9, 0)): 1, slot_id("moving", at(9, 15)): 2, slot_id("moving", at(9, 45)): 3}
    day = bookable(offer, MONDAY, an_ask(need_min=30), taken=taken, capacity_of=fixed_capacity(offer.plan))
    remaining = {slot.start: slot.remaining for slot in (*day.free, *day.full)}
    assert [remaining[at(8, 30)], remaining[at(8, 45)], remaining[at(9, 0)], remaining[at(9, 30)]] == [3, 2, 1, 0]
    [begun] = [slot for slot in day.free if slot.start == at(9, 0)]
    assert begun.end == at(9, 30)


def test_a_capacity_cut_below_what_is_sold_leaves_nothing_and_not_less() -> None:
    offer = an_offer({"mon": ["09:00-09:15"]})
    found = bookable(offer, MONDAY, an_ask(), taken={slot_id("moving", at(9, 0)): 5}, capacity_of=lambda _slot: 2)
    assert found.reason is NoPlace.FULL
    assert [slot.remaining for slot in found.full] == [0]


def test_planned_capacity_comes_through_the_same_door() -> None:
    found = bookable(an_offer(), MONDAY, an_ask(), taken={}, capacity_of=lambda slot: slot.start == at(10, 0))
    assert [(slot.start, slot.remaining) for slot in found.free] == [(at(10, 0), 1)]


def test_a_time_at_which_nobody_is_there_is_neither_free_nor_full() -> None:
    def until_ten(slot: SlotTime) -> int | None:
        return int(slot.start < at(9, 30)) if slot.start < at(10, 0) else None

    def seen(now: datetime, capacity_of: CapacityOf = until_ten) -> DaySlots:
        return bookable(an_offer(), MONDAY, an_ask(now), taken={}, capacity_of=capacity_of)

    day = seen(LONG_BEFORE)
    assert {slot.start < at(9, 30) for slot in day.free} == {True}
    assert [slot.start for slot in day.full] == [at(9, 30), at(9, 45)]
    assert seen(at(9, 20)).reason is NoPlace.FULL
    assert seen(at(9, 50)).reason is NoPlace.PAST
    assert seen(LONG_BEFORE, lambda _slot: None) == DaySlots(MONDAY, reason=NoPlace.CLOSED)


@pytest.mark.parametrize(
    ("capacity", "share", "places"), [(10, 0.9, 1), (10, 0.6, 4), (3, 0.5, 1), (1, 0.6, 1), (0, 0.6, 0), (2, 0.0, 2)]
)
def test_the_walk_in_share_is_kept_back_but_never_the_last_place(capacity: int, share: float, places: int) -> None:
    plan = SlotPlan(15, capacity, walk_in_share=share)
    assert fixed_capacity(plan)(grid(an_offer(), MONDAY)[0]) == places


# --- Why a day has none --------------------------------------------------------------------------------------------


def reason_of(
    day: date, *, now: datetime = LONG_BEFORE, need_min: int = 15, moved_on: date | None = None, capacity: int = 2
) -> NoPlace | None:
    offer = an_offer(capacity=capacity)
    ask = an_ask(now, need_min=need_min, moved_on=moved_on)
    return bookable(offer, day, ask, taken={}, capacity_of=fixed_capacity(offer.plan)).reason


def test_each_day_without_places_says_why() -> None:
    assert reason_of(MONDAY) is None
    assert reason_of(date(2027, 5, 9)) is NoPlace.CLOSED
    assert reason_of(date(2027, 5, 6)) is NoPlace.PAST
    assert reason_of(MONDAY, now=at(17, 0)) is NoPlace.PAST
    assert reason_of(MONDAY, capacity=0) is NoPlace.FULL
    assert reason_of(MONDAY, need_min=5 * 60) is NoPlace.TOO_LONG
    assert reason_of(MONDAY, moved_on=date(2027, 5, 11)) is NoPlace.TOO_EARLY_FOR_MOVE


def test_a_move_may_be_notified_on_the_day_itself() -> None:
    assert reason_of(MONDAY, moved_on=MONDAY) is None


def test_the_window_opens_at_the_offices_midnight_thirty_days_ahead() -> None:
    day = date(2027, 6, 9)
    midnight = datetime(2027, 5, 10, tzinfo=TOKYO)
    assert reason_of(day, now=midnight) is None
    assert reason_of(day, now=midnight - timedelta(microseconds=1)) is NoPlace.NOT_YET_OPEN


def test_a_time_closes_at_its_cutoff() -> None:
    offer = an_offer(window=BookingWindow(cutoff_min=60))
    a_moment = timedelta(microseconds=1)
    assert at(10, 0) in offered(offer, MONDAY, an_ask(at(9, 0) - a_moment))
    assert at(10, 0) not in offered(offer, MONDAY, an_ask(at(9, 0)))
    assert why_not(offer, at(10, 0), an_ask(at(9, 0))) is NoPlace.PAST


def test_booking_until_the_previous_business_day_ends_at_its_closing() -> None:
    offer = an_offer(window=BookingWindow(by_previous_business_day=True))
    friday_closing = at(17, 15, day=date(2027, 5, 7))
    assert at(9, 0) in offered(offer, MONDAY, an_ask(friday_closing - timedelta(seconds=1)))
    assert offered(offer, MONDAY, an_ask(friday_closing)) == []


@settings(deadline=None, max_examples=60)
@given(
    st.datetimes(datetime(2027, 5, 5), datetime(2027, 5, 14)),
    st.integers(1, 80),
    st.sampled_from([None, date(2027, 5, 11)]),
    st.integers(0, 3),
)
def test_one_time_is_judged_as_its_whole_day_is(now: datetime, need: int, moved_on: date | None, ahead: int) -> None:
    offer = an_offer(window=BookingWindow(ahead_days=ahead, cutoff_min=30), length_min=30)
    ask = an_ask(now.replace(tzinfo=UTC), need_min=need, moved_on=moved_on)
    for number in range(date(2027, 5, 6).toordinal(), date(2027, 5, 15).toordinal()):
        day = date.fromordinal(number)
        allowed = [cell.start for cell in grid(offer, day) if why_not(offer, cell.start, ask) is None]
        assert allowed == offered(offer, day, ask)


def test_ten_days_come_in_order_with_a_reason_for_each_empty_one() -> None:
    offer = an_offer()
    days = slots_between(offer, MONDAY, date(2027, 5, 19), an_ask(), taken={}, capacity_of=fixed_capacity(offer.plan))
    assert [day.day.day for day in days] == list(range(10, 20))
    assert [day.day.day for day in days if day.reason is NoPlace.CLOSED] == [15, 16]


# --- A lost slot ---------------------------------------------------------------------------------------------------


def test_alternatives_prefer_the_same_day_and_then_the_nearest() -> None:
    tuesday = date(2027, 5, 11)
    starts = [at(9, 0, day=tuesday), at(16, 0), at(9, 30), at(10, 30), at(10, 0), at(16, 0, day=date(2027, 5, 7))]
    free = [Slot(slot_id("moving", start), start, start, 1) for start in starts]
    assert [slot.start for slot in alternatives(at(10, 0), free, TOKYO, limit=4)] == [
        at(9, 30),
        at(10, 30),
        at(16, 0),
        at(9, 0, day=tuesday),
    ]


# --- Names of slots ------------------------------------------------------------------------------------------------


@given(
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", fullmatch=True),
    st.datetimes(datetime(1970, 1, 2), datetime(9998, 12, 30), timezones=st.sampled_from([UTC, TOKYO])),
)
def test_a_slots_id_names_its_service_and_start(service: str, start: datetime) -> None:
    start = start.replace(second=0, microsecond=0)
    assert parse_slot_id(slot_id(service, start)) == (service, start)


def test_a_slots_id_looks_the_same_in_every_zone() -> None:
    assert slot_id("certificate", datetime(2026, 12, 2, 9, 40, tzinfo=TOKYO)) == "certificate~20261202T0040Z"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "certificate",
        "certificate~20261202T0040",
        "certificate~20261202T0040Z ",
        "certificate~20261202T0040Z\n",
        "~20261202T0040Z",
        "cer tificate~20261202T0040Z",
        "certificate~20270229T0040Z",
        "certificate~20261202T2400Z",
        "certificate~20261202T0060Z",
        "certificate~２０２６1202T0040Z",
        "certificate~00010101T0000Z",
        "certificate~99991231T2359Z",
        "x" * 65 + "~20261202T0040Z",
    ],
)
def test_what_is_no_slot_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_slot_id(text)
    assert refusal.value.errors[0].code == "not_a_slot"
