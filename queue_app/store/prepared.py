"""Statements of all day: worked out once for each kind of database, then sent as they are.

The way from a statement to its rows through SQLAlchemy costs several times what SQLite needs to answer. A ticket sends
a dozen of them, so that this way is half of its work. Words, types and errors are SQLAlchemy's as ever; only the
working out is not done again. For single values in fixed places, not for lists (`IN`) or objects of the ORM.

Source: docs/decisions/0013-write-path.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql import Select
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.types import TypeEngine

Facts = Mapping[str, Any]
Convert = Callable[[Any], Any]
NOTHING: Facts = {}


class Prepared:
    """A statement with named facts; what is not told keeps the value that it was written with."""

    def __init__(self, statement: Select[*tuple[Any, ...]] | UpdateBase) -> None:
        self._statement = statement
        self._ways: dict[str, _Way] = {}

    def rows(self, session: Session, facts: Facts = NOTHING) -> list[tuple[Any, ...]]:
        """Send it in the session's transaction; what the session holds is not written first."""
        connection = session.connection()
        way = self._ways.get(connection.dialect.name) or self._worked_out(connection.dialect)
        return way.rows(connection, facts)

    def first(self, session: Session, facts: Facts = NOTHING) -> tuple[Any, ...] | None:
        return next(iter(self.rows(session, facts)), None)

    def _worked_out(self, dialect: Dialect) -> _Way:
        way = self._ways[dialect.name] = _Way(self._statement, dialect)
        return way


class _Way:
    """The statement in the words of one kind of database."""

    def __init__(self, statement: Select[*tuple[Any, ...]] | UpdateBase, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        assert not compiled.post_compile_params, "a list needs a new text each time"
        self._text = str(compiled)
        self._order: list[str] | None = compiled.positiontup if compiled.positional else None
        self._facts = [(name, each.value, _binder(each.type, dialect)) for name, each in compiled.binds.items()]
        columns = statement.selected_columns if isinstance(statement, Select) else statement.exported_columns
        self._readers = [(place, read) for place, each in enumerate(columns) if (read := _reader(each.type, dialect))]
        self._has_rows = len(columns) > 0

    def rows(self, connection: Connection, facts: Facts) -> list[tuple[Any, ...]]:
        told: dict[str, Any] = {}
        for name, value, bind in self._facts:
            fact = facts.get(name, value)
            told[name] = bind(fact) if bind is not None else fact
        found = _sent(connection, self._text, told if self._order is None else [told[name] for name in self._order])
        return self._read(found) if self._has_rows else []

    def _read(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Column by column: a hall has few columns to read and many rows."""
        if not rows or not self._readers:
            return rows
        columns = list(zip(*rows, strict=True))
        for place, read in self._readers:
            columns[place] = tuple(map(read, columns[place]))
        return list(zip(*columns, strict=True))


def _sent(connection: Connection, text: str, values: Any) -> list[tuple[Any, ...]]:
    """Everything that the database answers. Its errors come as SQLAlchemy's, which `writing` knows; without values."""
    kinds: Any = connection.dialect.loaded_dbapi
    cursor = connection.connection.cursor()
    try:
        cursor.execute(text, values)
        return list(cursor.fetchall()) if cursor.description else []
    except kinds.Error as error:
        raise DBAPIError.instance(
            text, None, error, kinds.Error, hide_parameters=True, dialect=connection.dialect
        ) from error
    finally:
        cursor.close()


def _binder(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _reader(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return kind.dialect_impl(dialect).result_processor(dialect, None)
