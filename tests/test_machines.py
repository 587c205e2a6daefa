"""The stand-ins themselves: what a test may count on when it asks for PostgreSQL, Redis or a browser."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis
from playwright.sync_api import Browser, Page

from tests.browser import foreign, hosts_asked, office_context
from tests.machines import postgres_server, redis_server
from tests.server_process import Missing, first_command

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.postgres
def test_a_database_is_empty_each_time_it_is_asked_for(postgres_url: Callable[[str], str]) -> None:
    plain = postgres_url("twice").replace("+psycopg", "")
    with psycopg.connect(plain) as connection:
        connection.execute("CREATE TABLE tickets (number int)")
    with psycopg.connect(postgres_url("twice").replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT to_regclass('tickets')").fetchone() == (None,)


@pytest.mark.postgres
def test_databases_of_two_names_do_not_see_each_other(postgres_url: Callable[[str], str]) -> None:
    one, other = (postgres_url(name).replace("+psycopg", "") for name in ("one", "other"))
    with psycopg.connect(one) as connection:
        connection.execute("CREATE TABLE tickets (number int)")
    with psycopg.connect(other) as connection:
        assert connection.execute("SELECT to_regclass('tickets')").fetchone() == (None,)


@pytest.mark.postgres
def test_postgres_keeps_its_rows_over_a_stop_and_listens_on_no_network_port() -> None:
    with postgres_server() as server:
        plain = server.empty_database("kept").replace("+psycopg", "")
        with psycopg.connect(plain) as connection:
            connection.execute("CREATE TABLE tickets AS SELECT 23 AS number")
        server.stop()
        server.start()
        with psycopg.connect(plain) as connection:
            assert connection.execute("SELECT number FROM tickets").fetchone() == (23,)
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_redis_starts_empty_on_loopback_and_comes_back_at_the_same_address() -> None:
    with redis_server() as server:
        address = server.url
        with redis.Redis.from_url(address) as client:
            client.set("serving", "23")
            assert client.config_get("bind") == {"bind": "127.0.0.1"}
        server.stop()
        server.start()
        with redis.Redis.from_url(address) as client:
            assert client.dbsize() == 0


def test_redis_is_empty_each_time_it_is_asked_for(redis_url: Callable[[], str]) -> None:
    with redis.Redis.from_url(redis_url()) as client:
        client.set("serving", "23")
    with redis.Redis.from_url(redis_url()) as client:
        assert client.dbsize() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_servers_end_with_a_run_that_is_killed() -> None:
    script = (
        "from tests.machines import postgres_server, redis_server\n"
        "with postgres_server() as p, redis_server() as r:\n"
        "    print(p.process.pid, r.process.pid, p.folder, r.folder, flush=True)\n"
        "    input()\n"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with run:
        assert run.stdout is not None
        *pids, postgres_folder, redis_folder = run.stdout.readline().split()
        gone = [os.pidfd_open(int(pid)) for pid in pids]
        run.send_signal(signal.SIGKILL)
    for handle in gone:
        assert wait_for_end(handle, seconds=20)
        os.close(handle)
    for folder in (postgres_folder, redis_folder):
        subprocess.run(["rm", "-rf", folder], check=True)


def wait_for_end(handle: int, seconds: float) -> bool:
    """A process handle becomes readable when its process ends."""
    import select

    return bool(select.select([handle], [], [], seconds)[0])


def test_a_program_the_machine_lacks_is_named() -> None:
    with pytest.raises(Missing, match="no-such-server"):
        first_command("no-such-server")


@pytest.mark.browser
def test_the_browser_is_japanese_and_in_tokyo(page: Page) -> None:
    page.goto("data:text/html,<p>待たず")
    assert page.evaluate("[navigator.language, Intl.DateTimeFormat().resolvedOptions().timeZone]") == [
        "ja-JP",
        "Asia/Tokyo",
    ]


@pytest.mark.browser
def test_a_page_that_asks_a_foreign_host_is_noticed(browser: Browser) -> None:
    with office_context(browser) as context:
        asked = hosts_asked(context)
        # `.invalid` never resolves, so that nothing leaves the machine even here.
        context.new_page().set_content("<img src='http://cdn.invalid/logo.png'>")
        assert foreign(asked) == {"cdn.invalid"}
