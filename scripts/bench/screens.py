"""Many screens in one light process: raw Engine.IO 4 over websockets, told on the command line whom to watch.

Prints "ready <n>" once all have their first snapshot, then one line per look: monotonic seconds and version of each
snapshot that arrived, as JSON, when standard input closes. Offers compression, as every browser does. Also used as a
plain client by the failure tests.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import re
import sys
import time
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

VERSION = re.compile(rb'"version":(\d+)')
COMPRESSED, END_OF_MESSAGE = 0x40, b"\0\0\xff\xff"
"""RFC 7692: the bit of a compressed message, and the bytes that the sender leaves away."""


@dataclass
class Screen:
    """One websocket that watches one room. Comes back by itself when the path is cut."""

    host: str
    port: int
    wish: dict[str, str]
    event: str = "board"
    seen: list[tuple[float, int]] = field(default_factory=list)
    last: bytes = b""
    again_s: float = 0.5
    cookie: str = ""
    proof: str = ""
    """Who it is: a session or device as a cookie, or a bearer token."""

    async def watch_for_ever(self, first: asyncio.Event | None = None) -> None:
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, ConnectionError):
                await self._watch(first)
            await asyncio.sleep(self.again_s)

    async def _watch(self, first: asyncio.Event | None) -> None:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            await _shake_hands(reader, writer, f"{self.host}:{self.port}", self.cookie)
            async for text in _texts(reader):
                if text.startswith(b"0"):
                    _send(writer, b"40" + (json.dumps({"token": self.proof}).encode() if self.proof else b""))
                elif text == b"2":
                    _send(writer, b"3")
                elif text.startswith(b"40"):
                    _send(writer, b'421["watch",' + json.dumps(self.wish).encode() + b"]")
                elif text.startswith((b"431", b"42")):
                    self._note(text)
                    if first is not None:
                        first.set()
        finally:
            writer.close()

    def _note(self, text: bytes) -> None:
        found = VERSION.search(text)
        if found:
            self.seen.append((time.monotonic(), int(found[1])))
            self.last = text


async def _shake_hands(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, cookie: str) -> None:
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
        f"{f'Cookie: {cookie}' if cookie else 'X-Nobody: yes'}\r\n\r\n".encode()
    )
    answer = await reader.readuntil(b"\r\n\r\n")
    if b" 101 " not in answer.split(b"\r\n")[0]:
        raise ConnectionError(answer.split(b"\r\n")[0].decode())


async def _texts(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The text messages that come; frames of the server carry no mask."""
    held, inflate = b"", zlib.decompressobj(-zlib.MAX_WBITS).decompress
    while True:
        head = await reader.readexactly(2)
        kind, length = head[0] & 0x0F, head[1] & 0x7F
        if length == 126:
            length = int.from_bytes(await reader.readexactly(2))
        elif length == 127:
            length = int.from_bytes(await reader.readexactly(8))
        part = await reader.readexactly(length)
        held += inflate(part + END_OF_MESSAGE) if head[0] & COMPRESSED else part
        if kind == 8:
            return
        if head[0] & 0x80:
            if kind in (0, 1):
                yield held
            held = b""


def _send(writer: asyncio.StreamWriter, text: bytes) -> None:
    """A mask of zeros is a mask; what is sent is short."""
    length = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2)
    writer.write(b"\x81" + length + b"\0\0\0\0" + text)


async def _main(port: int, count: int, wish: dict[str, str]) -> None:
    screens = [Screen("127.0.0.1", port, wish) for _ in range(count)]
    firsts = [asyncio.Event() for _ in screens]
    tasks = []
    for number, (screen, first) in enumerate(zip(screens, firsts, strict=True)):
        tasks.append(asyncio.create_task(screen.watch_for_ever(first)))
        if number % 20 == 19:
            await asyncio.wait_for(first.wait(), 60)
    await asyncio.gather(*(first.wait() for first in firsts))
    print("ready", count, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for screen in screens:
        print(json.dumps(screen.seen))
    for task in tasks:
        task.cancel()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])))
