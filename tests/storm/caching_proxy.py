"""A shared cache in front of a real server, as greedy as HTTP lets it be: a program of its own, one event loop.

`caching_proxy.py PORT ORIGIN HOW`: listens on PORT, asks the server at ORIGIN, prints "listening". HOW is `lawful`, or
one of two twins: `careless` keeps everything under its address alone (a minimum time to live set at the edge), and
`headerless` keeps to the law in front of a server that says nothing about caching.

The lawful one follows RFC 9111 with the rules of shared caches wherever they leave a choice on the greedy side: it
guesses freshness where nothing is said (4.2.2), keeps what came with Set-Cookie, collapses requests that come while one
is under way (4), asks again with the ETag when something is stale (4.3), and forgets after an unsafe request (4.4). Its
keys are the address and what `Vary` names (4.1). `X-Cache` in its answers says `hit`, `revalidated` or `miss`.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import sys
import time
from dataclasses import dataclass, field

GUESSED_S = 60.0
"""How long something stays fresh of which nothing is said."""
MAY_BE_GUESSED = (200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501)
"""Statuses a cache may keep without a word about freshness (RFC 9110, 15.1)."""
LINES_TO_ORIGIN = 48
HOP_BY_HOP = ("connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "x-cache")


@dataclass
class Message:
    """A request or an answer: its first line, its headers in order, its body."""

    start: str
    headers: list[tuple[str, str]]
    body: bytes = b""

    def get(self, name: str) -> str:
        """All values of a header in one line; names are lower case."""
        return ", ".join(value for said, value in self.headers if said.lower() == name)

    def words(self) -> dict[str, str]:
        """The directives of Cache-Control."""
        parts = (word.strip().partition("=") for word in self.get("cache-control").lower().split(","))
        return {name: value.strip('"') for name, _, value in parts if name}

    @property
    def status(self) -> int:
        return int(self.start.split(" ", 2)[1])

    def packed(self, *more: tuple[str, str]) -> bytes:
        kept = [(name, value) for name, value in self.headers if name.lower() not in (*HOP_BY_HOP, "content-length")]
        length = [] if self.start.startswith("HTTP/1.1 304") else [("Content-Length", str(len(self.body)))]
        lines = [self.start, *(f"{name}: {value}" for name, value in [*kept, *length, *more])]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


@dataclass
class Kept:
    """One answer in the cache, and what its request said in the headers that `Vary` names."""

    answer: Message
    said: dict[str, str]
    fresh_until: float


async def read_message(reader: asyncio.StreamReader, *, has_body: bool = True) -> Message:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in head[1:] if line)
    message = Message(head[0], [(name, value.strip()) for name, _, value in pairs])
    is_empty = not has_body or message.start.startswith(("HTTP/1.1 304", "HTTP/1.1 204"))
    if "chunked" in message.get("transfer-encoding").lower() and not is_empty:
        while size := int((await reader.readline()).split(b";")[0], 16):
            message.body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readline()
    elif message.get("content-length") and not is_empty:
        message.body = await reader.readexactly(int(message.get("content-length")))
    return message


class Law:
    """What a shared cache may keep, for how long, and for whom: RFC 9111, read greedily."""

    def heard(self, answer: Message) -> Message:
        return answer

    def may_keep(self, asked: Message, answer: Message) -> bool:
        told = answer.words()
        if told.keys() & {"no-store", "private"} or "no-store" in asked.words() or answer.get("vary").strip() == "*":
            return False
        if asked.get("authorization") and not told.keys() & {"public", "s-maxage", "must-revalidate"}:
            return False
        says = bool(told.keys() & {"max-age", "s-maxage", "public"} or answer.get("expires"))
        return answer.status in MAY_BE_GUESSED or (says and answer.status not in (206, 304))

    def lifetime(self, answer: Message) -> float:
        told = answer.words()
        if "no-cache" in told:
            return 0.0
        for name in ("s-maxage", "max-age"):
            if told.get(name, "").isdigit():
                return float(told[name])
        if answer.get("expires"):
            with contextlib.suppress(ValueError, TypeError):
                ends, begins = (email.utils.parsedate_to_datetime(answer.get(name)) for name in ("expires", "date"))
                return (ends - begins).total_seconds()
            return 0.0
        return GUESSED_S

    def varies_by(self, answer: Message) -> list[str]:
        return [name.strip().lower() for name in answer.get("vary").split(",") if name.strip()]


class Careless(Law):
    """Everything, for a moment, under its address alone."""

    def may_keep(self, asked: Message, answer: Message) -> bool:
        return answer.status == 200

    def lifetime(self, answer: Message) -> float:
        return 1.0

    def varies_by(self, answer: Message) -> list[str]:
        return []


class Headerless(Law):
    """The law, before a server that never says who may keep what."""

    def heard(self, answer: Message) -> Message:
        silent = [each for each in answer.headers if each[0].lower() not in ("cache-control", "vary", "expires")]
        return Message(answer.start, silent, answer.body)


LAWS: dict[str, type[Law]] = {"lawful": Law, "careless": Careless, "headerless": Headerless}


@dataclass
class Proxy:
    origin: int
    law: Law
    kept: dict[str, list[Kept]] = field(default_factory=dict)
    under_way: dict[str, asyncio.Event] = field(default_factory=dict)
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lines = asyncio.Semaphore(LINES_TO_ORIGIN)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client's connection, until it ends."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                asked = await read_message(reader)
                writer.write(await self.answer(asked))
                await writer.drain()
        writer.close()

    async def answer(self, asked: Message) -> bytes:
        method, address, _ = asked.start.split(" ", 2)
        if method != "GET":
            self.kept.pop(address, None)
            return (await self.ask(asked)).packed(("X-Cache", "miss"))
        await self.wait_for_the_first(address, asked)
        held = self.find(address, asked)
        if held is not None and time.monotonic() < held.fresh_until:
            return self.given(asked, held.answer, "hit")
        return await self.fetched(address, asked, held)

    async def wait_for_the_first(self, address: str, asked: Message) -> None:
        """Collapsed forwarding: whoever comes while the same address is asked for waits, and may take that answer."""
        running = self.under_way.get(address)
        if running is not None and self.find(address, asked) is None:
            await running.wait()

    async def fetched(self, address: str, asked: Message, held: Kept | None) -> bytes:
        is_first = address not in self.under_way
        if is_first:
            self.under_way[address] = asyncio.Event()
        try:
            answer = await self.ask(asked, held)
            if answer.status == 304 and held is not None and held.answer.get("etag"):
                held.fresh_until = time.monotonic() + self.law.lifetime(held.answer)
                return self.given(asked, held.answer, "revalidated")
            self.keep(address, asked, answer)
            return self.given(asked, answer, "miss")
        finally:
            if is_first:
                self.under_way.pop(address).set()

    def find(self, address: str, asked: Message) -> Kept | None:
        held = self.kept.get(address, ())
        return next((each for each in held if all(asked.get(name) == said for name, said in each.said.items())), None)

    def keep(self, address: str, asked: Message, answer: Message) -> None:
        if not self.law.may_keep(asked, answer):
            return
        said = {name: asked.get(name) for name in self.law.varies_by(answer)}
        others = [each for each in self.kept.get(address, []) if each.said != said]
        fresh = Kept(answer, said, time.monotonic() + self.law.lifetime(answer))
        self.kept[address] = [fresh, *others]

    def given(self, asked: Message, answer: Message, how: str) -> bytes:
        tag = answer.get("etag")
        if tag and tag in asked.get("if-none-match"):
            answer = Message("HTTP/1.1 304 Not Modified", answer.headers)
        return answer.packed(("X-Cache", how))

    async def ask(self, asked: Message, held: Kept | None = None) -> Message:
        """The server's own answer."""
        headers = [each for each in asked.headers if each[0].lower() not in ("if-none-match", *HOP_BY_HOP)]
        if held is not None and held.answer.get("etag"):
            headers.append(("If-None-Match", held.answer.get("etag")))
        wanted = Message(asked.start, headers, asked.body).packed()
        async with self.lines:
            for is_last in (False, False, True):
                reader, writer = await self.line()
                try:
                    writer.write(wanted)
                    answer = await read_message(reader)
                except (OSError, asyncio.IncompleteReadError):
                    writer.close()
                    if is_last:
                        raise
                    continue
                if answer.get("connection").lower() == "close":
                    writer.close()
                else:
                    self.idle.append((reader, writer))
                return self.law.heard(answer)
        raise OSError("the server does not answer")

    async def line(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self.idle:
            reader, writer = self.idle.pop()
            if not reader.at_eof():
                return reader, writer
        return await asyncio.open_connection("127.0.0.1", self.origin, limit=1 << 20)


async def main(port: str, origin: str, how: str) -> None:
    proxy = Proxy(int(origin), LAWS[how]())
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", int(port), limit=1 << 20, backlog=1024)
    print("listening", flush=True)  # noqa: T201
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
