"""A wrong setting stops the start: another exit code than 0, a sentence with the setting and what to do, no traceback.

Each row is a configuration that somebody will have one day. They run as real processes, because half of them are only
noticed there; that nothing listens before the checks have passed is the order of `queue_app.server.serve`, and one test
below holds it.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet

from tests.real_server import DATA_KEY, SECRET, RealServer, run_to_the_end
from tests.redis_machine import free_port

POSTGRES = "postgresql://postgres@127.0.0.1:1/nowhere"
REDIS = "redis://127.0.0.1:1/0"
GROWN = {"DATABASE_URL": POSTGRES, "REDIS_URL": REDIS}


@dataclass(frozen=True)
class Row:
    """Settings that are wrong, and what the sentence must name and tell."""

    name: str
    settings: dict[str, str]
    says: tuple[str, ...]
    without: tuple[str, ...] = ()


SETTINGS_ALONE = (
    Row("a port that is no number", {"PORT": "http"}, ("PORT", "1 to 65535")),
    Row("a port beyond the last", {"PORT": "65536"}, ("PORT", "1 to 65535")),
    Row("a database in memory", {"DATABASE_URL": "sqlite:///:memory:"}, ("DATABASE_URL", "name a file")),
    Row("a database nobody knows", {"DATABASE_URL": "mysql://root@127.0.0.1/queue"}, ("DATABASE_URL", "postgresql://")),
    Row("an address that is none", {"DATABASE_URL": "matazu.db"}, ("DATABASE_URL", "sqlite:///")),
    Row("two workers on SQLite", {"WEB_CONCURRENCY": "2"}, ("WEB_CONCURRENCY", "WEB_CONCURRENCY=1")),
    Row("gevent on SQLite", {"SOCKETIO_ASYNC_MODE": "gevent"}, ("SOCKETIO_ASYNC_MODE", "leave it out")),
    Row("PostgreSQL without Redis", {"DATABASE_URL": POSTGRES}, ("REDIS_URL", "redis://")),
    Row("a Redis that is none", {"REDIS_URL": "http://127.0.0.1"}, ("REDIS_URL", "redis://")),
    Row(
        "threads on PostgreSQL", {**GROWN, "SOCKETIO_ASYNC_MODE": "threading"}, ("SOCKETIO_ASYNC_MODE", "leave it out")
    ),
    Row("PostgreSQL without a secret", GROWN, ("SECRET_KEY", "must be set"), without=("SECRET_KEY",)),
    Row("PostgreSQL without data keys", GROWN, ("DATA_KEYS", "must be set"), without=("DATA_KEYS",)),
    Row("a short secret", {"SECRET_KEY": "changeme"}, ("SECRET_KEY", "32", "openssl rand")),
    Row("a secret of one letter", {"SECRET_KEY": "x" * 64}, ("SECRET_KEY", "random")),
    Row("data keys that are none", {"DATA_KEYS": "secret"}, ("DATA_KEYS", "Fernet")),
    Row("a third of Twilio", {"TWILIO_ACCOUNT_SID": "AC1"}, ("TWILIO_AUTH_TOKEN", "all of them or none")),
    Row("half of a mail server", {"SMTP_URL": "smtp://mail.example"}, ("MAIL_FROM", "all of them or none")),
    Row("half of LINE", {"LINE_CHANNEL_TOKEN": "t"}, ("LINE_CHANNEL_SECRET", "all of them or none")),
    Row("half of web push", {"VAPID_SUBJECT": "mailto:it@example"}, ("VAPID_PRIVATE_KEY", "all of them or none")),
    Row("a printer that is none", {"PRINTER_URL": "lpt1"}, ("PRINTER_URL", "tcp://host:9100")),
    Row("a rate that is none", {"RATE_LIMIT_PUBLIC": "many"}, ("RATE_LIMIT_PUBLIC", "600/minute")),
    Row("an address with a path", {"PUBLIC_URL": "https://city.example/queue"}, ("PUBLIC_URL", "https://")),
    Row("proxies that are no number", {"TRUSTED_PROXIES": "yes"}, ("TRUSTED_PROXIES", "whole number")),
    Row("a log level that is none", {"LOG_LEVEL": "chatty"}, ("LOG_LEVEL", "INFO")),
)


@pytest.mark.parametrize("row", SETTINGS_ALONE, ids=lambda row: row.name)
def test_the_settings_alone_stop_the_start(row: Row, tmp_path: Path) -> None:
    environ = {"SECRET_KEY": SECRET, "DATA_KEYS": DATA_KEY, **row.settings}
    for name in row.without:
        del environ[name]
    with pytest.raises(SystemExit) as refusal:
        settings_for_exactly(tmp_path, environ)
    assert_says(str(refusal.value), *row.says)


@pytest.fixture
def refused(tmp_path: Path) -> Callable[..., None]:
    """Starts the real server and expects the sentence. Embedded in the test's folder unless told otherwise."""

    def refused(*says: str, **changed: str) -> None:
        port = str(free_port())
        plain = {"MATAZU_INSTANCE": str(tmp_path), "PORT": port, "SECRET_KEY": SECRET, "DATA_KEYS": DATA_KEY}
        code, said = run_to_the_end(tmp_path, {**plain, **changed})
        assert code not in (0, None), said
        assert_says(said, *says)
        assert "Listening at" not in said
        assert "Traceback" not in said, said

    return refused


def test_a_wrong_setting_is_said_by_the_real_start_too(refused: Callable[..., None]) -> None:
    refused("WEB_CONCURRENCY", "WEB_CONCURRENCY=1", WEB_CONCURRENCY="2")


