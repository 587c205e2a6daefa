"""The audit trail as a page: who did what, when and why. Managers and admins see their office's, others their own.

Nothing can be changed here; `flask audit verify` says whether anything was.
"""

from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.audit import Act
from queue_app.domain.events import Event
from queue_app.domain.office import Office
from queue_app.domain.written_day import written_day
from queue_app.services.audit_log import PAGE, Wish, entries
from queue_app.store.access_tables import AccessToken, UserRow
from queue_app.store.audit_tables import AuditEntry
from queue_app.store.database import reading
from queue_app.web.auth import identity, needs
from queue_app.web.context import house
from queue_app.web.i18n import has_text, t
from queue_app.web.opening import dated_text
from queue_app.web.staff.frame import blueprint, my_office, show

LONGEST = 80
UNSEEN = ("event", "ticket", "nonce")
"""Facts for programs; the page shows the number and the time."""


@blueprint.get("/audit")
@needs(Right.OWN_ACCOUNT, page=True)
def audit_page() -> ResponseReturnValue:
    sees_all = identity().may(Right.SEE_AUDIT)
    with reading() as session:
        office = my_office(session)
        wish = _wish(office, sees_all=sees_all)
        names = _names(session, office.id)
        rows = [_row(entry, names) for entry in entries(session, office, wish)]
    older = _older(wish, rows[-1]["seq"]) if len(rows) == PAGE else None
    return show(
        "staff/audit.html",
        office,
        wish=wish,
        day_words=dated_text(wish.day),
        rows=rows,
        older=older,
        sees_all=sees_all,
        actors=[{"value": name, "label": label} for name, label in names.items()],
        actions=[{"value": str(each), "label": t(f"audit.actions.{each}")} for each in (*Event, *Act)],
    )


def _wish(office: Office, *, sees_all: bool) -> Wish:
    """What the address asks for; what cannot be read is left out."""
    asked = {name: request.args.get(name, "")[:LONGEST] for name in ("day", "subject", "actor", "action", "before")}
    try:
        day = written_day(asked["day"])
    except ValueError:
        day = office.today(house().ports.clock())
    before = asked["before"]
    return Wish(
        day,
        subject=asked["subject"].strip(),
        actor=asked["actor"] if sees_all else identity().name,
        action=asked["action"],
        before=int(before) if before.isascii() and before.isdecimal() and len(before) < 16 else None,
    )


def _older(wish: Wish, seq: int) -> str:
    asked = {"subject": wish.subject, "actor": wish.actor, "action": wish.action}
    kept: dict[str, Any] = {name: value for name, value in asked.items() if value}
    return url_for("staff.audit_page", day=wish.day.isoformat(), before=seq, **kept)


def _row(entry: AuditEntry, names: dict[str, str]) -> dict[str, Any]:
    reason = entry.reason or ""
    action = f"audit.actions.{entry.action}"
    return {
        "seq": entry.seq,
        "at": entry.at,
        "who": names.get(entry.actor, entry.actor),
        "action": t(action) if has_text(action) else entry.action,
        "subject": names.get(entry.subject) or _word("value", entry.subject),
        "reason": t(f"audit.reasons.{reason}") if has_text(f"audit.reasons.{reason}") else reason,
        "facts": ", ".join(
            f"{_word('fact', name)}: {_word('value', value)}"
            for name, value in entry.facts.items()
            if name not in UNSEEN
        ),
    }


def _word(kind: str, said: object) -> str:
    """A fact's name or value in the reader's words, where it has any."""
    key = f"audit.{kind}.{said}"
    return t(key) if has_text(key) else str(said)


def _names(session: Session, office_id: int) -> dict[str, str]:
    """Everybody an entry can be by, as the trail calls them and as people do."""
    people = session.execute(select(UserRow.id, UserRow.name).where(UserRow.office_id == office_id))
    machines = session.execute(select(AccessToken.id, AccessToken.name).where(AccessToken.office_id == office_id))
    house_ = {name: t(f"audit.actors.{name}") for name in ("command", "system", "nobody")}
    return {f"user:{row.id}": row.name for row in people} | {f"token:{row.id}": row.name for row in machines} | house_
