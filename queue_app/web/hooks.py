"""What providers tell us: whether a message arrived, and what people write to the city's LINE account.

Decides whether a report is genuine: Twilio signs the exact public address and all fields, so the address is built from
the settings and never from what the request says about itself; LINE signs the very bytes of the body. Genuine repeats
and latecomers are right and change nothing; everything else is 403.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, request

from queue_app.services import linking
from queue_app.services.outbox import report
from queue_app.store.database import writing
from queue_app.web.context import house
from queue_app.web.i18n import known_language, t

hooks = Blueprint("hooks", __name__, url_prefix="/hooks")
STATES = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "delivered",
    "undelivered": "failed",
    "failed": "failed",
}
LONGEST_ID = 80
LARGEST_ID = 2**63 - 1
"""What a database can look for."""
MOST_EVENTS = 100


@hooks.post(f"/sms/<int(max={LARGEST_ID}):delivery_id>")
def sms_report(delivery_id: int) -> Response:
    """Twilio's status report of one message."""
    settings = house().settings
    if not settings.twilio_auth_token or not _is_signed(f"{settings.public_url}{request.path}"):
        return Response(status=403)
    state = STATES.get(request.form.get("MessageStatus", ""))
    provider_id = request.form.get("MessageSid", "").replace("\0", "")[:LONGEST_ID] or None
    if state is not None:
        now = house().ports.clock()
        writing(lambda session: report(session, delivery_id, state, provider_id=provider_id, now=now))
    return Response(status=204)


sms_report.is_open = True  # type: ignore[attr-defined]  # the signature is its right


@hooks.post("/line")
def line_events() -> Response:
    """What people write to the account. Only a code from one of our pages means something to us."""
    secret = house().settings.line_channel_secret
    if not secret or not _is_lines(request.get_data(), secret):
        return Response(status=403)
    for user, text, reply_token in _written(request.get_data()):
        code = linking.looks_like_a_code(text)
        if code is not None:
            _tie(code, user, reply_token)
    return Response(status=200)


line_events.is_open = True  # type: ignore[attr-defined]  # the signature is its right


def _tie(code: str, user: str, reply_token: str) -> None:
    ports = house().ports
    tied = writing(lambda session: linking.tie(session, code, user, ports))
    # Which language somebody reads is not known here, so both of the office's own are given.
    key = "telling.line_tied" if tied else "telling.line_unknown_code"
    ports.line_reply(reply_token, "\n".join(t(key, language=known_language(each)) for each in ("ja", "en")))


def _written(raw: bytes) -> Iterator[tuple[str, str, str]]:
    """User, text and reply token of each text that one person wrote; everything else is left alone."""
    try:
        events = json.loads(raw)["events"]
        texts = [event for event in events if event["type"] == "message" and event["message"]["type"] == "text"]
        said: list[tuple[Any, ...]] = [
            (event["source"]["userId"], event["message"]["text"], event["replyToken"]) for event in texts
        ]
    except (ValueError, KeyError, TypeError, RecursionError):
        return
    for user, text, reply_token in said[:MOST_EVENTS]:
        yield str(user), str(text), str(reply_token)


def _is_lines(raw: bytes, secret: str) -> bool:
    ours = base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest())
    return hmac.compare_digest(ours, request.headers.get("X-Line-Signature", "").encode())


def _is_signed(url: str) -> bool:
    from twilio.request_validator import RequestValidator

    given = request.headers.get("X-Twilio-Signature", "")
    if request.query_string or request.mimetype != "application/x-www-form-urlencoded":
        return False
    genuine: bool = RequestValidator(house().settings.twilio_auth_token).validate(url, request.form, given)
    return genuine
