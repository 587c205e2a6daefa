"""Times that people looked for: how often, for which day, and whether there were any.

Decides nothing. A look is no deed, so it is counted in memory and put down every minute; a crash loses a minute of
looks. Nobody is in these counts: a day, a service, and what was found.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.office import Office
from queue_app.domain.slots import DaySlots
from queue_app.store.database import writing
from queue_app.store.office_tables import OfficeRow
from queue_app.store.statistics_tables import WishCount

FREE, LOST = "free", "lost"
"""What was found beside the reasons of a day without places: places, or a place that was gone at the last moment."""

Wish = tuple[int, date, str, date, str]
_looked: Counter[Wish] = Counter()
_offered: Counter[Wish] = Counter()
_lock = threading.Lock()


def looked_at(office: Office, today: date, service: str, days: Iterable[DaySlots]) -> None:
    """Somebody asked for the times of these days by name."""
    for day in days:
        found = FREE if day.free else str(day.reason or "full")
        _count((office.id, today, service, day.day, found), offered=len(day.free))


def lost(office: Office, today: date, service: str, wished_on: date) -> None:
    """Somebody chose a time that was gone."""
    _count((office.id, today, service, wished_on, LOST), offered=0)


def put_down() -> int:
    """Write the counts of the last minute; how many looks there were."""
    with _lock:
        looks, offered = dict(_looked), dict(_offered)
        _looked.clear()
        _offered.clear()
    if looks:
        writing(lambda session: _add(session, looks, offered))
    return sum(looks.values())


def _count(wish: Wish, *, offered: int) -> None:
    with _lock:
        _looked[wish] += 1
        _offered[wish] += offered


def _add(session: Session, looks: dict[Wish, int], offered: dict[Wish, int]) -> None:
    offices = set(session.scalars(select(OfficeRow.id)))
    for wish, times in sorted(looks.items()):
        if wish[0] not in offices:  # a database restored meanwhile may know others
            continue
        row = session.get(WishCount, wish, with_for_update=True)
        if row is None:
            office_id, day, service, wished_on, found = wish
            row = WishCount(office_id=office_id, day=day, service=service, wished_on=wished_on, found=found)
            row.times = row.offered = 0
            session.add(row)
        row.times += times
        row.offered += offered.get(wish, 0)
