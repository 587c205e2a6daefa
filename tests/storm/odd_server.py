"""The real server with something odd about it: a clock that a file moves, or one promise broken on purpose.

For the storms alone: broken promises are the twins on which a storm's judgement has to fail. Started as a program, as
run.py is; `ODD` names the oddities, `ODD_CLOCK` the file with the seconds that the clock is off.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def move_clock() -> None:
    """The clock of the house is as far off as the file says at that moment, and nobody minds that the database's is not."""
    from queue_app import server
    from queue_app.adapters import clock

    server.LARGEST_CLOCK_GAP_S = 10**9

    real, file = clock.system_clock, Path(os.environ["ODD_CLOCK"])
    held: dict[str, Any] = {"changed": -1, "off": timedelta(0)}

    def moved() -> datetime:
        changed = file.stat().st_mtime_ns
        if changed != held["changed"]:
            held.update(changed=changed, off=timedelta(seconds=float(file.read_text() or 0)))
        off: timedelta = held["off"]
        return real() + off

    clock.system_clock = moved


def count_in_memory() -> None:
    """The twin of the number series: a counter that begins anew when the process does."""
    from queue_app.services import reception

    given: dict[str, int] = {}

    def next_number(_deed: Any, series: str) -> int:
        given[series] = given.get(series, 0) + 1
        return given[series]

    reception._next_number = next_number


def do_not_wait_for_the_disk() -> None:
    """The twin of durability: the setting that benchmarks are tempted by."""
    from queue_app.store import database

    properly = database._sqlite_connect

    def connect(connection: Any, record: object) -> None:
        properly(connection, record)
        connection.execute("PRAGMA synchronous=NORMAL")

    database._sqlite_connect = connect


def have_no_lock() -> None:
    """The twin of one order per office: nobody waits for anybody, and a transaction begins without the write lock."""
    from queue_app.store import database, office_log
    from tests.races.test_calling_races import EverybodyAtOnce, unlocked

    database._turns = EverybodyAtOnce()
    database.RETRIES = 1
    database.WRITERS_BEGIN = "DEFERRED"
    office_log.BY_CODE = unlocked()


def never_look_again() -> None:
    """The twin of the relay's second look: it believes that the bus tells it everything."""
    from queue_app.services import relay

    relay.LOOK_AGAIN_S = 3600.0


def seal_nothing() -> None:
    """The twin of sealed columns: whoever reads the file reads the names."""
    from queue_app.store.columns import Keyring

    Keyring.seal = lambda _self, plain: plain.encode()  # type: ignore[method-assign]
    Keyring.unseal = lambda _self, sealed: sealed.decode()  # type: ignore[method-assign]


def a_thread_for_everybody() -> None:
    """The twin of the front door: gunicorn's own worker, which gives a thread to whoever connects."""
    from queue_app import server

    properly = server._options
    server._options = lambda settings: {**properly(settings), "worker_class": "gthread"}


def never_ask_who_they_are_again() -> None:
    """The twin of sockets that end with their session: whoever was let in once hears everything."""
    from queue_app.services import access

    access.still_valid = lambda _session, identities, _now: set(identities)  # type: ignore[assignment]


def count_no_sockets() -> None:
    """The twin of places for sockets: whoever opens a line has one, and a thread with it."""
    from queue_app.web.socket_places import SocketPlaces

    SocketPlaces._takes = lambda _self, _sid, _environ: True  # type: ignore[method-assign]


def wait_for_the_deaf() -> None:
    """The twin of lines that end when nothing is taken: whoever reads nothing is waited for as long as he likes."""
    from queue_app import server

    server.DEAF_MS = 3_600_000


def never_mind_what_is_unread() -> None:
    """The twin of a door that counts what was not taken: whoever goes on asking is answered on and on."""
    from queue_app import front_door

    front_door.MOST_UNREAD = 2**31  # type: ignore[misc]


def send_again_what_fell_silent() -> None:
    """The twin of messages that are never sent twice: silence counts as proof that nothing was taken."""
    from queue_app.services import outbox

    properly = outbox._settle

    def settle(ports: Any, message: Any, state: str, **more: Any) -> None:
        properly(ports, message, "due" if state == "unknown" else state, **more)

    outbox._settle = settle


ODDITIES: dict[str, Callable[[], None]] = {
    "clock": move_clock,
    "numbers in memory": count_in_memory,
    "no waiting for the disk": do_not_wait_for_the_disk,
    "no lock": have_no_lock,
    "no second look": never_look_again,
    "no seals": seal_nothing,
    "let in once": never_ask_who_they_are_again,
    "a thread for everybody": a_thread_for_everybody,
    "sends again": send_again_what_fell_silent,
    "sockets without end": count_no_sockets,
    "waits for the deaf": wait_for_the_deaf,
    "answers on and on": never_mind_what_is_unread,
}


LATE = [
    name
    for name in ("no second look", "no seals", "let in once", "sends again", "sockets without end")
    if name in os.environ.get("ODD", "")
]

if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from config import read_settings
    from queue_app import server

    properly = server.start

    def start(app: Any) -> None:
        """In the worker: what is imported before would be there before gevent can patch it."""
        for name in LATE:
            ODDITIES[name]()
        properly(app)

    server.start = start
    for name in set(filter(None, os.environ.get("ODD", "").split(","))) - set(LATE):
        ODDITIES[name]()
    sys.exit(server.serve(read_settings()))
