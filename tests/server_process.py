"""A server as a child process: started, asked until it answers, stopped, killed, and never left behind.

Knows nothing of what the server is; tests/postgres_machine.py and tests/redis_machine.py say that.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

START_LIMIT_S = 90
STOP_LIMIT_S = 10


class Missing(Exception):
    """This machine lacks a program that only its owner can install."""


class Server:
    """A process of ours that can be stopped and started again: at the same address, with what its folder kept."""

    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        log = self.log.open("ab")
        with log:
            self.process = subprocess.Popen(
                dies_with_us(self.command()), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.wait_until_answering()

    def stop(self) -> None:
        """Ends it in order; one that does not end in time is killed."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process = None

    def kill(self) -> None:
        """As a crash does it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def wait_until_answering(self) -> None:
        assert self.process is not None
        for _ in range(START_LIMIT_S * 20):
            if self.answers():
                return
            try:
                self.process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
            break
        self.kill()
        raise RuntimeError(f"{type(self).__name__} did not start:\n{self.log.read_text('utf-8', 'replace')[-3000:]}")

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    folder: Path

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError


def dies_with_us(command: list[str]) -> list[str]:
    """A server must not outlive a test run that was killed; where the system has no such signal, `stop` has to do."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return command
    if command[0] == setpriv:
        return [setpriv, "--pdeathsig=INT", *command[1:]]
    return [setpriv, "--pdeathsig=INT", *command]


def first_command(*names: str) -> str:
    for name in names:
        found = shutil.which(name)
        if found:
            return found
    raise Missing(f"{' or '.join(names)} is not installed; `make test` installs it where it may")


@contextlib.contextmanager
def short_folder(prefix: str) -> Iterator[Path]:
    """A socket's path may hold about 100 characters, which pytest's own temporary folders can exceed."""
    roomy = "/tmp" if os.access("/tmp", os.W_OK) else None  # noqa: S108  # mkdtemp makes it private
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=roomy))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
