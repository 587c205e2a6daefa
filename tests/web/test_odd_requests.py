"""What no browser sends, said to the real server over a bare socket: it answers or hangs up, soon, and gives nothing away.

One server for the whole file, started as somebody careless would start it (with every switch that opens a debugger
elsewhere). It has bookings of a person whose name must never come back, and at the end a log without a single trace.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import re
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from PIL import Image
from twilio.request_validator import RequestValidator
from werkzeug.routing import IntegerConverter, Rule

from queue_app.adapters.clock import system_clock
from tests.conftest import make_app, settings_for
from tests.real_server import SECRET, RealServer
from tests.world import Clock

MARK = "ミドリサワ"
PHONE = "09000007761"
LINE_SECRET = "a secret of the tests for line"
TWILIO_TOKEN = "a token of the tests"
PUBLIC_URL = "https://madoguchi.example.jp"
CARELESS = {"FLASK_DEBUG": "1", "FLASK_ENV": "development", "WERKZEUG_DEBUG_PIN": "off", "DEBUG": "1", "TESTING": "1"}
CHANNELS = {
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": TWILIO_TOKEN,
    "TWILIO_FROM": "+815000000000",
    "TWILIO_API_BASE": "http://127.0.0.1:9",
    "LINE_CHANNEL_SECRET": LINE_SECRET,
    "LINE_CHANNEL_TOKEN": "a token of the tests",
    "LINE_API_BASE": "http://127.0.0.1:9",
    "PUBLIC_URL": PUBLIC_URL,
}
LIMIT_S = 15
"""Nothing may take longer; on an idle machine each answer takes some milliseconds."""
SECRETS = (MARK, PHONE, "Traceback", "werkzeug", "site-packages", "sqlite3", SECRET)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[RealServer]:
    folder = tmp_path_factory.mktemp("odd")
    shutil.copy(migrated_file, folder / "matazu.db")
    started = RealServer(folder, {**CHANNELS, **CARELESS})
    started.start()
    try:
        yield started
    finally:
        started.kill()


@pytest.fixture(scope="module")
def booked(server: RealServer) -> str:
    """The link of a booking of the person who must not be seen."""
    day = system_clock().date() + timedelta(days=7)
    status, offered = server.get(f"/api/v1/offices/aoba/slots?service=moving&from={day}&to={day + timedelta(days=6)}")
    assert status == 200, offered
    free = next(slot["id"] for slot in offered["slots"] if slot["remaining"])
    contact = {"channel": "sms", "address": PHONE}
    body = {"slot": free, "service": "moving", "name_kana": MARK, "contact": contact}
    status, made = server.post("/api/v1/offices/aoba/reservations", body)
    assert status == 201, made
    return str(made["token"])


def say(server: RealServer, raw: bytes, *, more: bool = False) -> bytes:
    """All that comes back until the server hangs up. `more`: the line is left open for a rest that never comes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT_S) as line:
        try:
            line.sendall(raw)
            if not more:
                line.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has hung up in the middle of what we said, which is its right
        return _heard(line)


def _heard(line: socket.socket) -> bytes:
    heard, until = b"", time.monotonic() + LIMIT_S
    try:
        while time.monotonic() < until and (piece := line.recv(65_536)):
            heard += piece
    except ConnectionError:
        return heard
    assert time.monotonic() < until, "it neither answered nor hung up"
    return heard


def statuses(heard: bytes) -> list[int]:
    return [int(line.split()[1]) for line in heard.splitlines() if line.startswith(b"HTTP/1.")]


def check(raw: bytes, heard: bytes) -> None:
    said = repr(raw[:90])
    assert all(status < 500 or status in (501, 505) for status in statuses(heard)), (said, heard[:200])
    told = heard.decode("utf-8", "replace")
    assert not [secret for secret in SECRETS if secret.lower() in told.lower()], said


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


def test_no_malformed_request_breaks_or_holds_the_server(server: RealServer, booked: str) -> None:
    for raw in MALFORMED:
        check(raw, say(server, raw))
    assert statuses(say(server, get(BOARD))) == [200], "and a good one is answered as before"


def test_no_path_leads_out_of_a_folder(server: RealServer, booked: str) -> None:
    for path in PATHS:
        raw = get(path)
        heard = say(server, raw)
        check(raw, heard)
        assert not [status for status in statuses(heard) if status < 300], path


