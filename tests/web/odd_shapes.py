"""What no browser sends, byte for byte: requests malformed or unfinished, paths out of folders, ranges, and hooks."""

from __future__ import annotations

import json
from urllib.parse import urlencode


def get(target: str, *headers: str, method: str = "GET", version: str = "HTTP/1.1", host: str | None = "aoba") -> bytes:
    lines = [
        f"{method} {target} {version}",
        *([] if host is None else [f"Host: {host}"]),
        *headers,
        "Connection: close",
    ]
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape") + b"\r\n"


def post(
    body: bytes, *headers: str, target: str = "/api/v1/offices/aoba/holds", kind: str = "application/json"
) -> bytes:
    return get(target, f"Content-Type: {kind}", *headers, method="POST") + body


BOARD = "/api/v1/offices/aoba/board"
WHOLE = b'{"slot": "x"}'
MALFORMED = (
    *(
        get(BOARD, f"X-Long: {'x' * 100_000}"),
        get(BOARD, *(f"X-{n}: {n}" for n in range(5_000))),
        get("/" + "x" * 9_000),
    ),
    *(get(BOARD + "?" + urlencode({f"p{n}": n for n in range(300)})), get(BOARD, "Bad Header: 1"), get(BOARD, ": 1")),
    *(get(BOARD, "X: a\x00b"), get(BOARD, "X: a\x0bb"), get(BOARD, " folded"), get(BOARD, "X: 1\r\n folded")),
    *(get(BOARD, "Cookie: " + "a=b; " * 1_500), get(BOARD, "Accept-Language: " + ",;=q*" * 400)),
    *(get(BOARD, "Accept-Language: xx-\udcff\udcfe;q=NaN"), get(BOARD, "Authorization: Bearer \udcff")),
    *(get(BOARD, "Authorization: " + "Bearer " * 500), get(BOARD, "Authorization: Basic !!!"), get("/r/\udcff\udcfe")),
    # lengths and pieces
    *(
        post(WHOLE, f"Content-Length: {n}")
        for n in ("-1", "+13", "abc", "1e3", "0x0d", "13, 13", "9" * 40, "13\x00", "")
    ),
    post(WHOLE, "Content-Length: 13", "Content-Length: 14"),
    *(post(WHOLE, f"Content-Length: {n}") for n in (0, 5, 1_000, 70_000, 10**12)),
    *(
        post(piece, "Transfer-Encoding: chunked")
        for piece in (
            *(
                b"ZZZ\r\nxx\r\n0\r\n\r\n",
                b"-5\r\nxx\r\n",
                b"d\r\n" + WHOLE,
                b"d\r\n" + WHOLE + b"XX0\r\n\r\n",
                b"",
                b"\r\n",
            ),
            *(
                b"f" * 40 + b"\r\n",
                b"5;" + b"x" * 20_000 + b"\r\n",
                b"0\r\nX: 1\r\n\r\n",
                b"0\r\n" + b"X: 1\r\n" * 9_000,
            ),
        )
    ),
    *(
        post(b"d\r\n" + WHOLE + b"\r\n0\r\n\r\n", f"Transfer-Encoding: {how}", *also)
        for how, also in (
            *(("chunked", ("Content-Length: 5",)), ("xchunked", ()), ("chunked, identity", ()), ("identity", ())),
            *(("gzip", ()), ("\x0bchunked", ()), ("chunked", ("Transfer-Encoding: identity",))),
        )
    ),
    post(b"\x1f\x8b" + b"\x00" * 40, "Content-Encoding: gzip", "Content-Length: 42"),
    post(WHOLE, "Expect: 200-maybe", "Content-Length: 13"),
    *(
        post(WHOLE, "Content-Length: 13", kind=kind)
        for kind in ("text/plain", "application/x-www-form-urlencoded", "x")
    ),
    post(WHOLE, "Content-Length: 13", kind="multipart/form-data; boundary="),
    post(WHOLE, "Content-Length: 13", kind="application/json; charset=nothing"),
    post(b"--b\r\n" * 2_000, "Content-Length: 10000", kind="multipart/form-data; boundary=b"),
    # methods, targets, hosts, versions
    *(get(BOARD, method=name) for name in ("FOO", "TRACE", "CONNECT", "PROPFIND", "get", "G\x00T", "X" * 300, "PRI")),
    *(get(BOARD, f"{name}: DELETE") for name in ("X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method")),
    *(get(f"http://evil.example{BOARD}", host=name) for name in ("aoba", "evil.example")),
    *(
        get(target)
        for target in ("http://", "http://[::1", "//evil.example/", "*", "", "aoba", "?", "#", "/#/", "/%", "/%zz")
    ),
    *(
        get(BOARD, host=name)
        for name in (None, "", "a b", "evil.example:99999", "[::1", "aoba\udcff", "x" * 3_000, "a,b", "@")
    ),
    *(get("/staff/", host=name) for name in ("evil.example", "evil.example/x", "\u0430oba", "aoba:0", "aoba:-1")),
    get(BOARD, "Host: evil.example"),
    *(get(BOARD, version=name) for name in ("HTTP/0.9", "HTTP/1.0", "HTTP/2.0", "HTTP/9.9", "HTTP/1", "HTTPS/1.1", "")),
    *(
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"\r\n" * 50,
        b"\x00" * 200,
        b"GET /\r\n\r\n",
    ),
)
PATHS = (
    *(
        "/static/../config.py",
        "/static/..%2f..%2f..%2fconfig.py",
        "/static/%2e%2e/%2e%2e/config.py",
        "/static/..\\..\\x",
    ),
    *(
        "/static/..%5c..%5cconfig.py",
        "/static/%252e%252e/config.py",
        "/static/%c0%ae%c0%ae/config.py",
        "/static/app%00.css",
    ),
    *(
        "/static/%00",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/.",
        "/static/",
        "/static/" + "a/" * 900,
    ),
    *("/static/" + "%61" * 1_200, "/static/CON", "/static/\u202e.css", "/kiosk/static/..%2f__init__.py"),
    *("/display/static/..%2f..%2f__init__.py", "/display/static/%2e%2e%2fpages.py", "/kiosk/static/%00.js"),
    *(
        f"/display/aoba/media/{kind}/{name}"
        for kind in ("picture", "..", "%2e%2e", "recorded")
        for name in ("..%2fx", "%00")
    ),
    *(
        "/display/aoba/media/picture/..%2f..%2f..%2fsecret_key",
        "/display/..%2f/media/picture/x",
        "/display/%00/media/a/b",
    ),
    *("/display/aoba/media/spoken/../../matazu.db", "/media/secret_key", "/instance/secret_key", "/matazu.db", "/.env"),
    *(
        "/r/..%2fr",
        "/t/%00",
        "/r/%F0%9F%98%80",
        "/api/v1/offices/%00",
        "/api/v1/offices/..%2f..%2f",
        "/api/v1/tickets/%0d%0aX:1",
    ),
)
UNFINISHED = (
    get(BOARD)[:-2],
    post(b"{", "Content-Length: 500"),
    post(b"5\r\n{", "Transfer-Encoding: chunked"),
    post(b"", "Content-Length: 500", "Expect: 100-continue"),
    post(b"{", "Content-Length: 500000"),
    b"GE",
    b"",
)
RANGES = (
    *("bytes=0-3", "bytes=-5", "bytes=5-", "bytes=0-", "bytes=999999-", "bytes=5-2", "bytes=a-b", "bytes=", "bytes"),
    *("items=0-3", "bytes=-", "bytes=0-0,2-2", "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 800, 2)), "bytes=--1"),
    *(f"bytes={2**70}-", f"bytes=0-{2**70}", "bytes=-0", "bytes=0-3;q=1", "BYTES=0-3", "bytes=\u0661-\u0662"),
)
LINE_BODIES = (
    *(b"", b"null", b"1", b'"x"', b"[]", b"{}", b"{", b"\xff\xfe", b"\x00", b'{"events": null}', b'{"events": {}}'),
    *(
        b'{"events": ' + b"[" * 30_000,
        b"[" * 30_000 + b"]" * 30_000,
        b'{"events": [null, 1, "x", [], {}]}',
        b"9" * 6_000,
    ),
    *(
        json.dumps(
            {"events": [{"type": "message", "message": message, "source": source, "replyToken": token}] * 3}
        ).encode()
        for message, source, token in (
            ({"type": "text", "text": {}}, {"userId": []}, None),
            ({"type": "text", "text": "\x00" * 50}, {"userId": "\ud800"}, "\ud800"),
            ({"type": "text", "text": "ABCD-2345"}, {"userId": "U" * 5_000}, "x" * 5_000),
            ({"type": "text", "text": "ABCD2345"}, {"userId": "\x00"}, "\x00"),
            ([], {}, {}),
        )
    ),
    json.dumps({"events": [{"type": "x"}] * 4_000}).encode(),
)
