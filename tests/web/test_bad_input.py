"""Whatever is sent, the answer names the field in the reader's language, and nothing is written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import func, select

from queue_app.domain.access import Role
from queue_app.store.database import db
from queue_app.store.queue_tables import EventRow, Ticket
from tests.world import World

TICKETS = "/api/v1/offices/aoba/tickets"
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What a body may look like is decided before any database is asked; one of the two is enough here."""

NUMBERS: list[Any] = [-1, 0, 1e9, 2**31, 2**63, 2**64, 1.5, 1e-9, "１２", "٣", "1_000", "0x10", True, [], {}, None, ""]
TEXTS = [
    "",
    " ",
    "\u3000",
    "A" * 41,
    "A" * 100_000,
    "髙﨑𠮷",
    "葛\U000e0100",
    "か\u3099",
    "👩‍👩‍👧",
    "\u202eabc",
    "\u200b",
    "<script>alert(1)</script>",
    "{{7*7}}",
    "${jndi:ldap://x}",
    "' OR 1=1 --",
    "=HYPERLINK()",
    "a\r\nb",
    "../../etc/passwd",
]


def written(world: World) -> tuple[int, int]:
    with world.app.app_context():
        counts = [db.session.scalar(select(func.count()).select_from(table)) or 0 for table in (Ticket, EventRow)]
        db.session.remove()
    return counts[0], counts[1]


def send(world: World, raw: bytes | str, content_type: str = "application/json", **headers: str) -> Any:
    token = world.kiosk.token
    return world.app.test_client().post(
        TICKETS,
        data=raw,
        content_type=content_type,
        headers={"Authorization": f"Bearer {token}", "Accept-Language": "ja", **headers},
    )


@pytest.mark.parametrize("value", [*NUMBERS, *TEXTS], ids=lambda value: repr(value)[:24])
@pytest.mark.parametrize("field", ["service", "language", "needs", "notify"])
def test_a_field_that_cannot_be_used_is_named_and_nothing_is_written(world: World, field: str, value: Any) -> None:
    world.kiosk  # noqa: B018 - its token is made before we count
    before = written(world)
    answer = send(world, json.dumps({"service": "moving", field: value}))
    if answer.status_code == 201:
        assert value in (None, []), (field, value)
        return
    assert answer.status_code in (413, 422), answer.text
    if answer.status_code == 422:
        assert answer.get_json()["errors"][0]["field"].startswith(field)
        assert answer.get_json()["errors"][0]["message"]
    assert written(world) == before


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b'{"service": "moving", "service": "insurance"}',
        b'{"service": NaN}',
        b'{"service": Infinity}',
        b'{"service": "\\ud800"}',
        b'{"service": "mo\\u0000ving"}',
        b'{"service": "\xff\xfe"}',
        b'{"service": "\xc0\xaf"}',
        b"{'service': 'moving'}",
        ("[" * 100_000).encode(),
        ('{"a":' * 10_000 + "1" + "}" * 10_000).encode(),
        ('{"service": ' + "9" * 10_000 + "}").encode(),
        '{"service": "移動"}'.encode("shift_jis"),
    ],
    ids=lambda raw: raw[:24],
)
def test_what_is_not_json_is_refused(world: World, raw: bytes) -> None:
    world.kiosk  # noqa: B018
    before = written(world)
    answer = send(world, raw)
    assert answer.status_code in (400, 413, 422)
    assert answer.content_type == "application/problem+json"
    assert written(world) == before


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_other_forms_than_json_are_refused(world: World, content_type: str) -> None:
    answer = send(world, b'{"service": "moving"}', content_type)
    assert (answer.status_code, answer.get_json()["code"]) == (415, "not_acceptable_media")


@pytest.mark.parametrize("field", ["status", "priority", "office_id", "created_at", "is_staff", "__proto__", "number"])
def test_fields_that_nobody_offers_are_refused(world: World, field: str) -> None:
    answer = send(world, json.dumps({"service": "moving", field: 1}))
    assert answer.status_code == 422
    assert answer.get_json()["errors"] == [
        {"field": field, "code": "unknown_field", "message": "この項目はありません。"}
    ]


