"""Something breaks in the middle of a booking: the log says where, and nothing of whose booking it was (T32, G13)."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import text

from queue_app.adapters import logs
from queue_app.adapters.bus import RedisBus
from queue_app.adapters.holidays import japanese_holiday
from queue_app.app import create_app
from queue_app.services.ports import Ports
from queue_app.store.database import db
from queue_app.web.context import KEY
from tests.bookings import BOOKABLE, body, reserve, slot
from tests.conftest import SECRET
from tests.markers import Marked, traces, traces_in
from tests.messages import CHANNELS
from tests.world import World

SHE = Marked(4841)
BESIDE = {"PUBLIC_URL": "http://127.0.0.1:8000"}
"""A session cookie without TLS."""
BROKEN = "a trigger of the test"

pytestmark = [pytest.mark.environ(**CHANNELS | BESIDE), pytest.mark.office(BOOKABLE)]


@pytest.fixture(params=["text", "json"])
def written(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What the process's own log would hold, in each of its forms."""
    stream, root = io.StringIO(), logging.getLogger()
    kept, level = root.handlers[:], root.level
    logs.set_up_logs("DEBUG", request.param)
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    yield stream
    root.handlers[:] = kept
    root.setLevel(level)


def test_what_a_library_says_of_each_message_it_sends_stays_out_of_the_log(written: io.StringIO) -> None:
    """A dozen lines a message, with the account in them."""
    logging.getLogger("twilio.http_client").info("POST Request: https://api.example/Accounts/AC0")
    logging.getLogger("matazu.web").info("the twin")
    assert "AC0" not in written.getvalue()
    assert "the twin" in written.getvalue()


def test_what_we_tell_beside_a_sentence_is_in_the_log_and_what_a_library_tells_is_not(written: io.StringIO) -> None:
    logging.getLogger("matazu.bus").warning(
        "the bus is down", extra={"kind": "TimeoutError", "at_link": "/t/" + "x" * 24}
    )
    logging.getLogger("some.library").warning("sent", extra={"body": SHE.phone})
    said = written.getvalue()
    assert "TimeoutError" in said
    assert "x" * 24 not in said
    assert traces(said.encode(), [SHE]) == []


def wish() -> dict[str, Any]:
    return body(slot(), name_kana=SHE.kana, contact={"channel": "sms", "address": SHE.phone})


def test_a_bug_that_quotes_what_was_typed_leaves_no_word_of_it(
    world: World, written: io.StringIO, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(text_: str) -> str:
        raise ValueError(f"cannot hash {text_} of {SHE.phone}")

    monkeypatch.setattr("queue_app.services.booking.name_hash_of", broken)
    answer = world.as_(None).post("/offices/aoba/reservations", wish())
    assert answer.status_code == 500
    assert traces(answer.get_data(), [SHE]) == []
    said = written.getvalue()
    assert "ValueError" in said
    assert "in broken" in said
    assert traces(said.encode(), [SHE]) == []
    assert traces_in(tmp_path, [SHE]) == {}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_statement_the_database_refuses_leaves_none_of_its_values(world: World, written: io.StringIO) -> None:
    """The parameters are sealed in this table; the sentence of the driver must not hold them all the same. The trigger is SQLite's."""
    with world.app.app_context(), db.engine.begin() as connection:
        connection.execute(
            text(f"CREATE TRIGGER broken BEFORE UPDATE ON reservation BEGIN SELECT RAISE(ABORT, '{BROKEN}'); END")
        )
    answer = world.as_(None).post("/offices/aoba/reservations", wish())
    assert answer.status_code in (500, 503)
    said = written.getvalue()
    assert said
    for secret in ("INSERT INTO reservation", "parameters:", "gAAAA"):
        assert secret not in said
    assert traces(said.encode(), [SHE]) == []


def test_errors_of_the_database_hide_their_parameters(world: World) -> None:
    with world.app.app_context():
        assert db.engine.hide_parameters


def test_twin_pythons_own_words_would_tell() -> None:
    record = logging.LogRecord("matazu", logging.ERROR, "", 0, "broke", (), None)
    error = ValueError(SHE.phone)
    record.exc_info = (ValueError, error, None)
    assert traces(logging.Formatter().format(record).encode(), [SHE])


def test_the_bus_carries_nobody(world: World, redis_url: Callable[[], str]) -> None:
    """Everything that goes over a real Redis while somebody books, and what stays in it."""
    url = redis_url()
    bus = RedisBus(url, lambda *_office, **_urgent: None)
    bus.start()
    with redis.Redis.from_url(url) as client, client.pubsub() as heard:
        heard.psubscribe("*")
        ports = Ports(clock=world.clock, holidays=japanese_holiday, secret=SECRET.encode(), nudge=bus.nudge)
        on_bus = World(create_app(world.app.extensions[KEY].settings, ports), world.clock)
        reserve(on_bus, slot("11:00"), name_kana=SHE.kana, contact={"channel": "email", "address": SHE.mail})
        carried: list[bytes] = []
        while not any(b"pmessage" in each for each in carried):
            carried.append(str(heard.get_message(timeout=1)).encode())
        kept = [bytes(key) + (client.dump(key) or b"") for key in client.scan_iter("*")]
    bus.stop()
    with on_bus.app.app_context():
        db.engine.dispose()
    assert traces(b"\n".join((*carried, *kept)), [SHE]) == []
