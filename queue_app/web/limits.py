"""How often one address (one 64-bit network of IPv6) may ask without a token. Staff, kiosks and displays never count.

Fixed windows in memory, or in Redis when there are several workers. Source: Flask-Limiter's `limits` library.
"""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache

from flask import current_app
from limits import RateLimitItem, parse, storage, strategies
from limits.errors import StorageError

from queue_app.domain.errors import Conflict
from queue_app.web.auth import identity
from queue_app.web.caller import caller_network
from queue_app.web.context import house

WRONG_CODES = "20 per 10 minutes"
"""For one machine at the door: enough for a busy morning of slips of the finger, useless for guessing eight digits."""

PAIRINGS = "30 per 10 minutes"
"""Codes of new kiosks and displays, by one address: a code has 50 bits and ten minutes, so this is the second lock."""

JOINS = "20 per hour"
"""Numbers from home, by one address."""


PLACES = "60 per 10 minutes"
"""Holds and bookings by one address: a hall full of phones behind it, a tenth of what a program would take."""


def check_public_rate(*, cost: int = 1) -> None:
    """Refuse `too_many_requests` with Retry-After when an address without a token asks too often."""
    limit = house().settings.rate_limit_public
    if limit == "off" or identity().role is not None:
        return
    limiter, item = _limiter(_where()), parse(limit)
    address = caller_network()
    with suppress(StorageError):  # the bus is away: better no limit than no page
        if not limiter.hit(item, "public", address, cost=cost):
            reset = limiter.get_window_stats(item, "public", address).reset_time
            raise Conflict("too_many_tries", retry_after_s=max(1, int(reset - house().ports.clock().timestamp()) + 1))


def check_join_rate() -> None:
    """Refuse more numbers from home than a household or a hall full of phones behind one address would take."""
    if house().settings.rate_limit_public == "off" or identity().role is not None:
        return
    if not take_once("join", caller_network(), JOINS):
        raise Conflict("too_many_tries", retry_after_s=3600)


def check_pairing_rate() -> None:
    """Refuse more pairing codes than a hall full of new screens needs from one address, right or wrong ones."""
    if house().settings.rate_limit_public == "off":
        return
    if not take_once("pair", caller_network(), PAIRINGS):
        raise Conflict("too_many_tries", retry_after_s=600)


def check_place_rate() -> None:
    """Refuse more places than people behind one address would take: held places are lost to everybody else."""
    if house().settings.rate_limit_public == "off" or identity().role is not None:
        return
    if not take_once("places", caller_network(), PLACES):
        raise Conflict("too_many_tries", retry_after_s=600)


def take_once(kind: str, name: str, limit: str) -> bool:
    """Whether `name` is still within a limit of its own; counts this time. Shared by all workers."""
    with suppress(StorageError):
        return _limiter(_where()).hit(parse(limit), kind, name)
    return True


def may_try_codes() -> bool:
    """Whether this machine may still be used to try booking codes: wrong ones are counted, right ones are not."""
    item, limiter = _code_limiter()
    return limiter.test(item, identity().name)


def note_wrong_code() -> None:
    """One wrong booking code at this machine."""
    item, limiter = _code_limiter()
    limiter.hit(item, identity().name)


def _code_limiter() -> tuple[RateLimitItem, strategies.FixedWindowRateLimiter]:
    """In each process for itself: people at the door must get their number while Redis is away."""
    kept = current_app.extensions.get("wrong_codes")
    if kept is None:
        kept = current_app.extensions["wrong_codes"] = strategies.FixedWindowRateLimiter(storage.MemoryStorage())
    return parse(WRONG_CODES), kept


def _where() -> str:
    """One process counts by itself; several count together."""
    settings = house().settings
    return "memory://" if settings.is_embedded else settings.redis_url


@lru_cache(maxsize=8)
def _limiter(where: str) -> strategies.FixedWindowRateLimiter:
    return strategies.FixedWindowRateLimiter(storage.storage_from_string(where, wrap_exceptions=True))
