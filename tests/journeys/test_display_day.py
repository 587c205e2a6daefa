"""What a display works out by itself: closing soon, after hours, the nightly fresh start, and sizes by screen and distance.

The modules run in a blank page of a real browser; the time is that of the snapshot they are given.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.browser

STATIC = Path(__file__).parents[2] / "display" / "static"


@pytest.fixture(scope="module")
def blank(browser: Browser) -> Iterator[Page]:
    """One page for all: what is asked of the modules leaves nothing behind in it."""
    page = browser.new_page()
    page.route("http://display.test/**", serve)
    page.goto("http://display.test/")
    yield page
    page.close()


def serve(route: Route) -> None:
    file = STATIC / route.request.url.rsplit("/", 1)[-1]
    if file.suffix == ".js":
        route.fulfill(body=file.read_bytes(), content_type="text/javascript")
    else:
        route.fulfill(body="<!doctype html><title>display</title>", content_type="text/html")


def at(page: Page, time: str, expression: str) -> Any:
    """What a `day` that started at noon says at this time of the same or another day."""
    return page.evaluate(
        """async ([time, expression]) => {
          const { Day } = await import("/day.js");
          const day = new Day({ time_zone: "Asia/Tokyo" }, "2026-12-01T12:00:00+09:00");
          day.set(time);
          return Function("day", `return ${expression}`)(day);
        }""",
        [time, expression],
    )


@pytest.mark.parametrize(
    ("time", "said"),
    [("16:29", None), ("16:31", {"until": "17:00"}), ("16:59", {"until": "17:00"}), ("17:01", {"over": True})],
)
def test_the_last_half_hour_of_numbers_is_announced(blank: Page, time: str, said: object) -> None:
    closing = 'day.closing({ open: true, tickets_until: "2026-12-01T08:00:00+00:00" })'
    assert at(blank, f"2026-12-01T{time}:00+09:00", closing) == said


def test_an_office_that_never_stops_giving_numbers_announces_nothing(blank: Page) -> None:
    assert at(blank, "2026-12-01T23:59:00+09:00", "day.closing({ open: true, tickets_until: null })") is None


@pytest.mark.parametrize(
    ("snapshot", "over"),
    [
        ("{ open: false, calls: [], queues: [{ waiting: 0 }] }", True),
        ("{ open: false, calls: [], queues: [{ waiting: 1 }] }", False),
        ("{ open: false, calls: [{}], queues: [] }", False),
        ("{ open: true, calls: [], queues: [] }", False),
    ],
)
def test_the_screen_goes_dark_only_when_everybody_has_been_called(blank: Page, snapshot: str, over: bool) -> None:
    assert at(blank, "2026-12-01T18:00:00+09:00", f"day.isOver({snapshot})") is over


@pytest.mark.parametrize(
    ("opening", "said"), [("2026-12-01T13:00:00+09:00", "13:00"), ("2026-12-02T08:30:00+09:00", "12月2日（水）8:30")]
)
def test_the_next_opening_names_the_day_unless_it_is_today(blank: Page, opening: str, said: str) -> None:
    assert at(blank, "2026-12-01T12:00:00+09:00", f'day.when("{opening}")') == said


@pytest.mark.parametrize(
    ("time", "due"),
    [
        ("2026-12-01T03:10:00", False),
        ("2026-12-02T02:59:00", False),
        ("2026-12-02T03:01:00", True),
        ("2026-12-02T04:00:00", False),
    ],
)
def test_the_page_starts_afresh_in_the_night_after_its_first_day(blank: Page, time: str, due: bool) -> None:
    assert at(blank, f"{time}+09:00", "day.isTimeToReload()") is due


def test_the_picture_moves_by_two_pixels_every_ten_minutes(blank: Page) -> None:
    seen = [at(blank, f"2026-12-01T12:{minute:02}:00+09:00", "day.shift()") for minute in (1, 11, 21, 31, 41)]
    assert len({tuple(shift) for shift in seen[:4]}) == 4
    assert seen[0] == seen[4]
    assert max(max(shift) for shift in seen) == 2


@pytest.mark.parametrize(("inch", "reach"), [(55, 10), (43, 8)])
def test_a_small_screen_says_how_far_it_can_be_read(blank: Page, inch: int, reach: float) -> None:
    found = blank.evaluate(
        """async (inch) => (await import("/layout.js")).sizes({ inch, distance: 10 }, { width: 1920, height: 1080 })""",
        inch,
    )
    assert found["reach"] == pytest.approx(reach, rel=0.05)
    assert found["number"] <= 0.245 * 1080
