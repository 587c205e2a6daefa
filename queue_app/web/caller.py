"""Where a request comes from, as far as limits go by it."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from flask import request


def caller_network() -> str:
    """The caller's IPv4 address or 64-bit IPv6 network: one machine has all addresses of such a network (RFC 4291)."""
    address = request.remote_addr or "unknown"
    try:
        known = ip_address(address)
    except ValueError:
        return address
    return str(known if known.version == 4 else ip_network((known, 64), strict=False))
