"""The engine, and the two ways to use it: `reading()` and `writing()`.

Decides how a transaction begins, who may write when, and what happens after the commit. Two databases are supported:

* SQLite: WAL and `synchronous=FULL`, because an acknowledged ticket must survive a power cut. Writers begin with
  `BEGIN IMMEDIATE` behind one process-wide lock, which is fair where SQLite's own busy wait is not.
* PostgreSQL: READ COMMITTED for writers, which lock the office's log row first (see `services.deed`); one
  REPEATABLE READ snapshot for readers.

Source: docs/scarce-things.md.
"""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import MetaData, Table, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
RETRIES = 3
WRITERS_BEGIN = "IMMEDIATE"
"""A deferred transaction that has read and then writes fails at once when another wrote in between."""
T = TypeVar("T")


class Base(DeclarativeBase):
    """Every table of the house. Constraints are named so that migrations can drop them on SQLite."""

    metadata = MetaData(naming_convention=NAMES)


class OneEngine(FlaskSession):
    """A session that knows its engine: there is one database, so no statement is asked where it belongs."""

    def get_bind(self, *_about: object, **_more: object) -> Engine:
        engine: Engine = self._db.engine
        self.get_bind = lambda *_about, **_more: engine  # type: ignore[method-assign]
        return engine


db = SQLAlchemy(model_class=Base, session_options={"class_": OneEngine})
if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model

_writers = threading.RLock()


def table_of(model: type[Base]) -> Table:
    """The table behind a mapped class, for statements that want columns and no objects."""
    table = model.__table__
    assert isinstance(table, Table)
    return table


def prepare_engine(engine: Engine) -> None:
    """Hang the SQLite recipe on this one engine; PostgreSQL needs none."""
    if engine.dialect.name != "sqlite":
        return
    event.listen(engine, "connect", _sqlite_connect)
    event.listen(engine, "begin", _sqlite_begin)


def _sqlite_connect(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_begin(connection: Connection) -> None:
    mode = connection.get_execution_options().get("begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


@contextmanager
def reading() -> Iterator[Session]:
    """One consistent look at the database; nothing is written."""
    session: Session = db.session()
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    try:
        yield session
    finally:
        db.session.remove()


def writing(deed: Callable[[Session], T]) -> T:
    """Run a deed in one transaction and return its answer after the commit.

    A deed that lost against another process (locked, deadlock, serialisation) is run again from the start, so it must
    not touch anything but the session. What `after_commit` collected runs once, after the commit and without the lock.
    """
    for attempt in range(RETRIES):
        try:
            answer, effects = _write_once(deed)
        except DBAPIError as error:
            if attempt == RETRIES - 1 or not _is_passing(error):
                raise
            # A random wait keeps two losers from meeting again; no event could end it sooner.
            time.sleep(random.uniform(0.01, 0.05) * (attempt + 1))  # noqa: S311, TID251
        else:
            for effect in effects:
                effect()
            return answer
    raise AssertionError("unreachable")


def after_commit(session: Session, effect: Callable[[], None]) -> None:
    """Do this once the transaction is safe; never if it is rolled back."""
    effects: list[Callable[[], None]] = session.info.setdefault("after_commit", [])
    effects.append(effect)


def _write_once(deed: Callable[[Session], T]) -> tuple[T, list[Callable[[], None]]]:
    db.session.remove()  # a session that has read already would begin without the lock
    session: Session = db.session()
    with _one_writer(session):
        try:
            session.connection(execution_options={"begin": WRITERS_BEGIN})
            answer = deed(session)
            session.commit()
            return answer, list(session.info.get("after_commit", ()))
        finally:
            db.session.remove()


@contextmanager
def _one_writer(session: Session) -> Iterator[None]:
    if session.get_bind().dialect.name != "sqlite":
        yield
        return
    with _writers:
        yield


def _is_passing(error: DBAPIError) -> bool:
    text = str(error.orig).lower()
    state = getattr(error.orig, "sqlstate", "") or ""
    somebody_answered_first = state == "23505" and "pk_answer" in text
    is_locked = isinstance(error, OperationalError) and "locked" in text
    return is_locked or somebody_answered_first or state in ("40001", "40P01")
