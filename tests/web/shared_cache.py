"""A shared cache as it might stand before the server: keeps whatever HTTP lets it keep, and a careless sibling.

Follows RFC 9111 as far as a greedy cache reads it: a GET answered with 200 is kept unless `no-store`, `private` or (for a
request with Authorization) the lack of `public` forbids it; without any word about freshness it guesses. `Vary` is
honoured. Serves any number of threads.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from werkzeug.test import Client, TestResponse

Request = tuple[str, tuple[tuple[str, str], ...]]


@dataclass
class SharedCache:
    """The lawful one."""

    app: Any
    hits: int = 0
    _kept: dict[Request, bytes] = field(default_factory=dict)
    _vary: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, path: str, headers: dict[str, str]) -> bytes:
        with self._lock:
            key = self._key(path, headers)
            if key in self._kept:
                self.hits += 1
                return self._kept[key]
        answer = Client(self.app, use_cookies=False).get(path, headers=headers)
        body = answer.get_data()
        if answer.status_code == 200 and self.may_keep(headers, answer):
            with self._lock:
                self._vary[path] = tuple(
                    sorted(name.strip().lower() for name in answer.headers.get("Vary", "").split(","))
                )
                self._kept[self._key(path, headers)] = body
        return body

    def _key(self, path: str, headers: dict[str, str]) -> Request:
        said = {name.lower(): value for name, value in headers.items()}
        return path, tuple((name, said.get(name, "")) for name in self._vary.get(path, ()))

    def may_keep(self, headers: dict[str, str], answer: TestResponse) -> bool:
        """What a greedy cache may keep by law."""
        told = {word.strip().partition("=")[0].lower() for word in answer.headers.get("Cache-Control", "").split(",")}
        if told & {"no-store", "private", "no-cache"} or "*" in answer.headers.get("Vary", ""):
            return False
        return "Authorization" not in headers or bool(told & {"public", "s-maxage", "must-revalidate"})


class CarelessCache(SharedCache):
    """Keeps everything, under its address alone: a minimum time to live set at the edge."""

    def may_keep(self, headers: dict[str, str], answer: TestResponse) -> bool:
        return True

    def _key(self, path: str, headers: dict[str, str]) -> Request:
        return path, ()
