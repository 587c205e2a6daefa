"""The line to a printer: a network socket or a device file, with a time limit on everything.

Decides nothing about the job. Opening raises `NotReached` (surely nothing was sent); what breaks later, `OSError`.
"""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from time import monotonic

from queue_app.adapters.escpos_bytes import Wire

Link = Callable[[], AbstractContextManager[Wire]]
"""Opens the line for one job and closes it afterwards."""


class NotReached(OSError):
    """The device could not be opened."""


def tcp_link(host: str, port: int, *, timeout_s: float) -> Link:
    """A printer in the network (raw port, mostly 9100)."""

    @contextmanager
    def opened() -> Iterator[Wire]:
        try:
            connection = socket.create_connection((host, port), timeout=timeout_s)
        except OSError as error:
            raise NotReached(str(error)) from error
        with connection:
            yield _Descriptor(connection.fileno(), timeout_s)

    return opened


def file_link(path: Path, *, timeout_s: float) -> Link:
    """A printer behind a device file. Opened without waiting: a jammed one would hold the kiosk for ever."""

    @contextmanager
    def opened() -> Iterator[Wire]:
        try:
            handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError as error:
            raise NotReached(str(error)) from error
        try:
            yield _Descriptor(handle, timeout_s)
        finally:
            os.close(handle)

    return opened


class _Descriptor:
    """An open file descriptor that is waited for, never blocked on."""

    def __init__(self, handle: int, timeout_s: float) -> None:
        self.handle, self.timeout_s = handle, timeout_s

    def send(self, data: bytes) -> None:
        deadline = monotonic() + self.timeout_s
        while data:
            if not self._is_ready(select.POLLOUT, deadline):
                raise TimeoutError("the printer takes no more data")
            data = data[self._write(data) :]

    def receive(self, wanted: Callable[[int], bool], *, within_s: float) -> int | None:
        deadline = monotonic() + within_s
        while self._is_ready(select.POLLIN, deadline):
            answer = os.read(self.handle, 1)
            if not answer:
                return None
            if wanted(answer[0]):
                return answer[0]
        return None

    def _is_ready(self, what: int, deadline: float) -> bool:
        """Polled: `select` takes no descriptor above 1,023, and a server with that many sockets has one."""
        poll = select.poll()
        poll.register(self.handle, what)
        return bool(poll.poll(max(0, deadline - monotonic()) * 1000))

    def _write(self, data: bytes) -> int:
        """Small portions: a blocking descriptor that is ready for some bytes need not be ready for all."""
        try:
            return os.write(self.handle, data[:1024])
        except BlockingIOError:
            return 0
