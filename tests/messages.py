"""A house that can write to people: settings of its channels, who is written to, a mail server of our own."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiosmtpd.controller import Controller
from sqlalchemy import select

from queue_app.adapters.mail import SmtpMail
from queue_app.services.outbox import send_due
from queue_app.store.database import reading
from queue_app.store.queue_tables import Delivery
from queue_app.web.context import KEY
from tests.world import World

PUBLIC_URL = "https://madoguchi.example.jp"
CHANNELS = {
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "a token of the tests",
    "TWILIO_FROM": "+815000000000",
    "SMTP_URL": "smtp://127.0.0.1:1",
    "MAIL_FROM": "yoyaku@aoba.example.jp",
    "PUBLIC_URL": PUBLIC_URL,
}
VAPID_KEY = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
"""That of RFC 8291, appendix A."""

LINE_AND_PUSH = {
    "LINE_CHANNEL_SECRET": "a secret of the tests",
    "LINE_CHANNEL_TOKEN": "a token of the tests",
    "LINE_ACCOUNT": "@aoba-city",
    "VAPID_PRIVATE_KEY": VAPID_KEY,
    "VAPID_SUBJECT": "mailto:joho@aoba.example.jp",
}
PHONE = {"channel": "sms", "address": "090-0000-0001"}
MAIL = {"channel": "email", "address": "hanako@example.jp"}


def deliveries(world: World, **where: Any) -> list[Delivery]:
    with world.app.app_context(), reading() as session:
        rows = list(session.scalars(select(Delivery).filter_by(**where).order_by(Delivery.id)))
        session.expunge_all()
        return rows


def send(world: World, **senders: Any) -> None:
    with world.app.app_context():
        send_due(world.app.extensions[KEY].ports, senders)


def states(world: World, kind: str = "confirmed") -> list[str]:
    return [row.state for row in deliveries(world, kind=kind)]


class Inbox:
    """Keeps mails; answers the text of each with the next of `says`."""

    def __init__(self, *says: str) -> None:
        self.mails: list[Any] = []
        self.says = list(says)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        said = self.says.pop(0) if self.says else "250 taken"
        if said.startswith("250"):
            self.mails.append(envelope)
        return said


@contextmanager
def mail_server(inbox: Inbox) -> Iterator[SmtpMail]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = Controller(inbox, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield SmtpMail(f"smtp://127.0.0.1:{port}", "yoyaku@aoba.example.jp")
    finally:
        server.stop()
