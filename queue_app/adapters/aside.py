"""Work that must not slow the counters: one of our own commands in a process of its own."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

AGAIN_S = 20
ROOT = Path(__file__).parents[2]


def run_aside(words: Sequence[str]) -> None:
    """Start `flask --app run ...` and do not wait; the command lowers its own priority."""
    started = subprocess.Popen(  # noqa: S603 - our own command, with a number
        [sys.executable, "-m", "flask", "--app", "run", *words],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    threading.Thread(target=started.wait, daemon=True, name="aside").start()


@contextmanager
def alone(folder: Path, still_waiting: Callable[[], None]) -> Iterator[None]:
    """Wait until no other such work goes on at this machine; the lock goes with the process that holds it.

    `still_waiting` is called every twenty seconds meanwhile.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "aside.lock").open("w") as lock:
        while not _locked(lock):
            still_waiting()
            threading.Event().wait(AGAIN_S)
        yield


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
