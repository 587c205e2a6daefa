"""The holiday list of the package we rely on, at the places where simple lists go wrong."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from queue_app.adapters.holidays import japanese_holiday
from queue_app.domain.calendar import ClosedReason, open_intervals, parse_hours, why_closed

WEEK = {day: ["08:30-17:15"] for day in ("mon", "tue", "wed", "thu", "fri")}
CITY_HALL = parse_hours({**WEEK, "closed": ["holidays", "12-29..01-03"], "dates": {"2026-09-22": ["09:00-12:00"]}})


def test_a_substitute_holiday_can_fall_on_a_wednesday() -> None:
    assert date(2026, 5, 6).weekday() == 2
    assert "振替休日" in (japanese_holiday(date(2026, 5, 6)) or "")
    assert why_closed(CITY_HALL, date(2026, 5, 6), japanese_holiday) is ClosedReason.HOLIDAY
    assert why_closed(CITY_HALL, date(2026, 5, 7), japanese_holiday) is None


def test_a_day_between_two_holidays_is_one_too() -> None:
    assert japanese_holiday(date(2026, 9, 22)) == "国民の休日"


def test_a_date_of_the_office_opens_even_on_a_holiday() -> None:
    assert why_closed(CITY_HALL, date(2026, 9, 22), japanese_holiday) is None
    assert len(open_intervals(CITY_HALL, date(2026, 9, 22), ZoneInfo("Asia/Tokyo"), japanese_holiday)) == 1


@pytest.mark.parametrize(
    ("day", "holiday", "reason"),
    [
        (date(2026, 12, 28), None, None),
        (date(2026, 12, 29), None, ClosedReason.CLOSURE),
        (date(2026, 12, 31), None, ClosedReason.CLOSURE),
        (date(2027, 1, 1), "元日", ClosedReason.HOLIDAY),
        (date(2027, 1, 3), None, ClosedReason.CLOSURE),
        (date(2027, 1, 4), None, None),
    ],
)
def test_new_year_closes_from_29_december_to_3_january(
    day: date, holiday: str | None, reason: ClosedReason | None
) -> None:
    assert japanese_holiday(day) == holiday
    assert why_closed(CITY_HALL, day, japanese_holiday) is reason
