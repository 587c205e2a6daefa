"""The rota of an office file, and who is on duty on a day."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue_app.domain.errors import Invalid
from queue_app.domain.planning.rota import on_duty
from queue_app.domain.planning.shift_rules import Shift, clock, minutes_of, parse_rota
from queue_app.domain.planning.shifts import duties_on

POOLS = {"1": "1", "2": "1", "9": "9"}
CLERKS = {"1": 2, "9": 1}
TUESDAY, SATURDAY = date(2026, 12, 1), date(2026, 12, 5)


def clerks_at(entries: list[dict[str, object]], pool: str, time: str, day: date = TUESDAY) -> float:
    """Clerks of a pool on duty in the five minutes from a time of day."""
    duties = duties_on(parse_rota(entries), POOLS, CLERKS, day, opens=8 * 60 + 30, closes=17 * 60 + 15)
    minute = minutes_of(time)
    assert minute is not None
    return float(on_duty(duties, ("1", "9"), 130)[("1", "9").index(pool), (minute - 510) // 5])


def test_a_group_without_an_entry_has_a_clerk_at_every_counter_and_three_lunch_waves() -> None:
    assert [clerks_at([], "1", time) for time in ("09:00", "11:45", "12:45", "15:00")] == [2, 1, 1, 2]


@pytest.mark.parametrize(
    ("opens", "closes", "lunch"),
    [("00:00", "24:00", "11:30"), ("08:30", "17:15", "11:30"), ("12:00", "20:00", "15:00")],
)
def test_lunch_is_at_noon_by_the_clock_unless_the_office_opens_late(opens: str, closes: str, lunch: str) -> None:
    from_, to, at = (minutes_of(text) or 0 for text in (opens, closes, lunch))
    duties = duties_on((), POOLS, CLERKS, TUESDAY, opens=from_, closes=to)
    assert [from_ + duty.away[0][0] for duty in duties if duty.away] == [at, at + 60]


def test_entries_add_up_and_lunch_takes_clerks_away() -> None:
    rota: list[dict[str, object]] = [
        {"group": "1", "clerks": 2, "lunch": ["11:30", "12:30"]},
        {"group": "2", "clerks": 1, "from": "10:00", "to": "14:00"},
    ]
    assert [clerks_at(rota, "1", time) for time in ("09:00", "10:00", "11:30", "14:00")] == [2, 3, 2, 2]
    assert clerks_at(rota, "9", "10:00") == 1


def test_a_date_stands_over_the_week() -> None:
    rota: list[dict[str, object]] = [
        {"group": "1", "clerks": 2, "days": ["tue"]},
        {"group": "1", "clerks": 1, "date": "2026-12-01"},
    ]
    assert clerks_at(rota, "1", "10:00") == 1
    assert clerks_at(rota, "1", "10:00", date(2026, 12, 8)) == 2
    assert clerks_at(rota, "1", "10:00", SATURDAY) == 0


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({"group": "1"}, "[0].clerks"),
        ({"group": "1", "clerks": -1}, "[0].clerks"),
        ({"group": "1", "clerks": True}, "[0].clerks"),
        ({"group": "1", "clerks": 1, "lunch": ["11:30", "12:30"]}, "[0].lunch"),
        ({"group": "1", "clerks": 1, "from": "12:00", "to": "09:00"}, "[0].to"),
        ({"group": "1", "clerks": 1, "to": "12:00", "lunch": ["11:30"]}, "[0].lunch"),
        ({"group": "1", "clerks": 1, "from": "25:00"}, "[0].from"),
        ({"group": "1", "clerks": 1, "days": ["someday"]}, "[0].days"),
        ({"group": "1", "clerks": 1, "date": "2027-02-29"}, "[0].date"),
        ({"group": "1", "clerks": 1, "date": "20270301"}, "[0].date"),
        ({"group": "1", "clerks": 1, "date": "2027-W09-1"}, "[0].date"),
        ({"clerks": 1}, "[0].group"),
        ({"group": "1", "clerks": 1, "lunhc": []}, "[0].lunhc"),
        ("nonsense", "[0]"),
    ],
)
def test_a_rota_that_nobody_could_keep_is_refused_at_its_place(entry: object, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_rota([entry])
    assert [error.field for error in refused.value.errors] == [field]


SHIFTS = st.builds(
    Shift,
    group=st.sampled_from(["1", "2", "9"]),
    clerks=st.integers(0, 9),
    begins=st.none() | st.integers(480, 600),
    ends=st.none() | st.integers(900, 1200),
    days=st.lists(st.integers(0, 6), unique=True).map(lambda days: tuple(sorted(days))),
)


@given(st.lists(SHIFTS, max_size=6))
def test_what_is_written_is_read_back(shifts: list[Shift]) -> None:
    assert list(parse_rota([shift.to_value() for shift in shifts])) == shifts


@given(st.lists(SHIFTS, max_size=6), st.dates(date(2026, 1, 1), date(2027, 12, 31)))
def test_nobody_is_on_duty_twice_or_less_than_not_at_all(shifts: list[Shift], day: date) -> None:
    duties = duties_on(shifts, POOLS, CLERKS, day, opens=510, closes=1035)
    duty = on_duty(duties, ("1", "9"), 105)
    most = sum(shift.clerks for shift in shifts) + 2
    assert np.all(duty >= -1e-9)
    assert np.all(duty <= most)


@given(st.integers(0, 24 * 60))
def test_a_clock_is_read_as_it_is_written(minutes: int) -> None:
    assert minutes_of(clock(minutes)) == minutes
