"""What is left behind of residents: nothing readable in the database, its backup, the logs, the trail or on public pages.

Guarantees G13 (stolen database, backup or log), G22 (forgotten when due), and the marker search of the pages. The twin
stores in clear and must be caught.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from queue_app.adapters.recording import RecordingSender
from queue_app.domain.access import Role
from queue_app.services import forgetting, look_ups, notes
from queue_app.services.deed import begin
from queue_app.services.outbox import send_due
from queue_app.store import remains
from queue_app.store.backups import write_backup
from queue_app.store.columns import KEYRING, Keyring
from queue_app.store.database import db, writing
from queue_app.store.queue_tables import Ticket
from queue_app.web.context import KEY
from tests.bookings import BOOKABLE, reserve, slot
from tests.conftest import DATA_KEY
from tests.markers import Marked, encodings_of, traces, traces_in, unsealed
from tests.messages import CHANNELS
from tests.world import Clock, World

PEOPLE = [Marked(4827), Marked(4828), Marked(4829)]
PUBLIC = (
    "/",
    "/crowd/aoba",
    "/book/aoba",
    "/api/v1/offices/aoba",
    "/api/v1/offices/aoba/board",
    "/kiosk/aoba",
    "/display/aoba",
    "/display/aoba?kind=handover",
    "/staff/login",
    "/metrics",
)

pytestmark = [pytest.mark.environ(**CHANNELS), pytest.mark.office(BOOKABLE)]


def live_through(world: World, clock: Clock) -> dict[str, Any]:
    """A booking that is moved and kept, another that is cancelled, a walk-in with a contact; notes, look-ups, messages."""
    kept, dropped, walk_in = PEOPLE
    mine = reserve(world, name_kana=kept.kana, contact={"channel": "sms", "address": kept.phone}, needs=["wheelchair"])
    moved = world.as_(None).post(f"/reservations/{mine['token']}/reschedule", {"slot": slot("11:00")})
    assert moved.status_code == 200, moved.text
    other = reserve(world, name_kana=dropped.kana, contact={"channel": "email", "address": dropped.mail})
    assert world.as_(None).post(f"/reservations/{other['token']}/cancel").status_code == 200
    send(world)
    clock.pass_(days=1, hours=2, minutes=25)  # the day of the booking, 10:55
    arrived = world.kiosk.post("/offices/aoba/check-ins", {"code": mine["code"]}).get_json()
    issued = world.issue("moving", notify={"channel": "sms", "address": walk_in.phone})
    world.open("1", "2")
    called = world.call("1").get_json()
    with world.app.app_context():
        writing(lambda session: _note_and_look_up(world, session))
    world.call("1", finish=True)
    send(world)
    return {"arrived": arrived, "issued": issued, "called": called, "mine": mine}


def _note_and_look_up(world: World, session: Any) -> None:
    from queue_app.domain.access import Identity, Right

    ports = world.app.extensions[KEY].ports
    who = Identity("user:1", Role.MANAGER, session.query(Ticket.office_id).first()[0])
    deed = begin(session, "aoba", Right.SERVE, who, ports)
    for ticket in session.query(Ticket):
        notes.note(deed, ticket, PEOPLE[0].note)
    for text_ in (PEOPLE[0].phone, PEOPLE[1].mail, PEOPLE[0].kana):
        look_ups.look_up(deed, text_, "phone_call")


def send(world: World) -> None:
    with world.app.app_context():
        send_due(world.app.extensions[KEY].ports, {"sms": RecordingSender(), "email": RecordingSender()})


def all_rows() -> bytes:
    """Every value of every table, as the database holds it."""
    with db.engine.connect() as connection:
        tables = [connection.execute(text(f'SELECT * FROM "{table.name}"')) for table in db.metadata.sorted_tables]  # noqa: S608
        return b"\n".join(_raw(value) for rows in tables for row in rows.all() for value in row)


def _raw(value: Any) -> bytes:
    is_bytes = isinstance(value, bytes | memoryview)
    return bytes(value) if is_bytes else str(value).encode("utf-8", "surrogatepass")


def test_nothing_readable_is_left_in_database_backup_files_or_log(
    world: World, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    live_through(world, clock)
    with world.app.app_context():
        assert traces(all_rows(), PEOPLE) == []
        if db.engine.dialect.name == "sqlite":
            write_backup(db.engine, tmp_path / "backup.dump")
    assert traces_in(tmp_path, PEOPLE) == {}
    assert traces(caplog.text.encode(), PEOPLE) == []


def test_the_search_finds_what_is_stored_in_clear(
    world: World, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: seals that seal nothing."""
    monkeypatch.setattr(Keyring, "seal", lambda _self, plain: plain.encode())
    monkeypatch.setattr(Keyring, "unseal", lambda _self, sealed: sealed.decode())
    live_through(world, clock)
    with world.app.app_context():
        found = set(traces(all_rows(), PEOPLE))
    assert {PEOPLE[1].mail, PEOPLE[2].texts[6]} <= found
    assert any("シルシ" in mark for mark in found)
    assert any("髙﨑𠮷印" in mark for mark in found)


