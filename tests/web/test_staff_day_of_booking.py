"""Booked people at the counter, on pages without a script: who is expected, checking in, the route, the paper."""

from __future__ import annotations

from typing import Any

import pytest

from queue_app.domain.access import Role
from tests.bookings import at, reserve, slot
from tests.services.test_arrivals import HALL, SCHOOL_CHILD, TODAY
from tests.web.plain_browser import PlainBrowser
from tests.web.staff_browser import Browser, staff
from tests.world import World


@pytest.fixture
def hall(world: World) -> World:
    world.open_office(HALL)
    return world


def booked(world: World, **facts: Any) -> dict[str, Any]:
    made = reserve(world, slot("10:00", day=TODAY), **facts)
    world.clock.now = at("10:00", TODAY)
    return made


def at_counter(world: World, counter: str = "1") -> Browser:
    """A clerk at a counter that is open."""
    browser = staff(world, Role.CLERK, f"clerk-{counter}")
    browser.open("/staff/")
    browser.press(f"/staff/counters/{counter}/open")
    return browser


def in_hand(world: World, **facts: Any) -> Browser:
    """A booked visit that has arrived and is being served at counter 1."""
    made = booked(world, **facts)
    world.kiosk.post("/offices/aoba/check-ins", {"code": made["code"]})
    browser = at_counter(world)
    browser.press("/staff/counters/1/next")
    browser.press(browser.ticket_action("start"))
    return browser


def test_somebody_expected_is_listed_without_a_name_and_with_a_number_once_there(hall: World) -> None:
    booked(hall)
    browser = at_counter(hall)
    assert "受付する" in browser.page
    assert "アオバ" not in browser.page
    browser.press(next(action for action in browser.actions() if action.endswith("/check-in")))
    assert "番号はB001番です" in browser.page
    assert "受付する" not in browser.page
    assert browser.line == ["B001"]
    assert "予約 10:00 → 09:30" in browser.page, "the order time stands with its reason"


def test_desk_that_is_too_early_hears_from_when(hall: World) -> None:
    booked(hall)
    hall.clock.now = at("09:15", TODAY)
    browser = at_counter(hall)
    browser.press(next(action for action in browser.actions() if action.endswith("/check-in")))
    assert "予約時刻の10分前から受付できます" in browser.page


def test_checking_in_twice_by_two_desks_is_one_number(hall: World) -> None:
    booked(hall)
    first, second = at_counter(hall), at_counter(hall, "2")
    check_in = next(action for action in first.actions() if action.endswith("/check-in"))
    theirs = next(action for action in second.actions() if action.endswith("/check-in"))
    first.press(check_in)
    second.press(theirs)
    assert "この予約は受付が済んでいます" in second.page
    assert first.line == second.line == ["B001"]


def test_booking_of_another_office_cannot_be_checked_in_here(hall: World) -> None:
    hall.open_office(HALL.replace("code: aoba", "code: midori"))
    booked(hall)
    browser = at_counter(hall)
    check_in = next(action for action in browser.actions() if action.endswith("/check-in"))
    answer = browser.send(check_in.replace("/bookings/1/", "/bookings/999/"), browser.fields(check_in))
    assert "見つかりませんでした" in answer.text


def test_route_in_hand_leaves_out_brings_forward_and_adds(hall: World) -> None:
    browser = in_hand(hall, answers=SCHOOL_CHILD, moved_on=TODAY)
    browser.press(browser.ticket_action("first"), service="school")
    assert "順路を入れ替えました" in browser.page
    browser.press(browser.ticket_action("skip"), service="health_insurance")
    assert "窓口を1つとばしました" in browser.page
    browser.press(browser.ticket_action("add"), service="certificate")
    assert "窓口を追加しました" in browser.page
    view = hall.clerk.get("/offices/aoba/desk?counter=1").get_json()["current"]["route"]
    assert "health_insurance" not in {stop["service"] for stop in view}
    assert {"moving", "school", "certificate"} <= {stop["service"] for stop in view}


def test_adding_what_is_there_already_says_so(hall: World) -> None:
    browser = in_hand(hall, answers=SCHOOL_CHILD, moved_on=TODAY)
    browser.press(browser.ticket_action("add"), service="school")
    assert "すでに順路にあります" in browser.page


def test_phone_of_a_booked_visit_tells_where_each_counter_is(hall: World) -> None:
    made = booked(hall, answers=SCHOOL_CHILD, moved_on=TODAY)
    ticket = hall.kiosk.post("/offices/aoba/check-ins", {"code": made["code"]}).get_json()
    page = hall.app.test_client().get(f"/t/{ticket['token']}", headers={"Accept-Language": "ja"}).text
    assert "5番窓口" in page
    assert page.index("3番窓口") > page.index("1番窓口")


def test_number_given_out_by_staff_can_be_put_on_paper(world: World) -> None:
    browser = staff(world, Role.CLERK)
    browser.open("/staff/issue")
    browser.press("/staff/issue", service="moving")
    assert "印刷する" in browser.page
    assert 'data-role="number"' in browser.page


def test_page_of_the_booking_leads_to_the_number_until_the_day_ends(hall: World) -> None:
    made = booked(hall)
    ticket = hall.kiosk.post("/offices/aoba/check-ins", {"code": made["code"]}).get_json()
    phone = PlainBrowser(hall.app.test_client())
    hall.clock.pass_(hours=3)  # the visit outlasts the time that was booked
    assert "番号はB001です" in phone.open(f"/r/{made['token']}").text
    phone.follow("番号のページへ")
    assert phone.path == f"/t/{ticket['token']}"
    hall.clock.pass_(days=1)
    assert "番号のページへ" not in phone.open(f"/r/{made['token']}").text
