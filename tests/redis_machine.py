"""A real Redis on a loopback port of its own."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass
from pathlib import Path

import redis

from tests.server_process import Server


@dataclass(eq=False)
class RedisServer(Server):
    """Listens on loopback only and keeps nothing on disk unless its options say so."""

    folder: Path
    program: str
    options: tuple[str, ...] = ()
    port: int = 0

    def start(self) -> None:
        # Another program can take a free port between the look and the start; the next look finds another one.
        if self.port:
            return super().start()
        for _ in range(5):
            self.port = free_port()
            with contextlib.suppress(RuntimeError):
                return super().start()
        raise RuntimeError(f"Redis did not start:\n{self.log.read_text('utf-8', 'replace')[-3000:]}")

    def command(self) -> list[str]:
        loopback = ["--bind", "127.0.0.1", "--port", str(self.port)]
        return [self.program, *loopback, "--dir", str(self.folder), "--save", "", "--appendonly", "no", *self.options]

    def answers(self) -> bool:
        # The process id tells our server from a stranger's on the same port.
        with contextlib.suppress(redis.ConnectionError), self.client() as client:
            return self.process is not None and client.info("server")["process_id"] == self.process.pid
        return False

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def emptied(self) -> str:
        with self.client() as client:
            client.flushall()
        return self.url

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
