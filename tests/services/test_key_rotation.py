"""Keys are rotated while people read: nobody meets a value that cannot be opened, and the old key opens nothing then."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from cryptography.fernet import Fernet, InvalidToken
from flask import Flask

from queue_app.services import key_rotation
from queue_app.store.columns import KEYRING
from queue_app.store.database import reading
from queue_app.store.reservation_tables import Reservation
from tests.bookings import BOOKABLE, reserve, slot
from tests.conftest import DATA_KEY, SECRET
from tests.world import World

NAME = "シルシ ツキコ"
READERS, ROUNDS = 3, 5


@pytest.fixture
def world(world: World) -> World:
    world.open_office(BOOKABLE)
    for at in ("09:00", "09:30", "10:00", "10:30"):
        reserve(world, slot(at), name_kana=NAME)
    return world


@pytest.fixture
def fresh() -> Iterator[str]:
    """A new key in front of the old one, as after the restart of the manual."""
    key = Fernet.generate_key().decode()
    KEYRING.use((key, DATA_KEY), SECRET)
    yield key
    KEYRING.use((DATA_KEY,), SECRET)


def names(app: Flask) -> set[str | None]:
    with app.app_context(), reading() as session:
        return {row.name_kana for row in session.query(Reservation)}


class Reader(threading.Thread):
    """Reads all names until told to stop; keeps what was not as it should be."""

    def __init__(self, app: Flask, stop: threading.Event) -> None:
        super().__init__()
        self.app, self.stop, self.wrong, self.first = app, stop, list[object](), threading.Event()

    def run(self) -> None:
        while not self.stop.is_set() and not self.wrong:
            try:
                found = names(self.app)
                self.wrong += [found] if found != {NAME} else []
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
                self.wrong.append(error)
            self.first.set()


def rotate_among_readers(world: World) -> list[object]:
    """What readers met that they should not have."""
    stop = threading.Event()
    readers = [Reader(world.app, stop) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    try:
        assert all(reader.first.wait(30) for reader in readers)
        with world.app.app_context():
            assert all(done.unreadable == 0 for _ in range(ROUNDS) for done in key_rotation.rotate_all())
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    return [each for reader in readers for each in reader.wrong]


def test_readers_never_meet_a_value_they_cannot_open(world: World, fresh: str) -> None:
    assert rotate_among_readers(world) == []
    KEYRING.use((fresh,), SECRET)
    assert names(world.app) == {NAME}
    KEYRING.use((DATA_KEY,), SECRET)
    with pytest.raises(InvalidToken):
        names(world.app)


def test_twin_with_the_old_key_gone_too_early_is_met_by_readers(world: World, fresh: str) -> None:
    KEYRING.use((fresh,), SECRET)
    with pytest.raises(AssertionError):
        assert rotate_among_readers(world) == []
