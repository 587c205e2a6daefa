"""A slip printer on the loopback: takes ESC/POS over a socket, keeps every paper it cut, and misbehaves on request."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field

from PIL import Image

OK, PAPER_OUT, PAPER_LOW, COVER_OPEN = (0x12, 0x12, 0x12), (0x72, 0x12, 0x12), (0x1E, 0x12, 0x12), (0x12, 0x16, 0x12)


@dataclass
class PrinterDouble:
    """One device. `answers` are its three states (paper, offline, error) or `None` for one that never answers.

    `dies_after` closes the line after so many bytes of a job; `withholds` swallows so many confirmations and gives them
    on the next line, as slow devices do.
    """

    answers: tuple[int, int, int] | None = OK
    dies_after: dict[int, int] = field(default_factory=dict)
    withholds: int = 0
    papers: list[Image.Image] = field(default_factory=list)
    jobs: int = 0

    def __enter__(self) -> PrinterDouble:
        self._owed = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(timeout=10)

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._server.accept()
            except OSError:
                return
            with line, suppress(EOFError, ConnectionError):
                self._talk(_Reader(line, self.dies_after.get(self.jobs)), line)

    def _talk(self, reader: _Reader, line: socket.socket) -> None:
        strips: list[Image.Image] = []
        while True:
            match reader.take(2):
                case b"\x10\x04":
                    self._tell(line, question=reader.take(1)[0])
                case b"\x1b@":
                    self.jobs += 1
                case b"\x1dv":
                    strips.append(_raster(reader))
                case b"\x1bd":
                    reader.take(1)
                case b"\x1dV":
                    reader.take(2)
                    self.papers.append(_stacked(strips))
                    strips = []
                case b"\x1dr":
                    reader.take(1)
                    self._confirm(line)
                case other:
                    raise AssertionError(f"unknown command {other!r}")

    def _tell(self, line: socket.socket, *, question: int) -> None:
        if self.answers:
            line.sendall(bytes([self.answers[{4: 0, 2: 1, 3: 2}[question]]]))

    def _confirm(self, line: socket.socket) -> None:
        if not self.answers or self.withholds:
            self.withholds = max(0, self.withholds - 1)
            self._owed += bool(self.answers)
            return
        line.sendall(b"\0" * (self._owed + 1))
        self._owed = 0


class _Reader:
    def __init__(self, line: socket.socket, limit: int | None) -> None:
        self.line, self.limit = line, limit

    def take(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            data += self._some(count - len(data))
        return data

    def _some(self, count: int) -> bytes:
        if self.limit is not None:
            if self.limit <= 0:
                raise EOFError
            count = min(count, self.limit)
            self.limit -= count
        some = self.line.recv(count)
        if not some:
            raise EOFError
        return some


def papers_in(data: bytes) -> list[Image.Image]:
    """The papers that these bytes would print, read by the same rules."""
    ours, theirs = socket.socketpair()
    double = PrinterDouble()
    sender = threading.Thread(target=lambda: (ours.sendall(data), ours.close()))
    sender.start()
    with theirs, suppress(EOFError):
        double._talk(_Reader(theirs, None), theirs)
    sender.join()
    return double.papers


def _raster(reader: _Reader) -> Image.Image:
    reader.take(2)
    low_x, high_x, low_y, high_y = reader.take(4)
    width, height = (low_x + 256 * high_x) * 8, low_y + 256 * high_y
    dots = reader.take(width // 8 * height)
    return Image.frombytes("1", (width, height), bytes(byte ^ 0xFF for byte in dots))


def _stacked(strips: list[Image.Image]) -> Image.Image:
    whole = Image.new("1", (strips[0].width, sum(strip.height for strip in strips)))
    y = 0
    for strip in strips:
        whole.paste(strip, (0, y))
        y += strip.height
    return whole
