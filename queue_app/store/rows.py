"""Rows written at once: history, and the rows of a new ticket.

The unit of work of the ORM finds out by itself what has changed, in which order it must be written, and what to read
again; for a row that is new and complete that costs several times what writing it does. So the deeds that a whole city
waits for say it themselves. Leaves changes of living rows, and everything that is not pressed all day, to the session.

Source: docs/decisions/0013-write-path.md.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Table, bindparam, insert
from sqlalchemy.orm import Session, make_transient_to_detached

from queue_app.store.database import Base, table_of
from queue_app.store.prepared import Prepared


def append(session: Session, row: Base) -> None:
    """Write a new row now, in the order in which the deed says it; the row knows its id afterwards.

    The session does not watch it: a later change of `row` is not kept (see `watch`). Columns that were not set are NULL
    or their default, and the row says so.
    """
    kind = _kind(type(row))
    said = row.__dict__
    values = {name: said[name] if name in said else default() for name, default in kind.defaults}
    made = kind.statement.first(session, values)
    said.update(values)
    if kind.numbered is not None and made is not None:
        said[kind.numbered] = made[0]


def watch(session: Session, *rows: Base) -> None:
    """From here on the session keeps what is changed on these rows, as if it had read them."""
    for row in rows:
        make_transient_to_detached(row)
    session.add_all(rows)


class _Kind:
    """What is known of a table, found out once."""

    def __init__(self, table: Table) -> None:
        numbered = table.autoincrement_column
        self.numbered = numbered.name if numbered is not None else None
        self.defaults = [(column.name, _default_of(column)) for column in table.columns if column is not numbered]
        written = insert(table).values({name: bindparam(name, type_=table.c[name].type) for name, _ in self.defaults})
        self.statement = Prepared(written if numbered is None else written.returning(numbered))


def _default_of(column: Column[Any]) -> Callable[[], Any]:
    given: Any = column.default
    if given is None:
        return lambda: None
    return (lambda: given.arg) if given.is_scalar else lambda: given.arg(None)


@lru_cache(maxsize=64)
def _kind(model: type[Base]) -> _Kind:
    return _Kind(table_of(model))
