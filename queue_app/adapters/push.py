"""Notifications to the browser of a phone, through its maker's push service.

Decides what an answer proves: once a message is under way, silence means unknown, because push services take no key
against repeats. A subscription that is gone is refused for good. Leaves the sealing to `push_crypto`.
Source: RFC 8030.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from queue_app.domain.errors import Invalid
from queue_app.services.outbox import NotSent, OutcomeUnknown, Refused
from queue_app.services.push_subscription import Subscription, subscription_from, to_base64

if TYPE_CHECKING:
    import requests

TIMEOUT_S = 10
LONGEST_TEXT = 1000
LONGEST_WAIT = timedelta(hours=1)
TOO_MANY, GATEWAY_TIMEOUT = 429, 504


class WebPush:
    """A `Sender` for the channel `push`."""

    def __init__(self, private_key: str, subject: str, *, clock: Callable[[], datetime], base: str = "") -> None:
        self._key, self._subject, self._clock, self._base = private_key, subject, clock, base.rstrip("/")

    def send(self, *, address: str, kind: str, payload: dict[str, object], key: str) -> str | None:
        """The push service's address of the message, where it gives one."""
        import requests

        try:
            to = subscription_from(address, "address")
        except Invalid:
            raise Refused("no subscription of a known push service") from None
        try:
            answer = self._post(to, _shown(payload), ttl=int(str(payload["valid_s"])), topic=_topic(key))
        except requests.ConnectTimeout:
            raise NotSent("no connection") from None
        except requests.RequestException as silence:
            raise OutcomeUnknown(type(silence).__name__) from None
        if not 200 <= answer.status_code < 300:  # a redirect is no answer of the service either
            raise _meaning(answer)
        return answer.headers.get("Location", "")[:80] or None

    def _post(self, to: Subscription, text: bytes, *, ttl: int, topic: str) -> requests.Response:
        import requests

        from queue_app.adapters.push_crypto import seal, word_of_sender

        url = to.endpoint if not self._base else self._base + urlsplit(to.endpoint).path
        return requests.post(
            url,
            data=seal(text, to),
            headers={
                "Authorization": word_of_sender(to.endpoint, self._key, self._subject, now=self._clock()),
                "Content-Encoding": "aes128gcm",
                "Content-Type": "application/octet-stream",
                "TTL": str(ttl),
                "Topic": topic,
                "Urgency": "high",
            },
            timeout=TIMEOUT_S,
            allow_redirects=False,  # or a push service could send us anywhere
        )


def _shown(payload: dict[str, object]) -> bytes:
    """What the service worker shows. The link opens with a press and is not read out."""
    link = str(payload.get("link") or "")
    text = re.sub(rf"{re.escape(link)}\S*", "", str(payload["text"])).strip() if link else str(payload["text"])
    shown = {"title": payload.get("subject") or "", "body": text[:LONGEST_TEXT], "url": link}
    return json.dumps(shown, ensure_ascii=False).encode()


def _topic(key: str) -> str:
    """A second copy replaces the first one where that has not been shown yet."""
    return to_base64(hashlib.sha256(key.encode()).digest()[:24])


def _meaning(answer: requests.Response) -> Exception:
    if answer.status_code == TOO_MANY:
        return NotSent("too many requests", _wait(answer))
    if answer.status_code == GATEWAY_TIMEOUT:
        return OutcomeUnknown("a gateway fell silent")
    if answer.status_code >= 500:
        return NotSent(f"status {answer.status_code}", _wait(answer))
    return Refused(f"status {answer.status_code}")


def _wait(answer: requests.Response) -> timedelta | None:
    """Retry-After in seconds, where there is one; a date or an endless wait counts as none."""
    said = answer.headers.get("Retry-After", "")
    return min(timedelta(seconds=int(said)), LONGEST_WAIT) if said.isdecimal() and len(said) < 8 else None
