"""The senders of the channels that are set up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from queue_app.adapters.clock import system_clock
from queue_app.adapters.mail import SmtpMail
from queue_app.services.ports import Sender

if TYPE_CHECKING:
    from config import Settings


def senders_for(settings: Settings) -> dict[str, Sender]:
    """By channel. Only what has settings is there; SDKs are loaded only for what is there."""
    made: dict[str, Sender] = {}
    if "email" in settings.channels:
        made["email"] = SmtpMail(settings.smtp_url, settings.mail_from)
    if "sms" in settings.channels:
        from queue_app.adapters.sms import TwilioSms

        made["sms"] = TwilioSms(
            settings.twilio_account_sid,
            settings.twilio_auth_token,
            settings.twilio_from,
            base=settings.twilio_api_base,
            public_url=settings.public_url,
        )
    if "line" in settings.channels:
        from queue_app.adapters.line import LineMessages

        made["line"] = LineMessages(settings.line_channel_token, base=settings.line_api_base)
    if "push" in settings.channels:
        from queue_app.adapters.push import WebPush

        made["push"] = WebPush(
            settings.vapid_private_key, settings.vapid_subject, clock=system_clock, base=settings.push_api_base
        )
    return made
