"""Messages by the city's official LINE account.

Decides what an answer proves. LINE takes a key against repeats (`X-Line-Retry-Key`), kept for 24 hours: whatever fell
silent may be sent again under the same key, and 409 says that the first try had arrived. Leaves binding a person's
account to `services.linking`. Source: Messaging API, "Retry failed API requests".
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from queue_app.services.outbox import MayRepeat, NotSent, Refused

if TYPE_CHECKING:
    import requests

TIMEOUT_S = 10
REPLY_TIMEOUT_S = 4
LINE = "https://api.line.me"
LONGEST_TEXT = 5000
ACCEPTED_BEFORE, TOO_MANY = 409, 429


class LineMessages:
    """A `Sender` for the channel `line`; also answers people at once (`reply`)."""

    def __init__(self, token: str, *, base: str = "") -> None:
        self._token, self._base = token, (base or LINE).rstrip("/")

    def send(self, *, address: str, kind: str, payload: dict[str, object], key: str) -> str | None:
        """LINE's id of the request that was accepted, this one or the first one under the same key."""
        import requests

        body = {"to": address, "messages": [_text(str(payload["text"]))]}
        try:
            answer = self._post("push", body, TIMEOUT_S, **{"X-Line-Retry-Key": str(uuid5(NAMESPACE_URL, key))})
        except requests.RequestException as silence:
            raise MayRepeat(type(silence).__name__) from None
        if answer.status_code == ACCEPTED_BEFORE:
            return answer.headers.get("X-Line-Accepted-Request-Id")
        if not 200 <= answer.status_code < 300:  # a redirect is no answer of the service either
            raise _meaning(answer)
        return answer.headers.get("X-Line-Request-Id")

    def reply(self, reply_token: str, text: str) -> None:
        """Answer somebody who has just written to us. Worth one try: the page shows the outcome as well."""
        import requests

        try:
            self._post("reply", {"replyToken": reply_token, "messages": [_text(text)]}, REPLY_TIMEOUT_S)
        except requests.RequestException:
            return

    def _post(self, call: str, body: dict[str, Any], timeout: int, **headers: str) -> requests.Response:
        import requests

        return requests.post(
            f"{self._base}/v2/bot/message/{call}",
            json=body,
            headers={"Authorization": f"Bearer {self._token}", **headers},
            timeout=timeout,
            allow_redirects=False,
        )


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text[:LONGEST_TEXT]}


def _meaning(answer: requests.Response) -> Exception:
    """With the retry key also a 5xx, behind which the message may have gone out, can be tried again."""
    if answer.status_code == TOO_MANY:
        return NotSent("too many requests", timedelta(seconds=60))
    if answer.status_code >= 500:
        return MayRepeat(f"status {answer.status_code}")
    return Refused(f"status {answer.status_code}")
