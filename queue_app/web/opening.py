"""When an office opens again, as a sentence for somebody who stands before a closed door.

Leaves the calendar to `domain.calendar`.
"""

from __future__ import annotations

from datetime import date, datetime

from babel.dates import format_date

from queue_app.domain.calendar import tickets_next, wall_intervals
from queue_app.domain.hours import Hours
from queue_app.domain.office import Office
from queue_app.domain.wall_clock import clock_text
from queue_app.services.ports import Ports
from queue_app.web.i18n import DEFAULT, EASY, reader_language, t, with_readings

PATTERNS = {
    "zh-Hans": "M月d日 (EEE)",
    "zh-Hant": "M月d日 (EEE)",
    "ko": "M월 d일 (EEE)",
}
"""How a day is written; other languages as Babel writes it."""

YEARS = {"zh-Hans": "y年", "zh-Hant": "y年", "ko": "y년 "}
"""In front of these; elsewhere the year comes last."""

NAMED_DAYS = {
    **dict(
        enumerate(
            ["ついたち", "ふつか", "みっか", "よっか", "いつか", "むいか", "なのか", "ようか", "ここのか", "とおか"], 1
        )
    ),
    14: "じゅうよっか",
    20: "はつか",
    24: "にじゅうよっか",
}
"""Days of the month with a name of their own; the others are read as they are counted."""

WEEKDAYS = ("月|げつ", "火|か", "水|すい", "木|もく", "金|きん", "土|ど", "日|にち")


def opening_sentence(office: Office, ports: Ports, hours: Hours | None = None) -> str:
    """When numbers are given again: later today, or on which day; that it is not known, when nothing is planned."""
    now, hours = ports.clock(), hours or office.hours
    opens = tickets_next(hours, now, office.zone, ports.holidays)
    if opens is None:
        return t("kiosk.closed_for_now")
    local = opens.astimezone(office.zone)
    if local.date() == office.today(now):
        return t("kiosk.opens_today", time=clock_text(opens, office.zone))
    is_over = bool(wall_intervals(hours, office.today(now), ports.holidays))
    return t(
        "kiosk.opens_on" if is_over else "kiosk.closed_all_day",
        day=day_text(local),
        time=clock_text(opens, office.zone),
    )


def day_text(at: datetime, language: str | None = None) -> str:
    """12月2日（水）, Wed 2 Dec."""
    wanted = language or reader_language()
    if wanted in (DEFAULT, EASY):
        return with_readings(_japanese_day(at, gap=_gap(wanted)), wanted)
    return format_date(at, PATTERNS.get(wanted, "EEE d MMM"), locale=wanted.replace("-", "_"))


def dated_text(at: date) -> str:
    """2026年12月2日（水）, Wed 2 Dec 2026: where years stand below each other."""
    wanted = reader_language()
    if wanted in (DEFAULT, EASY):
        return with_readings(f"{at.year}{{年|ねん}}{_gap(wanted)}{_japanese_day(at, gap=_gap(wanted))}", wanted)
    pattern = YEARS[wanted] + PATTERNS[wanted] if wanted in YEARS else "EEE d MMM y"
    return format_date(at, pattern, locale=wanted.replace("-", "_"))


def _gap(language: str) -> str:
    return " " if language == EASY else ""


def _japanese_day(at: date, *, gap: str) -> str:
    """With its readings, as texts carry them."""
    named = NAMED_DAYS.get(at.day)
    day = f"{{{at.day}日|{named}}}" if named else f"{at.day}{{日|にち}}"
    return f"{at.month}{{月|がつ}}{gap}{day}（{{{WEEKDAYS[at.weekday()]}}}）"
