"""How full it usually is, in words and as a table: what the nights learnt from the last eight weeks.

Decides which sentences are said; a half day that does not stand out is not spoken of.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.office import Office
from queue_app.store.statistics_tables import HistoryMark
from queue_app.web.charts import heat_of
from queue_app.web.i18n import t

ROUND_TO = 5


def usual_of(session: Session, office: Office) -> dict[str, Any]:
    """`chart` for the table (without rows where nothing is known), and `hints` such as 月曜の午前は混みます."""
    known = session.scalar(select(HistoryMark.usual).where(HistoryMark.office_id == office.id)) or {}
    cells = {(weekday, hour): (minutes, people) for weekday, hour, minutes, people in known.get("hours", ())}
    hints = [_hint(name, known[name]) for name in ("busiest", "quietest") if known.get(name)]
    return {"chart": heat_of(cells), "hints": hints}


def _hint(name: str, half: dict[str, Any]) -> str:
    return t(
        f"crowd.usual.{name}",
        day=t(f"crowd.usual.whole_days.{half['weekday']}"),
        half=t("crowd.usual.morning" if half["morning"] else "crowd.usual.afternoon"),
        minutes=max(ROUND_TO, ROUND_TO * round(half["minutes"] / ROUND_TO)),
    )
