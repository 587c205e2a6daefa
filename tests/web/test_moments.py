"""What a crowd asks at once is worked out once, is never older than a moment, and decides nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from flask import Flask

from config import Settings
from queue_app.web.context import KEY
from queue_app.web.moments import CROWD, LONGEST_S, MOMENT_S, Moments
from tests.bookings import BOOKABLE, TOMORROW, reserve, slot
from tests.conftest import make_app
from tests.web.test_days_to_choose import phone_with
from tests.world import World

AFTER_S = MOMENT_S + 0.01
LAST = slot("10:00", "insurance")
ASKED = f"/offices/aoba/slots?service=insurance&from={TOMORROW}&to={TOMORROW}"


class Watch:
    """Counts real seconds, where the clock of the office may stand still."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def moments(watch: Watch) -> Moments:
    return Moments(watch)


def crowd_before(moments: Moments, work: Callable[[], object] = lambda: "before") -> None:
    for _ in range(CROWD):
        moments.answer("places", work)


def test_while_few_ask_everybody_gets_an_answer_of_their_own(moments: Moments) -> None:
    found = [moments.answer("places", lambda number=number: number) for number in range(CROWD - 1)]  # type: ignore[misc]
    assert found == list(range(CROWD - 1))


def test_a_crowd_gets_one_answer_until_its_moment_is_over(moments: Moments, watch: Watch) -> None:
    crowd_before(moments)
    assert moments.answer("places", lambda: "after") == "before"
    assert moments.answer("times", lambda: "another question") == "another question"
    watch.now += AFTER_S
    assert moments.answer("places", lambda: "after") == "after"


def test_a_crowd_that_has_gone_leaves_nothing_old_behind(moments: Moments, watch: Watch) -> None:
    crowd_before(moments)
    watch.now += MOMENT_S / 2
    moments.answer("places", lambda: "before")
    watch.now += 1
    assert moments.answer("places", lambda: "after") == "after"


def test_one_looks_while_the_others_are_given_the_old_answer_but_never_for_long(moments: Moments, watch: Watch) -> None:
    crowd_before(moments)
    watch.now += AFTER_S
    began, may_end = threading.Event(), threading.Event()

    def slow() -> str:
        began.set()
        may_end.wait(10)
        return "slow"

    looking = threading.Thread(target=moments.answer, args=("places", slow))
    looking.start()
    began.wait(10)
    assert moments.answer("places", lambda: "a second look") == "before"
    watch.now += LONGEST_S - MOMENT_S + 0.01
    crowd_before(moments, lambda: "too long")
    assert moments.answer("places", lambda: "nobody's") == "too long"
    may_end.set()
    looking.join()
    assert moments.answer("places", lambda: "nobody's") == "too long", "a look that began earlier is not newer"


def test_an_error_is_told_to_whoever_looked_and_to_nobody_else(moments: Moments, watch: Watch) -> None:
    def failing() -> str:
        raise ValueError

    crowd_before(moments)
    watch.now += AFTER_S
    with pytest.raises(ValueError, match=r"^$"):
        moments.answer("places", failing)
    assert moments.answer("places", failing) == "before"


def with_watch(app: Flask, watch: Watch) -> Flask:
    app.extensions[KEY].moments = Moments(watch)
    return app


def offered(world: World) -> list[str]:
    return [each["id"] for each in world.as_(None).get(ASKED).get_json()["slots"]]


def test_a_crowd_sees_a_booking_after_a_moment_and_cannot_book_the_place_before(world: World, watch: Watch) -> None:
    world.open_office(BOOKABLE)
    with_watch(world.app, watch)
    assert all(LAST in offered(world) for _ in range(CROWD))
    reserve(world, LAST)
    assert LAST in offered(world), "before a crowd the list may be a moment old"
    refused = world.as_(None).post("/offices/aoba/holds", {"slot": LAST})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "slot_full")
    assert LAST not in [each["id"] for each in refused.get_json()["alternatives"]]
    watch.now += AFTER_S
    assert LAST not in offered(world)


def test_whoever_lost_a_time_sees_it_taken_whatever_the_crowd_sees(world: World, watch: Watch) -> None:
    browser = phone_with(world, BOOKABLE, "insurance")
    with_watch(world.app, watch)
    for _ in range(CROWD):
        browser.open(f"/book/aoba/time?day={TOMORROW}")
    reserve(world, LAST)
    browser.open(f"/book/aoba/time?day={TOMORROW}")
    browser.press("10:00")
    assert browser.answer.status_code == 409
    assert f'value="{LAST}"' not in browser.answer.text


def test_another_worker_sees_a_booking_after_a_moment(world: World, settings: Settings, watch: Watch) -> None:
    world.open_office(BOOKABLE)
    other = World(with_watch(make_app(settings, world.clock), watch), world.clock)
    assert all(LAST in offered(other) for _ in range(CROWD))
    reserve(world, LAST)
    watch.now += AFTER_S
    assert LAST not in offered(other)


def test_the_pages_of_a_crowd_follow_bookings_midnight_and_the_set_up(world: World, watch: Watch) -> None:
    browser = phone_with(world, BOOKABLE, "insurance")
    with_watch(world.app, watch)

    def page(path: str) -> str:
        watch.now += AFTER_S
        for _ in range(CROWD):
            browser.open(f"/book/aoba/{path}")
        return str(browser.answer.text)

    taken = f'value="{LAST}"'
    assert taken in page(f"time?day={TOMORROW}")
    reserve(world, LAST)
    assert taken not in page(f"time?day={TOMORROW}")
    assert 'value="2026-12-01"' in page("day")
    world.clock.pass_(days=1)
    assert 'value="2026-12-01"' not in page("day")
    world.open_office(BOOKABLE.replace("あおば市役所", "あおば新市役所"))
    assert "あおば新市役所" in page("day")


def test_staff_see_what_is_free_now_whatever_the_crowd_sees(world: World, watch: Watch) -> None:
    world.open_office(BOOKABLE)
    with_watch(world.app, watch)
    assert all(LAST in offered(world) for _ in range(CROWD))
    reserve(world, LAST)
    assert LAST not in [each["id"] for each in world.clerk.get(ASKED).get_json()["slots"]]
