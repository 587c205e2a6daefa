"""Headers that go out with every answer, the nonce of the page, and forms that other sites sent.

Source: OWASP ASVS 5.0, chapter 3; W3C Fetch Metadata Request Headers.
"""

from __future__ import annotations

import secrets

from flask import Flask, Response, g, request

from queue_app.domain.errors import Forbidden
from queue_app.web.context import house


def csp_nonce() -> str:
    """The nonce of this answer's scripts."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


def policy(*, framed_by: str = "'none'", frames: str = "'none'") -> str:
    """What a page of ours may load, and which pages may show it inside themselves."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'nonce-{csp_nonce()}' 'strict-dynamic'",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            "media-src 'self'",
            "connect-src 'self'",
            "worker-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            f"frame-src {frames}",
            f"frame-ancestors {framed_by}",
            "require-trusted-types-for 'script'",
            "trusted-types matazu",
        )
    )


OWN = (None, "same-origin", "none")
"""What a browser says of a request from our own pages, from the address bar, or when it is too old to say."""


def register(app: Flask) -> None:
    app.before_request(refuse_foreign_forms)
    app.after_request(_harden)
    app.jinja_env.globals["csp_nonce"] = csp_nonce


def refuse_foreign_forms() -> None:
    """A form that another site sends is refused before its token is looked at. Programs say nothing of a site."""
    if request.method not in ("GET", "HEAD", "OPTIONS") and request.headers.get("Sec-Fetch-Site") not in OWN:
        raise Forbidden("foreign_site")


def _harden(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
    if response.mimetype == "text/html":
        headers.setdefault("Content-Security-Policy", policy())
        headers.setdefault("Cache-Control", "no-store")
        headers.setdefault(
            "X-Robots-Tag", "noindex" if request.path.startswith(("/t/", "/r/", "/staff", "/admin")) else "all"
        )
    if house().settings.is_secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response
