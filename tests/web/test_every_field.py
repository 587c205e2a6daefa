"""Everything in the corpus in every field of every endpoint: the field is named, in words, and nothing is written.

In `make test` each field gets its share of the corpus, and all fields together the whole of it; `make storm` sends
everything everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from queue_app.domain.access import RIGHTS, Role
from queue_app.web.api.endpoint import ENDPOINTS, Endpoint
from tests import corpus
from tests.bookings import BOOKABLE, reserve, slot
from tests.messages import CHANNELS
from tests.standing import Watch, standing_world
from tests.world import Caller, World

SHARES = 13
GIVEN = {
    "day": "2026-12-01",
    "series": "B",
    "number": 1,
    "service": "moving",
    "language": "ja",
    "at": "2026-12-01T08:31:00+09:00",
}
GOOD: dict[str, dict[str, Any]] = {
    "ActionBody": {},
    "ButtonBody": {},
    "CallBody": {},
    "CheckInBody": {},
    "EmptyBody": {},
    "FindBody": {"code": "12345678", "digits": "1234"},
    "GivenListBody": {"given": [GIVEN]},
    "HeartbeatBody": {},
    "HoldBody": {"slot": slot("11:00"), "people": 1, "service": "moving"},
    "LeaseBody": {"holder": "a" * 20},
    "NavigatorBody": {},
    "NotifyBody": {"channel": "sms", "address": "090-0000-1234"},
    "RescheduleBody": {"slot": slot("14:00")},
    "ReservationBody": {"slot": slot("13:00"), "service": "moving", "name_kana": "アオバ ハナコ", "contact": None},
    "SearchBody": {"text": "12345678"},
    "TicketBody": {"service": "moving"},
}
"""A body of each kind with which only one field at a time is wrong."""
BESIDES = {"ticket_skip": {"service": "moving"}, "ticket_add": {"service": "insurance"}}
"""What an action cannot do without."""
ROLES = (Role.KIOSK, Role.CLERK, Role.MANAGER, Role.BUTTON, None)
WRITES = CHANNELS | {"PUBLIC_URL": "http://aoba.example.jp"}
"""A house that can write to people, without TLS."""
SPEAKS = ("ja", "en", "vi")


@dataclass
class Hall:
    """The office, who asks, and what there is to ask for."""

    world: World
    watch: Watch
    callers: dict[Role | None, Caller]

    def address(self, endpoint: Endpoint) -> str:
        """The endpoint's address with something living in each place."""
        path = endpoint.path.replace("<office>", "aoba").replace("<counter>", "1")
        for name, make in self._makers().items():
            if name in path and ("reservations" in path or name != "<token>" or "tickets" in path):
                path = path.replace(name, make(path))
        return path

    def _makers(self) -> dict[str, Callable[[str], str]]:
        return {"<ticket_id>": lambda _path: self._ticket_id(), "<hold_id>": lambda _path: "x", "<token>": self._token}

    def _token(self, path: str) -> str:
        made = self.booking if "reservations" in path else self.ticket
        return str(made["token"])

    def _ticket_id(self) -> str:
        return str(self.ticket_id)

    def refill(self) -> None:
        """Fresh things to act on: somebody in service at counter 1, a booking, nothing held."""
        self.ticket = self.world.issue("moving")
        self.ticket_id = self.world.id_of(self.ticket)
        self.booking = reserve(self.world, caller=self.callers[Role.CLERK])

    def caller(self, endpoint: Endpoint) -> Caller:
        return next(self.callers[role] for role in ROLES if endpoint.right in RIGHTS[role])


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Hall]:
    folder = tmp_path_factory.mktemp("fields")
    with standing_world(
        folder, migrated_file, office=BOOKABLE.replace("capacity: 2", "capacity: 999"), **WRITES
    ) as world:
        world.open("1", "2")
        counter = {Role.BUTTON: "2"}
        callers = {role: world.as_(role, counter=counter.get(role)) if role else world.as_(None) for role in ROLES}
        watch = Watch(folder)
        made = Hall(world, watch, callers)
        made.refill()
        yield made
        watch.close()


