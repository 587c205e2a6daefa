"""How often one address may ask without a token. Staff, kiosks and displays are never counted here.

Fixed windows in memory, or in Redis when there are several workers. Source: Flask-Limiter's `limits` library.
"""

from __future__ import annotations

from functools import lru_cache

from flask import request
from limits import RateLimitItem, parse, storage, strategies

from queue_app.domain.errors import Conflict
from queue_app.web.auth import identity
from queue_app.web.context import house


def check_public_rate(*, cost: int = 1) -> None:
    """Refuse `too_many_requests` with Retry-After when an address without a token asks too often."""
    limit = house().settings.rate_limit_public
    if limit == "off" or identity().role is not None:
        return
    item, limiter = _limiter(limit, house().settings.redis_url or "memory://")
    address = request.remote_addr or "unknown"
    if not limiter.hit(item, "public", address, cost=cost):
        reset = limiter.get_window_stats(item, "public", address).reset_time
        raise Conflict("too_many_tries", retry_after_s=max(1, int(reset - house().ports.clock().timestamp()) + 1))


@lru_cache(maxsize=8)
def _limiter(limit: str, where: str) -> tuple[RateLimitItem, strategies.FixedWindowRateLimiter]:
    return parse(limit), strategies.FixedWindowRateLimiter(storage.storage_from_string(where))
