"""No answer that depends on who asks is given to another, through a cache that keeps whatever HTTP lets it keep (G15).

Three hundred askers of every kind ask for the same address in the same moment, one address after the other, through the
program `caching_proxy.py`, which stands before the real server. ANSWERS in the environment changes the size; every
address is asked for once by everybody at least.
"""

from __future__ import annotations

import asyncio
import gzip
import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.bookings import reserve
from tests.real_server import RealServer
from tests.redis_machine import free_port
from tests.storm.askers import Asker, askers
from tests.storm.caching_proxy import Message, read_message
from tests.storm.city import city
from tests.storm.town import say
from tests.world import World

ANSWERS = int(os.environ.get("ANSWERS", "200000"))
pytestmark = [pytest.mark.storm, pytest.mark.timeout(7200), pytest.mark.filterwarnings("default")]

PAGES = (
    *("/", "/?office=aoba", "/offices", "/crowd/aoba", "/aoba/ticket", "/aoba/order", "/privacy", "/accessibility"),
    *("/book/", "/book/aoba", "/book/aoba/people", "/book/aoba/day", "/book/aoba/month", "/book/aoba/time"),
    *("/book/aoba/contact", "/book/aoba/check", "/book/find", "/.well-known/security.txt", "/no/such/page"),
    *("/kiosk/aoba", "/kiosk/aoba/check-in", "/kiosk/aoba/languages", "/kiosk/aoba/offline", "/kiosk/aoba/size.css"),
    *("/kiosk/aoba/worker.js", "/kiosk/pair", "/display/aoba", "/display/aoba/screen", "/display/pair"),
    *("/staff/", "/staff/login", "/staff/account", "/staff/floor", "/staff/audit", "/staff/bookings", "/staff/issue"),
    *("/staff/statistics", "/staff/statistics.csv", "/staff/plan", "/staff/counters/1", "/staff/messages"),
    *("/staff/shield", "/staff/disclosure", "/staff/emergency", "/admin/", "/admin/people", "/admin/parts"),
    *("/admin/tokens", "/admin/hours", "/admin/file/download", "/admin/screens", "/metrics"),
    *("/api/v1/offices/aoba", "/api/v1/offices/aoba/board", "/api/v1/offices/aoba/desk?counter=1"),
    *("/api/v1/offices/aoba/floor", "/api/v1/offices/aoba/statistics", "/api/v1/openapi.json"),
)
OF_ONE_LANGUAGE = ("/kiosk", "/display", "/staff", "/admin")
"""Machines speak the office's language, and staff read Japanese or English."""
KNOW_OTHERS = ("/admin/", "/staff/audit", "/staff/floor", "/api/v1/offices/aoba/floor")
"""Lists on which staff see each other and the machines; on a page the frame says whose it is."""

MARK = re.compile(rb"\xe5\x8d\xb0[a-z]+\d{3}\xe5\x8d\xb0|poison\d{3}\.example")
FRAME = re.compile(rb'class="staff-header__me">\s*<a href="[^"]*">([^<]+)</a>')
TOKEN = re.compile(rb'name="csrf_token" value="([^"]+)"')
LANGUAGE = re.compile(rb'<html[^>]* lang="([^"]+)"')


