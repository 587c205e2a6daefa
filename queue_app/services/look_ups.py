"""Staff who look a booking up: each look-up is in the audit trail with its reason, and very many raise an alarm.

What was typed and who was found is not recorded; how it was asked and how many were found is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select

from queue_app.domain.audit import Act
from queue_app.domain.errors import Invalid
from queue_app.domain.phone import read_phone
from queue_app.domain.reservation import parse_code
from queue_app.services import alarms, audit, reservations
from queue_app.services.deed import Deed
from queue_app.store.audit_tables import AuditEntry
from queue_app.store.reservation_tables import Reservation

REASONS = ("at_counter", "phone_call", "lost_code", "correction", "other")
"""Why somebody is looked up. The page asks for one of them."""

MANY, WITHIN = 50, timedelta(minutes=10)
ALARM = "lookups"


def look_up(deed: Deed, text: str, reason: str | None) -> Sequence[Reservation]:
    """Bookings of this office by code, phone, e-mail or exact name, newest first; recorded in the same transaction."""
    found = reservations.search(deed.session, deed.office, text)
    audit.note(deed, Act.LOOKED_UP, "booking", reason=reason, by=_way(text), found=len(found))
    deed.session.flush()
    if _of_late(deed) >= MANY:
        alarms.ask_help(deed, ALARM, deed.identity.label or deed.identity.name)
    return found


def _way(text: str) -> str:
    try:
        parse_code(text)
    except Invalid:
        return "phone" if read_phone(text).e164 else "email" if "@" in text else "name"
    return "code"


def _of_late(deed: Deed) -> int:
    query = select(func.count()).where(
        AuditEntry.office_id == deed.office.id,
        AuditEntry.at > deed.now - WITHIN,
        AuditEntry.actor == deed.identity.name,
        AuditEntry.action == Act.LOOKED_UP,
    )
    return int(deed.session.scalar(query) or 0)
