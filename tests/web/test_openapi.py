"""The OpenAPI document is right, and the API does what it says for whatever a machine can think of."""

from __future__ import annotations

from typing import Any

import hypothesis
import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck

from queue_app.domain.access import Role
from queue_app.web.api.endpoint import ENDPOINTS
from tests.world import World


@pytest.fixture
def document(world: World) -> dict:  # type: ignore[type-arg]
    found: dict = world.app.test_client().get("/api/v1/openapi.json").get_json()  # type: ignore[type-arg]
    return found


def test_every_endpoint_stands_in_the_document(document: dict) -> None:  # type: ignore[type-arg]
    assert document["openapi"].startswith("3.1")
    count = sum(len(operations) for operations in document["paths"].values())
    assert count == len(ENDPOINTS)


def test_every_endpoint_has_a_sentence(document: dict) -> None:  # type: ignore[type-arg]
    silent = [o["operationId"] for p in document["paths"].values() for o in p.values() if not o["summary"]]
    assert silent == []


def test_the_readable_page_names_every_endpoint(world: World) -> None:
    page = world.app.test_client().get("/api/docs").get_data(as_text=True)
    assert all(endpoint.name in page for endpoint in ENDPOINTS)


@pytest.mark.parametrize("role", [None, Role.KIOSK, Role.MANAGER], ids=str)
def test_whatever_is_sent_the_answer_is_documented_and_never_a_500(world: World, role: Role | None) -> None:
    world.open("1")
    world.issue("moving")
    app: Flask = world.app
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    headers = {} if role is None else {"Authorization": f"Bearer {world.token(role)}"}

    for operation in schema.get_all_operations():
        check_operation(operation.ok(), headers)


def check_operation(ready: Any, headers: dict[str, str]) -> None:
    """Throw what a machine can think of at one operation."""

    @hypothesis.settings(
        max_examples=12, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @hypothesis.given(case=ready.as_strategy())
    def never_a_500(case: schemathesis.Case) -> None:
        response = case.call(headers=headers)
        assert response.status_code < 500, response.text
        documented = {int(status) for status in ready.definition.raw["responses"]}
        assert response.status_code in documented, (ready.label, response.status_code, response.text)
        if response.status_code >= 400:
            assert response.headers["content-type"][0].startswith("application/problem+json")

    never_a_500()
