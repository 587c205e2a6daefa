"""Papers of booked visits done before the visit: a list, a press for each step, and a shorter visit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue_app.domain.access import Role
from queue_app.domain.itinerary import PlannedStage, ready, with_papers_done
from queue_app.domain.ticket import StageKind
from tests.bookings import at, reserve, slot
from tests.web.plain_browser import PlainBrowser
from tests.web.staff_browser import staff
from tests.world import OFFICE, World

MARKED = OFFICE.replace(
    "label: {ja: 証明書, en: Certificates}, minutes: 5,",
    "label: {ja: 証明書, en: Certificates}, minutes: 5, before_visit: true, slots: {length_min: 15, capacity: 2},",
)


@pytest.fixture
def marked(world: World) -> World:
    world.open_office(MARKED)
    return world


@pytest.fixture
def clerk(marked: World) -> PlainBrowser:
    return in_plain_browser(marked)


def in_plain_browser(world: World, login: str = "") -> PlainBrowser:
    return PlainBrowser(staff(world, Role.CLERK, login).client)


def booked(world: World, clock: str = "10:00") -> dict[str, Any]:
    return reserve(world, slot(clock, service="certificate"))


def arrive(world: World, made: dict[str, Any]) -> dict[str, Any]:
    world.clock.now = at("10:00")
    answer = world.kiosk.post("/offices/aoba/check-ins", {"code": made["code"]})
    assert answer.status_code == 201, answer.text
    ticket: dict[str, Any] = answer.get_json()
    return ticket


def stages(world: World, ticket: dict[str, Any]) -> list[tuple[str, str, bool]]:
    shown = world.as_(None).get(f"/tickets/{ticket['token']}").get_json()["stages"]
    return [(each["kind"], each["state"], each["ready"]) for each in shown]


def test_a_booking_of_tomorrow_is_a_job_due_at_todays_closing(marked: World, clerk: PlainBrowser) -> None:
    booked(marked)
    page = clerk.open("/staff/early")
    assert "アオバ ハナコ" in page.text
    assert "17:15" in page.text
    assert "未着手" in page.text


def test_a_visit_before_nine_stands_under_its_own_day(marked: World, clerk: PlainBrowser) -> None:
    """Half past eight in Tokyo is still the evening before in London."""
    booked(marked, "08:30")
    assert "12月2日（水） 08:30" in " ".join(clerk.open("/staff/early").text.split())


def test_papers_done_early_are_done_at_check_in_and_the_note_reaches_the_counter(
    marked: World, clerk: PlainBrowser
) -> None:
    made = booked(marked)
    clerk.open("/staff/early")
    clerk.press("取りかかる")
    assert "処理中" in clerk.page.text
    clerk.press("終えた", note="本人確認ずみ")
    assert "残り0件" in clerk.page.text
    ticket = arrive(marked, made)
    assert stages(marked, ticket) == [
        ("reception", "waiting", True),
        ("back_office", "done", False),
        ("handover", "waiting", False),
    ]
    marked.open("1")
    marked.call("1")
    desk = marked.clerk.get("/offices/aoba/desk", query_string={"counter": "1"}).get_json()
    assert desk["current"]["note"] == "本人確認ずみ"
    marked.act(ticket, "start")
    marked.act(ticket, "finish")
    assert stages(marked, ticket)[2] == ("handover", "waiting", True)


def test_papers_that_were_only_taken_up_are_done_on_the_day_as_ever(marked: World, clerk: PlainBrowser) -> None:
    made = booked(marked)
    clerk.open("/staff/early")
    clerk.press("取りかかる")
    assert stages(marked, arrive(marked, made))[1] == ("back_office", "waiting", False)


def test_every_press_can_be_taken_back_until_the_person_comes(marked: World, clerk: PlainBrowser) -> None:
    made = booked(marked)
    clerk.open("/staff/early")
    clerk.press("取りかかる")
    clerk.press("終えた")
    clerk.press("元に戻す")
    assert "処理中" in clerk.page.text
    clerk.press("元に戻す")
    assert "未着手" in clerk.page.text
    clerk.press("取りかかる")
    arrive(marked, made)
    assert "いま準備する書類はありません" in in_plain_browser(marked, "next day").open("/staff/early").text


def test_two_clerks_do_not_take_up_the_same_papers(marked: World, clerk: PlainBrowser) -> None:
    booked(marked)
    other = in_plain_browser(marked, "other")
    clerk.open("/staff/early")
    other.open("/staff/early")
    clerk.press("取りかかる")
    other.press("取りかかる")
    assert other.answer.status_code == 409
    assert "ほかの職員" in other.page.text


def test_a_cancelled_booking_leaves_no_job_behind(marked: World, clerk: PlainBrowser) -> None:
    made = booked(marked)
    marked.as_(None).post(f"/reservations/{made['token']}/cancel")
    assert "いま準備する書類はありません" in clerk.open("/staff/early").text


def test_a_service_that_is_not_marked_makes_no_job(world: World) -> None:
    world.open_office(MARKED.replace("before_visit: true, ", ""))
    booked(world)
    browser = in_plain_browser(world)
    assert "アオバ ハナコ" not in browser.open("/staff/early").text
    assert "事前処理" not in browser.page.links


KINDS = st.lists(
    st.sampled_from([(StageKind.RECEPTION,), (StageKind.RECEPTION, StageKind.BACK_OFFICE), tuple(StageKind)]),
    min_size=1,
    max_size=5,
)


@given(KINDS, st.data())
def test_papers_done_early_change_no_order_among_the_counters(
    shape: list[tuple[StageKind, ...]], data: st.DataObject
) -> None:
    planned: list[PlannedStage] = []
    for number, kinds in enumerate(shape):
        for step, kind in enumerate(kinds):
            planned.append(PlannedStage(f"s{number}", kind, (len(planned) - 1,) if step else ((0,) if number else ())))
    papers = [n for n, stage in enumerate(planned) if stage.kind is StageKind.BACK_OFFICE]
    done = set(data.draw(st.lists(st.sampled_from(papers), unique=True)) if papers else [])
    early = with_papers_done(planned, done)
    over: set[int] = set(done)
    while len(over) < len(planned):
        now = ready(early, over, ())
        assert now, "the visit comes to its end"
        chosen = data.draw(st.sampled_from(now))
        before = ancestors(planned, chosen)
        assert before <= over, "everything that the law puts before it is over"
        over.add(chosen)


def ancestors(planned: list[PlannedStage], position: int) -> set[int]:
    found: set[int] = set()
    waiting = [position]
    while waiting:
        new = set(planned[waiting.pop()].after) - found
        found |= new
        waiting += new
    return found
