"""The set-up of an office as a file that `office_file` reads back to the same tables."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.errors import NotFound
from queue_app.services.office_shape import COUNTER, OFFICE, SERVICE
from queue_app.services.office_values import COUNTER_COLUMNS, OFFICE_COLUMNS, RULES, SERVICE_COLUMNS
from queue_app.store.office_tables import CounterRow, OfficeRow, ServiceRow

HEAD = (
    "# Written by `office export`. `office check FILE` names every mistake, `office load FILE` takes it over.\n"
    "# State {state}: if the office has changed since, the set-up pages show both before they load this.\n"
)
_STATE = re.compile(r"^# State ([0-9a-f]{16}):", re.MULTILINE)


def export_office(session: Session, code: str) -> str:
    """The office file as text. Equal tables give equal bytes. Rows that are switched off are left out."""
    row = _office(session, code)
    file = _columns(row, OFFICE_COLUMNS) | {key: value for key, value in row.settings.items() if key != RULES}
    file["services"] = [_entry(service, SERVICE_COLUMNS, SERVICE) for service in _rows(session, ServiceRow, row.id)]
    file["counters"] = [_entry(counter, COUNTER_COLUMNS, COUNTER) for counter in _rows(session, CounterRow, row.id)]
    written = yaml.dump(
        _in_order(file, OFFICE),
        Dumper=_Dumper,
        allow_unicode=True,
        sort_keys=False,
        width=10_000,
        default_flow_style=None,
    )
    of_the_city = written.partition("\n")[2]  # without its code: a copy under another name is in the same state
    return HEAD.format(state=hashlib.sha256(of_the_city.encode()).hexdigest()[:16]) + written


def state_named(text: str) -> str:
    """The state of the office that a written file was made from; nothing for one that somebody wrote by hand."""
    found = _STATE.search(text)
    return found[1] if found else ""


def export_navigator(session: Session, code: str) -> tuple[str, str] | None:
    """File name and text of the office's navigator rules, if it has any."""
    settings = _office(session, code).settings
    return (settings["navigator"], settings[RULES]) if RULES in settings else None


def _office(session: Session, code: str) -> OfficeRow:
    row = session.scalars(select(OfficeRow).where(OfficeRow.code == code)).first()
    if row is None:
        raise NotFound("unknown_office", office=code)
    return row


def _rows(session: Session, table: type[Any], office_id: int) -> list[Any]:
    query = select(table).where(table.office_id == office_id, table.active)
    return list(session.scalars(query.order_by(table.position)))


def _entry(row: Any, columns: tuple[str, ...], known: dict[str, Any]) -> dict[str, Any]:
    return _in_order(_columns(row, columns) | row.settings, known)


def _columns(row: Any, columns: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in columns if getattr(row, name) is not None}


def _in_order(entry: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """Known keys in the order of the manual, the city's own behind them."""
    own = sorted(key for key in entry if key not in known)
    return {key: entry[key] for key in [*(key for key in known if key in entry), *own]}


class _Dumper(yaml.SafeDumper):
    """Writes every value out: our reader refuses aliases."""

    def ignore_aliases(self, data: object) -> bool:
        return True
