"""Three hundred people who ask a city hall for the same pages, each with marks by which an answer of theirs is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from queue_app.domain.access import Role
from queue_app.services import staff_sessions
from queue_app.store.access_tables import UserRow
from queue_app.store.database import writing
from queue_app.web.auth import DEVICE_COOKIE, SESSION_COOKIE
from queue_app.web.booking import draft as drafts
from queue_app.web.i18n import LANGUAGES
from tests.bookings import slot
from tests.web.staff_browser import person
from tests.world import World

STAFF = {Role.CLERK: 70, Role.MANAGER: 50, Role.ADMIN: 40}
DEVICES = {Role.KIOSK: 25, Role.DISPLAY: 25}
RESIDENTS = 60
STRANGERS = 30


@dataclass
class Asker:
    """Headers, the name under which they are known, and the language every page of theirs is in."""

    mark: str
    headers: dict[str, str]
    language: str
    kind: str
    tags: dict[str, str] = field(default_factory=dict)
    """The ETag last heard for each address."""


def marked(kind: str, number: int) -> str:
    """A name that stands nowhere else: `印clerk007印`."""
    return f"印{kind}{number:03d}印"


def askers(world: World) -> list[Asker]:
    return [*staff(world), *devices(world), *programs(world), *residents(world), *strangers()]


def staff(world: World) -> Iterator[Asker]:
    for role, count in STAFF.items():
        for number in range(count):
            language = ("ja", "en")[number % 2]
            yield Asker(
                f"職員 {marked(role, number)}", _with(f"{SESSION_COOKIE}={_session(world, role, number)}", language),
                language, "staff",
            )  # fmt: skip


def _session(world: World, role: Role, number: int) -> str:
    login = person(world, role, marked(role, number))

    def open_session(session: Any) -> str:
        user = session.query(UserRow).filter_by(login=login).one()
        return staff_sessions.open_session(session, user, world.clock())

    with world.app.app_context():
        return writing(open_session)


def devices(world: World) -> Iterator[Asker]:
    for role, count in DEVICES.items():
        for number in range(count):
            mark = marked(role, number)
            secret = world.token(role, name=mark)
            yield Asker(mark, _with(f"{DEVICE_COOKIE}_{role}={secret}", "ja"), "ja", "device")


def programs(world: World) -> Iterator[Asker]:
    """Bearer tokens, which a shared cache has a rule of its own for."""
    for number in range(20):
        mark = marked("program", number)
        token = world.token(Role.MANAGER, name=mark)
        yield Asker(mark, {"Authorization": f"Bearer {token}", "Accept-Language": "en"}, "en", "program")


def residents(world: World) -> Iterator[Asker]:
    """Booking begun: the name typed stands in a sealed cookie, and on the pages that show it again."""
    for number in range(RESIDENTS):
        mark = marked("resident", number)
        begun = drafts.Draft(
            office="aoba", service="moving", day="2026-12-02", slot=slot(), hold=f"hold-{number}", name_kana=mark,
            hold_until=(world.clock() + timedelta(hours=2)).isoformat(), channel="email",
            address=f"{mark}@marked.example",
        )  # fmt: skip
        language = list(LANGUAGES)[number % len(LANGUAGES)]
        with world.app.test_request_context():
            kept = drafts.keep_draft(world.app.response_class(), begun).headers["Set-Cookie"].partition(";")[0]
        chosen = f"{kept}; matazu_language={language}; matazu_holder={mark.encode().hex()}"
        yield Asker(mark, _with(chosen, "ko"), language, "resident")


def strangers() -> Iterator[Asker]:
    """Nobody in particular, in every language; every third tells the server that it is somebody else's."""
    for number in range(STRANGERS):
        language = list(LANGUAGES)[number % len(LANGUAGES)]
        headers = {"Accept-Language": language}
        mark = marked("poison", number)
        if number % 3 == 0:
            headers |= {"X-Forwarded-Host": f"poison{number:03d}.example", "X-Original-URL": f"/{number}"}
        yield Asker(mark, headers, language, "stranger")


def _with(cookie: str, language: str) -> dict[str, str]:
    return {"Cookie": cookie, "Accept-Language": language}
