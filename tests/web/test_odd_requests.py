"""What no browser sends, said to the real server over a bare socket: it answers or hangs up, soon, and gives nothing away.

One server for the whole file, started as somebody careless would start it (with every switch that opens a debugger
elsewhere). It has bookings of a person whose name must never come back, and at the end a log without a single trace.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
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
from tests.web.odd_shapes import BOARD, LINE_BODIES, MALFORMED, PATHS, RANGES, UNFINISHED, get, post
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
