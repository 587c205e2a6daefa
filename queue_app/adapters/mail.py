"""Mail by SMTP, in UTF-8, with the calendar file and the code for the kiosk enclosed.

Decides what a failure proves: up to the end of the envelope nothing was taken; once the text is under way, silence
means unknown. `SMTP_URL` is smtp://user:password@host:587 (STARTTLS where the server offers it) or smtps://host:465.
"""

from __future__ import annotations

import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256
from io import BytesIO
from typing import Any
from urllib.parse import unquote, urlsplit

from queue_app.services.outbox import NotSent, OutcomeUnknown, Refused

TIMEOUT_S = 15
PORTS = {"smtp": 25, "smtps": 465}
PERMANENT = 500


class SmtpMail:
    """A `Sender` for the channel `email`."""

    def __init__(self, url: str, sender: str) -> None:
        self._url, self._from = urlsplit(url), sender

    def send(self, *, address: str, kind: str, payload: dict[str, object], key: str) -> str | None:
        """The Message-ID, which is the same for each try: receivers can drop a second copy."""
        message = self._message(address, payload, key)
        try:
            server = self._connect()
        except (OSError, smtplib.SMTPException) as error:
            raise NotSent(type(error).__name__) from None
        try:
            self._envelope(server, address)
            self._text(server, message)
        finally:
            server.close()
        return str(message["Message-ID"])

    def _message(self, address: str, payload: dict[str, Any], key: str) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        domain = self._from.rpartition("@")[2]
        message["From"], message["To"], message["Subject"] = self._from, Address(addr_spec=address), payload["subject"]
        message["Message-ID"] = f"<{sha256(key.encode()).hexdigest()[:40]}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(str(payload["text"]), charset="utf-8")
        for enclosure in payload.get("enclosures") or ():
            main, _, sub = str(enclosure["kind"]).partition("/")
            assert main == "text"
            message.add_attachment(str(enclosure["text"]), subtype=sub, charset="utf-8", filename=enclosure["name"])
        if payload.get("link"):
            message.add_attachment(_code(str(payload["link"])), maintype="image", subtype="png", filename="qr.png")
        return message

    def _connect(self) -> smtplib.SMTP:
        host, port = self._url.hostname or "localhost", self._url.port or PORTS[self._url.scheme]
        if self._url.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=ssl.create_default_context())
        else:
            server = smtplib.SMTP(host, port, timeout=TIMEOUT_S)
        server.ehlo_or_helo_if_needed()
        if self._url.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        if self._url.username:
            server.login(unquote(self._url.username), unquote(self._url.password or ""))
        return server

    def _envelope(self, server: smtplib.SMTP, address: str) -> None:
        try:
            for code, _said in (server.mail(self._from), server.rcpt(address)):
                _check(code)
        except (OSError, smtplib.SMTPException) as error:
            raise NotSent(type(error).__name__) from None

    def _text(self, server: smtplib.SMTP, message: EmailMessage) -> None:
        try:
            code, _said = server.data(message.as_bytes())
        except smtplib.SMTPDataError as error:
            _check(error.smtp_code)
            raise OutcomeUnknown("SMTPDataError") from None
        except (OSError, smtplib.SMTPException) as error:
            raise OutcomeUnknown(type(error).__name__) from None
        _check(code)


def _code(link: str) -> bytes:
    """The QR code of a booking, for whoever comes with the mail and no network."""
    import qrcode  # loaded with the first mail: it brings all of Pillow along

    code, out = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=4), BytesIO()
    code.add_data(link)
    code.make_image().save(out, "PNG")
    return out.getvalue()


def _check(code: int) -> None:
    if code >= PERMANENT:
        raise Refused(f"status {code}")
    if code >= 400:
        raise NotSent(f"status {code}")
