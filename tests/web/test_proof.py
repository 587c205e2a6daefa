"""During a rush a place is held only for proof of trouble taken; nobody is asked otherwise, and staff never."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from queue_app.domain.access import Role
from queue_app.domain.proof import LARGEST, PATIENCE_S, digest_of
from queue_app.web.context import KEY
from tests.bookings import BOOKABLE, free, slot
from tests.web.plain_browser import PlainBrowser
from tests.world import Caller, Clock, World

pytestmark = [pytest.mark.parametrize("database_url", ["sqlite"], indirect=True), pytest.mark.office(BOOKABLE)]


@pytest.fixture
def rush(app: Flask) -> Iterator[None]:
    app.extensions[KEY].is_rushed = lambda: True
    yield
    app.extensions[KEY].is_rushed = lambda: False


def hold(caller: Caller, proof: str = "") -> TestResponse:
    return caller.post("/offices/aoba/holds", {"slot": slot()}, **({"Proof": proof} if proof else {}))


def solved(challenge: dict[str, Any]) -> str:
    number = next(n for n in range(LARGEST) if digest_of(challenge["salt"], n) == challenge["digest"])
    return f"{challenge['salt']}.{challenge['digest']}.{challenge['made_at']}.{challenge['seal']}.{number}"


def test_on_an_ordinary_day_nobody_is_asked(world: World) -> None:
    assert hold(world.as_(None)).status_code == 201


@pytest.mark.usefixtures("rush")
def test_a_program_gets_the_challenge_with_its_refusal_and_holds_with_the_solution(world: World) -> None:
    resident = world.as_(None)
    asked = hold(resident)
    assert (asked.status_code, asked.get_json()["code"]) == (429, "proof_needed")
    assert asked.headers["Retry-After"]
    assert free(world)[slot()] == 2, "nothing is held for the asking"
    proof = solved(asked.get_json()["challenge"])
    assert hold(resident, proof).status_code == 201
    assert hold(resident, proof).status_code == 429, "each solution opens one door"


@pytest.mark.usefixtures("rush")
@pytest.mark.parametrize("proof", ["", "x", "a.b.c.d.e", "....", "a.b.1.d.5", "1.2.3.4.5", "x" * 4000, "a.b.٣.d.٣"])
def test_what_is_no_proof_is_asked_again_and_breaks_nothing(world: World, proof: str) -> None:
    answer = hold(world.as_(None), proof.encode("utf-8").decode("latin-1"))
    assert (answer.status_code, answer.get_json()["code"]) == (429, "proof_needed")


@pytest.mark.usefixtures("rush")
def test_a_wrong_number_is_no_solution(world: World) -> None:
    challenge = hold(world.as_(None)).get_json()["challenge"]
    start, _, number = solved(challenge).rpartition(".")
    assert hold(world.as_(None), f"{start}.{int(number) + 1}").status_code == 429
    assert hold(world.as_(None), f"{start}.{number}").status_code == 201, "a wrong try does not use the challenge up"


@pytest.mark.usefixtures("rush")
def test_a_booking_without_a_hold_is_asked_as_well(world: World) -> None:
    answer = world.as_(None).post(
        "/offices/aoba/reservations", {"slot": slot(), "service": "moving", "name_kana": "アオバ ハナコ"}
    )
    assert (answer.status_code, answer.get_json()["code"]) == (429, "proof_needed")


@pytest.mark.usefixtures("rush")
@pytest.mark.parametrize("role", [Role.CLERK, Role.KIOSK])
def test_staff_and_the_machine_at_the_door_are_never_asked(world: World, role: Role) -> None:
    assert hold(world.as_(role)).status_code == 201


@pytest.mark.usefixtures("rush")
def test_without_a_script_a_person_waits_a_little_and_goes_on_with_everything_kept(world: World, clock: Clock) -> None:
    browser = PlainBrowser(world.app.test_client())
    to_the_times(browser)
    browser.press("10:00")
    assert browser.answer.status_code == 429
    assert "予約が混み合っています" in browser.page.text
    browser.press("次へ進む")
    assert browser.answer.status_code == 429, "too soon"
    clock.pass_(seconds=PATIENCE_S)
    browser.press("次へ進む")
    assert browser.path.startswith("/book/aoba/contact")
    assert free(world)[slot()] == 1


@pytest.mark.usefixtures("rush")
def test_patience_has_a_limit_for_each_address(world: World, clock: Clock) -> None:
    """A thousand waits at once must not be cheaper than a thousand sums."""
    answers = []
    for _ in range(5):
        browser = PlainBrowser(world.app.test_client())
        to_the_times(browser)
        browser.press("10:00")
        answers.append(browser)
    clock.pass_(seconds=PATIENCE_S)
    for browser in answers:
        browser.press("次へ進む")
    assert sum(browser.path.startswith("/book/aoba/contact") for browser in answers) <= 3


def to_the_times(browser: PlainBrowser) -> None:
    """The plain way to the times of tomorrow."""
    browser.open("/book/aoba")
    browser.press("次へ", errand="moving")
    while "/people" in browser.path or "/moved" in browser.path or "/errand" in browser.path:
        browser.press("次へ", people="1", moved_on="2026-11-20")
    browser.press("次へ", day="2026-12-02")
