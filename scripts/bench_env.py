"""Says on what a figure was measured: `python -m scripts.bench_env` prints it as JSON, benchmarks put it beside theirs.

The rate of forced writes is what a small disk-bound server can promise: each acknowledged ticket waits for one of them.
"""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = ("flask", "flask-socketio", "gevent", "gunicorn", "psycopg", "redis", "simple-websocket", "sqlalchemy")
PAGE = b"\0" * 4096


def main() -> None:
    print(json.dumps(environment(), indent=2))


def environment() -> dict[str, Any]:
    return {
        "cores": usable_cores(),
        "cpu": cpu_name(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "libraries": {name: version(name) for name in LIBRARIES},
        "load_before": round(os.getloadavg()[0], 2),
        "forced_writes_per_s": forced_writes_per_second(ROOT),
    }


def usable_cores() -> int:
    """Those this process may use, which in a container are fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cpu_name() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf-8").splitlines() if cpuinfo.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def forced_writes_per_second(folder: Path, seconds: float = 1.0) -> int:
    """Appends of 4 KB, each forced to the disk that `folder` is on before the next begins."""
    force = getattr(os, "fdatasync", os.fsync)
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        started = time.monotonic()
        writes = 0
        while (spent := time.monotonic() - started) < seconds:
            file.write(PAGE)
            force(file.fileno())
            writes += 1
    return round(writes / spent)


if __name__ == "__main__":
    main()
