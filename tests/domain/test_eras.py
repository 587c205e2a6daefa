"""Dates as people in Japan write them."""

import itertools
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queue_app.domain.eras import ERAS, DateRefused, era_date, era_year, month_day, parse_date

SINCE_1873 = st.dates(date(1873, 1, 1), date(2199, 12, 31))


@pytest.mark.parametrize(
    "text",
    [
        "令和8年4月1日",
        "令和８年４月１日",
        "令和8年4月1日（水）",
        "令和8年4月1日(水曜日)",
        "令和 8 年 4 月 1 日",
        "㋿8年4月1日",
        "令8.4.1",
        "R8.4.1",
        "Ｒ８．４．１",
        "r8/4/1",
        "R08-04-01",
        "2026-04-01",
        "2026/4/1",
        "２０２６／４／１",
        "2026年4月1日",
        "2026.4.1",
        "2026ー04ー01",
        "20260401",
    ],
)
def test_one_day_in_many_hands(text: str) -> None:
    assert parse_date(text) == date(2026, 4, 1)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("令和元年5月1日", date(2019, 5, 1)),
        ("R1.5.1", date(2019, 5, 1)),
        ("平成31年4月30日", date(2019, 4, 30)),
        ("㍻元年1月8日", date(1989, 1, 8)),
        ("昭和64年1月7日", date(1989, 1, 7)),
        ("㍼15年1月1日", date(1940, 1, 1)),
        ("S元.12.25", date(1926, 12, 25)),
        ("大正15年12月25日", date(1926, 12, 25)),
        ("T1.7.30", date(1912, 7, 30)),
        ("明治45年7月30日", date(1912, 7, 30)),
        ("明治6年1月1日", date(1873, 1, 1)),
        ("2028-02-29", date(2028, 2, 29)),
    ],
)
def test_eras_meet_on_the_right_days(text: str, day: date) -> None:
    assert parse_date(text) == day


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("昭和100年1月1日", "outside_era"),
        ("平成31年5月1日", "outside_era"),
        ("令和元年4月30日", "outside_era"),
        ("昭和64年1月8日", "outside_era"),
        ("令和0年1月1日", "outside_era"),
        ("2027-02-29", "no_such_day"),
        ("令和9年2月29日", "no_such_day"),
        ("2026-04-31", "no_such_day"),
        ("2026-04-00", "no_such_day"),
        ("2026-13-01", "no_such_month"),
        ("2026-00-01", "no_such_month"),
        ("20261301", "no_such_month"),
        ("0000-01-01", "no_such_day"),
        ("明治5年12月2日", "before_gregorian"),
        ("1872-12-31", "before_gregorian"),
        ("令和8年4月1日（木）", "wrong_weekday"),
        ("", "not_a_date"),
        ("きのう", "not_a_date"),
        ("8-4-1", "not_a_date"),
        ("26/4/1", "not_a_date"),
        ("X8.4.1", "not_a_date"),
        ("令和8年4月", "not_a_date"),
        ("元年4月1日", "not_a_date"),
        ("令和2026年4月1日", "not_a_date"),
        ("2026-4-1; drop", "not_a_date"),
    ],
)
def test_what_is_no_date_is_refused_by_name(text: str, code: str) -> None:
    with pytest.raises(DateRefused) as refused:
        parse_date(text)
    assert refused.value.code == code


def test_a_refusal_outside_an_era_names_the_era() -> None:
    with pytest.raises(DateRefused) as refused:
        parse_date("S100.1.1")
    assert refused.value.facts == {"era": "昭和"}


def test_dates_are_written_as_people_expect_them() -> None:
    assert era_date(date(2026, 4, 1)) == "令和8年4月1日（水）"
    assert month_day(date(2026, 12, 2)) == "12月2日（水）"
    assert era_year(date(2019, 5, 1)) == "令和元年"
    assert era_year(date(2019, 4, 30)) == "平成31年"
    assert era_year(date(1926, 12, 25)) == "昭和元年"


@settings(deadline=None)
@given(SINCE_1873)
def test_what_is_written_can_be_read_again(day: date) -> None:
    assert parse_date(era_date(day)) == day
    assert parse_date(day.isoformat()) == day
    assert parse_date(f"{day:%Y%m%d}") == day


@settings(deadline=None)
@given(st.text(max_size=20))
def test_no_text_breaks_the_reading(text: str) -> None:
    try:
        day = parse_date(text)
    except DateRefused:
        return
    assert day >= date(1873, 1, 1)


def test_eras_follow_one_another_without_a_gap() -> None:
    for newer, older in itertools.pairwise(ERAS):
        assert older.ends_on is not None
        assert 0 <= (newer.starts_on - older.ends_on).days <= 1
