"""A day as programs and date fields write it: `2026-12-02`, four plain digits first, and in somebody's lifetime.

Decides which days anything is asked about at all. Far ones would be counted forwards or back beyond what a calendar
holds; week dates and days without hyphens mean different things to different readers. Leaves eras to `eras`.
Source: RFC 3339, full-date.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2199
_SHAPE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def written_day(text: str) -> date:
    """The day; ValueError for everything else."""
    if not _SHAPE.fullmatch(text):
        raise ValueError("not YYYY-MM-DD")
    day = date.fromisoformat(text)
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError("in nobody's lifetime")
    return day
