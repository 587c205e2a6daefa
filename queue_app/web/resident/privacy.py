"""The page that says what is kept how long, who sees it, and how to have it shown or deleted.

The periods are the figures that `services.forgetting` works by; nothing here knows a number of its own.
"""

from __future__ import annotations

from datetime import timedelta

from flask import Response, make_response, render_template, request

from queue_app.domain.access import Right
from queue_app.services import forgetting, offices
from queue_app.store.database import reading
from queue_app.web.auth import needs
from queue_app.web.resident.frame import blueprint, shown

HOUR = timedelta(hours=1)


@blueprint.get("/privacy")
@needs(Right.READ_PUBLIC)
def privacy() -> Response:
    """With `?office=` in that office's frame, else in the house's."""
    asked = request.args.get("office", "")
    with reading() as session:
        codes = offices.office_codes(session)
        code = asked if asked in codes else codes[0] if len(codes) == 1 else None
        here = offices.office_by_code(session, code) if code else None
    if here is None:
        return make_response(render_template("resident/privacy.html", kept=kept()))
    return shown("privacy", here, kept=kept())


def kept() -> dict[str, int]:
    """The periods in the units in which the sentences say them."""
    return {
        "bookings_days": forgetting.BOOKINGS_KEPT.days,
        "deliveries_days": forgetting.DELIVERIES_KEPT.days,
        "messages_hours": forgetting.MESSAGES_KEPT // HOUR,
        "answers_hours": forgetting.ANSWERS_KEPT // HOUR,
    }
