"""A flood of strangers at the sockets: slow readers who never take a byte, and handshakes that nobody goes on with.

Runs as a process of its own (`python -m tests.storm.handshakes`, a JSON wish on standard input); says "ready" once the
slow readers are there, and how often which status was heard when it is over. Each handshake has an address of its own
behind a trusted proxy.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import socket
import sys
import time
from collections import Counter

from scripts.bench.screens import _send, _shake_hands

CONNECTIONS = 64


async def read_slowly(port: int, office: str) -> asyncio.StreamWriter | None:
    """A line that has asked for the board and takes nothing more; None where there was no place for it."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
    raw.connect(("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=raw, limit=1_024)
    try:
        await _shake_hands(reader, writer, f"127.0.0.1:{port}", "")
    except (OSError, asyncio.IncompleteReadError):
        writer.close()
        return None
    _send(writer, b"40")
    _send(writer, b'421["watch",' + json.dumps({"room": "board", "office": office}).encode() + b"]")
    return writer


async def shake_hands(port: int, per_s: float, seconds: float) -> Counter[int]:
    """So many a second as far as the connections reach; how often each status was heard, 0 for a broken line."""
    heard: Counter[int] = Counter()
    numbers, begin = itertools.count(), time.monotonic()

    async def work() -> None:
        streams = None
        while time.monotonic() < begin + seconds:
            number = next(numbers)
            await asyncio.sleep(max(0.0, begin + number / per_s - time.monotonic()))
            try:
                streams = streams or await asyncio.open_connection("127.0.0.1", port)
                status = await asyncio.wait_for(_handshake(*streams, number), 20)
            except (OSError, asyncio.IncompleteReadError, TimeoutError):
                status, streams = 0, None
            heard[status] += 1

    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
    return heard


async def _handshake(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> int:
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    writer.write(
        b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        + f"X-Forwarded-For: {address}\r\n\r\n".encode()
    )
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if b"\r\ntransfer-encoding: chunked" in head:
        await reader.readuntil(b"0\r\n\r\n")
    else:
        await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0] or 0))
    if b"\r\nconnection: close" in head:
        raise asyncio.IncompleteReadError(b"", None)
    return int(head[9:12])


async def main(port: int, office: str, slow: int, per_s: float, seconds: float) -> None:
    readers = [await read_slowly(port, office) for _ in range(slow)]
    print("ready", sum(each is not None for each in readers), flush=True)  # noqa: T201
    heard = await shake_hands(port, per_s, seconds)
    print(json.dumps(heard), flush=True)  # noqa: T201
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for each in filter(None, readers):
        each.close()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(**json.loads(sys.stdin.readline())))
