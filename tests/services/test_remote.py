"""Numbers from home: who may take one, when to leave, and what becomes of one that was called too early."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue_app.domain.access import Role
from queue_app.domain.planning.remote import ALWAYS_OPEN, leave_now, may_join
from queue_app.services import remote
from queue_app.web.context import KEY
from tests.races.arena import together
from tests.web.plain_browser import PlainBrowser
from tests.web.staff_browser import staff
from tests.world import OFFICE, Caller, World

FROM_HOME = OFFICE.replace("tickets_from_home: false", "tickets_from_home: true")


@pytest.fixture
def home(world: World) -> World:
    world.open_office(FROM_HOME)
    world.open("1")
    return world


def join(world: World, caller: Caller | None = None, **facts: Any) -> Any:
    return (caller or world.as_(None)).post("/offices/aoba/tickets", {"service": "certificate", **facts})


def watch(world: World, **passed: float) -> int:
    world.clock.pass_(**passed)
    with world.app.app_context():
        return remote.watch(world.app.extensions[KEY].ports)


def row_of(world: World, ticket: dict[str, Any]) -> dict[str, Any]:
    desk = world.clerk.get("/offices/aoba/desk", query_string={"counter": "1"}).get_json()
    return {"mark": desk["remote"].get(str(world.id_of(ticket))), "waiting": [row["number"] for row in desk["waiting"]]}


def test_a_number_from_home_stands_in_the_same_line_as_paper(home: World) -> None:
    first, mine, last = home.issue(), join(home, travel_min=20).get_json(), home.issue()
    assert row_of(home, mine) == {"mark": "away", "waiting": [first["number"], mine["number"], last["number"]]}


def test_no_more_than_the_share_is_taken_from_home(home: World) -> None:
    for _ in range(ALWAYS_OPEN):
        assert join(home).status_code == 201
    refused = join(home)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "share_full")
    for _ in range(ALWAYS_OPEN + 1):
        home.issue()
    assert join(home).status_code == 201
    assert join(home).get_json()["code"] == "share_full"


def test_a_rush_from_home_keeps_the_share(home: World) -> None:
    answers = together([lambda: join(home) for _ in range(20)])
    assert [answer.status_code for answer in answers].count(201) == ALWAYS_OPEN


@given(st.lists(st.booleans(), max_size=300), st.integers(1, 100))
def test_the_share_holds_after_whatever_order_of_arrivals(arrivals: list[bool], share: int) -> None:
    taken = on_site = 0
    for is_remote in arrivals:
        if not is_remote:
            on_site += 1
        elif may_join(taken, on_site, share):
            taken += 1
            assert taken <= ALWAYS_OPEN or taken * 100 <= share * (taken + on_site)


@given(st.floats(0, 300), st.floats(5, 60))
def test_whoever_is_asked_to_leave_for_a_wait_is_asked_for_every_shorter_one(wait: float, way: float) -> None:
    if leave_now(wait, way):
        assert leave_now(wait / 2, way)


@pytest.mark.parametrize("minutes", [4, 61, -1])
def test_a_way_that_nobody_goes_is_refused(home: World, minutes: int) -> None:
    assert join(home, travel_min=minutes).status_code == 422


def test_people_are_asked_to_leave_when_the_wait_meets_their_way(home: World) -> None:
    for _ in range(12):
        home.issue()
    mine = join(home, travel_min=10).get_json()
    assert watch(home) == 0
    assert row_of(home, mine)["mark"] == "away"
    for _ in range(11):
        home.call("1", finish=True)
        home.clock.pass_(minutes=2)
    assert watch(home) == 1
    assert row_of(home, mine)["mark"] == "coming"
    assert watch(home) == 0, "once is enough"


def test_nobody_is_asked_to_leave_while_nobody_is_on_duty(world: World) -> None:
    world.open_office(FROM_HOME)
    join(world, travel_min=60)
    assert watch(world) == 0


def missed(world: World, travel_min: int = 10) -> dict[str, Any]:
    mine: dict[str, Any] = join(world, travel_min=travel_min).get_json()
    watch(world)
    called = world.call("1")
    assert called.get_json()["ticket"]["number"] == mine["number"], called.text
    assert world.act(mine, "miss").status_code == 200
    return mine


def test_a_place_called_too_early_is_kept_until_a_quarter_after_the_arrival_then_goes_to_the_end_once(
    home: World,
) -> None:
    mine = missed(home)
    others = [home.issue() for _ in range(2)]
    assert watch(home, minutes=24) == 0
    assert home.state(mine) == "missed"
    assert watch(home, minutes=2) == 1
    assert row_of(home, mine)["waiting"] == [*(each["number"] for each in others), mine["number"]]
    for _ in range(2):
        home.call("1", finish=True)
    assert home.call("1", finish=True).get_json()["ticket"]["number"] == mine["number"]
    home.act(mine, "miss")
    assert watch(home, minutes=1) == 1
    assert home.state(mine) == "cancelled"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_staff_see_in_the_list_of_the_missed_who_joined_from_home(home: World) -> None:
    mine = missed(home)
    desk = home.clerk.get("/offices/aoba/desk", query_string={"counter": "1"}).get_json()
    assert [desk["remote"][str(row["id"])] for row in desk["missed"]] == ["coming"]
    page = staff(home, Role.CLERK).open("/staff/counters/1")
    in_the_list = page[page.index('id="missed-heading"') : page.index('id="held-heading"')]
    assert mine["number"] in in_the_list
    assert "自宅（移動中）" in in_the_list


def test_whoever_arrives_while_the_place_is_kept_is_next(home: World) -> None:
    mine = missed(home)
    home.issue()
    browser = PlainBrowser(home.app.test_client())
    browser.open(f"/t/{mine['token']}")
    browser.press("窓口に着きました")
    assert home.call("1").get_json()["ticket"]["number"] == mine["number"]
    assert watch(home, minutes=120) == 0


def test_nothing_is_decided_without_a_person_saying_absent(home: World) -> None:
    mine = join(home).get_json()
    watch(home)
    home.call("1")
    assert watch(home, minutes=90) == 0
    assert home.state(mine) == "called"


def test_a_browser_holds_one_number_at_a_time(home: World) -> None:
    client = home.app.test_client()
    first = page_of(client)
    again = page_of(client)
    assert again == first
    other = home.app.test_client()
    assert page_of(other) != first
    token = first.removeprefix("/t/")
    home.as_(None).post(f"/tickets/{token}/cancel")
    assert page_of(client) != first


def page_of(client: Any) -> str:
    """Take a number on the page, and the address it leads to, without what is said."""
    page = client.get("/aoba/ticket").get_data(as_text=True)
    fields = dict(hidden_fields(page))
    answer = client.post("/aoba/ticket", data={**fields, "service": "moving", "travel_min": "15"})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return str(answer.headers["Location"]).partition("?")[0]


def hidden_fields(page: str) -> list[tuple[str, str]]:
    return re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)


def test_holders_may_step_back_twice_and_no_more(home: World) -> None:
    home.issue()
    mine = join(home).get_json()
    for _ in range(2):
        assert home.as_(None).post(f"/tickets/{mine['token']}/postpone").status_code == 200
    assert home.as_(None).post(f"/tickets/{mine['token']}/postpone").get_json()["code"] == "postponed_enough"


def test_the_rule_is_public_and_linked_from_the_number(home: World) -> None:
    browser = PlainBrowser(home.app.test_client())
    home.issue()
    browser.open(f"/t/{join(home).get_json()['token']}")
    assert "/aoba/order" in browser.page.links.values()
    browser.open("/aoba/order")
    assert "30分前" in browser.page.text
    assert "60分をこえて" in browser.page.text
