"""Starting the server: gunicorn with threads for SQLite, with gevent workers for PostgreSQL and Redis.

Decides what must be true before anybody is served: one server per SQLite file, the right tables, a clock that agrees
with the database's, a bus that answers. Whatever is wrong is said in one sentence with its fix.
"""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from config import Settings, WrongSetting

if TYPE_CHECKING:
    from flask import Flask

    from queue_app.services.ports import Ports

LARGEST_CLOCK_GAP_S = 120
_held: list[IO[str]] = []


def serve(settings: Settings) -> int:
    """Become the server. Does not return while it runs."""
    if settings.is_embedded:
        take_server_lock(settings)
    from gunicorn.app.base import BaseApplication

    class Server(BaseApplication):  # type: ignore[misc]
        """gunicorn, told everything here instead of on a command line."""

        def load_config(self) -> None:
            for name, value in _options(settings).items():
                self.cfg.set(name, value)

        def load(self) -> Flask:
            from run import make_app

            app: Flask = make_app(settings)
            start(app)
            return app

    Server().run()
    return 0


def start(app: Flask) -> None:
    """Checks, tables, demo city, then the relay: the last steps before this process serves."""
    from queue_app.web.context import KEY

    house = app.extensions[KEY]
    with app.app_context():
        check_database(house.settings, house.ports)
    bus = getattr(house, "bus", None)
    if bus is not None:
        bus.start()
    import threading

    threading.Thread(target=house.relay.work, daemon=True, name="relay").start()


def take_server_lock(settings: Settings) -> None:
    """One server per SQLite file: two would each believe in their own sockets and their own writer's lock."""
    settings.instance.mkdir(parents=True, exist_ok=True)
    path = Path(settings.database_url.removeprefix("sqlite:///") + ".server")
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise WrongSetting(
            "Matazu does not start: DATABASE_URL: another server is using this SQLite file; stop it first, "
            "or use PostgreSQL and Redis for several."
        ) from None
    os.set_inheritable(lock.fileno(), True)
    _held.append(lock)


def check_database(settings: Settings, ports: Ports) -> None:
    """The tables are the ones this version was written for, and the database's clock agrees with ours."""
    from queue_app.services import demo, schema

    if settings.is_embedded:
        schema.check_is_known()
        schema.bring_up_to_date()
        demo.load_if_empty(ports)
    elif not schema.schema_is_current():
        raise WrongSetting(
            "Matazu does not start: DATABASE_URL: the database does not have the tables of this version; "
            "run `flask --app run db upgrade`."
        )
    gap = schema.clock_gap_s()
    if gap > LARGEST_CLOCK_GAP_S:
        raise WrongSetting(
            f"Matazu does not start: the clock of this machine and the database's differ by {gap:.0f} s; "
            "set both by NTP."
        )


def _options(settings: Settings) -> dict[str, Any]:
    common = {
        "bind": f"{settings.host}:{settings.port}",
        "graceful_timeout": 3,
        "keepalive": 5,
        "timeout": 60,
        "control_socket_disable": True,
        "errorlog": "-",
        "loglevel": settings.log_level.lower(),
        "limit_request_line": 4094,
        "limit_request_fields": 60,
    }
    if settings.is_embedded:
        return {**common, "worker_class": "gthread", "workers": 1, "threads": 600, "worker_connections": 1200}
    return {**common, "worker_class": "gevent", "workers": settings.workers, "worker_connections": 4000}


if __name__ == "__main__":
    sys.exit("start with `python run.py`")