def test_requests_in_one_piece_are_answered_one_by_one_and_in_order(server: RealServer) -> None:
    kept = get(BOARD).replace(b"Connection: close\r\n", b"")
    heard = say(server, kept * 3 + get("/nothing"))
    answered = statuses(heard)
    assert answered == [200, 200, 200, 404][: len(answered)] != [], "it may hang up between two, and does not mix them"


def test_what_follows_a_body_that_was_too_short_is_not_taken_for_another_persons_request(server: RealServer) -> None:
    """CL and TE at once: the server must not see a second request where a proxy saw one."""
    hidden = get("/nothing")
    raw = post(b"0\r\n\r\n" + hidden, f"Content-Length: {5 + len(hidden)}", "Transfer-Encoding: chunked")
    heard = say(server, raw.replace(b"Connection: close\r\n", b"", 1))
    assert len(statuses(heard)) <= 1, heard


UNFINISHED = (
    get(BOARD)[:-2],
    post(b"{", "Content-Length: 500"),
    post(b"5\r\n{", "Transfer-Encoding: chunked"),
    post(b"", "Content-Length: 500", "Expect: 100-continue"),
    post(b"{", "Content-Length: 500000"),
    b"GE",
    b"",
)


def test_more_clients_than_connections_who_never_finish_keep_nobody_waiting(server: RealServer) -> None:
    """1,300: the server has 1,200 connections and 600 threads. The twin is in `storm/test_unfinished`."""
    with unfinished(server.port, 1_300):
        assert [statuses(say(server, get(BOARD))) for _ in range(5)] == [[200]] * 5


@contextmanager
def unfinished(port: int, count: int) -> Iterator[list[socket.socket]]:
    """So many who begin to speak in different ways and then say no more."""
    lines = []
    try:
        for number in range(count):
            lines.append(socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S))
            with suppress(OSError):
                lines[-1].sendall(UNFINISHED[number % len(UNFINISHED)])
        yield lines
    finally:
        for line in lines:
            line.close()


def rules() -> list[Rule]:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        app = make_app(settings_for(Path(folder)), Clock())
        return sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)


def addresses(values: dict[str, str]) -> list[str]:
    """Every route with these in its places: `int` and the rest."""
    found = []
    for rule in rules():
        path = rule.rule
        for name in rule.arguments:
            kind = rule._converters.get(name)
            value = values["int"] if isinstance(kind, IntegerConverter) else values.get(name, values["text"])
            path = re.sub(rf"<(?:[^<>:]+:)?{name}>", value, path)
        found.append(path)
    return list(dict.fromkeys(found))


def ask(line: http.client.HTTPConnection, method: str, path: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    line.request(method, path, headers=named)
    answer = line.getresponse()
    return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}


def test_every_address_answers_every_question_about_itself(server: RealServer, booked: str) -> None:
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=LIMIT_S)
    plain = addresses({"int": "1", "text": "x", "office": "aoba"})
    assert len(plain) > 150
    for number, path in enumerate(plain):
        for method in ("HEAD", "OPTIONS") if number % 5 else ("HEAD", "OPTIONS", "TRACE"):
            status, body, headers = ask(line, method, path, Origin="https://evil.example")
            assert status < 500, (method, path)
            assert method != "HEAD" or body == b"", path
            assert method != "TRACE" or status in (404, 405), path
            assert "access-control-allow-origin" not in headers or "/api/" in path, path
            assert "evil.example" not in body.decode("utf-8", "replace"), path
    for path in addresses({"int": str(2**70), "text": "%00%ff..%2f", "office": "aoba"}):
        status, body, _headers = ask(line, "GET", path)
        assert status < 500, path
        assert MARK.encode() not in body, path
    line.close()


def picture_in(server: RealServer) -> str:
    folder = server.folder / "media" / "aoba" / "picture"
    folder.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 30), "white").save(folder / f"{'0' * 32}.jpg")
    return f"/display/aoba/media/picture/{'0' * 32}.jpg"


