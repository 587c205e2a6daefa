"""What was sent to residents and did not arrive, as a page for staff."""

from __future__ import annotations

from typing import Any

from queue_app.domain.access import Right
from queue_app.domain.office import Office
from queue_app.domain.wall_clock import clock_text
from queue_app.services import undelivered as messages
from queue_app.services.undelivered import LIMITS, Undelivered
from queue_app.store.database import reading
from queue_app.web.auth import needs
from queue_app.web.context import house
from queue_app.web.i18n import t
from queue_app.web.opening import day_text
from queue_app.web.staff.frame import blueprint, my_office, show

STATES = ("sent", "delivered", "failed", "unknown", "dropped", "sending")


@blueprint.get("/messages")
@needs(Right.CHECK_IN, page=True)
def messages_page() -> str:
    """Failed and doubtful messages of a week, and the counts of a day."""
    now = house().ports.clock()
    with reading() as session:
        office = my_office(session)
        rows = messages.undelivered(session, office.id, now)
        counts = messages.of_the_day(session, office.id, now)
        is_spent = messages.budget_is_spent(session, office.id)
    return show(
        "staff/messages.html",
        office,
        rows=[_row(office, row) for row in rows],
        counts=_counted(counts),
        states=STATES,
        is_spent=is_spent,
    )


def _row(office: Office, row: Undelivered) -> dict[str, Any]:
    whom = t("undelivered.number", number=row.number) if row.number else ""
    if row.start_at is not None:
        local = row.start_at.astimezone(office.zone)
        whom = t("undelivered.booking", code=row.code, when=f"{day_text(local)} {clock_text(local, office.zone)}")
    return {
        "at": row.at,
        "day": day_text(row.at.astimezone(office.zone)),
        "clock": clock_text(row.at, office.zone),
        "kind": t(f"undelivered.kind_{row.kind}"),
        "channel": t(f"telling.now_{row.channel}"),
        "state": t(f"undelivered.state_{row.state}"),
        "what": t("undelivered.limit" if row.why in LIMITS else f"undelivered.do_{row.state}"),
        "whom": whom,
    }


def _counted(counts: dict[tuple[str, str], int]) -> list[dict[str, Any]]:
    channels = sorted({channel for channel, _state in counts})
    return [
        {"label": t(f"telling.now_{channel}"), "cells": [counts.get((channel, state), 0) for state in STATES]}
        for channel in channels
    ]
