"""The time of day in words, in one place."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from queue_app.domain.wall_clock import clock_text

TOKYO = ZoneInfo("Asia/Tokyo")
ROOT = Path(__file__).parents[2]
STRIPS_A_ZERO = re.compile(r"%H:%M[^\n]*lstrip")


@pytest.mark.parametrize(
    ("hour", "minute", "shown"), [(0, 0, "0:00"), (0, 5, "0:05"), (8, 30, "8:30"), (10, 0, "10:00"), (23, 59, "23:59")]
)
def test_midnight_keeps_its_zero_and_the_morning_loses_it(hour: int, minute: int, shown: str) -> None:
    assert clock_text(datetime(2026, 12, 2, hour, minute, tzinfo=TOKYO).astimezone(UTC), TOKYO) == shown


def test_nobody_takes_the_zero_off_a_text() -> None:
    files = [file for folder in ("queue_app", "kiosk", "display") for file in (ROOT / folder).rglob("*.py")]
    assert [file.name for file in files if STRIPS_A_ZERO.search(file.read_text("utf-8"))] == []