def test_a_body_of_a_megabyte_is_too_large(world: World) -> None:
    answer = send(world, json.dumps({"service": "m" * 1_000_000}))
    assert (answer.status_code, answer.get_json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("language", "title"), [("ja", "入力内容をご確認ください。"), ("en", "Please check what you entered.")]
)
def test_the_answer_speaks_the_readers_language(world: World, language: str, title: str) -> None:
    world.kiosk.language = language
    answer = world.kiosk.post("/offices/aoba/tickets", {"service": "nothing"})
    assert answer.get_json()["detail"] == title


@pytest.mark.parametrize("garbage", ["", "xx", ";;;,,", "en;q=nonsense", "*", "ja" * 2_000])
def test_a_garbled_language_header_is_survived(world: World, garbage: str) -> None:
    assert send(world, b'{"service": "nothing"}', **{"Accept-Language": garbage}).status_code == 422


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_a_key_of_no_or_too_many_characters_is_refused(world: World, key: str) -> None:
    assert send(world, b'{"service": "moving"}', **{"Idempotency-Key": key}).status_code == 400


@pytest.mark.parametrize("number", ["B999", "０", "x" * 20, "’; DROP TABLE ticket", "-1", "２０５"])
def test_a_number_nobody_has_is_not_found(world: World, number: str) -> None:
    world.open("1")
    answer = world.call("1", number=number)
    assert (answer.status_code, answer.get_json()["code"]) == (404, "unknown_number")


@pytest.mark.parametrize("number", [1.5, True, [], {}, "", "x" * 21, -1, 10**6])
def test_a_number_of_the_wrong_form_is_named(world: World, number: Any) -> None:
    world.open("1")
    answer = world.call("1", number=number)
    assert answer.status_code == 422, answer.text
    assert answer.get_json()["errors"][0]["field"].startswith("number")


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "service", "service_or_counter"),
        ({"service": "moving", "counter": "2"}, "service", "service_or_counter"),
        ({"service": "nothing"}, "service", "unknown_service"),
        ({"counter": "77"}, "counter", "unknown_counter"),
        ({"service": "insurance", "note": "n" * 141}, "note", "too_long"),
        ({"service": "insurance", "note": "１２３４ 5678-9012"}, "note", "personal_number"),
    ],
)
def test_a_forward_to_nowhere_keeps_the_person_in_service(
    world: World, body: dict[str, Any], field: str, code: str
) -> None:
    world.issue("moving")
    world.open("1")
    called = world.call("1").get_json()["ticket"]
    world.act(called, "start")
    answer = world.act(called, "forward", **body)
    assert answer.status_code == 422
    assert (answer.get_json()["errors"][0]["field"], answer.get_json()["errors"][0]["code"]) == (field, code)
    assert world.state(called) == "serving"


def test_a_forward_to_the_own_or_a_closed_counter_is_a_conflict(world: World) -> None:
    world.issue("moving")
    world.open("1")
    called = world.call("1").get_json()["ticket"]
    world.act(called, "start")
    assert world.act(called, "forward", counter="1").get_json()["code"] == "same_counter"
    assert world.act(called, "forward", counter="2").get_json()["code"] == "counter_closed"
    assert world.state(called) == "serving"


@pytest.mark.parametrize("ticket_id", ["0", "-1", "999999999999999999999999", "1.0", "１", "%00", "..", "a" * 5_000])
def test_a_ticket_that_is_not_there_is_not_found(world: World, ticket_id: str) -> None:
    answer = world.as_(Role.CLERK).post(f"/tickets/{ticket_id}/start")
    assert answer.status_code in (404, 405)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE"])
def test_other_methods_are_refused_as_problems(world: World, method: str) -> None:
    answer = world.app.test_client().open(TICKETS, method=method)
    assert answer.status_code == 405
    assert answer.content_type == "application/problem+json"


def test_statistics_of_impossible_days_name_the_field(world: World) -> None:
    manager = world.manager
    for query, field in (("from=2027-02-29", "from"), ("to=yesterday", "to"), ("from=2026-12-02&to=2026-12-01", "to")):
        answer = manager.get(f"/offices/aoba/statistics?{query}")
        assert answer.status_code == 422
        assert answer.get_json()["errors"][0]["field"] == field
