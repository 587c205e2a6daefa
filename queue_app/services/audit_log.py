"""Reading the audit trail: one day's entries, newest first, by number, actor or action.

Leaves who may see whose entries to the page, and whether the trail is as it was written to `audit_check`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from queue_app.domain.office import Office
from queue_app.services.ports import utc
from queue_app.store.audit_tables import AuditEntry

PAGE = 100


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for. Empty texts ask for everything; `before` goes on behind a page that was full."""

    day: date
    subject: str = ""
    actor: str = ""
    action: str = ""
    before: int | None = None


def entries(session: Session, office: Office, wish: Wish) -> Sequence[AuditEntry]:
    """At most a page of the day's entries, newest first."""
    query = _of_day(office, wish.day)
    if wish.subject:
        query = query.where(AuditEntry.subject == unicodedata.normalize("NFKC", wish.subject).strip())
    if wish.actor:
        query = query.where(AuditEntry.actor == wish.actor)
    if wish.action:
        query = query.where(AuditEntry.action == wish.action)
    if wish.before is not None:
        query = query.where(AuditEntry.seq < wish.before)
    return session.scalars(query.order_by(AuditEntry.seq.desc()).limit(PAGE)).all()


def _of_day(office: Office, day: date) -> Select[AuditEntry]:
    start = datetime.combine(day, time(), office.zone)
    end = datetime.combine(day + timedelta(days=1), time(), office.zone)
    return select(AuditEntry).where(
        AuditEntry.office_id == office.id, AuditEntry.at >= utc(start), AuditEntry.at < utc(end)
    )
