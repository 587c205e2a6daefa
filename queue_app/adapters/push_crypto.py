"""What Web Push asks of a sender: the message sealed for one browser, and a signed word who sends it.

Sources: RFC 8291 (sealing; tested with its appendix A), RFC 8188 (the `aes128gcm` form), RFC 8292 (`vapid`). Loaded
with the first notification. Why not a library: docs/decisions/0016-web-push.md.
"""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from queue_app.services.push_subscription import Subscription, from_base64, public_key_of, to_base64

CURVE = ec.SECP256R1()
RECORD = 4096
LAST_RECORD = b"\x02"
WORD_LASTS = timedelta(hours=12)


def seal(
    text: bytes, to: Subscription, *, key: ec.EllipticCurvePrivateKey | None = None, salt: bytes | None = None
) -> bytes:
    """One record for one browser. Key and salt are fresh for each message; tests give those of the standard."""
    key, salt = key or ec.generate_private_key(CURVE), salt or os.urandom(16)
    theirs = from_base64(to.p256dh)
    ours = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, theirs))
    secret = _derived(shared, from_base64(to.auth), b"WebPush: info\x00" + theirs + ours, 32)
    content_key = _derived(secret, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derived(secret, salt, b"Content-Encoding: nonce\x00", 12)
    head = salt + RECORD.to_bytes(4) + len(ours).to_bytes(1) + ours
    return head + AESGCM(content_key).encrypt(nonce, text + LAST_RECORD, None)


def word_of_sender(endpoint: str, private_key: str, subject: str, *, now: datetime) -> str:
    """The `Authorization` of one message: who sends it, to which service, for how long that holds."""
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int((now + WORD_LASTS).timestamp()),
        "sub": subject,
    }
    body = f"{_json({'typ': 'JWT', 'alg': 'ES256'})}.{_json(claims)}"
    key = ec.derive_private_key(int.from_bytes(from_base64(private_key)), CURVE)
    r, s = decode_dss_signature(key.sign(body.encode(), ec.ECDSA(SHA256())))
    signature = to_base64(r.to_bytes(32) + s.to_bytes(32))
    return f"vapid t={body}.{signature}, k={public_key_of(private_key)}"


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)


def _json(value: dict[str, object] | dict[str, str]) -> str:
    return to_base64(json.dumps(value, separators=(",", ":")).encode())
