"""Whoever holds an office's lock keeps the worker, but never from somebody whom it waits for (PostgreSQL with gevent)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.real_server import ROOT

pytestmark = pytest.mark.postgres
GREENLETS = """
from gevent import monkey; monkey.patch_all()
import json, sys, gevent
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError
from queue_app.store import keeping
from queue_app.store.keeping import keep_worker, let_go

engine, said = create_engine(sys.argv[1]), {}
one = text("SELECT 1")
with engine.begin() as connection:
    connection.execute(text("CREATE TABLE press (key integer PRIMARY KEY)"))

def others(told, stop):
    while not stop:
        told.append("other")
        gevent.sleep(0)

def with_others(work):
    told, stop = [], []
    with engine.connect() as connection, connection.begin() as transaction:
        connection.execute(one)
        greenlet = gevent.spawn(others, told, stop)
        gevent.sleep(0)
        work(connection, told)
        let_go(connection)
        stop.append(True)
        greenlet.join()
        transaction.rollback()
    return told

def statements(connection, told):
    for _ in range(20):
        told.append("deed")
        connection.execute(one)
    told.append("deed")

def kept(connection, told):
    keep_worker(connection)
    statements(connection, told)

def between(told):
    first, last = told.index("deed"), len(told) - told[::-1].index("deed")
    return told[first:last].count("other")

def slow(connection, told):
    keep_worker(connection)
    told.append("deed")
    connection.execute(text("SELECT pg_sleep(0.2)"))
    told.append("deed")

def same_key(connection, _told):
    def first():
        with engine.begin() as other:
            other.execute(text("INSERT INTO press VALUES (1)"))
            has_pressed.set()
            gevent.sleep(0.05)
    has_pressed = gevent.event.Event()
    pressing = gevent.spawn(first)
    has_pressed.wait()
    keep_worker(connection)
    try:
        connection.execute(text("INSERT INTO press VALUES (1)"))
    except IntegrityError:
        said["same_key"] = "refused"
    pressing.join()

import gevent.event
usual, keeping.ON_THE_SPOT_MS = keeping.ON_THE_SPOT_MS, 60_000  # a busy machine answers late
said["kept"] = between(with_others(kept))
keeping.ON_THE_SPOT_MS = usual
said["twin"] = between(with_others(statements))
said["slow"] = between(with_others(slow))
with_others(same_key)
print(json.dumps(said))
"""


def test_others_wait_for_the_deed_but_the_deed_for_nobody_who_waits_for_it(postgres_url: Callable[[str], str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", GREENLETS, postgres_url("kept")], cwd=ROOT, check=True, capture_output=True, text=True
    )
    said = json.loads(done.stdout)
    assert said["kept"] == 0
    assert said["twin"] > 10, "without it the others come in between"
    assert said["slow"] > 10, "a statement that takes long holds nobody up"
    assert said["same_key"] == "refused", "and one that waits for somebody of the same worker ends"
