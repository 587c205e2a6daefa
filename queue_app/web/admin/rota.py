"""The rota: clerks per group of counters, their hours and lunch, as one table. Who was second sees it and decides."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.errors import Conflict, Invalid
from queue_app.domain.hours import WEEKDAYS
from queue_app.domain.office import Office, label_in
from queue_app.services import setup
from queue_app.store.database import reading
from queue_app.web.admin.frame import blueprint
from queue_app.web.auth import needs
from queue_app.web.errors import field_sentence, sentence
from queue_app.web.forms import submit
from queue_app.web.i18n import reader_language, t
from queue_app.web.staff.frame import my_deed, my_office, show

EMPTY_ROWS = 3
MOST_ROWS = 60


@blueprint.get("/rota")
@needs(Right.SET_UP, page=True)
def rota_page() -> ResponseReturnValue:
    return _page()


@blueprint.post("/rota")
@needs(Right.SET_UP, page=True)
def save_rota() -> ResponseReturnValue:
    version = request.form.get("setup_version", "")
    rows = _typed()

    def once(session: Session) -> str:
        made_from = int(version) if version.isdecimal() and len(version) < 12 else -1
        setup.change_rota(my_deed(session, Right.SET_UP), made_from, [_entry(row) for row in rows])
        return url_for("admin.rota_page", saved=1)

    try:
        return redirect(submit(once), 303)
    except Invalid as refusal:
        return _page(rows, {_field(e.field): field_sentence(e.code, dict(e.facts)) for e in refusal.errors}), 422
    except Conflict as refusal:
        if refusal.code != "stale":
            raise
        return _page(rows, {"group_0": sentence(refusal)}), 412


def _page(rows: list[dict[str, Any]] | None = None, errors: dict[str, str] | None = None) -> str:
    with reading() as session:
        office = my_office(session)
        version = setup.setup_version(session, office.id)
    held = _held(office) if rows is None else rows
    empty = [{"group": "", "clerks": "", "from": "", "to": "", "lunch": "", "days": [], "date": ""}] * EMPTY_ROWS
    language = reader_language()
    return show(
        "admin/rota.html",
        office,
        rows=[*held, *empty][:MOST_ROWS],
        version=version,
        errors=errors or {},
        saved=t("admin.saved") if request.args.get("saved") else None,
        counters=[{"value": "", "label": "—"}]
        + [{"value": each.code, "label": label_in(each.label, language)} for each in office.counters.values()],
        weekdays=[{"value": day, "label": t(f"plan.weekdays.{day}")} for day in WEEKDAYS],
    )


def _held(office: Office) -> list[dict[str, Any]]:
    """The rota in the tables as the form writes it."""
    entries = office.extra.get("rota", [])
    return [
        {
            "group": str(entry["group"]),
            "clerks": str(entry["clerks"]),
            "from": entry.get("from", ""),
            "to": entry.get("to", ""),
            "lunch": ", ".join(entry.get("lunch", [])),
            "days": entry.get("days", []),
            "date": entry.get("date", ""),
        }
        for entry in entries  # type: ignore[attr-defined]
    ]


def _typed() -> list[dict[str, Any]]:
    """The rows somebody filled in; a row without a counter is none."""
    rows = []
    for place in range(MOST_ROWS):
        group = request.form.get(f"group_{place}", "")
        if group:
            row: dict[str, Any] = {"group": group, "days": request.form.getlist(f"days_{place}")}
            row |= {
                name: request.form.get(f"{name}_{place}", "").strip()
                for name in ("clerks", "from", "to", "lunch", "date")
            }
            rows.append(row)
    return rows


def _entry(row: dict[str, Any]) -> dict[str, object]:
    """A row as an entry of the office file; what is no number stays a text and is refused there."""
    clerks = row["clerks"]
    entry: dict[str, object] = {
        "group": row["group"],
        "clerks": int(clerks) if clerks.isascii() and clerks.isdecimal() and len(clerks) < 4 else clerks,
    }
    for name in ("from", "to", "date"):
        if row[name]:
            entry[name] = row[name]
    if row["lunch"]:
        entry["lunch"] = [part.strip() for part in row["lunch"].replace("、", ",").split(",") if part.strip()]
    if row["days"]:
        entry["days"] = row["days"]
    return entry


def _field(path: str) -> str:
    """`[2].lunch` is the field `lunch_2`."""
    place, _, name = path.removeprefix("[").partition("].")
    return f"{name}_{place}"
