"""The wished time: asked where times are recommended, never needed, and kept nowhere but in the address."""

from __future__ import annotations

import re

from queue_app.domain.office import Office
from queue_app.services.availability import Found, Wish
from queue_app.web.booking.frame import clock_of
from queue_app.web.i18n import t

NOON = 12 * 60
HALVES = {"am": Wish(0, NOON - 1), "pm": Wish(NOON, 24 * 60)}
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)


def read_wish(said: str) -> Wish | None:
    """`am`, `pm` or a time like 10:30; None for anything else."""
    clock = _CLOCK.fullmatch(said)
    if clock is None:
        return HALVES.get(said)
    minute = 60 * int(clock[1]) + int(clock[2])
    return Wish(minute, minute)


def wish_options(found: Found, here: Office) -> list[dict[str, str]]:
    """What can be wished for on the day; nothing where no time is recommended before another."""
    if not any(mark.recommended for mark in found.marks.values()):
        return []
    halves = [("", "wish_any"), ("am", "morning"), ("pm", "afternoon")]
    hours = dict.fromkeys(slot.start.astimezone(here.zone).replace(minute=0) for slot in found.days[0].free)
    return [
        *({"value": value, "label": t(f"booking.{key}")} for value, key in halves),
        *({"value": clock_of(hour, here), "label": clock_of(hour, here)} for hour in hours),
    ]
