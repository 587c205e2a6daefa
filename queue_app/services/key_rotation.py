"""Sealed columns sealed again with the newest data key, so that an old key can be thrown away.

Finds the columns by their type: a new sealed column is rotated without anybody thinking of it. Leaves which keys there
are to the settings (`DATA_KEYS`, newest first).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from cryptography.fernet import InvalidToken
from sqlalchemy import Column, LargeBinary, Table, and_, bindparam, select, tuple_, type_coerce, update
from sqlalchemy.orm import Session

from queue_app.store.columns import KEYRING, Sealed
from queue_app.store.database import Base, reading, writing

BATCH = 500


@dataclass(slots=True)
class Rotated:
    """What was done to one column. `unreadable` values were sealed with a key that is not there."""

    column: str
    sealed: int = 0
    unreadable: int = 0


def rotate_all() -> Iterator[Rotated]:
    """Column by column, in batches of their own transactions, so that the counters go on working."""
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, Sealed):
                yield rotate_column(table, column)


def rotate_column(table: Table, column: Column[Any]) -> Rotated:
    """Seal every value of one column again. A value changed meanwhile is new and stays as it is."""
    done = Rotated(f"{table.name}.{column.name}")
    last: Sequence[Any] | None = None
    while rows := _batch(table, column, last):
        last = rows[-1][:-1]
        fresh = [(row, _sealed_again(row[-1])) for row in rows]
        done.unreadable += sum(value is None for _, value in fresh)
        changes = [(row, value) for row, value in fresh if value is not None]
        done.sealed += writing(partial(_write, table=table, column=column, changes=changes))
    return done


def _batch(table: Table, column: Column[Any], last: Sequence[Any] | None) -> list[Sequence[Any]]:
    keys = list(table.primary_key.columns)
    query = select(*keys, type_coerce(column, LargeBinary)).where(column.is_not(None)).order_by(*keys).limit(BATCH)
    if last is not None:
        query = query.where(tuple_(*keys) > tuple_(*last))
    with reading() as session:
        return [tuple(row) for row in session.execute(query)]


def _sealed_again(value: bytes) -> bytes | None:
    try:
        return KEYRING.rotate(bytes(value))
    except InvalidToken:
        return None


def _write(session: Session, table: Table, column: Column[Any], changes: list[tuple[Sequence[Any], bytes]]) -> int:
    raw = type_coerce(column, LargeBinary)
    keys = list(table.primary_key.columns)
    same_row = and_(*(key == bindparam(f"key_{key.name}") for key in keys), raw == bindparam("old", type_=LargeBinary))
    statement = (
        update(table).where(same_row).values({column: type_coerce(bindparam("new", type_=LargeBinary), LargeBinary)})
    )
    count = 0
    for row, value in changes:
        names = {f"key_{key.name}": held for key, held in zip(keys, row[:-1], strict=True)}
        count += session.execute(statement, {**names, "old": bytes(row[-1]), "new": value}).rowcount  # type: ignore[attr-defined]
    return count
