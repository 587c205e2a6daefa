"""No answer that depends on who asks is ever given to somebody else, whatever stands before the server (G15)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat

import pytest

from queue_app.domain.access import Role
from queue_app.services import staff_sessions
from queue_app.store.access_tables import UserRow
from queue_app.store.database import writing
from queue_app.web.auth import SESSION_COOKIE
from tests.web.shared_cache import CarelessCache, SharedCache
from tests.web.staff_browser import person
from tests.world import World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What may be kept is said in headers, whatever the database."""

PAGES = (
    *("/", "/crowd/aoba", "/book/aoba", "/offices", "/kiosk/aoba", "/display/aoba", "/staff/login"),
    *("/staff/", "/staff/account", "/staff/floor", "/staff/audit", "/admin/", "/admin/people"),
    *("/api/v1/offices/aoba", "/api/v1/offices/aoba/board", "/api/v1/offices/aoba/desk?counter=1"),
    *("/api/v1/offices/aoba/floor", "/api/v1/offices/aoba/statistics", "/api/v1/openapi.json"),
)
OF_ONE_LANGUAGE = ("/kiosk", "/display", "/staff", "/admin")
"""Machines speak the office's language, and staff read Japanese or English."""
LISTS_OF_STAFF = ("/admin/people", "/staff/audit")
STAFF = (Role.CLERK, Role.MANAGER, Role.ADMIN)


@dataclass(frozen=True)
class Asker:
    """Somebody with headers of their own; `mark` stands on each page that is theirs, and `language` on every page."""

    mark: str
    headers: tuple[tuple[str, str], ...]
    language: str


def askers(world: World, of_each: int) -> list[Asker]:
    """So many of each role with a session, and residents in different languages."""
    found = []
    for role in STAFF:
        for number in range(of_each):
            login = person(world, role, f"{role}-{number}-mark")
            with world.app.app_context():
                secret = writing(
                    lambda session, login=login: staff_sessions.open_session(
                        session, session.query(UserRow).filter_by(login=login).one(), world.clock()
                    )
                )
            language = ("ja", "en")[number % 2]
            headers = (("Cookie", f"{SESSION_COOKIE}={secret}"), ("Accept-Language", language))
            found.append(Asker(f"職員 {login}", headers, language))
    for language in ("ja", "en", "vi", "ne"):
        found.append(Asker(f"resident in {language}", (("Accept-Language", language),), language))
        chosen = (("Cookie", f"matazu_language={language}"), ("Accept-Language", "ko"))
        found.append(Asker(f"resident who chose {language}", chosen, language))
    return found


def foreign(cache: SharedCache, people: list[Asker], rounds: int) -> list[str]:
    """Everybody opens every page, six at a time; which answers held somebody else's mark or language."""
    marks = {asker.mark for asker in people}
    wrong: list[str] = []

    def look(asker: Asker, path: str) -> None:
        wrong.extend(faults(asker, path, cache.get(path, dict(asker.headers)).decode(), marks))

    with ThreadPoolExecutor(6) as together:
        for path in PAGES * rounds:
            list(together.map(look, people, repeat(path)))
    return wrong


def faults(asker: Asker, path: str, page: str, marks: set[str]) -> Iterator[str]:
    """Marks of others on a page that is not their list, and a page in a language that was not asked for."""
    if path not in LISTS_OF_STAFF:
        yield from (f"{asker.mark} saw {mark} on {path}" for mark in marks - {asker.mark} if mark in page)
    spoken = re.search(r'<html lang="([^"]+)"', page)
    if spoken and spoken.group(1) != asker.language and not path.startswith(OF_ONE_LANGUAGE):
        yield f"{asker.mark} was answered in {spoken.group(1)} on {path}"


def test_a_lawful_cache_gives_nobody_anothers_answer(world: World) -> None:
    cache = SharedCache(world.app)
    assert foreign(cache, askers(world, 2), rounds=1) == []
    assert cache.hits > 0, "the cache did keep what everybody may see"


def test_a_careless_cache_would_and_is_caught(world: World) -> None:
    """The twin: a cache that keeps everything for a moment, as one city's did in 2023."""
    careless = CarelessCache(world.app)
    wrong = foreign(careless, askers(world, 2), rounds=1)
    assert any("職員" in each and " saw " in each for each in wrong)


@pytest.mark.storm
def test_a_lawful_cache_gives_nobody_anothers_answer_in_two_hundred_thousand(world: World) -> None:
    people = askers(world, 20)
    rounds = 200_000 // (len(people) * len(PAGES)) + 1
    assert foreign(SharedCache(world.app), people, rounds) == []
