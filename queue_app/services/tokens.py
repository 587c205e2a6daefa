"""Capabilities and secrets: made unguessable, kept as hashes, compared without telling.

A ticket's token is derived from a nonce in the table and the server's secret, so that a reprint or a message can show
it again although only its hash is stored.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets


def new_secret() -> str:
    """A bearer secret of 256 bits for a device, a program or a session."""
    return secrets.token_urlsafe(32)


def new_nonce() -> str:
    """128 random bits, as text."""
    return secrets.token_hex(16)


def ticket_token(server_secret: bytes, nonce: str) -> str:
    """The 144-bit capability of the ticket with this nonce."""
    return _derived(server_secret, "ticket", nonce)


def reservation_token(server_secret: bytes, nonce: str) -> str:
    """The capability of a reservation: whoever has it may read, move and cancel it."""
    return _derived(server_secret, "reservation", nonce)


def hold_id(server_secret: bytes, nonce: str) -> str:
    """What confirms a held place, and nothing else."""
    return _derived(server_secret, "hold", nonce)


def _derived(server_secret: bytes, kind: str, nonce: str) -> str:
    digest = hmac.new(server_secret, f"{kind}|{nonce}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:18]).decode().rstrip("=")


def secret_hash(secret: str) -> str:
    """What is stored instead of a secret that has enough entropy of its own."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
