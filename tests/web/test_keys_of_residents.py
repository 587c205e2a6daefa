"""Two residents who send the same weak key are two people; one who sends it again is still one."""

from __future__ import annotations

import random
import uuid
from typing import Any

import pytest

from queue_app.web.key_scope import is_hard_to_guess
from tests.bookings import BOOKABLE, body, reserve, slot
from tests.world import OFFICE, World

FROM_HOME = OFFICE.replace("tickets_from_home: false", "tickets_from_home: true").replace("code: aoba", "code: home")
HERE, THERE = "192.0.2.1", "198.51.100.7"
RANDOM = "0b7ea2f4-6a0c-4d7e-9f1e-3c5a8b2d4e6f"


def take(world: World, key: str, *, address: str = HERE, program: str = "phone", service: str = "moving") -> Any:
    return world.app.test_client().post(
        "/api/v1/offices/home/tickets",
        json={"service": service},
        headers={"Idempotency-Key": key, "User-Agent": program, "Accept-Language": "en"},
        environ_base={"REMOTE_ADDR": address},
    )


@pytest.fixture
def at_home(world: World) -> World:
    world.open_office(FROM_HOME)
    return world


def test_a_stranger_with_the_same_weak_key_gets_a_number_of_their_own(at_home: World) -> None:
    mine, strangers = take(at_home, "1"), take(at_home, "1", address=THERE)
    assert (mine.status_code, strangers.status_code) == (201, 201)
    assert mine.get_json()["token"] != strangers.get_json()["token"]
    assert take(at_home, "1", program="another phone").get_json()["token"] != mine.get_json()["token"]


def test_a_stranger_with_the_same_weak_key_and_another_wish_is_not_refused(at_home: World) -> None:
    assert take(at_home, "1").status_code == 201
    assert take(at_home, "1", address=THERE, service="insurance").status_code == 201


@pytest.mark.parametrize("key", ["1", "k" * 255, "わたしの番号"])
def test_a_weak_key_gives_the_first_answer_again_to_the_same_program(at_home: World, key: str) -> None:
    sent = key.encode().decode("latin-1")
    first, again = take(at_home, sent), take(at_home, sent)
    assert (first.status_code, first.get_data()) == (again.status_code, again.get_data())
    assert take(at_home, sent, service="insurance").get_json()["code"] == "idempotency_key_reused"


def test_a_random_key_gives_the_first_answer_again_over_another_address(at_home: World) -> None:
    first = take(at_home, RANDOM)
    again = take(at_home, RANDOM, address=THERE, program="another network's proxy")
    assert (first.status_code, first.get_data()) == (again.status_code, again.get_data())


def test_a_machine_that_changed_its_address_within_its_network_is_the_same(at_home: World) -> None:
    first = take(at_home, "1", address="2001:db8:1:2::a")
    assert take(at_home, "1", address="2001:db8:1:2:ffff::b").get_data() == first.get_data()
    assert take(at_home, "1", address="2001:db8:1:3::a").get_data() != first.get_data()


def test_whoever_holds_the_link_repeats_a_weak_key_from_anywhere(world: World) -> None:
    world.open_office(BOOKABLE)
    mine, other = reserve(world), reserve(world)

    def move(token: str, address: str) -> Any:
        path = f"/api/v1/reservations/{token}/reschedule"
        options: dict[str, Any] = {"headers": {"Idempotency-Key": "1"}, "environ_base": {"REMOTE_ADDR": address}}
        return world.app.test_client().post(path, json={"slot": slot("11:00")}, **options)

    first, again = move(mine["token"], HERE), move(mine["token"], THERE)
    assert (first.status_code, first.get_data()) == (200, again.get_data())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert move(other["token"], HERE).get_json()["token"] == other["token"]


def test_two_residents_of_one_name_and_one_weak_key_have_two_bookings(world: World) -> None:
    world.open_office(BOOKABLE)
    made = [
        world.app.test_client().post(
            "/api/v1/offices/aoba/reservations",
            json=body(),
            headers={"Idempotency-Key": "1"},
            environ_base={"REMOTE_ADDR": address},
        )
        for address in (HERE, THERE)
    ]
    assert [answer.status_code for answer in made] == [201, 201]
    assert made[0].get_json()["token"] != made[1].get_json()["token"]


def test_a_form_with_a_guessed_key_leads_a_stranger_nowhere(at_home: World) -> None:
    """The pages make random keys; whoever writes a form of their own cannot fish for other people's links."""
    from queue_app.web import forms

    def press(address: str, made: str) -> str:
        with at_home.app.test_request_context(
            "/take/home", method="POST", data={"idempotency_key": "1"}, environ_base={"REMOTE_ADDR": address}
        ):
            return forms.submit(lambda _session: made)

    assert press(HERE, "/t/first") == "/t/first"
    assert press(HERE, "/t/second") == "/t/first"
    assert press(THERE, "/t/third") == "/t/third"


@pytest.mark.parametrize(
    "key",
    [
        *("", "1", "k1", "web-1", "kiosk-1-0001", "k" * 255, "0" * 64, "00000000-0000-4000-8000-000000000000"),
        *("1234567890123456789012345678901", "BookingMoving20261201at10", "moving~20261201T0100Z~アオバハナコ"),
        *("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "Reservation_For_Aoba_2026_12_01"),
    ],
)
def test_what_somebody_else_could_think_of_is_guessable(key: str) -> None:
    assert not is_hard_to_guess(key)


def test_what_random_generators_make_is_hard_to_guess() -> None:
    dice = random.Random(7)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for _ in range(500):
        thrown = uuid.UUID(int=dice.getrandbits(128), version=4)
        assert is_hard_to_guess(str(thrown))
        assert is_hard_to_guess(f"ticket:{thrown}".upper())
        assert is_hard_to_guess(thrown.hex)
    seen = [is_hard_to_guess("".join(dice.choices(letters, k=32))) for _ in range(500)]
    assert sum(seen) >= 490
