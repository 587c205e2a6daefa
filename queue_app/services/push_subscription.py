"""Where a browser wants its notifications: the address and keys that it gave the page (Web Push).

Decides which addresses we write to. A browser names its maker's push service, and a form can be filled in by anybody:
so only the services of known makers, never an address inside somebody's network. Leaves encryption and sending to
`adapters.push`. Source: W3C Push API; RFC 8291; RFC 8292.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import asdict, dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from queue_app.domain.errors import Invalid

SERVICES = (
    "fcm.googleapis.com",
    "push.services.mozilla.com",
    "notify.windows.com",
    "push.apple.com",
)
"""Push services of the makers of browsers; hosts below them count as well."""

LONGEST_ENDPOINT = 1000
POINT_BYTES, SECRET_BYTES = 65, 16


@dataclass(frozen=True, slots=True)
class Subscription:
    """One browser of one person: where to send, its public key, and a secret shared with it."""

    endpoint: str
    p256dh: str
    auth: str

    def as_address(self) -> str:
        """The form in which it is kept as a contact's address."""
        return json.dumps(asdict(self), sort_keys=True)


def subscription_from(text: str, field: str) -> Subscription:
    """What a browser gave us, as JSON. Refuses by field what is no subscription of a known push service."""
    try:
        said = json.loads(text)
        made = Subscription(str(said["endpoint"]), str(said["p256dh"]), str(said["auth"]))
    except (ValueError, TypeError, KeyError):
        raise Invalid.field(field, "not_a_push_address") from None
    if not (is_known_service(made.endpoint) and _is_key(made.p256dh, POINT_BYTES) and _is_key(made.auth, SECRET_BYTES)):
        raise Invalid.field(field, "not_a_push_address")
    return made


def is_known_service(endpoint: str) -> bool:
    """Whether an address is one of a known push service, by https and on its usual port."""
    try:
        parts = urlsplit(endpoint)
        plain = parts.scheme == "https" and parts.port is None and parts.username is None
    except ValueError:
        return False
    host = (parts.hostname or "").rstrip(".")
    known = any(host == service or host.endswith(f".{service}") for service in SERVICES)
    return plain and known and len(endpoint) <= LONGEST_ENDPOINT


@lru_cache(maxsize=4)
def public_key_of(private_key: str) -> str:
    """The key that pages hand to the browser, made from the one in the settings (43 characters, base64url)."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    number = int.from_bytes(from_base64(private_key))
    public = ec.derive_private_key(number, ec.SECP256R1()).public_key()
    return to_base64(public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def new_private_key() -> str:
    """A fresh key for `VAPID_PRIVATE_KEY`."""
    from cryptography.hazmat.primitives.asymmetric import ec

    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return to_base64(number.to_bytes(32))


def to_base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def from_base64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _is_key(text: str, length: int) -> bool:
    try:
        return len(from_base64(text)) == length
    except (NotBase64, ValueError):
        return False
