"""The engine, and the two ways to use it: `reading()` and `writing()`.

Decides how a transaction begins, who may write when, and what happens after the commit. Two databases are supported:

* SQLite: WAL and `synchronous=FULL`, because an acknowledged ticket must survive a power cut. Writers begin with
  `BEGIN IMMEDIATE` behind one process-wide lock, which is fair where SQLite's own busy wait is not.
* PostgreSQL: READ COMMITTED for writers, which lock the office's log row first (see `services.deed`); one
  REPEATABLE READ snapshot for readers. Writers who wait for a lock never take all connections of the process, so
  that somebody who only looks finds one.

Source: docs/scarce-things.md.
"""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import TYPE_CHECKING, TypeVar

from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import MetaData, Table, event
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.orm.session import JoinTransactionMode
from sqlalchemy.pool import ConnectionPoolEntry

from queue_app.store.keeping import let_go
from queue_app.store.turns import Press, Turns

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
MOVE_BACK = "wal_autocheckpoint=4000"
"""Pages in the log before they are moved into the file: the same few pages change with every ticket."""
WIPE = "secure_delete=ON"
"""What is deleted is overwritten with zeros: whoever gets file and keys later must not read what was forgotten."""
WRITERS = 6
"""Writers of one process that may be at work, or wait for a lock of PostgreSQL, at a time; each has a connection."""

RESTED_S = 1.0
"""A connection that rested for so long is asked whether its server is still there before it is used."""

_OF = "matazu_engine"
T = TypeVar("T")


class Base(DeclarativeBase):
    """Every table of the house. Constraints are named so that migrations can drop them on SQLite."""

    metadata = MetaData(naming_convention=NAMES)


class OneEngine(FlaskSession):
    """A session that knows its engine: there is one database, so no statement is asked where it belongs."""

    def get_bind(self, *_about: object, **_more: object) -> Engine | Connection:
        bind = self.bind or self._db.engine
        self.get_bind = lambda *_about, **_more: bind  # type: ignore[method-assign]
        return bind


db = SQLAlchemy(model_class=Base, session_options={"class_": OneEngine})
if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model

_turns = Turns()
_writers = threading.BoundedSemaphore(WRITERS)


def engine_of(session: Session) -> Engine:
    """The engine behind a session, whether it opens its own connection or was handed one."""
    bind = session.get_bind()
    engine = bind if isinstance(bind, Engine) else bind.engine
    own: Engine = engine.get_execution_options().get(_OF, engine)
    return own


def table_of(model: type[Base]) -> Table:
    """The table behind a mapped class, for statements that want columns and no objects."""
    table = model.__table__
    assert isinstance(table, Table)
    return table


def prepare_engine(engine: Engine) -> None:
    """Hang the recipe of its kind on this one engine."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
    else:
        event.listen(engine, "checkout", partial(_ask_the_rested, engine.dialect))
        event.listen(engine, "checkin", _note_rest)


def _sqlite_connect(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000", MOVE_BACK, WIPE):
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_begin(connection: Connection) -> None:
    mode = connection.get_execution_options().get("begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


def _ask_the_rested(dialect: Dialect, connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
    """A server that went away meanwhile is noticed here; asking each time would cost as much as a look itself."""
    if time.monotonic() - record.info.get("used", 0.0) < RESTED_S:
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        raise InvalidatePoolError from error  # the pool opens new ones


def _note_rest(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["used"] = time.monotonic()


@contextmanager
def reading() -> Iterator[Session]:
    """One consistent look at the database; nothing is written. Costs nothing until something is asked."""
    session: Session = db.session()
    if session.bind is None and db.engine.dialect.name == "postgresql":
        session.bind = _snapshots(db.engine)
    try:
        yield session
    finally:
        db.session.remove()


@lru_cache(maxsize=8)
def _snapshots(engine: Engine) -> Engine:
    """The same engine; each of its transactions is one look that does not move."""
    return engine.execution_options(isolation_level="REPEATABLE READ", **{_OF: engine})


def writing(deed: Callable[[Session], T]) -> T:
    """Run a deed in one transaction and return its answer after the commit.

    A deed that lost against another process (locked, deadlock, serialisation) is run again from the start, so it must
    not touch anything but the session. On SQLite it may be run by another thread, together with those of others
    (`store.turns`). What `after_commit` collected runs once, after the commit and in the order of the deeds.
    """
    for attempt in range(RETRIES):
        press = Press(deed)
        try:
            _take_turn(press)
            answer: T = press.outcome()
        except DBAPIError as error:
            if attempt == RETRIES - 1 or not _is_passing(error):
                raise
            # A random wait keeps two losers from meeting again; no event could end it sooner.
            time.sleep(random.uniform(0.01, 0.05) * (attempt + 1))  # noqa: S311, TID251
        else:
            return answer
    raise AssertionError("unreachable")


def after_commit(session: Session, effect: Callable[[], None]) -> None:
    """Do this once the transaction is safe; never if it is rolled back."""
    effects: list[Callable[[], None]] = session.info.setdefault("after_commit", [])
    effects.append(effect)


def _take_turn(press: Press) -> None:
    engine = db.engine
    if engine.dialect.name == "sqlite":
        _turns.run(press, lambda batch: _write(engine, batch))
    else:
        _write(engine, [press])


def _write(engine: Engine, batch: list[Press]) -> None:
    """All deeds of the batch in one transaction. Whatever stops the transaction itself is everybody's error."""
    alone = len(batch) == 1
    try:
        with (
            _writers,
            engine.connect().execution_options(begin=WRITERS_BEGIN) as connection,
            connection.begin() as transaction,
        ):
            try:
                for press in batch:
                    press.context.run(_perform, press, connection, "rollback_only" if alone else "create_savepoint")
            finally:
                let_go(connection)
            if alone and press.error is not None:
                transaction.rollback()
    except Exception as error:  # noqa: BLE001 - raised again by each of them
        for press in batch:
            press.error = press.error or error
    for press in batch:
        press.context.run(_follow, press)


def _perform(press: Press, connection: Connection, mode: JoinTransactionMode) -> None:
    """One deed, up to where only the commit is missing; a refused one leaves nothing behind."""
    db.session.remove()  # a session that has read already would begin without the lock
    session: Session = db.session(bind=connection, join_transaction_mode=mode)
    try:
        press.answer = press.deed(session)
        session.commit()
        press.effects = session.info.get("after_commit", [])
    except Exception as error:  # noqa: BLE001 - raised again where the deed was asked for
        press.error = error
    finally:
        db.session.remove()


def _follow(press: Press) -> None:
    """What was to happen after the commit."""
    if press.error is None:
        try:
            for effect in press.effects:
                effect()
        except Exception as error:  # noqa: BLE001 - raised again where the deed was asked for
            press.error = error


def _is_passing(error: DBAPIError) -> bool:
    text = str(error.orig).lower()
    state = getattr(error.orig, "sqlstate", "") or ""
    somebody_answered_first = state == "23505" and "pk_answer" in text
    is_locked = isinstance(error, OperationalError) and "locked" in text
    return is_locked or somebody_answered_first or state in ("40001", "40P01")
