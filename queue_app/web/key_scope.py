"""Whose an Idempotency-Key is: whoever repeats it within this scope gets the first answer, which may hold a capability.

A program or a device has a name, and its keys are its own. Residents have none, so a key is theirs if nobody else could
have sent it: by the key itself when it is hard to guess, else by the secret link it is used on, else by where it comes
from. See docs/decisions/0009-keys-of-residents.md.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from itertools import pairwise

from flask import request

from queue_app.domain.access import Identity
from queue_app.web.caller import caller_network
from queue_app.web.context import house

CAPABILITIES = ("token", "hold_id")
"""Parts of a path that only the holder knows."""

_RANDOM_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-f]{32,}", re.IGNORECASE)
_DIGITS = re.compile(r"[A-Za-z0-9_+/-]{22,}")
FEWEST_KINDS = 8
"""Thirty-two random hex digits have fewer different ones once in ten billion times; `0000…` has one."""


def key_scope(who: Identity, key: str, path_facts: Mapping[str, str]) -> str:
    """The scope that a key of this caller is looked up and kept in. Holds no address in the clear."""
    if who.role is not None or is_hard_to_guess(key):
        return who.name
    capability = next((path_facts[name] for name in CAPABILITIES if name in path_facts), None)
    own = f"holder\n{capability}" if capability is not None else f"place\n{_place()}"
    return f"{who.name}:{hmac.new(house().ports.secret, own.encode(), hashlib.sha256).hexdigest()[:32]}"


def is_hard_to_guess(key: str) -> bool:
    """Whether a key looks as a random generator makes them: a UUID of version 4 or 7, or about 128 bits of digits.

    Strict on purpose: what is taken for guessable is only kept more closely.
    """
    parts = [*_RANDOM_UUID.findall(key), *_HEX.findall(key)]
    return any(len(set(part.lower())) >= FEWEST_KINDS for part in parts) or any(
        _is_thrown(part) for part in _DIGITS.findall(key)
    )


def _is_thrown(digits: str) -> bool:
    """Capitals, small letters and figures change as dice change them; words and counters keep to one kind for long."""
    kinds = ["A" if c.isupper() else "a" if c.islower() else "0" for c in digits if c.isalnum()]
    changes = sum(one != other for one, other in pairwise(kinds))
    return {"A", "a", "0"} <= set(kinds) and changes * 5 >= len(digits) * 2


def _place() -> str:
    """Network, program and language of the caller."""
    named = (request.user_agent.string, request.headers.get("Accept-Language", ""))
    return "\n".join((caller_network(), *named))
