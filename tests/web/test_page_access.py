"""Every page and form against everybody who may sit before a browser: deny by default, office by office.

The endpoints of the API have the same test in `test_access`; both ask the one table of rights.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from queue_app.domain.access import RIGHTS, STAFF, Right, Role
from queue_app.services import staff_sessions
from queue_app.store.access_tables import UserRow
from queue_app.store.database import writing
from queue_app.store.office_tables import OfficeRow
from queue_app.web.auth import SESSION_COOKIE
from tests.bookings import BOOKABLE
from tests.web.staff_browser import person
from tests.web.test_access import OTHER_OFFICE
from tests.world import World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Who may is decided before a database of either kind is asked."""

FILLED = {"office": "aoba", "counter": "1", "lang": "ja", "language": "ja", "filename": "app.css", "part": "services"}
OF_DEVICES = ("/kiosk", "/display")
"""There a paired device is asked for, whatever the person may."""
VISITORS: list[Role | None] = [None, *STAFF]


@pytest.fixture
def world(world: World) -> World:
    world.open_office(BOOKABLE)
    world.open_office(OTHER_OFFICE)
    return world


def pages(app: Flask, method: str) -> Iterator[tuple[Rule, Right]]:
    """Every route for browsers that asks for a right, with it."""
    for rule in app.url_map.iter_rules():
        right = getattr(app.view_functions[rule.endpoint], "right", None)
        if right is not None and method in (rule.methods or ()) and not str(rule).startswith("/api/"):
            yield rule, right


def address(rule: Rule | str) -> str:
    """The route with something of the right kind in each place."""

    def fill(found: re.Match[str]) -> str:
        kind, options, name = found.groups()
        return FILLED.get(name) or (options.split(",")[0] if kind == "any" else "1" if kind == "int" else "nothing")

    return re.sub(r"<(?:(\w+)(?:\(([^)]*)\))?:)?(\w+)>", fill, str(rule))


def visitor(world: World, role: Role | None, office: str = "aoba") -> FlaskClient:
    """A browser; with a session of somebody of that role where there is one."""
    client = world.app.test_client()
    if role is None:
        return client
    login = person(world, role, f"{role}-{office}")

    def open_session(session: object) -> str:
        user = session.query(UserRow).filter_by(login=login).one()  # type: ignore[attr-defined]
        user.office_id = session.query(OfficeRow.id).filter_by(code=office).scalar()  # type: ignore[attr-defined]
        return staff_sessions.open_session(session, user, world.clock())  # type: ignore[arg-type]

    with world.app.app_context():
        client.set_cookie(SESSION_COOKIE, writing(open_session))
    return client


def token_of(client: FlaskClient) -> str:
    """The forms' own token of this browser, without which no form is looked at."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/staff/account", follow_redirects=True).text)
    assert found is not None
    return found[1]


def is_refused(answer: TestResponse, role: Role | None) -> bool:
    """To strangers the login or 401, to everybody else 403."""
    if role is not None:
        return answer.status_code == 403
    return answer.status_code == 401 or (answer.status_code == 302 and "/staff/login" in answer.headers["Location"])


@pytest.mark.parametrize("role", VISITORS, ids=str)
def test_no_page_opens_for_whoever_lacks_its_right(world: World, role: Role | None) -> None:
    client = visitor(world, role)
    wrong = [
        f"{address(rule)}: {answer.status_code}"
        for rule, right in pages(world.app, "GET")
        for answer in [client.get(address(rule))]
        if right not in RIGHTS[role] and not is_refused(answer, role)
    ]
    assert wrong == []


@pytest.mark.parametrize("role", VISITORS, ids=str)
def test_no_form_does_anything_for_whoever_lacks_its_right(world: World, role: Role | None) -> None:
    client = visitor(world, role)
    token = token_of(client)
    wrong = [
        f"{address(rule)}: {answer.status_code}"
        for rule, right in pages(world.app, "POST")
        if right not in RIGHTS[role]
        for answer in [client.post(address(rule), data={"csrf_token": token})]
        if not is_refused(answer, role)
    ]
    assert wrong == []


@pytest.mark.parametrize("role", STAFF, ids=str)
def test_every_page_opens_for_those_who_may(world: World, role: Role) -> None:
    """The twin of the two above: a page that refuses everybody would pass them."""
    client = visitor(world, role)
    wrong = [
        f"{address(rule)}: {answer.status_code}"
        for rule, right in pages(world.app, "GET")
        if right in RIGHTS[role] and not str(rule).startswith(OF_DEVICES)
        for answer in [client.get(address(rule))]
        if answer.status_code in (401, 403) or answer.status_code >= 500
    ]
    assert wrong == []


@pytest.mark.parametrize("role", STAFF, ids=str)
def test_pages_of_another_office_show_ones_own_or_refuse(world: World, role: Role) -> None:
    """Staff pages carry no office in their address, so nobody can ask for another's; those that do refuse."""
    client = visitor(world, role, office="midori")
    for rule, right in pages(world.app, "GET"):
        if right in RIGHTS[role] and str(rule).startswith(("/staff", "/admin")):
            answer = client.get(address(rule))
            assert answer.status_code < 500, address(rule)
            assert b"code: aoba" not in answer.data, address(rule)


def test_no_form_is_looked_at_without_its_token(world: World) -> None:
    client = visitor(world, Role.MANAGER)
    for rule, _right in pages(world.app, "POST"):
        answer = client.post(address(rule), data={})
        assert answer.status_code in (400, 403, 404, 415), (address(rule), answer.status_code)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_no_form_is_taken_from_another_site_even_with_a_token(world: World, site: str) -> None:
    client = visitor(world, Role.MANAGER)
    token = token_of(client)
    for rule, _right in pages(world.app, "POST"):
        answer = client.post(address(rule), data={"csrf_token": token}, headers={"Sec-Fetch-Site": site})
        assert answer.status_code == 403, (address(rule), answer.status_code)
        assert "別のサイト" in answer.text or "foreign_site" in answer.text, address(rule)
