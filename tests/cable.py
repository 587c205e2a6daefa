"""A network cable between a browser and a server, to be pulled out and put in again; every byte goes through it."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field


@dataclass
class Cable:
    """Listens on a port of its own and passes everything on to `port`. `cut_after` tears a line after so many bytes."""

    port: int
    is_in: bool = True
    cut_after: int | None = None
    _lines: set[socket.socket] = field(default_factory=set)

    def __enter__(self) -> Cable:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.own_port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.pull()
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.own_port}"

    def pull(self) -> None:
        """Out: open lines break, new ones are torn at once."""
        self.is_in = False
        for line in list(self._lines):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def plug(self) -> None:
        self.is_in = True

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            if not self.is_in:
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self.port))
            except OSError:
                near.close()
                continue
            self._lines |= {near, far}
            for source, target, limit in ((near, far, self.cut_after), (far, near, None)):
                threading.Thread(target=self._pass, args=(source, target, limit), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, limit: int | None) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if limit is not None and len(data) > limit:
                    break
                target.sendall(data)
        for line in (source, target):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()
            self._lines.discard(line)
