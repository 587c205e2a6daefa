"""Somebody or something needs staff: help asked at a kiosk, a printer without paper, a screen that has gone silent.

Decides that one trouble is one alarm: asking again while it is open adds nothing. Leaves who hears of it to
`services.relay` and how it looks to the desk and the floor.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.errors import NotFound
from queue_app.domain.events import Event
from queue_app.services.deed import Deed
from queue_app.store.office_tables import AlarmRow


def ask_help(deed: Deed, kind: str, source: str, **facts: Any) -> AlarmRow:
    """Call staff to `source`, the name of a device or counter. `kind` is `help`, `printer`, `sound` ...

    The open alarm of the same kind and source is returned when there is one; other facts of it are news.
    """
    found = _open_alarm(deed, kind, source)
    if found is not None:
        if facts and found.facts != facts:
            found.facts = facts
            deed.record(Event.HELP_ASKED, alarm=found.id, kind=kind, source=source)
        return found
    alarm = AlarmRow(office_id=deed.office.id, kind=kind, source=source, facts=facts, at=deed.now)
    deed.session.add(alarm)
    deed.session.flush()
    deed.record(Event.HELP_ASKED, alarm=alarm.id, kind=kind, source=source)
    return alarm


def end_alarm(deed: Deed, alarm_id: int) -> None:
    """Somebody has seen to it. Nothing happens for one that has ended; `not_found` for another office's."""
    alarm = deed.session.get(AlarmRow, alarm_id)
    if alarm is None or alarm.office_id != deed.office.id:
        raise NotFound()
    if alarm.ended_at is None:
        alarm.ended_at = deed.now
        deed.record(Event.HELP_GIVEN, alarm=alarm.id, kind=alarm.kind, source=alarm.source)


def end_alarms_of(deed: Deed, kind: str, source: str) -> None:
    """The trouble is over by itself: the printer prints again, the screen is back."""
    found = _open_alarm(deed, kind, source)
    if found is not None:
        end_alarm(deed, found.id)


def open_alarms(session: Session, office_id: int) -> list[AlarmRow]:
    """Alarms nobody has seen to, oldest first."""
    query = select(AlarmRow).where(AlarmRow.office_id == office_id, AlarmRow.ended_at.is_(None)).order_by(AlarmRow.id)
    return list(session.scalars(query))


def _open_alarm(deed: Deed, kind: str, source: str) -> AlarmRow | None:
    same = (AlarmRow.office_id == deed.office.id, AlarmRow.kind == kind, AlarmRow.source == source)
    return deed.session.scalars(select(AlarmRow).where(*same, AlarmRow.ended_at.is_(None))).first()