def test_a_second_server_on_the_same_file_is_refused(served: RealServer, refused: Callable[..., None]) -> None:
    refused(
        "DATABASE_URL", "another server", "stop it", MATAZU_INSTANCE=str(served.folder),
    )  # fmt: skip
    assert served.answers()


def test_a_port_in_use_is_said_plainly(served: RealServer, refused: Callable[..., None]) -> None:
    refused("PORT", str(served.port), "set another", PORT=str(served.port))


def test_other_data_keys_than_those_of_the_database_are_refused(
    served: RealServer, refused: Callable[..., None]
) -> None:
    served.stop()
    try:
        refused(
            "DATA_KEYS", "put the key back",
            MATAZU_INSTANCE=str(served.folder), DATA_KEYS=Fernet.generate_key().decode(),
        )  # fmt: skip
    finally:
        served.start()


def test_a_database_of_a_newer_version_is_refused(
    migrated_file: Path, refused: Callable[..., None], tmp_path: Path
) -> None:
    import shutil
    import sqlite3

    shutil.copy(migrated_file, tmp_path / "matazu.db")
    with sqlite3.connect(tmp_path / "matazu.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    refused("DATABASE_URL", "9999", "newer version")


def test_a_file_that_is_no_database_is_refused(refused: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "matazu.db").write_bytes(b"minutes of the meeting\n" * 200)
    refused("DATABASE_URL", "not a database")


def test_a_folder_that_cannot_be_written_is_refused(refused: Callable[..., None], tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    if os.geteuid() == 0:  # to root every folder is open; one below a file is not
        closed = tmp_path / "a file"
        closed.touch()
    refused("DATABASE_URL", "give it to this user", MATAZU_INSTANCE=str(closed / "instance"))


def test_secrets_that_cannot_be_kept_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    with pytest.raises(SystemExit) as refusal:
        settings_for_exactly(tmp_path / "a file", {})
    assert_says(str(refusal.value), "MATAZU_INSTANCE", "give the folder to this user")


@pytest.mark.parametrize("module", ["eventlet", "geventwebsocket"])
def test_a_driver_that_would_take_over_the_websockets_is_refused(
    module: str, refused: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / "lib" / module).mkdir(parents=True)
    (tmp_path / "lib" / module / "__init__.py").touch()
    refused("uninstall it", PYTHONPATH=str(tmp_path / "lib"))


@pytest.mark.postgres
def test_redis_that_does_not_answer_is_refused(
    emptied_postgres: Callable[[], str], refused: Callable[..., None]
) -> None:
    refused("REDIS_URL", "does not answer", DATABASE_URL=emptied_postgres(), REDIS_URL=REDIS)


@pytest.mark.postgres
def test_postgres_that_does_not_answer_is_refused(redis_url: Callable[[], str], refused: Callable[..., None]) -> None:
    refused("DATABASE_URL", "correct the address", DATABASE_URL=POSTGRES, REDIS_URL=redis_url())


@pytest.mark.postgres
def test_postgres_without_our_tables_is_refused(
    postgres_url: Callable[[str], str], redis_url: Callable[[], str], refused: Callable[..., None]
) -> None:
    refused("DATABASE_URL", "db upgrade", DATABASE_URL=postgres_url("empty"), REDIS_URL=redis_url())


@pytest.mark.postgres
@pytest.mark.parametrize("seconds", [121, -121])
def test_a_database_server_with_another_time_is_refused(
    seconds: int, emptied_postgres: Callable[[], str], redis_url: Callable[[], str], refused: Callable[..., None]
) -> None:
    """Its clock is moved by a function of the same name that is found first."""
    url = emptied_postgres()
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE SCHEMA other_time")
        connection.execute(
            "CREATE FUNCTION other_time.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS "
            f"$$ SELECT pg_catalog.clock_timestamp() + interval '{seconds} seconds' $$"
        )
        name = connection.info.dbname
        connection.execute(f'ALTER DATABASE "{name}" SET search_path = other_time, pg_catalog, public')
        try:
            refused("clock", "NTP", DATABASE_URL=url, REDIS_URL=redis_url())
        finally:
            connection.execute(f'ALTER DATABASE "{name}" RESET search_path')
            connection.execute("DROP SCHEMA other_time CASCADE")


@pytest.mark.postgres
def test_nothing_listens_while_the_checks_run(emptied_postgres: Callable[[], str], tmp_path: Path) -> None:
    """A Redis that takes the call and says nothing holds the check for seconds; the port stays shut meanwhile."""
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        redis = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        environ = {"DATABASE_URL": emptied_postgres(), "REDIS_URL": redis}
        with pytest.raises(RuntimeError, match="REDIS_URL"):
            Watched(tmp_path, environ, port).start()


class Watched(RealServer):
    """Fails as soon as its port can be reached."""

    def answers(self) -> bool:
        with socket.socket() as knock:
            assert knock.connect_ex(("127.0.0.1", self.port)) != 0, "it listens before its checks are done"
        return False


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A server that runs well."""
    server = RealServer(tmp_path_factory.mktemp("served"))
    server.start()
    yield server
    server.stop()


def settings_for_exactly(folder: Path, environ: dict[str, str]) -> None:
    from config import read_settings

    read_settings({"MATAZU_INSTANCE": str(folder), **environ})


def assert_says(said: str, *words: str) -> None:
    assert "Matazu does not start: " in said, said
    for word in words:
        assert word in said, said
