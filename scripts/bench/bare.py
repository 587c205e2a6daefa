"""The yardstick: the least that a Flask server can do for a ticket that survives a power cut.

`python -m scripts.bench.bare tickets PORT FILE` is a bare handler with one durable SQLite commit (BEGIN IMMEDIATE, a
ticket row and an event row, synchronous=FULL) on gunicorn's threads. `… rows PORT FILE` writes what a number of ours
writes into the same tables (a copy of an office's database) by Flask-SQLAlchemy as its manual shows it: the frame's own
share. `… broadcast PORT REDIS_URL` is a bare Flask-SocketIO broadcast over Redis on two gevent workers. No rules, no
rights, no estimates: nobody could run an office on them.
"""

from __future__ import annotations

import sqlite3
import sys
import threading
from typing import Any

from gunicorn.app.base import BaseApplication

COMMON = {"keepalive": 5, "graceful_timeout": 1, "control_socket_disable": True, "errorlog": "-", "loglevel": "warning"}
THREADED = {"worker_class": "gthread", "threads": 64}


class Server(BaseApplication):  # type: ignore[misc]
    def __init__(self, make: Any, options: dict[str, Any]) -> None:
        self._make, self._told = make, options
        super().__init__()

    def load_config(self) -> None:
        for name, value in {**COMMON, **self._told}.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self._make()


def tickets(port: int, file: str) -> None:
    setup = sqlite3.connect(file)
    setup.execute("PRAGMA journal_mode=WAL")
    setup.execute("CREATE TABLE IF NOT EXISTS ticket (id INTEGER PRIMARY KEY, number INTEGER, service TEXT, at TEXT)")
    setup.execute("CREATE TABLE IF NOT EXISTS event (id INTEGER PRIMARY KEY, ticket_id INTEGER, name TEXT, at TEXT)")
    setup.close()
    Server(lambda: _ticket_app(file), {"bind": f"127.0.0.1:{port}", **THREADED}).run()


def _ticket_app(file: str) -> Any:
    from flask import Flask, request

    app, mine, writers = Flask(__name__), threading.local(), threading.Lock()

    @app.post("/tickets")
    def issue() -> Any:
        if not hasattr(mine, "connection"):
            mine.connection = sqlite3.connect(file, isolation_level=None, timeout=30)
            mine.connection.execute("PRAGMA synchronous=FULL")
        connection, service = mine.connection, request.get_json()["service"]
        with writers:
            connection.execute("BEGIN IMMEDIATE")
            made = connection.execute("INSERT INTO ticket (number, service, at) VALUES (1, ?, datetime())", (service,))
            connection.execute(
                "INSERT INTO event (ticket_id, name, at) VALUES (?, 'issued', datetime())", (made.lastrowid,)
            )
            connection.execute("COMMIT")
        return {"number": made.lastrowid}, 201

    return app


def rows(port: int, file: str) -> None:
    Server(lambda: _rows_app(file), {"bind": f"127.0.0.1:{port}", **THREADED}).run()


def _rows_app(file: str) -> Any:
    from flask import Flask, request

    from queue_app.adapters.clock import system_clock
    from queue_app.store.audit_tables import AuditEntry
    from queue_app.store.database import WRITERS_BEGIN, db, prepare_engine
    from queue_app.store.office_tables import OfficeLog
    from queue_app.store.queue_tables import EventRow, SeriesRow, Stage, Ticket

    app, writers = Flask(__name__), threading.Lock()
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{file}"
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"execution_options": {"begin": WRITERS_BEGIN}}
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)

    @app.post("/tickets")
    def issue() -> Any:
        service, now = request.get_json()["service"], system_clock()
        with writers:
            series = db.session.scalars(db.select(SeriesRow)).one()
            log = db.session.get_one(OfficeLog, series.office_id)
            series.last_number += 1
            log.version += 1
            log.audit_seq += 1
            about: dict[str, Any] = {"office_id": log.office_id, "service": service}
            ticket = Ticket(
                day=series.day, series=series.name, number=series.last_number, number_text=f"R{series.last_number}",
                visit_class="walk_in", language="ja", origin="kiosk", issued_at=now, nonce="0" * 22,
                token_hash=f"{series.last_number:064}", **about,
            )  # fmt: skip
            stage = Stage(
                position=0, kind="reception", ready_at=now, reference_at=now, order_time=now, since=now, **about
            )
            ticket.stages.append(stage)
            db.session.add(ticket)
            db.session.flush()
            event = EventRow(
                version=log.version, at=now, day=series.day, name="issued", ticket_id=ticket.id, stage_id=stage.id,
                actor="kiosk", data={"ready": [stage.id]}, **about,
            )  # fmt: skip
            entry = AuditEntry(
                office_id=log.office_id, seq=log.audit_seq, at=now, actor="kiosk", action="issued",
                subject=f"ticket:{ticket.id}", facts={}, previous="0" * 64, mac="0" * 64,
            )  # fmt: skip
            db.session.add_all([event, entry])
            db.session.commit()
        return {"number": ticket.number_text}, 201

    return app


def broadcast(port: int, redis_url: str) -> None:
    options = {"bind": f"127.0.0.1:{port}", "worker_class": "gevent", "workers": 2, "worker_connections": 4000}
    Server(lambda: _broadcast_app(redis_url), options).run()


def _broadcast_app(redis_url: str) -> Any:
    from flask import Flask, request
    from flask_socketio import SocketIO, join_room

    app = Flask(__name__)
    io = SocketIO(app, async_mode="gevent", message_queue=redis_url, transports=["websocket"])

    @io.on("watch")  # type: ignore[untyped-decorator]
    def watch(_wish: Any) -> Any:
        join_room("board")
        return {"ok": True, "snapshot": {"version": 0}}

    @app.post("/say")
    def say() -> Any:
        io.emit("board", request.get_json(), to="board")
        return "", 204

    return app


if __name__ == "__main__":
    what, where, with_what = sys.argv[1:4]
    {"tickets": tickets, "rows": rows, "broadcast": broadcast}[what](int(where), with_what)
