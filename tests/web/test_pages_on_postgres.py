"""Every page and every form once on PostgreSQL, on a day with people in it.

What a page says is asked on SQLite (the marker `any_database`); here is asked that the larger database takes each of its
questions, where it is stricter.
"""

from __future__ import annotations

import pytest
from werkzeug.routing import Rule

from queue_app.domain.access import Role
from tests.bookings import BOOKABLE, reserve
from tests.web.test_page_access import address, token_of, visitor
from tests.world import World

pytestmark = pytest.mark.parametrize(
    "database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
LEAST = {None: 25, Role.MANAGER: 40, Role.ADMIN: 40}
"""So many pages open; fewer, and the walk has lost its way."""


@pytest.fixture
def hall(world: World) -> World:
    """Somebody waits, somebody is called, somebody has gone, somebody has booked."""
    world.open_office(BOOKABLE)
    world.open("1", "2")
    for service in ("moving", "moving", "certificate", "moving"):
        world.issue(service)
    gone = world.call("1").get_json()["ticket"]
    world.act(gone, "start")
    world.act(gone, "finish")
    world.call("2")
    return world


@pytest.mark.parametrize("role", LEAST, ids=str)
def test_postgresql_takes_the_questions_of_every_page_and_form(hall: World, role: Role | None) -> None:
    browser = visitor(hall, role)
    tokens = {"/t/": hall.issue("moving")["token"], "/r/": reserve(hall)["token"]}

    def filled(rule: Rule) -> str:
        token = next((token for start, token in tokens.items() if str(rule).startswith(start)), "nothing")
        return address(str(rule).replace("<token>", token))

    rules = sorted(hall.app.url_map.iter_rules(), key=str)
    pages = [filled(rule) for rule in rules if "GET" in (rule.methods or ()) and not rule.endpoint.endswith("static")]
    answers = {page: browser.get(page).status_code for page in pages}
    assert [page for page, status in answers.items() if status >= 500] == ["/readyz"]  # there is no Redis here
    assert list(answers.values()).count(200) >= LEAST[role]
    proof = {"csrf_token": token_of(browser)} if role else {}
    forms = [filled(rule) for rule in rules if "POST" in (rule.methods or ()) and not str(rule).startswith("/api/")]
    assert [form for form in forms if browser.post(form, data=proof).status_code >= 500] == []
