"""Japan's public holidays, from the `jpholiday` package (national holidays law, with substitute and in-between days).

Decides nothing: it answers the calendar's question for a day. The equinoxes are fixed by the government only in the
February before; later years are computed, and an office corrects them under `dates` in its file. 29 December to
3 January are no public holidays (1 January apart): offices close then by a closure of their own.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import jpholiday


@lru_cache(maxsize=4096)
def japanese_holiday(day: date) -> str | None:
    """The holiday's Japanese name, or None."""
    name = jpholiday.is_holiday_name(day)
    return str(name) if name else None
