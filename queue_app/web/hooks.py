"""What providers report back: whether a message arrived.

Decides whether a report is genuine: Twilio signs the exact public address and all fields, so the address is built from
the settings and never from what the request says about itself. Genuine repeats and latecomers are right and change
nothing; everything else is 403.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from queue_app.services.outbox import report
from queue_app.store.database import writing
from queue_app.web.context import house

hooks = Blueprint("hooks", __name__, url_prefix="/hooks")
STATES = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "delivered",
    "undelivered": "failed",
    "failed": "failed",
}
LONGEST_ID = 80


@hooks.post("/sms/<int:delivery_id>")
def sms_report(delivery_id: int) -> Response:
    """Twilio's status report of one message."""
    settings = house().settings
    if not settings.twilio_auth_token or not _is_signed(f"{settings.public_url}{request.path}"):
        return Response(status=403)
    state = STATES.get(request.form.get("MessageStatus", ""))
    provider_id = request.form.get("MessageSid", "")[:LONGEST_ID] or None
    if state is not None:
        now = house().ports.clock()
        writing(lambda session: report(session, delivery_id, state, provider_id=provider_id, now=now))
    return Response(status=204)


sms_report.is_open = True  # type: ignore[attr-defined]  # the signature is its right


def _is_signed(url: str) -> bool:
    from twilio.request_validator import RequestValidator

    given = request.headers.get("X-Twilio-Signature", "")
    if request.query_string or request.mimetype != "application/x-www-form-urlencoded":
        return False
    genuine: bool = RequestValidator(house().settings.twilio_auth_token).validate(url, request.form, given)
    return genuine
