"""The statement on accessibility, as public sites in Japan publish it: aim, scope, how and when tested, what is left.

Decides the day of the last test, which changes with the tests themselves; the sentences are texts like any other.
Source: the guidance on JIS X 8341-3:2016 of the Web Accessibility Infrastructure Committee.
"""

from __future__ import annotations

from datetime import date

from babel.dates import format_date
from flask import Response, render_template, request

from queue_app.domain.access import Right
from queue_app.domain.eras import era_year
from queue_app.services import offices
from queue_app.store.database import reading
from queue_app.web.auth import needs
from queue_app.web.i18n import DEFAULT, EASY, reader_language
from queue_app.web.limits import check_public_rate
from queue_app.web.resident.frame import blueprint, shown

TESTED = date(2026, 11, 28)


@blueprint.get("/accessibility")
@needs(Right.READ_PUBLIC)
def accessibility() -> Response | str:
    """The statement; with `?office=` it names whom to call there."""
    check_public_rate()
    day, asked = tested_on(reader_language()), request.args.get("office", "")
    with reading() as session:
        here = offices.office_by_code(session, asked) if asked in offices.office_codes(session) else None
    return shown("accessibility", here, day=day) if here else render_template("resident/accessibility.html", day=day)


def tested_on(language: str) -> str:
    """The day in the reader's words; in Japanese with the year of both calendars."""
    if language == DEFAULT:
        return f"{TESTED.year}年（{era_year(TESTED)}）{TESTED.month}月{TESTED.day}日"
    if language == EASY:
        return f"{TESTED.year}ねん {TESTED.month}がつ {TESTED.day}にち"
    return format_date(TESTED, "long", locale=language.replace("-", "_"))
