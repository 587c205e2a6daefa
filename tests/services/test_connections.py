"""Connections of a look and of a deed: none before something is asked, whole ones after a restart, enough for readers."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine, event, text

from queue_app.store import database
from queue_app.store.database import db, engine_of, reading, writing
from tests.world import World

pytestmark = pytest.mark.postgres
ONLY_POSTGRES = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)


def test_a_look_that_asks_nothing_takes_no_connection(app: Flask) -> None:
    with app.app_context():
        taken: list[object] = []
        event.listen(db.engine, "checkout", lambda *_facts: taken.append(1))
        with reading() as session:
            assert engine_of(session) is db.engine
        assert taken == []


@ONLY_POSTGRES
def test_a_look_does_not_move_while_others_write(world: World) -> None:
    count = text("SELECT count(*) FROM ticket")
    with world.app.app_context():
        with reading() as session:
            before = session.scalar(count)
            issuing = threading.Thread(target=world.issue)
            issuing.start()
            issuing.join()
            assert session.scalar(count) == before
        with reading() as session:
            assert session.scalar(count) == before + 1


@ONLY_POSTGRES
def test_connections_that_were_cut_while_they_rested_are_replaced(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "RESTED_S", 0.0)
    own = text("SELECT pg_backend_pid()")
    with app.app_context():
        with reading() as session:
            resting = session.scalar(own)
        another = create_engine(db.engine.url)
        with another.connect() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": resting})
        another.dispose()
        with reading() as session:
            assert session.scalar(own) != resting


@ONLY_POSTGRES
def test_writers_who_wait_for_a_lock_leave_connections_to_those_who_look(world: World) -> None:
    has_lock, may_go = threading.Event(), threading.Event()

    def hold(session: Any) -> None:
        session.execute(text("SELECT 1 FROM office_log FOR UPDATE"))
        has_lock.set()
        may_go.wait(30)

    def write() -> None:
        with world.app.app_context():
            writing(lambda session: session.execute(text("SELECT 1 FROM office_log FOR UPDATE")).all())

    def hold_it() -> None:
        with world.app.app_context():
            writing(hold)

    threads = [threading.Thread(target=hold_it)]
    threads[0].start()
    assert has_lock.wait(30)
    threads += [threading.Thread(target=write) for _ in range(30)]
    for thread in threads[1:]:
        thread.start()
    with world.app.app_context(), reading() as session:
        assert session.scalar(text("SELECT 1")) == 1
        assert db.engine.pool.checkedout() <= database.WRITERS + 1  # type: ignore[attr-defined]
    may_go.set()
    for thread in threads:
        thread.join(30)
