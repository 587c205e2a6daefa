"""The office's place in its own history: the row that every deed locks first, held as a value and written by itself.

One `Log` per office and transaction, whoever asks for it; so a deed, a change of the set-up and the audit trail never
hold two opinions of one row. Leaves what the numbers mean to `store.office_tables.OfficeLog`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Select, bindparam, select, update
from sqlalchemy.orm import Session

from queue_app.store.database import table_of
from queue_app.store.keeping import keep_worker
from queue_app.store.office_tables import OfficeLog, OfficeRow
from queue_app.store.prepared import Prepared


@dataclass(slots=True)
class Log:
    """The row as it stands in this transaction. Whoever changes it says `write`."""

    office_id: int
    version: int
    setup_version: int
    audit_chain: str | None
    audit_seq: int
    audit_mac: str | None


def locked(session: Session, office_id: int) -> Log:
    """Lock the office until the transaction ends, and read its row. The office must be there."""
    return _held(session, _BY_ID.rows(session, {"office": office_id})[0])


def locked_by_code(session: Session, code: str) -> Log | None:
    """The same for an office known by its code; None when there is no such office."""
    row = BY_CODE.first(session, {"code": code})
    return None if row is None else _held(session, row)


def write(session: Session, log: Log) -> None:
    """Keep what was changed on the locked row. Never inside a savepoint: taking that back would not take `log` back."""
    assert not session.in_nested_transaction()
    _WRITE.rows(session, {"office": log.office_id, **{name: getattr(log, name) for name in _CHANGING}})


_NAMES = tuple(field.name for field in fields(Log))
_CHANGING = _NAMES[1:]
_TABLE, _OFFICE = table_of(OfficeLog), table_of(OfficeRow)


def columns() -> Select[Any]:
    return select(*(_TABLE.c[name] for name in _NAMES))


_BY_ID = Prepared(columns().where(_TABLE.c.office_id == bindparam("office")).with_for_update())
BY_CODE = Prepared(
    columns()
    .join_from(_TABLE, _OFFICE, _OFFICE.c.id == _TABLE.c.office_id)
    .where(_OFFICE.c.code == bindparam("code"))
    .with_for_update(of=_TABLE)
)
_WRITE = Prepared(
    update(_TABLE)
    .where(_TABLE.c.office_id == bindparam("office"))
    .values({name: bindparam(name) for name in _CHANGING})
)


def _held(session: Session, row: tuple[Any, ...]) -> Log:
    keep_worker(session.connection())
    logs: dict[int, Log] = session.info.setdefault("office_logs", {})
    log = logs.setdefault(row[0], Log(*row))
    for name, value in zip(_NAMES, row, strict=True):
        setattr(log, name, value)
    return log
