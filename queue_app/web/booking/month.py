"""The days of a month as a table: the second view of the days, for those who plan with a calendar.

A day with places is a link to its times, every other day is text; each says the whole day and what is left.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from babel.dates import format_date, get_day_names
from flask import Response, request
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.errors import Refusal
from queue_app.domain.office import Office
from queue_app.domain.slots import DaySlots, NoPlace
from queue_app.domain.written_day import written_day
from queue_app.services.availability import Mark
from queue_app.web.auth import needs
from queue_app.web.booking.draft import Draft, read_draft
from queue_app.web.booking.frame import blueprint, in_office, page
from queue_app.web.booking.times import (
    FEW,
    days_in_words,
    look,
    next_free_words,
    nothing_page,
    only_few_left,
    opens_for_move,
    stopped_page,
)
from queue_app.web.context import house
from queue_app.web.i18n import DEFAULT, EASY, reader_language, t
from queue_app.web.limits import check_public_rate

LOCALES = {EASY: "ja", "zh-Hans": "zh_Hans", "zh-Hant": "zh_Hant"}
NAMED = {"ja": "M月d日 EEEE", "zh_Hans": "M月d日 EEEE", "zh_Hant": "M月d日 EEEE", "ko": "M월 d일 EEEE"}
MONTHS = {"ja": "y年M月", "zh_Hans": "y年M月", "zh_Hant": "y年M月", "ko": "y년 M월"}
SHORT = {
    NoPlace.FULL: "reason_full",
    NoPlace.CLOSED: "reason_closed",
    NoPlace.PAST: "month_past",
    NoPlace.TOO_LONG: "reason_full",
}
"""In a cell; whatever else is not yet."""


@blueprint.get("/book/<office>/month")
@needs(Right.RESERVE)
def choose_day_of_month(office: str) -> Response:
    """`?month=2026-12`; the month of today without, and never one that cannot be booked at all."""
    check_public_rate()
    draft = read_draft(office)
    with in_office(office) as (session, here):
        return stopped_page(here, draft) or _month_page(session, here, draft)


def _month_page(session: Session, here: Office, draft: Draft) -> Response:
    today = here.today(house().ports.clock())
    end = today + timedelta(days=here.booking.ahead_days)
    first = max(today.replace(day=1), min(_asked_for() or today, end).replace(day=1))
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    try:
        found = look(session, here, draft.said, max(first, today), last)
    except Refusal as refusal:
        return nothing_page(here, draft, refusal)
    days = {each.day: _cell(each, found.marks) for each in found.days}
    return page(
        "month",
        here,
        draft,
        step="day",
        caption=format_date(first, MONTHS.get(_locale(), "LLLL y"), locale=_locale()),
        weekdays=_weekdays(),
        weeks=[
            [_in_month(day, first, days) for day in week]
            for week in calendar.Calendar(calendar.MONDAY).monthdatescalendar(first.year, first.month)
            if week[-1] >= today  # weeks gone by would push the free days off a phone
        ],
        before=f"{first - timedelta(days=1):%Y-%m}" if first > today else "",
        after=f"{last + timedelta(days=1):%Y-%m}" if last < end else "",
        is_full=not any(each.free for each in found.days),
        next_free=next_free_words(found.next_free),
        opens_for_move=opens_for_move(here, draft.said),
    )


def _in_month(day: date, first: date, days: Mapping[date, dict[str, Any]]) -> dict[str, Any] | None:
    """None for a day of another month; days gone by have a number and nothing else."""
    if day.month != first.month:
        return None
    return days.get(day, {"number": day.day, "name": "", "words": "", "value": ""})


def _cell(each: DaySlots, marks: Mapping[str, Mark]) -> dict[str, Any]:
    places = len(each.free)
    named = format_date(each.day, NAMED.get(_locale(), "EEEE d MMMM"), locale=_locale())
    if not places:
        long, words = (
            days_in_words(each, marks),
            t(f"booking.{SHORT.get(each.reason or NoPlace.FULL, 'month_not_yet')}"),
        )
    elif marks:
        few = only_few_left(each, marks)
        long, words = (
            (t("booking.few"), t("booking.month_few")) if few else (t("booking.free"), t("booking.month_free"))
        )
    else:
        long = t("booking.places_left", count=places)
        words = t("booking.month_left", count=places) if places <= FEW else t("booking.month_free")
    value = each.day.isoformat() if places else ""
    return {"number": each.day.day, "name": f"{named} {long}", "words": words, "value": value}


def _asked_for() -> date | None:
    try:
        return written_day(request.args.get("month", "") + "-01")
    except ValueError:
        return None


def _locale() -> str:
    language = reader_language()
    return LOCALES.get(language, language if language != DEFAULT else "ja")


def _weekdays() -> list[dict[str, str]]:
    short, wide = get_day_names("abbreviated", locale=_locale()), get_day_names("wide", locale=_locale())
    return [{"short": short[number], "wide": wide[number]} for number in range(7)]