RANGES = (
    *("bytes=0-3", "bytes=-5", "bytes=5-", "bytes=0-", "bytes=999999-", "bytes=5-2", "bytes=a-b", "bytes=", "bytes"),
    *("items=0-3", "bytes=-", "bytes=0-0,2-2", "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 800, 2)), "bytes=--1"),
    *(f"bytes={2**70}-", f"bytes=0-{2**70}", "bytes=-0", "bytes=0-3;q=1", "BYTES=0-3", "bytes=\u0661-\u0662"),
)


def test_parts_are_given_of_files_and_never_of_a_persons_page(server: RealServer, booked: str) -> None:
    file = picture_in(server)
    for path, statuses_of in ((file, {200, 206, 416}), (f"/r/{booked}", {200})):
        for asked in RANGES:
            raw = get(path, f"Range: {asked}")
            heard = say(server, raw)
            assert set(statuses(heard)) <= statuses_of, (path, asked, heard[:200])
    assert statuses(say(server, get(file, "Range: bytes=0-3"))) == [206]
    assert b"no-store" in say(server, get(f"/r/{booked}")).partition(b"\r\n\r\n")[0]


def test_tags_of_any_shape_are_compared_and_break_nothing(server: RealServer, booked: str) -> None:
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=LIMIT_S)
    for path in (picture_in(server), BOARD):
        _status, _body, headers = ask(line, "GET", path)
        assert ask(line, "GET", path, If_None_Match=headers["etag"])[0] == 304, path
        for tag in ('"x"', "*", "W/", '"', ",,,", 'W/"x", "y', '"' + "x" * 3_000 + '"', "\u00e4", "x" * 100, '""'):
            assert ask(line, "GET", path, If_None_Match=tag)[0] in (200, 304), (path, tag)
        for name in ("If_Modified_Since", "If_Range", "If_Match", "If_Unmodified_Since"):
            assert ask(line, "GET", path, **{name: "Mon, 99 Foo 99999 99:99:99 GMT"})[0] in (200, 304, 412), (
                path,
                name,
            )
    line.close()


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


def test_whatever_line_signs_is_answered(server: RealServer) -> None:
    for body in LINE_BODIES:
        seal = base64.b64encode(hmac.new(LINE_SECRET.encode(), body, hashlib.sha256).digest()).decode()
        raw = post(body, f"X-Line-Signature: {seal}", f"Content-Length: {len(body)}", target="/hooks/line")
        heard = say(server, raw)
        check(raw, heard)
        assert set(statuses(heard)) <= {200, 413}, (body[:60], heard[:200])


def test_whatever_twilio_signs_is_answered(server: RealServer) -> None:
    forms: tuple[dict[str, str], ...] = (
        *({}, {"MessageStatus": ""}, {"MessageStatus": "x" * 5_000}, {"MessageStatus": "delivered"}),
        *({"MessageStatus": "sent", "MessageSid": sid} for sid in ("", "\x00", "SM" * 500, "\U0001f600", "a\r\nb")),
        *({"MessageStatus": "sent", **{f"x{n}": "y" for n in range(900)}}, {"\x00": "\x00", "MessageStatus": "failed"}),
    )
    for number in ("1", "0", str(2**63), str(2**70), "9" * 300):
        for form in forms:
            path, body = f"/hooks/sms/{number}", urlencode(form).encode()
            seal = RequestValidator(TWILIO_TOKEN).compute_signature(PUBLIC_URL + path, form)
            kind, length = "application/x-www-form-urlencoded", f"Content-Length: {len(body)}"
            raw = post(body, f"X-Twilio-Signature: {seal}", length, target=path, kind=kind)
            heard = say(server, raw)
            check(raw, heard)
            assert set(statuses(heard)) <= {204, 403, 404, 413}, (number, form.keys(), heard[:200])
    for kind, body in (
        ("application/json", b"{}"),
        ("multipart/form-data; boundary=b", b"--b--"),
        ("x", b"y" * 200_000),
    ):
        raw = post(body, "X-Twilio-Signature: x", f"Content-Length: {len(body)}", target="/hooks/sms/1", kind=kind)
        check(raw, say(server, raw))


def test_afterwards_the_log_holds_no_trace_and_nobodys_name(server: RealServer, booked: str) -> None:
    """Last in the file: whatever went wrong in the process would have left its lines here."""
    log = server.log.read_text("utf-8", "replace")
    assert not [
        line for line in log.splitlines() if "Traceback" in line or MARK in line or PHONE in line or booked in line
    ]
    assert server.get("/readyz")[0] == 200
