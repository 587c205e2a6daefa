"""When an office opens again, as a sentence for somebody who stands before a closed door.

Leaves the calendar to `domain.calendar`.
"""

from __future__ import annotations

from datetime import datetime

from babel.dates import format_date

from queue_app.domain.calendar import tickets_next
from queue_app.domain.hours import Hours
from queue_app.domain.office import Office
from queue_app.services.ports import Ports
from queue_app.web.i18n import reader_language, t

PATTERNS = {
    "ja": "M月d日（EEEEE）",
    "ja-x-easy": "M月 d日（EEEEE）",
    "zh-Hans": "M月d日 (EEE)",
    "zh-Hant": "M月d日 (EEE)",
    "ko": "M월 d일 (EEE)",
}
"""How a day is written; other languages as Babel writes it."""


def opening_sentence(office: Office, ports: Ports, hours: Hours | None = None) -> str:
    """When numbers are given again: later today, or on which day; that it is not known, when nothing is planned."""
    now = ports.clock()
    opens = tickets_next(hours or office.hours, now, office.zone, ports.holidays)
    if opens is None:
        return t("kiosk.closed_for_now")
    local = opens.astimezone(office.zone)
    if local.date() == office.today(now):
        return t("kiosk.opens_today", time=f"{local:%H:%M}".lstrip("0"))
    return t("kiosk.opens_on", day=day_text(local), time=f"{local:%H:%M}".lstrip("0"))


def day_text(at: datetime, language: str | None = None) -> str:
    """12月2日（水）, Wed 2 Dec."""
    wanted = language or reader_language()
    locale = {"ja-x-easy": "ja", "zh-Hans": "zh_Hans", "zh-Hant": "zh_Hant"}.get(wanted, wanted)
    return format_date(at, PATTERNS.get(wanted, "EEE d MMM"), locale=locale)
