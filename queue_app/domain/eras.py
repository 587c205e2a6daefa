"""Japanese dates: reading what people type, writing what they expect to read.

Decides which texts are dates and which dates do not exist. Leaves to the pages how a refusal is worded.

Source: cabinet orders on the era names; the Gregorian calendar in Japan since 1873 (明治五年太政官布告第三百三十七号).
Days on which an era changed within the day belong to both eras, so 大正15年12月25日 and 昭和元年12月25日 are one day.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from queue_app.domain.errors import Refusal


@dataclass(frozen=True, slots=True)
class Era:
    name: str
    kanji: str
    letter: str
    starts_on: date
    ends_on: date | None


ERAS = (
    Era("令和", "令", "R", date(2019, 5, 1), None),
    Era("平成", "平", "H", date(1989, 1, 8), date(2019, 4, 30)),
    Era("昭和", "昭", "S", date(1926, 12, 25), date(1989, 1, 7)),
    Era("大正", "大", "T", date(1912, 7, 30), date(1926, 12, 25)),
    Era("明治", "明", "M", date(1868, 1, 25), date(1912, 7, 30)),
)
"""Newest first. A new era is a new line on top and an end for the one below it."""

GREGORIAN_SINCE = date(1873, 1, 1)
WEEKDAYS = "月火水木金土日"


class DateRefused(Refusal):
    """The text is no date. Codes: `not_a_date`, `no_such_month`, `no_such_day`, `outside_era` (with the `era`),
    `before_gregorian`, `wrong_weekday` (with the right `weekday`)."""


def parse_date(text: str) -> date:
    """Read 令和8年4月1日, R8.4.1, ㋿8年4月1日, 2026-04-01, 2026/4/1, 2026年4月1日, 20260401, full-width or not.

    A weekday in brackets at the end may follow and must then be right.
    """
    plain = _plain(text)
    if digits := _DIGITS.fullmatch(plain):
        return _gregorian(_day(int(digits["year"]), int(digits["month"]), int(digits["day"])))
    found = _SHAPE.fullmatch(plain)
    if found is None:
        raise DateRefused("not_a_date")
    era = _BY_SIGN[found["era"].upper()] if found["era"] else None
    day = _day(_year(found["era_year"] or found["year"], era), int(found["month"]), int(found["day"]))
    if era is not None and not _is_within(day, era):
        raise DateRefused("outside_era", era=era.name)
    _check_weekday(day, found["weekday"])
    return _gregorian(day)


def era_date(day: date) -> str:
    """令和8年4月1日（水）"""
    return f"{era_year(day)}{month_day(day)}"


def month_day(day: date) -> str:
    """12月2日（水）"""
    return f"{day.month}月{day.day}日（{weekday(day)}）"


def era_year(day: date) -> str:
    """令和8年, and 令和元年 for the first year."""
    era = next(era for era in ERAS if era.starts_on <= _gregorian(day))
    year = day.year - era.starts_on.year + 1
    return f"{era.name}{'元' if year == 1 else year}年"


def weekday(day: date) -> str:
    return WEEKDAYS[day.weekday()]


def _plain(text: str) -> str:
    """Half-width, without blanks, with one kind of dash. ㋿ becomes 令和 on the way."""
    return "".join(unicodedata.normalize("NFKC", text).translate(_DASHES).split())


def _gregorian(day: date) -> date:
    if day < GREGORIAN_SINCE:
        raise DateRefused("before_gregorian")
    return day


def _year(written: str, era: Era | None) -> int:
    number = 1 if written == "元" else int(written)
    return number if era is None else era.starts_on.year + number - 1


def _day(year: int, month: int, day: int) -> date:
    if not 1 <= month <= 12:
        raise DateRefused("no_such_month")
    try:
        return date(year, month, day)
    except ValueError:
        raise DateRefused("no_such_day") from None


def _is_within(day: date, era: Era) -> bool:
    return era.starts_on <= day and (era.ends_on is None or day <= era.ends_on)


def _check_weekday(day: date, written: str | None) -> None:
    if written is not None and written != weekday(day):
        raise DateRefused("wrong_weekday", weekday=weekday(day))


_DASHES = {ord(dash): "-" for dash in "ー‐‑‒–—―−ｰ"}

_BY_SIGN = {sign: era for era in ERAS for sign in (era.name, era.kanji, era.letter)}

# Two-digit years without an era are refused: 8-4-1 and 26-4-1 can each be read in two ways.
_SHAPE = re.compile(
    rf"""
    (?: (?P<era>{"|".join(_BY_SIGN)}) (?P<era_year>[0-9]{{1,3}}|元) | (?P<year>[0-9]{{4}}) ) (?:年|[-./])
    (?P<month>[0-9]{{1,2}}) (?:月|[-./])
    (?P<day>[0-9]{{1,2}}) 日?
    (?: \( (?P<weekday>[{WEEKDAYS}]) (?:曜日?)? \) )?
    """,
    re.VERBOSE | re.IGNORECASE,
)

_DIGITS = re.compile(r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})")
