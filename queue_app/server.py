"""Starting the server: gunicorn with threads for SQLite, with gevent workers for PostgreSQL and Redis.

Decides what must be true before anybody is served: one server per SQLite file, the right tables, a clock that agrees
with the database's, a bus that answers. Whatever is wrong is said in one sentence with its fix.
"""

from __future__ import annotations

import fcntl
import gc
import multiprocessing
import os
import resource
import socket
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

from config import Settings, WrongSetting

if TYPE_CHECKING:
    from flask import Flask

    from queue_app.services.ports import Ports

LARGEST_CLOCK_GAP_S = 120
DEAF_MS = 20_000
"""Whoever has taken nothing of what was sent for so long is cut off, as long as engine.io waits for a sign of life."""
WHOLE_ANSWER = 256 * 1024
"""Bytes that the system keeps for a line: more than any page, so that nobody who reads slowly holds a thread."""
FOREIGN_DRIVERS = {"eventlet": "eventlet", "geventwebsocket": "gevent-websocket"}
_held: list[IO[str]] = []


def serve(settings: Settings) -> int:
    """Become the server. Does not return while it runs; nothing listens before every check has passed."""
    os.umask(0o077)  # database, keys and logs are for the owner alone
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold keys and names as they are in memory
    check_surroundings(settings)
    check_in_a_process_of_its_own(settings)
    from gunicorn.app.base import BaseApplication

    class Server(BaseApplication):  # type: ignore[misc]
        """gunicorn, told everything here instead of on a command line."""

        def load_config(self) -> None:
            for name, value in _options(settings).items():
                self.cfg.set(name, value)

        def load(self) -> Flask:
            """In the worker, where gevent has patched already: nothing of ours is imported before."""
            from run import make_app

            app: Flask = make_app(settings)
            start(app)
            return app

    Server().run()
    return 0


def start(app: Flask) -> None:
    """The last steps of each process that serves: what runs beside the requests (greenlets under gevent)."""
    import threading

    from queue_app.adapters.printer import printer_from
    from queue_app.adapters.senders import senders_for
    from queue_app.services.bookkeeping import Bookkeeper
    from queue_app.services.outlook import Lookout
    from queue_app.services.post_room import PostRoom
    from queue_app.services.printing import PrintRoom
    from queue_app.services.speech_room import SpeechRoom
    from queue_app.web.context import KEY

    house = app.extensions[KEY]
    bus = getattr(house, "bus", None)
    if bus is not None:
        bus.start()
    threading.Thread(target=house.relay.work, daemon=True, name="relay").start()
    print_room = PrintRoom(house.ports, printer_from, app.app_context)
    threading.Thread(target=print_room.work, daemon=True, name="print room").start()
    lookout = Lookout(house.ports, app.app_context)
    threading.Thread(target=lookout.work, daemon=True, name="lookout").start()
    bookkeeper = Bookkeeper(house.ports, app.app_context)
    threading.Thread(target=bookkeeper.work, daemon=True, name="bookkeeper").start()
    speech_room = SpeechRoom(house.ports, app.app_context)
    threading.Thread(target=speech_room.work, daemon=True, name="speech room").start()
    post_room = PostRoom(house.ports, senders_for(house.settings), app.app_context)
    threading.Thread(target=post_room.work, daemon=True, name="post room").start()
    gc.collect()
    gc.freeze()  # what is loaded by now stays: going through all of it once in a while stops everybody for 0.15 s


def check_surroundings(settings: Settings) -> None:
    """What can be seen from outside the application: folder, port, other servers, foreign drivers."""
    for module, package in FOREIGN_DRIVERS.items():
        if find_spec(module) is not None:
            _refuse(package, "it is installed and would take over the websockets; uninstall it")
    if settings.is_embedded:
        take_server_lock(settings)
    _check_port_is_free(settings.host, settings.port)


def check_in_a_process_of_its_own(settings: Settings) -> None:
    """Bus, tables, keys, clock and demo city are seen to by a child that ends.

    The process that starts the workers must stay without the application: what it has imported, its workers would
    have before gevent can patch it, and a database connection must not be shared by two processes.
    """
    child = multiprocessing.get_context("fork").Process(target=_check, args=(settings,))
    child.start()
    child.join()
    if child.exitcode:
        sys.exit(child.exitcode)


