"""What those hear who find their gate full: a few bytes in their language, made once, that ask for nothing more.

Leaves who they are to `admission`.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterable
from functools import lru_cache
from html import escape
from typing import Any, Final

from queue_app.web.i18n import DEFAULT, known_language, t
from queue_app.web.wire import to_json

BUSY: Final = "503 Service Unavailable"
RETRY_AFTER_S: Final = 5
LOOKS: Final = (
    "body{margin:0 auto;max-width:36rem;padding:2rem 1.5rem;font:1.125rem/1.7 sans-serif;color:#1a1a1a}"
    "h1{font-size:1.5rem;line-height:1.5}"
    "a{display:inline-block;padding:.75rem 1.5rem;border-radius:.5rem;background:#0017c1;color:#fff;font-weight:700}"
    "a:focus-visible{outline:.25rem solid #000;outline-offset:.125rem;box-shadow:0 0 0 .125rem #ffd43d}"
)
"""Within the page: a style sheet would be another request at a full gate. Its hash is all that the policy allows."""
LOOKS_HASH: Final = f"sha256-{b64encode(hashlib.sha256(LOOKS.encode()).digest()).decode()}"
Environ = dict[str, Any]
StartResponse = Callable[..., Any]


def answer_full(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """The short answer: what to do, in the reader's language. Nothing is read, asked or written for it."""
    headers, body = _refusal(place_of(environ), language_of(environ))
    start_response(BUSY, list(headers))
    return [body]


def place_of(environ: Environ) -> str:
    return "api" if environ["PATH_INFO"].startswith(("/api/", "/socket.io/")) else "pages"


@lru_cache(maxsize=64)
def full_message(place: str, language: str, line: str) -> bytes:
    """The same as it goes over the wire. `line`: what becomes of the connection."""
    headers, body = _refusal(place, language)
    lines = [f"HTTP/1.1 {BUSY}", *(f"{name}: {value}" for name, value in headers), f"Connection: {line}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


@lru_cache(maxsize=64)
def _refusal(place: str, language: str) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Headers and body, which are the same for everybody who reads this language."""
    if place == "api":
        kind, body = "application/problem+json", _document(language)
    else:
        kind, body = "text/html; charset=utf-8", _page(language)
    headers = (
        ("Content-Type", kind),
        ("Content-Length", str(len(body))),
        ("Retry-After", str(RETRY_AFTER_S)),
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", f"default-src 'none'; style-src '{LOOKS_HASH}'; frame-ancestors 'none'"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
    )
    return headers, body


def _document(language: str) -> bytes:
    problem = {
        "type": "/problems/busy",
        "title": t("errors.503", language=language),
        "status": 503,
        "detail": t("errors.503", language=language),
        "code": "busy",
        "retry_after_s": RETRY_AFTER_S,
    }
    return to_json(problem).encode()


def _page(language: str) -> bytes:
    """The link asks for the same address: whoever had sent a form sees the page before it, with what was kept of it."""
    say, again = escape(t("errors.503", language=language)), escape(t("errors.open_again", language=language))
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width"><title>{say}</title><style>{LOOKS}</style></head><body><main><h1>{say}</h1>'
        f'<p><a href="">{again}</a></p></main></body></html>'
    ).encode()


def language_of(environ: Environ) -> str:
    """The first language asked for that we have. The cookie of a choice made before is not looked for here."""
    for part in environ.get("HTTP_ACCEPT_LANGUAGE", "")[:200].split(","):
        found = known_language(part.partition(";")[0])
        if found:
            return found
    return DEFAULT
