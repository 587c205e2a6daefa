"""Every endpoint against every identity: deny by default, office by office."""

from __future__ import annotations

import re

import pytest

from queue_app.domain.access import NOT_OFFICE_BOUND, RIGHTS, Right, Role
from queue_app.web.api.endpoint import ENDPOINTS, Endpoint
from tests.world import OFFICE, Caller, World

pytestmark = pytest.mark.any_database

OTHER_OFFICE = OFFICE.replace("code: aoba", "code: midori")
IDENTITIES: list[Role | None] = [None, *Role]


def path(endpoint: Endpoint, office: str = "aoba") -> str:
    filled = endpoint.path.replace("<office>", office).replace("<counter>", "1")
    return re.sub(r"<\w+>", "nothing-there", filled) + ("?counter=1" if endpoint.name == "show_desk" else "")


def ask(caller: Caller, endpoint: Endpoint, office: str = "aoba") -> tuple[int, str]:
    asked = caller.get if endpoint.method == "GET" else caller.post
    answer = asked(path(endpoint, office))
    return answer.status_code, (answer.get_json(silent=True) or {}).get("code", "")


def test_every_endpoint_refuses_whoever_lacks_the_right(world: World) -> None:
    for role in IDENTITIES:
        caller = world.as_(role)
        for endpoint in ENDPOINTS:
            status, code = ask(caller, endpoint)
            if endpoint.right in RIGHTS[role]:
                assert (status, code) != (403, "forbidden") or endpoint.right in NOT_OFFICE_BOUND, (role, endpoint.name)
            else:
                expected = (401, "unauthenticated") if role is None else (403, "forbidden")
                assert (status, code) == expected, (role, endpoint.name)


def test_a_role_of_one_office_may_nothing_in_another(world: World) -> None:
    world.open_office(OTHER_OFFICE)
    for role in Role:
        caller = world.as_(role)
        for endpoint in ENDPOINTS:
            bound = endpoint.right in RIGHTS[role] and endpoint.right not in NOT_OFFICE_BOUND
            if bound and "<office>" in endpoint.path:
                assert ask(caller, endpoint, "midori") == (403, "other_office"), (role, endpoint.name)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_a_wrong_token_is_refused_even_where_none_is_needed(world: World, endpoint: Endpoint) -> None:
    assert ask(Caller(world.app.test_client(), "wrong"), endpoint) == (401, "unauthenticated")


def test_a_display_makes_the_public_reads_and_nothing_else(world: World) -> None:
    display = world.as_(Role.DISPLAY)
    assert display.get("/offices/aoba").status_code == 200
    assert display.get("/offices/aoba/board").status_code == 200
    assert display.post("/offices/aoba/tickets", {"service": "moving"}).status_code == 403


def test_an_admin_acts_on_no_ticket_and_sees_no_desk(world: World) -> None:
    ticket, admin = world.issue("moving"), world.as_(Role.ADMIN)
    assert admin.get("/offices/aoba/desk?counter=1").status_code == 403
    assert admin.post(f"/tickets/{world.id_of(ticket)}/start").status_code == 403
    assert admin.get("/offices/aoba/floor").status_code == 200


def test_a_clerks_token_made_for_one_counter_works_there_alone(world: World) -> None:
    world.issue("moving")
    clerk = world.as_(Role.CLERK, counter="1")
    assert clerk.post("/offices/aoba/counters/1/open").status_code == 200
    refused = clerk.post("/offices/aoba/counters/2/open")
    assert (refused.status_code, refused.get_json()["code"]) == (403, "wrong_counter")
    called = clerk.post("/offices/aoba/counters/1/calls").get_json()["ticket"]
    elsewhere = world.as_(Role.CLERK, counter="2")
    assert elsewhere.post(f"/tickets/{called['id']}/start").get_json()["code"] == "wrong_counter"


def test_somebody_elses_ticket_and_no_ticket_look_the_same(world: World) -> None:
    ticket = world.issue("moving")
    world.open_office(OTHER_OFFICE)
    stranger = world.as_(Role.CLERK, office="midori")
    answers = [
        stranger.get(f"/tickets/{world.id_of(ticket)}"),
        stranger.get("/tickets/999999"),
        world.as_(None).get(f"/tickets/{ticket['token'][:-1]}{'B' if ticket['token'].endswith('A') else 'A'}"),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.get_data() for answer in answers}) == 1


def test_residents_take_no_number_from_home_unless_the_office_allows_it(world: World) -> None:
    assert world.as_(None).post("/offices/aoba/tickets", {"service": "moving"}).status_code == 401
    world.open_office(OFFICE.replace("tickets_from_home: false", "tickets_from_home: true"))
    assert world.as_(None).post("/offices/aoba/tickets", {"service": "moving"}).status_code == 201


def test_only_staff_see_ids_and_needs(world: World) -> None:
    ticket = world.issue("moving", needs=["wheelchair"])
    seen = world.as_(None).get(f"/tickets/{ticket['token']}").get_json()
    assert "id" not in seen
    assert "needs" not in seen
    assert "token" not in seen
    staff = world.clerk.get(f"/tickets/{ticket['token']}").get_json()
    assert staff["needs"] == ["wheelchair"]


def test_every_right_belongs_to_somebody() -> None:
    assert set().union(*RIGHTS.values()) == set(Right)
