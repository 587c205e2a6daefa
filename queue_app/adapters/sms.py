"""Short messages by Twilio, or by whatever speaks its protocol at `TWILIO_API_BASE`.

Decides what an answer proves. Twilio takes no key against repeats, so a call that fell silent after it was sent counts
as unknown and is left to the status report (`web.hooks`), whose address names the delivery.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from queue_app.services.outbox import NotSent, OutcomeUnknown, Refused

if TYPE_CHECKING:
    from twilio.rest import Client

TIMEOUT_S = 10
TWILIO = "https://api.twilio.com"
LONGEST_VALID_S = 36_000
TOO_MANY, GATEWAY_TIMEOUT = 429, 504


class TwilioSms:
    """A `Sender` for the channel `sms`."""

    def __init__(self, account: str, token: str, sender: str, *, base: str = "", public_url: str = "") -> None:
        self._client = _client(account, token, base)
        self._from = sender
        # Twilio refuses a message whose report address it cannot reach.
        self._callback = f"{public_url}/hooks/sms/" if base or public_url.startswith("https://") else ""

    def send(self, *, address: str, kind: str, payload: dict[str, object], key: str) -> str | None:
        """Twilio's id of the message."""
        import requests
        from twilio.base.exceptions import TwilioException, TwilioRestException

        facts: dict[str, Any] = {
            "to": address,
            "from_": self._from,
            "body": str(payload["text"]),
            "validity_period": min(LONGEST_VALID_S, int(str(payload["valid_s"]))),
        }
        if self._callback:
            facts["status_callback"] = f"{self._callback}{payload['delivery']}"
        try:
            return str(self._client.messages.create(**facts).sid)
        except TwilioRestException as answer:
            raise _meaning(answer.status) from None
        except (requests.ConnectTimeout, requests.exceptions.InvalidURL):
            raise NotSent("no connection") from None
        except requests.ConnectionError as broken:
            raise (NotSent("no connection") if _never_connected(broken) else OutcomeUnknown("cut off")) from None
        except requests.RequestException as silence:
            raise OutcomeUnknown(type(silence).__name__) from None
        except TwilioException as odd:
            raise OutcomeUnknown(type(odd).__name__) from None


def _meaning(status: int) -> Exception:
    """An error answer is proof that nothing was taken, unless it comes from something in between."""
    if status == TOO_MANY:
        return NotSent("too many requests", timedelta(seconds=60))
    if status == GATEWAY_TIMEOUT:
        return OutcomeUnknown("a gateway fell silent")
    if status >= 500:
        return NotSent(f"status {status}")
    return Refused(f"status {status}")


def _never_connected(error: Exception) -> bool:
    from urllib3.exceptions import NewConnectionError

    seen: BaseException | None = error
    reasons = [getattr(arg, "reason", arg) for arg in getattr(seen, "args", ())]
    return any(isinstance(reason, NewConnectionError) for reason in reasons)


def _client(account: str, token: str, base: str) -> Client:
    """The SDK is heavy and loaded only where the channel is set up."""
    from twilio.http.http_client import TwilioHttpClient
    from twilio.rest import Client

    class Elsewhere(TwilioHttpClient):  # type: ignore[misc,unused-ignore]
        """Sends what is meant for Twilio to the configured address; tries nothing twice by itself."""

        def request(self, method: str, url: str, *args: Any, **named: Any) -> Any:
            target = base.rstrip("/") + url.removeprefix(TWILIO) if base else url
            return super().request(method, target, *args, **named)

    return Client(account, token, http_client=Elsewhere(timeout=TIMEOUT_S, max_retries=0))