@dataclass
class Judge:
    """Looks at every answer; knows nothing of what is in a cache."""

    faults: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    owners: dict[bytes, str] = field(default_factory=dict)
    """Whose token of a form or cookie something is."""

    def look(self, asker: Asker, path: str, answer: Message) -> None:
        body = gzip.decompress(answer.body) if answer.get("content-encoding") == "gzip" else answer.body
        self.seen["answers"] += 1
        self.seen[f"from the cache: {answer.get('x-cache') or 'nothing said'}"] += 1
        self.seen[f"status {answer.status}"] += 1
        self._marks(asker, path, answer, body)
        self._tokens(asker, path, answer, body)
        spoken = LANGUAGE.search(body)
        if spoken and spoken[1].decode() != asker.language and not path.startswith(OF_ONE_LANGUAGE):
            self.faults[f"{path} came in another's language"] += 1

    def _marks(self, asker: Asker, path: str, answer: Message, body: bytes) -> None:
        own = asker.mark.removeprefix("職員 ").encode()
        frame = FRAME.search(body)
        if frame and frame[1].decode() != asker.mark:
            self.faults[f"{path} was another's page"] += 1
        found = set(MARK.findall(body))
        others = found - {own}
        if others and not path.startswith(KNOW_OTHERS):
            self.faults[f"{path} held the mark of another"] += 1
        if own in found or frame:
            self.seen["own marks"] += 1
            if "no-store" not in answer.words():
                self.faults[f"{path} is personal and may be kept"] += 1

    def _tokens(self, asker: Asker, path: str, answer: Message, body: bytes) -> None:
        cookies = [value for name, value in answer.headers if name.lower() == "set-cookie"]
        secret = [value.partition(";")[0].encode() for value in cookies if "=;" not in value]
        for token in (*secret, *TOKEN.findall(body)):
            if self.owners.setdefault(token, asker.mark) != asker.mark:
                self.faults[f"{path} gave the token of another"] += 1


def people_of(world: World) -> list[Asker]:
    reserve(world)
    return askers(world)


@contextmanager
def proxy(origin: int, how: str) -> Iterator[int]:
    port = free_port()
    program = Path(__file__).with_name("caching_proxy.py")
    process = subprocess.Popen(
        [sys.executable, str(program), str(port), str(origin), how], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None and process.stdout.readline() == "listening\n"
        yield port
    finally:
        process.kill()
        process.communicate()


async def ask_all(port: int, people: list[Asker], answers: int, judge: Judge) -> None:
    """Each asker on a connection of their own; all of them ask for the same address at once, then for the next."""
    dice = random.Random(15)
    lines = [await asyncio.open_connection("127.0.0.1", port, limit=1 << 20) for _ in people]
    while judge.seen["answers"] < answers:
        for path in dice.sample(PAGES, len(PAGES)):
            await asyncio.gather(*(_ask(*line, asker, path, judge) for line, asker in zip(lines, people, strict=True)))
            if judge.seen["answers"] >= answers:
                break
    for _reader, writer in lines:
        writer.close()


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asker: Asker, path: str, judge: Judge
) -> None:
    headers = {"Host": "city.example", "Accept-Encoding": "gzip", **asker.headers}
    if path in asker.tags:
        headers["If-None-Match"] = asker.tags[path]
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1"))
    answer = await asyncio.wait_for(read_message(reader), 300)
    if answer.get("etag"):
        asker.tags[path] = answer.get("etag")
    judge.look(asker, path, answer)


def judged(server: RealServer, people: list[Asker], how: str, answers: int) -> Judge:
    judge = Judge()
    for asker in people:
        asker.tags.clear()
    with proxy(server.port, how) as port:
        asyncio.run(ask_all(port, people, answers, judge))
    return judge


@pytest.mark.parametrize("setup", ["sqlite", "postgres"])
def test_nobody_gets_anothers_answer_through_a_caching_proxy(
    tmp_path: Path, setup: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with city(tmp_path, setup, people_of) as (server, people):
        began = time.monotonic()
        lawful = judged(server, people, "lawful", max(ANSWERS, len(people) * len(PAGES)))
        say(capsys, f"{setup}, lawful, {time.monotonic() - began:.0f} s: {dict(lawful.seen)} {dict(lawful.faults)}")
        some = people[::5]
        twins = {how: judged(server, some, how, len(some) * len(PAGES)) for how in ("careless", "headerless")}
        for how, twin in twins.items():
            say(capsys, f"{setup}, {how} twin: {dict(twin.seen)} {twin.faults.most_common(5)}, {twin.faults.total()}")
    assert lawful.faults == {}
    assert lawful.seen["own marks"] > lawful.seen["answers"] / 10, "askers see pages of their own"
    assert lawful.seen["from the cache: hit"] > lawful.seen["answers"] / 100, "the cache does keep what all may see"
    for how, twin in twins.items():
        assert any("held the mark of another" in fault for fault in twin.faults), how
        assert any("was another's page" in fault for fault in twin.faults), how
        assert any("token of another" in fault for fault in twin.faults), how
