"""Work that must not slow the counters: one of our own commands in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

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
