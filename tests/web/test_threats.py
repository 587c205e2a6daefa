"""Threats that have no file of their own: forged reports, messages as a weapon, phishing, spoofed proxies, test doors.

Each has a twin: the same attack with the guard taken away, which gets through. Rows are those of docs/threat-model.md.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from twilio.request_validator import RequestValidator

from config import Settings
from queue_app.adapters.recording import RecordingSender
from queue_app.services import letters, outbox
from queue_app.services.calendar_file import calendar_file
from queue_app.services.outbox import PER_NUMBER, send_due
from queue_app.store.database import reading, writing
from queue_app.store.office_tables import AlarmRow
from queue_app.store.queue_tables import Delivery
from queue_app.web.context import KEY
from tests import corpus
from tests.bookings import BOOKABLE, body, reserve
from tests.messages import CHANNELS, MAIL, PHONE, PUBLIC_URL, Inbox, deliveries, mail_server, send, states
from tests.standing import standing_world
from tests.world import World

ROOT = Path(__file__).parents[2]


@pytest.fixture
def world(tmp_path: Path, migrated_file: Path) -> Iterator[World]:
    """An office with more places than anybody asks for, and channels to send by."""
    office = BOOKABLE.replace("capacity: 2", "capacity: 99")
    with standing_world(tmp_path, migrated_file, office=office, **CHANNELS) as made:
        yield made


# T13: reports of a provider


def told(world: World, row: Delivery, *, signed_for: str = PUBLIC_URL, path: str = "", **headers: str) -> int:
    """The status that a report of a failure gets; it says itself which house it was sent to."""
    path = path or f"/hooks/sms/{row.id}"
    form = {"MessageSid": row.provider_id or "SM1", "MessageStatus": "failed"}
    seal = RequestValidator("a token of the tests").compute_signature(signed_for + path, form)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return (
        world.app.test_client()
        .post(f"/hooks/sms/{row.id}", data=form, headers={"X-Twilio-Signature": seal, **named})
        .status_code
    )


EVIL = "https://evil.example"
SPOOFS = (
    {"Host": "evil.example"},
    {"Host": "evil.example", "X_Forwarded_Host": "evil.example", "X_Forwarded_Proto": "https"},
    {"Forwarded": "host=evil.example;proto=https"},
    {"X_Original_URL": "/hooks/sms/1", "X_Forwarded_Host": "evil.example"},
)


def test_a_report_for_another_house_is_refused_whatever_it_says_of_its_host(world: World) -> None:
    reserve(world, contact=PHONE)
    send(world, sms=RecordingSender())
    row = deliveries(world, kind="confirmed")[0]
    assert {told(world, row, signed_for=EVIL, **spoof) for spoof in SPOOFS} == {403}
    assert told(world, row, path=f"/hooks/sms/{row.id + 1}") == 403, "the seal of another message"
    assert states(world) == ["sent"]
    assert told(world, row, Host="evil.example") == 204, "the host it names does not matter for a genuine one either"


def test_twin_a_house_that_went_by_the_host_would_believe_it(world: World) -> None:
    reserve(world, contact=PHONE)
    send(world, sms=RecordingSender())
    house = world.app.extensions[KEY]
    house.settings = replace(house.settings, public_url=EVIL)
    assert told(world, deliveries(world, kind="confirmed")[0], signed_for=EVIL, **SPOOFS[0]) == 204
    assert states(world) == ["failed"]


# T14: messages as a weapon or a bill


def flood(world: World, requests: int, numbers: int) -> Counter[str]:
    """That many short messages are asked for at once, by turns to so many numbers; what the provider was given."""
    now = world.clock()

    def ask(session: Any) -> None:
        for n in range(requests):
            phone = f"+81900000{n % numbers:04d}"
            session.add(
                Delivery(
                    office_id=1,
                    channel="sms",
                    kind="confirmed",
                    address=phone,
                    address_hash=phone,
                    payload='{"text": "x"}',
                    dedupe=f"flood {n}",
                    due_at=now,
                    updated_at=now,
                    expires_at=now.replace(year=2027),
                )
            )

    sms = RecordingSender()
    with world.app.app_context():
        writing(ask)
        ports = world.app.extensions[KEY].ports
        while outbox.something_is_due(ports):
            send_due(ports, {"sms": sms})
    return Counter(message.address for message in sms.sent)


def budget_alarms(world: World) -> int:
    with world.app.app_context(), reading() as session:
        return len(session.scalars(select(AlarmRow).where(AlarmRow.kind == "message_limit")).all())


def test_messages_stop_at_the_limit_of_a_number_and_at_the_budget_of_the_house(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PER_DAY_IN_ALL", 20)
    sent = flood(world, 120, 12)
    assert max(sent.values()) <= PER_NUMBER[0][1]
    assert sent.total() == 20
    assert budget_alarms(world) == 1


def test_twin_without_limits_every_message_goes_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "PER_NUMBER", ())
    assert flood(world, 120, 12) == Counter({f"+81900000{n:04d}": 10 for n in range(12)})
    assert budget_alarms(world) == 0


@pytest.mark.storm
def test_ten_thousand_requests_over_a_thousand_numbers_send_no_more_than_the_limits(world: World) -> None:
    sent = flood(world, 10_000, 1_000)
    assert max(sent.values()) <= PER_NUMBER[0][1]
    assert sent.total() == outbox.PER_DAY_IN_ALL


# T15: phishing through our own sender

LURES = (
    *("https://evil.example/", "アオバ https://evil.example", "a\r\nBcc: x@evil.example", "evil.example"),
    *("{{7*7}}", "{name}", "%s%n", "=HYPERLINK()", "<a href=//evil.example>", "あなたの番です evil.example"),
)


def test_no_message_carries_what_somebody_typed_as_their_name(world: World) -> None:
    for number, lure in enumerate(LURES):
        contact = {"channel": "email", "address": f"p{number}@example.jp"} if number % 2 else PHONE
        answer = world.clerk.post("/offices/aoba/reservations", body(name_kana=lure, contact=contact))
        assert answer.status_code in (201, 422), lure
        kept = answer.get_json().get("name_kana", "")
        assert "evil" not in lure or answer.status_code == 422 or "evil" in kept.lower(), "what is kept could be sent"
    said = " ".join(row.payload for row in deliveries(world)).lower()
    assert len(deliveries(world)) > len(LURES)
    assert "evil" not in said
    assert "bcc" not in said
    assert not [lure for lure in LURES if lure.lower() in said]


def test_a_mail_has_the_receiver_of_its_booking_and_no_other(world: World) -> None:
    reserve(world, contact=MAIL, name_kana="ハナコ Bcc x@evil.example", caller=world.clerk)
    inbox = Inbox()
    with mail_server(inbox) as mail:
        send(world, email=mail)
    assert [envelope.rcpt_tos for envelope in inbox.mails] == [["hanako@example.jp"]]
    assert b"evil" not in inbox.mails[0].content


def test_twin_a_letter_that_greets_by_name_would_carry_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = letters._facts
    monkeypatch.setattr(letters, "_facts", lambda about: {**plain(about), "office": LURES[1]})
    reserve(world, contact=PHONE)
    assert "evil.example" in deliveries(world, kind="confirmed")[0].payload


# T25: files for other programs


def calendar(world: World, label: str) -> list[str]:
    """The lines of a calendar file of an office with this name, as another program reads them."""
    from queue_app.services import offices
    from queue_app.store.reservation_tables import Reservation

    with world.app.app_context(), reading() as session:
        row = session.scalars(select(Reservation)).one()
        office = replace(offices.office_by_id(session, 1), name={"ja": label})
        written = calendar_file(office, row, "https://madoguchi.example.jp/r/x", "ja")
    assert all(len(line.encode()) <= 75 for line in written.split("\r\n"))
    assert "\n" not in written.replace("\r\n", "")
    return written.replace("\r\n ", "").split("\r\n")


INJECTED = "あおば\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:https://evil.example"
LONG = "髙﨑𠮷葛\U000e0100" * 40


def test_a_calendar_file_holds_one_visit_whatever_an_office_is_called(world: World) -> None:
    reserve(world, caller=world.clerk)
    for label in (INJECTED, LONG, "a;b,c\\n:\nX-EVIL:1", '=HYPERLINK("x")'):
        lines = calendar(world, label)
        assert lines.count("BEGIN:VEVENT") == 1
        assert not [line for line in lines if line.startswith(("X-EVIL", "SUMMARY:https"))]
        assert label.splitlines()[0].split(";")[0] in "".join(lines)


def test_twin_a_calendar_file_that_is_not_escaped_holds_another_visit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("queue_app.services.calendar_file._text", lambda value: value.replace("\r\n", "\n"))
    monkeypatch.setattr("queue_app.services.calendar_file._folded", lambda line: line.replace("\n", "\r\n")[:70])
    reserve(world, caller=world.clerk)
    assert calendar(world, INJECTED).count("BEGIN:VEVENT") > 1


FORMULAS = tuple(text for text in corpus.TEXTS if text[:1] in ("=", "+", "-", "@", "\t", "\r")) or ("=1",)


def test_no_cell_of_a_table_is_a_formula_and_without_the_mark_it_would_be(monkeypatch: pytest.MonkeyPatch) -> None:
    import csv
    import io

    from queue_app.web import sheets

    cells = [*FORMULAS, "=1+1", "+1", "-1", "@x", "\tx", '",=1', "a\n=1"]

    def read() -> list[str]:
        written = sheets.csv_of(["head"], [[cell] for cell in cells]).removeprefix("\ufeff")
        return [row[0] for row in csv.reader(io.StringIO(written))][1:]

    assert not [cell for cell in read() if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]
    monkeypatch.setattr(sheets, "harmless", lambda value: value)
    assert [cell for cell in read() if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]


# T27: headers that only a proxy may set

SPOOFED = (
    "X-Forwarded-For",
    "X-Real-IP",
    "Forwarded",
    "Client-IP",
    "X-Client-IP",
    "CF-Connecting-IP",
    "True-Client-IP",
)


@pytest.fixture
def limited(tmp_path: Path, migrated_file: Path) -> Iterator[Any]:
    """Makes worlds that let one address ask five times a minute, behind so many proxies."""
    from contextlib import ExitStack

    with ExitStack() as standing:

        def make(proxies: int) -> World:
            folder = tmp_path / f"behind-{proxies}"
            folder.mkdir()
            told = {"RATE_LIMIT_PUBLIC": "5/minute", "TRUSTED_PROXIES": str(proxies)}
            return standing.enter_context(standing_world(folder, migrated_file, **told))

        yield make


def ask_ten_times(world: World, address: str, said: str) -> list[int]:
    """`said` is the end of X-Forwarded-For, as a proxy would add it; everything else is made up anew each time."""
    client, heard = world.app.test_client(), []
    for n in range(10):
        made_up = dict.fromkeys(SPOOFED, f"198.51.100.{n}") | {"X-Forwarded-Host": "evil.example"}
        made_up["X-Forwarded-For"] = f"198.51.100.{n}{', ' + said if said else ''}"
        answer = client.get(
            "/api/v1/offices/aoba/board", headers=made_up, environ_base={"REMOTE_ADDR": address}, buffered=True
        )
        heard.append(answer.status_code)
    return heard


def test_made_up_headers_give_nobody_a_new_address(limited: Any) -> None:
    assert ask_ten_times(limited(0), "192.0.2.101", "") == [200] * 5 + [429] * 5
    assert ask_ten_times(limited(1), "192.0.2.102", "203.0.113.9") == [200] * 5 + [429] * 5
    assert ask_ten_times(limited(2), "192.0.2.103", "203.0.113.10, 192.0.2.1") == [200] * 5 + [429] * 5


def test_a_machine_with_a_network_of_its_own_is_one_caller(limited: Any) -> None:
    world = limited(0)
    heard = [ask_ten_times(world, f"2001:db8:0:{net}::{host:x}", "")[0] for net in "12" for host in (1, 2, 3)]
    assert heard == [200, 429, 429] * 2


def test_twin_a_proxy_counted_that_is_not_there_lets_everybody_through(limited: Any) -> None:
    assert ask_ten_times(limited(1), "192.0.2.104", "") == [200] * 10


def test_no_page_repeats_the_host_that_a_request_claims(world: World) -> None:
    spoof = {"X-Forwarded-Host": "evil.example", "X-Host": "evil.example", "Host": "evil.example"}
    client = world.app.test_client()
    for path in ("/", "/crowd/aoba", "/staff/login", "/staff/", "/api/v1/openapi.json", "/robots.txt", "/nothing"):
        answer = client.get(path, headers=spoof)
        assert "evil.example" not in answer.text + str(answer.headers), path


# T28: doors for tests and support

PRODUCT = ("queue_app", "kiosk", "display", "run.py", "config.py")
DOORS = {
    "debug",
    "_debug",
    "test",
    "tests",
    "testing",
    "dev",
    "shell",
    "eval",
    "exec",
    "profiler",
    "console",
    "backdoor",
}
FORBIDDEN_MODULES = ("werkzeug.debug", "flask_debugtoolbar", "pdb", "code", "tests", "unittest", "pytest")


def doors_in(source: str) -> list[str]:
    """What in a file of the product would open it to whoever knows of it."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names]
            found += [name for name in names if name in FORBIDDEN_MODULES or name.startswith("tests.")]
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            found += [called] if called in ("eval", "exec", "breakpoint", "DebuggedApplication") else []
            found += [f"{each.arg}=True" for each in node.keywords if each.arg in ("debug", "use_debugger", "evalex")]
        if isinstance(node, ast.Name) and re.match(r"(?i)(skip|disable|bypass|no)_(lock|check|auth|csrf)", node.id):
            found.append(node.id)
    return found


