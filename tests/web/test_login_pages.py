"""Logging in without a script: who is let in, and what the others read."""

from __future__ import annotations

import re

import pytest

from queue_app.domain.access import Role
from queue_app.web.auth import SESSION_COOKIE
from tests.web.staff_browser import PASSPHRASE, Browser, person, staff
from tests.world import World

pytestmark = pytest.mark.any_database


@pytest.fixture
def clerk(world: World) -> Browser:
    """A clerk sitting at counter 1."""
    browser = staff(world, Role.CLERK)
    browser.open("/staff/")
    browser.press("/staff/counters/1/open")
    return browser


def test_wrong_name_and_wrong_passphrase_read_the_same(world: World) -> None:
    person(world, Role.CLERK)
    answers = []
    for login in ("clerk", "nobody"):
        page = Browser(world).log_in(login, "a wrong passphrase of theirs")
        answers.append(re.sub(r"value=\"[^\"]*\"|nonce=\"[^\"]*\"|'nonce-[^']*'", "", page))
    assert answers[0] == answers[1]


def test_failures_slow_the_next_try_down_for_names_that_exist_and_names_that_do_not(world: World) -> None:
    person(world, Role.CLERK)
    waits = []
    for login in ("clerk", "somebody-else"):
        browser = Browser(world)
        seconds = []
        for _ in range(6):
            page = browser.log_in(login, "a wrong passphrase of theirs")
            told = re.findall(r"(\d+)秒たってから", page)
            seconds.append(int(told[0]) if told else 0)
            world.clock.pass_(seconds=31)
        waits.append(seconds)
    assert waits[0] == waits[1] == [0, 0, 0, 1, 3, 7]


def test_login_gives_a_new_session_in_a_cookie_that_scripts_cannot_read(world: World) -> None:
    browser = Browser(world)
    browser.open("/staff/login")
    fields = browser.fields("/staff/login") | {"login": person(world, Role.CLERK), "passphrase": PASSPHRASE}
    answer = browser.client.post("/staff/login", data=fields)
    cookie = next(value for value in answer.headers.getlist("Set-Cookie") if value.startswith(SESSION_COOKIE))
    assert answer.status_code == 303
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    old = cookie.split(";")[0].split("=", 1)[1]
    browser.open("/staff/")
    browser.press("/staff/logout")
    browser.client.set_cookie(SESSION_COOKIE, old)
    browser.open("/staff/")
    assert browser.path.startswith("/staff/login"), "the old cookie still opens the pages"


@pytest.mark.parametrize(
    "address", ["https://evil.example/", "//evil.example", "/staff/../admin", "/t/abc", "/\\evil", ""]
)
def test_login_leads_nowhere_but_to_pages_of_staff(world: World, address: str) -> None:
    browser = Browser(world)
    browser.log_in(person(world, Role.CLERK), then=address)
    assert browser.path == "/staff/"


def test_a_page_asked_for_without_login_comes_after_it(world: World) -> None:
    browser = Browser(world)
    browser.open("/staff/issue")
    assert browser.path == "/staff/login?next=/staff/issue"
    browser.press("/staff/login", login=person(world, Role.CLERK), passphrase=PASSPHRASE)
    assert browser.path == "/staff/issue"


def test_a_login_without_the_form_token_is_refused(world: World) -> None:
    answer = world.app.test_client().post(
        "/staff/login", data={"login": person(world, Role.CLERK), "passphrase": PASSPHRASE}
    )
    assert answer.status_code in (400, 403)
    assert not any(SESSION_COOKIE in value for value in answer.headers.getlist("Set-Cookie"))


def test_a_real_city_shows_no_logins(world: World) -> None:
    person(world, Role.CLERK)
    assert "お試し用のログイン" not in Browser(world).open("/staff/login")