def _check(settings: Settings) -> None:
    from sqlalchemy.exc import DatabaseError

    from queue_app.web.context import KEY
    from run import make_app

    if not settings.is_embedded:
        _check_bus_answers(settings.redis_url)
    app = make_app(settings)
    try:
        with app.app_context():
            check_database(settings, app.extensions[KEY].ports)
    except (DatabaseError, OSError) as error:
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        _refuse("DATABASE_URL", f"the database cannot be used ({reason}); correct the address or its rights")


def take_server_lock(settings: Settings) -> None:
    """One server per SQLite file: two would each believe in their own sockets and their own writer's lock."""
    path = Path(settings.database_url.removeprefix("sqlite:///") + ".server")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.open("a")
    except OSError as error:
        _refuse("DATABASE_URL", f"its folder {path.parent} cannot be written ({error.strerror}); give it to this user")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        _refuse(
            "DATABASE_URL",
            "another server is using this SQLite file; stop it first, or use PostgreSQL and Redis for several",
        )
    os.set_inheritable(lock.fileno(), True)
    _held.append(lock)


def check_database(settings: Settings, ports: Ports) -> None:
    """The tables are the ones this version was written for, our keys open what they hold, and the clocks agree."""
    from queue_app.services import data_keys, demo, schema

    schema.check_is_known()
    if settings.is_embedded:
        schema.bring_up_to_date()
    elif not schema.schema_is_current():
        _refuse(
            "DATABASE_URL", "the database does not have the tables of this version; run `flask --app run db upgrade`"
        )
    if not data_keys.open_this_database():
        _refuse("DATA_KEYS", "they do not open what this database holds; put the key back that sealed it")
    gap = schema.clock_gap_s()
    if gap > LARGEST_CLOCK_GAP_S:
        _refuse("clock", f"this machine's clock and the database's differ by {gap:.0f} s; set both by NTP")
    if settings.is_embedded:
        demo.load_if_empty(ports)


def _check_bus_answers(url: str) -> None:
    import redis

    try:
        redis.Redis.from_url(url, socket_timeout=3, socket_connect_timeout=3).ping()
    except (redis.RedisError, ValueError) as error:
        _refuse("REDIS_URL", f"Redis does not answer there ({type(error).__name__}); start it, or correct the address")


def _check_port_is_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            _refuse("HOST, PORT", f"{host}:{port} cannot be had ({error.strerror}); stop what uses it, or set another")


def _refuse(name: str, fix: str) -> NoReturn:
    raise WrongSetting(f"Matazu does not start: {name}: {fix}.")


def _options(settings: Settings) -> dict[str, Any]:
    common = {
        "bind": f"{settings.host}:{settings.port}",
        "graceful_timeout": 3,
        "keepalive": 5,
        "timeout": 60,
        "control_socket_disable": True,
        "errorlog": "-",
        "loglevel": settings.log_level.lower().replace("debug", "info"),  # it would write every address, links included
        "limit_request_line": 4094,
        "limit_request_fields": 60,
        "when_ready": _do_not_wait_for_the_deaf,
        "post_worker_init": _welcome,
    }
    if settings.is_embedded:
        return {
            **common,
            "worker_class": "queue_app.front_door.FrontDoor",
            "workers": 1,
            "threads": 600,
            "worker_connections": 1200,
        }
    return {**common, "worker_class": "gevent", "workers": settings.workers, "worker_connections": 4000}


def _do_not_wait_for_the_deaf(arbiter: Any) -> None:
    """Each line that is accepted has from its listener how long it waits (RFC 5482; of our systems, Linux has it)."""
    for listener in arbiter.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, WHOLE_ANSWER)
        if sys.platform == "linux":
            listener.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAF_MS)


def _welcome(worker: Any) -> None:
    """Once, by the first worker, when it is about to take requests; not again when a worker is replaced."""
    if worker.age == 1:
        from queue_app import welcome

        welcome.say(worker.wsgi)


if __name__ == "__main__":
    sys.exit("start with `python run.py`")
