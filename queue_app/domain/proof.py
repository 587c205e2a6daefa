"""A small sum that a browser does before it may hold a place during a rush: cheap once, dear a thousand times.

Decides what a challenge is, when it is solved, and how long somebody without a script waits instead. Nothing is kept: a
challenge carries its own seal. Leaves when one is asked for, and that each counts once, to `web.proof`.

Source: the proof of work of ALTCHA (salt and number, SHA-256), in our own words.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final

LARGEST: Final = 60_000
"""About a second of a four years old phone."""
VALID_S: Final = 600
PATIENCE_S: Final = 15
"""How long a person without a script waits before the press counts."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """Find the number below `largest` whose digest with the salt is `digest`. `made_at` in seconds since 1970."""

    salt: str
    digest: str
    made_at: int
    seal: str
    largest: int = LARGEST


def new_challenge(secret: bytes, now_s: int) -> Challenge:
    """A fresh one; which number was chosen is told to nobody."""
    salt = secrets.token_hex(12)
    digest = digest_of(salt, secrets.randbelow(LARGEST))
    return Challenge(salt, digest, now_s, _seal(secret, salt, digest, now_s))


def digest_of(salt: str, number: int) -> str:
    return hashlib.sha256(f"{salt}{number}".encode()).hexdigest()


def is_ours(challenge: Challenge, secret: bytes, now_s: int) -> bool:
    """Whether we made it, not longer ago than it holds."""
    seal = _seal(secret, challenge.salt, challenge.digest, challenge.made_at)
    return hmac.compare_digest(seal, challenge.seal) and 0 <= now_s - challenge.made_at < VALID_S


def is_solved(challenge: Challenge, number: int) -> bool:
    return hmac.compare_digest(digest_of(challenge.salt, number), challenge.digest)


def was_waited_for(challenge: Challenge, now_s: int) -> bool:
    """The other way, for whoever has no script: patience."""
    return now_s - challenge.made_at >= PATIENCE_S


def _seal(secret: bytes, salt: str, digest: str, made_at: int) -> str:
    return hmac.new(secret, f"proof|{salt}|{digest}|{made_at}".encode(), hashlib.sha256).hexdigest()
