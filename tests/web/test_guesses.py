"""Strangers who try codes and links, and who take places they do not want: they learn nothing and get little."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from queue_app.web.limits import PLACES
from tests.bookings import BOOKABLE, body, free, reserve
from tests.standing import standing_world
from tests.world import World

HOLDS = "/api/v1/offices/aoba/holds"
FIND = "/api/v1/offices/aoba/reservations/find"
NAMES = {
    "髙﨑𠮷": "髙﨑𠮷",
    "葛\U000e0100飾 カツ": "葛\U000e0100飾 カツ",
    "ｱｵﾊﾞ ﾊﾅｺ": "アオバ ハナコ",
    "か\u3099き\u3099": "ガギ",
    "がぎ": "ガギ",
}
"""As typed, and as it is kept for calling."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[World]:
    """With its public limits off: the limits are another fence."""
    office = BOOKABLE.replace("capacity: 2", "capacity: 999")
    with standing_world(tmp_path_factory.mktemp("guesses"), migrated_file, office=office) as standing:
        yield standing


def find(client: FlaskClient, code: str, digits: str) -> tuple[int, bytes]:
    answer = client.post(FIND, json={"code": code, "digits": digits}, headers={"Accept-Language": "en"})
    return answer.status_code, answer.data


def guess(world: World, count: int) -> set[tuple[int, bytes]]:
    """The different answers to so many guesses, half of them with a code that there is."""
    booked = reserve(world, caller=world.clerk)
    right = booked["pin"]
    chance, client = random.Random(6), world.app.test_client()
    heard = set()
    for number in range(count):
        code = booked["code"] if number % 2 else f"{chance.randrange(10**8):08d}"
        digits = f"{chance.randrange(10**4):04d}"
        heard.add(find(client, code, digits if digits != right else "0000" if right != "0000" else "1111"))
    return heard


def test_a_wrong_guess_sounds_the_same_whether_or_not_the_code_is_somebodys(world: World) -> None:
    heard = guess(world, 200)
    assert len(heard) == 1
    assert heard.pop()[0] == 404


def test_the_right_digits_are_heard(world: World) -> None:
    """The twin: a search that finds nothing would pass the test above."""
    booked = reserve(world, caller=world.clerk)
    status, found = find(world.app.test_client(), booked["code"], booked["pin"])
    assert status == 200
    assert booked["code"].encode() in found


@pytest.mark.storm
def test_a_hundred_thousand_guesses_hit_nothing(world: World) -> None:
    assert {status for status, _body in guess(world, 100_000)} == {404}


def tokens_tried(world: World, count: int) -> set[int]:
    """The statuses of so many links: made up, or one character beside a real one."""
    real = (world.issue("moving")["token"], reserve(world, caller=world.clerk)["token"])
    client, heard = world.app.test_client(), set()
    for number in range(count):
        token = real[number % 2]
        place, other = secrets.randbelow(len(token) - 1), secrets.choice("ABCDEFGHJKMNPQRS")
        near = token[:place] + (other if other != token[place] else "z") + token[place + 1 :]
        tried = near if number % 3 else secrets.token_urlsafe(24)
        kind = ("tickets", "reservations")[number % 2]
        heard.add(client.get(f"/api/v1/{kind}/{tried}").status_code)
    return heard


def test_links_nobody_was_given_open_nothing(world: World) -> None:
    assert tokens_tried(world, 150) == {404}


@pytest.mark.storm
def test_a_million_links_open_nothing(world: World) -> None:
    assert tokens_tried(world, 1_000_000) == {404}


@pytest.mark.parametrize(("typed", "kept"), NAMES.items())
def test_a_name_that_somebody_has_is_kept_and_found_and_shown(world: World, typed: str, kept: str) -> None:
    made = reserve(world, name_kana=typed, caller=world.clerk)
    assert made["name_kana"] == kept
    assert world.as_(None).get(f"/reservations/{made['token']}").get_json()["name_kana"] == kept
    found = world.clerk.post("/offices/aoba/reservations/search", {"text": typed}).get_json()["reservations"]
    assert made["code"] in {each["code"] for each in found}
    assert kept in world.app.test_client().get(f"/r/{made['token']}").text


def test_one_address_holds_no_more_places_than_a_hall_full_of_phones(tmp_path: Path, migrated_file: Path) -> None:
    most = int(PLACES.split()[0])
    office = BOOKABLE.replace("capacity: 2", "capacity: 999")
    with standing_world(tmp_path, migrated_file, office=office, RATE_LIMIT_PUBLIC="6000/minute") as guarded:
        client = guarded.app.test_client()

        def hold(address: str) -> int:
            """Counted before the slot is looked at; this one is none, which is quicker to hear."""
            return client.post(
                HOLDS, json={"slot": "moving"}, environ_base={"REMOTE_ADDR": address}, buffered=True
            ).status_code

        assert [hold("192.0.2.1") for _ in range(most + 5)] == [422] * most + [429] * 5
        assert hold("192.0.2.2") == 422, "somebody else is not held back"
        staff = guarded.clerk.post("/offices/aoba/reservations", body())
        assert staff.status_code == 201, "nor is the desk"


def held_from(world: World, addresses: int, each: int) -> int:
    """So many strangers hold whatever is offered tomorrow, again and again; how many places they got."""
    client, got = world.app.test_client(), 0
    slots = sorted(free(world))
    for number in range(addresses * each):
        where = {"REMOTE_ADDR": f"198.18.{number % addresses // 250}.{number % addresses % 250}"}
        held = client.post(HOLDS, json={"slot": slots[number % len(slots)]}, environ_base=where, buffered=True)
        assert held.status_code in (201, 409, 429), held.text
        got += held.status_code == 201
    return got


def many_strangers(folder: Path, migrated: Path, addresses: int, each: int, *, share: str) -> tuple[int, int, int]:
    """Places that are offered, that strangers hold at once, and that are offered again when they have let them lapse."""
    office = BOOKABLE.replace("capacity: 2", f"capacity: 10, walk_in_share: {share}")
    folder.mkdir()
    with standing_world(folder, migrated, office=office, RATE_LIMIT_PUBLIC="60000/minute") as guarded:
        before = sum(free(guarded).values())
        got = held_from(guarded, addresses, each)
        assert guarded.issue("moving")["number"], "whoever stands in the hall gets a number"
        guarded.clock.pass_(minutes=11)
        return before, got, sum(free(guarded).values())


def test_strangers_at_many_addresses_hold_the_share_that_can_be_booked_and_not_for_long(
    tmp_path: Path, migrated_file: Path
) -> None:
    before, got, after = many_strangers(tmp_path / "kept", migrated_file, 20, 3, share="0.7")
    assert (got, after) == (before, before)
    twin = many_strangers(tmp_path / "all", migrated_file, 20, 3, share="0")
    assert twin[1] > before, "without the share that is kept they would hold more"


@pytest.mark.storm
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("addresses", [1, 500])
def test_ten_thousand_tries_hold_no_more(tmp_path: Path, migrated_file: Path, addresses: int) -> None:
    before, got, after = many_strangers(tmp_path / "kept", migrated_file, addresses, 10_000 // addresses, share="0.7")
    assert got <= (before if addresses > 1 else int(PLACES.split()[0]))
    assert after == before
