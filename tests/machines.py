"""The servers that tests, benchmarks and load runs need beside them: a real PostgreSQL and a real Redis.

Each is started on its own, in a folder and on an address nobody else has, and ends with the process that asked for it,
even when that process is killed. Under pytest-xdist every worker has its own. A plain script writes
`with postgres_server() as server: server.empty_database("bench")`; a test takes the fixtures `postgres_url` and `redis_url`.

Leaves to whom: which tables stand in a database, to the tests; the browser, to tests/browser.py.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from typing import NoReturn, TypeVar

import pytest

from tests.postgres_machine import PostgresServer, postgres_programs
from tests.redis_machine import RedisServer
from tests.server_process import Missing, first_command, short_folder

T = TypeVar("T")
# For tests: nothing here outlives the run, so nothing waits for the disk.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
# For benchmarks: what a city would run.
DURABLE = ("fsync=on", "synchronous_commit=on", "full_page_writes=on")


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
