"""What counts as a sign of life of staff: a press or a page somebody opened, never a region that renews itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import current_app, request

from queue_app.services import staff_sessions
from queue_app.store.database import writing
from queue_app.web.auth import identity
from queue_app.web.context import house

TOUCH_EVERY = timedelta(seconds=60)
MOST_REMEMBERED = 5_000


def keep_session_alive() -> None:
    """Remember that the person is still there, at most once a minute."""
    session_id = identity().session_id
    if session_id is None or (request.method == "GET" and "X-Fragment" in request.headers):
        return
    now = house().ports.clock()
    touched: dict[int, datetime] = current_app.extensions.setdefault("matazu_touched", {})
    last = touched.get(session_id)
    if last is not None and timedelta() <= now - last < TOUCH_EVERY:
        return
    writing(lambda session: staff_sessions.touch_session(session, session_id, now))
    if len(touched) >= MOST_REMEMBERED:
        touched.clear()
    touched[session_id] = now