def fields() -> Iterator[tuple[Endpoint, str]]:
    """Every field of every body and query, those inside lists and other bodies too."""
    for endpoint in ENDPOINTS:
        for model in filter(None, (endpoint.body, endpoint.query)):
            for name, field in model.model_fields.items():
                yield endpoint, field.alias or name
    given = next(endpoint for endpoint in ENDPOINTS if endpoint.name == "take_given" or "given" in endpoint.path)
    yield from ((given, f"given.0.{name}") for name in GIVEN)
    reserve_ = next(endpoint for endpoint in ENDPOINTS if endpoint.name == "reserve")
    yield from ((reserve_, f"contact.{name}") for name in ("channel", "address"))


ALL = list(fields())


def with_value(good: dict[str, Any], field: str, value: Any) -> dict[str, Any]:
    """The good body with one thing changed; dots lead into lists and other bodies."""
    body: Any = json.loads(json.dumps(good))
    if field.startswith("contact."):
        body["contact"] = {"channel": "sms", "address": "090-0000-1234"}
    inner: Any = body
    *way, last = field.split(".")
    for step in way:
        inner = inner[int(step) if step.isdigit() else step]
    inner[last] = value
    return dict(body)


def ask(hall: Hall, endpoint: Endpoint, field: str, value: Any, language: str) -> TestResponse:
    caller, address = hall.caller(endpoint), hall.address(endpoint)
    caller.language = language
    if endpoint.body is None:
        query = {"service": "moving", "counter": "1"} if "desk" in address or "slots" in address else {}
        text = value if isinstance(value, str) else json.dumps(value)
        return caller.get(address, query_string={**query, field: text})
    good = GOOD[endpoint.body.__name__] | BESIDES.get(endpoint.name, {})
    return caller.post(address, with_value(good, field, value))


RELATED = {
    "people": ("slot",),
    "answers": ("service", "people"),
    "minutes": ("service",),
    "to": ("from",),
    "from": ("to",),
    "channel": ("address",),
    "contact.channel": ("contact.address",),
    "service": ("slot", "counter"),
    "counter": ("service",),
    "hold": ("slot",),
    "slot": ("service",),
    "language": (),
}
"""Fields that may be named instead, because the two must go together."""


COUNTED = ("find_reservation",)
"""Where a wrong guess is kept, so that there cannot be many; whether or not the thing exists."""


def fault(hall: Hall, endpoint: Endpoint, field: str, value: Any, language: str) -> str | None:
    """What is wrong with the answer, or None."""
    before = hall.watch.version()
    answer = ask(hall, endpoint, field, value, language)
    if answer.status_code < 300:
        if endpoint.method == "POST" and endpoint.name in ("finish", "cancel_ticket", "cancel", "miss", "forward"):
            hall.refill()
        return None
    if answer.status_code >= 500 or answer.status_code in (401, 403, 405, 415):
        return f"{answer.status_code}"
    is_counted = answer.status_code == 404 and endpoint.name in COUNTED
    if hall.watch.version() != before and not is_counted:
        return f"{answer.status_code} but something was written"
    told = answer.get_json()
    if not told.get("detail"):
        return "no words"
    if answer.status_code != 422:
        return None
    return _unnamed(told, field, language)


def _unnamed(told: dict[str, Any], field: str, language: str) -> str | None:
    named = [error["field"] for error in told.get("errors", ())]
    allowed = (field, *RELATED.get(field, ()))
    if not any(each.startswith(allowed) for each in named):
        return f"names {named}"
    words = " ".join(error["message"] for error in told["errors"])
    if not words or "errors." in words:
        return f"words {words!r}"
    is_japanese = any("\u3040" <= char <= "\u30ff" for char in words)
    return None if is_japanese == (language == "ja") else f"not in {language}: {words}"


def faults(hall: Hall, of: int) -> list[str]:
    wrong = []
    for number, (endpoint, field) in enumerate(ALL):
        for place, value in enumerate(corpus.share(corpus.VALUES, number, of)):
            found = fault(hall, endpoint, field, value, SPEAKS[place % len(SPEAKS)])
            if found:
                wrong.append(f"{endpoint.name}.{field} = {repr(value)[:40]}: {found}")
    return wrong


def test_every_field_takes_its_share_of_the_corpus(hall: Hall) -> None:
    wrong = faults(hall, SHARES)
    assert wrong == [], "\n".join(wrong)


@pytest.mark.storm
def test_every_field_takes_the_whole_corpus(hall: Hall) -> None:
    wrong = faults(hall, 1)
    assert wrong == [], "\n".join(wrong)


def test_every_body_has_a_good_example() -> None:
    assert {endpoint.body.__name__ for endpoint in ENDPOINTS if endpoint.body} == set(GOOD)
