"""The server that journeys use is the real one, and each journey has an office of its own in it."""

from __future__ import annotations

import pytest

from queue_app.domain.access import Role
from tests.journeys.conftest import City

pytestmark = pytest.mark.browser


def test_a_ticket_goes_from_the_kiosk_over_the_server_to_the_board(city: City) -> None:
    ticket = city.issue("moving")
    city.open("1")
    assert city.call("1")["ticket"]["number"] == ticket["number"]
    assert [call["number"] for call in city.board()["calls"]] == [ticket["number"]]


def test_another_journey_has_an_empty_office(city: City) -> None:
    assert city.board()["calls"] == []
    assert city.issue("moving")["number"] == "B001"


def test_a_window_of_staff_is_logged_in(city: City) -> None:
    page = city.window(Role.CLERK)
    answer = page.request.get(f"{city.url}/api/v1/offices/{city.code}/desk?counter=1")
    assert answer.status == 200
    assert city.window().request.get(f"{city.url}/api/v1/offices/{city.code}/desk?counter=1").status == 401