def test_public_pages_know_nobody(world: World, clock: Clock) -> None:
    live_through(world, clock)
    browser = world.app.test_client()
    for path in PUBLIC:
        for language in ("ja", "en"):
            answer = browser.get(path, headers={"Accept-Language": language}, follow_redirects=True)
            assert answer.status_code == 200, path
            assert traces(answer.get_data(), PEOPLE) == [], path


def test_the_page_of_a_number_knows_no_name_and_no_contact(world: World, clock: Clock) -> None:
    """Whoever photographs the paper of a neighbour learns nothing but the place in line."""
    made = live_through(world, clock)
    for ticket in (made["arrived"], made["issued"]):
        for path in (f"/t/{ticket['token']}", f"/api/v1/tickets/{ticket['token']}"):
            answer = world.app.test_client().get(path)
            assert answer.status_code == 200
            assert traces(answer.get_data(), PEOPLE) == [], path
            assert answer.headers["Cache-Control"] == "no-store"


def test_when_it_is_due_everything_is_gone_and_the_statistics_stay(world: World, clock: Clock) -> None:
    live_through(world, clock)
    day = {"from": "2026-12-02", "to": "2026-12-02"}
    before = world.manager.get("/offices/aoba/statistics", query_string=day).get_json()
    clock.pass_(days=31)
    with world.app.app_context():
        writing(lambda session: forgetting.forget_due(session, clock()))
        with db.engine.connect() as connection:
            held = (
                connection.execute(text("SELECT name_kana, contact_address, answers, needs FROM reservation")).all()
                + connection.execute(text("SELECT note, notify_address FROM ticket")).all()
            )
            assert {str(value) for row in held for value in row} <= {"None", "[]", "{}"}, held
            sent = connection.execute(text("SELECT count(*) FROM delivery")).scalar()
    assert sent == 0
    assert world.manager.get("/offices/aoba/statistics", query_string=day).get_json() == before


@pytest.mark.any_database
def test_whoever_has_file_and_key_reads_nothing_that_was_forgotten(world: World, clock: Clock, tmp_path: Path) -> None:
    """Free pages and the log beside the file are read as well (SQLite; of PostgreSQL see `store.remains`)."""

    def opened() -> list[str]:
        data = b"".join((tmp_path / f"matazu.db{end}").read_bytes() for end in ("", "-wal"))
        return traces(b"\n".join(unsealed(data, DATA_KEY)), PEOPLE)

    live_through(world, clock)
    assert opened(), "the twin: seals are opened"
    with world.app.app_context():
        clock.pass_(days=31)
        writing(lambda session: forgetting.forget_due(session, clock()))
        assert opened(), "the log still holds them"
        assert remains.empty_the_log(db.engine)
        assert opened() == []


def test_the_search_knows_a_text_in_every_packing() -> None:
    packings = list(encodings_of(PEOPLE[0].kana))
    assert len(packings) > 5
    missed = [each for each in packings if PEOPLE[0].kana not in traces(b"before " + each + b" after", PEOPLE)]
    assert missed == []


def test_a_wrong_key_opens_nothing() -> None:
    from cryptography.fernet import Fernet, InvalidToken

    other = Keyring()
    other.use((Fernet.generate_key().decode(),), "a")
    with pytest.raises(InvalidToken):
        other.unseal(KEYRING.seal(PEOPLE[0].kana))


def test_thirty_days_are_what_the_pages_promise() -> None:
    assert timedelta(days=30) == forgetting.BOOKINGS_KEPT
