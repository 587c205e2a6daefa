"""Style sheets and scripts go over the wire packed, also where no proxy does it: phones are on slow lines.

Decides what is packed: files whose address names their content, and nothing else. Pages hold tokens of their reader;
packing those would let somebody who sees their sizes guess them (BREACH); they are small anyway.
"""

from __future__ import annotations

import gzip
from functools import lru_cache

from flask import Flask, Response, request

KINDS = ("text/css", "text/javascript", "image/svg+xml")


def register(app: Flask) -> None:
    app.after_request(_pack)


def _pack(response: Response) -> Response:
    if not _is_versioned_text(response):
        return response
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"] > 0:
        response.direct_passthrough = False
        response.set_data(_packed(response.get_data()))
        response.headers["Content-Encoding"] = "gzip"
        response.headers.pop("ETag", None)  # it named the bytes before; the address names the content
    return response


def _is_versioned_text(response: Response) -> bool:
    is_static = (request.endpoint or "").endswith("static") and "v" in request.args
    return is_static and response.status_code == 200 and response.mimetype in KINDS


@lru_cache(maxsize=256)
def _packed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)