def test_no_file_of_the_product_has_a_door_for_tests() -> None:
    files = [file for each in PRODUCT for file in sorted((ROOT / each).rglob("*.py")) or [ROOT / each]]
    assert len(files) > 200
    assert {str(file): found for file in files if (found := doors_in(file.read_text("utf-8")))} == {}


@pytest.mark.parametrize(
    "door",
    [
        *("from werkzeug.debug import DebuggedApplication", "app.run(debug=True)", "import tests.world", "eval(x)"),
        *("breakpoint()", "if SKIP_LOCKING: pass"),
    ],
)
def test_twin_a_door_is_noticed(door: str) -> None:
    assert doors_in(door) != []


def test_no_address_and_no_setting_is_a_door_for_tests(world: World) -> None:
    rules = [rule.rule for rule in world.app.url_map.iter_rules()]
    assert not [rule for rule in rules if DOORS & set(rule.lower().strip("/").split("/"))]
    named = " ".join(Settings.__dataclass_fields__)
    assert not re.search(r"debug|skip|bypass|unsafe|insecure|disable", named)
    client = world.app.test_client()
    for odd in (
        "/?__debugger__=yes&cmd=resource&f=style.css",
        "/console",
        "/_debug",
        "/admin.php",
        "/.env",
        "/.git/HEAD",
    ):
        answer = client.get(odd)
        assert not re.search(r"(?i)werkzeug|traceback|EVALEX", answer.text), odd
        assert answer.status_code in (200, 404), odd


def test_a_house_with_an_office_of_its_own_knows_nobody_of_the_example_city(world: World) -> None:
    from queue_app.services import demo

    with world.app.app_context():
        assert demo.load_if_empty(world.app.extensions[KEY].ports) is False
        with reading() as session:
            assert demo.logins_to_show(session) == []
    page = world.app.test_client().get("/staff/login").text
    assert not [passphrase for _login, _name, passphrase in demo.LOGINS.values() if passphrase in page]
