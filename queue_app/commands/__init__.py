"""The commands under `flask --app run ...`: what an operator does at a terminal, also beside a running server.

Each file is one group of commands; they call services and print. A refusal becomes a sentence on stderr and exit 1.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from flask import Flask

GROUPS = (
    *("office", "user", "token", "device", "backup", "forget", "rotate_keys", "db"),
    *("simulate", "plan", "statistics", "audit", "push_key", "person"),
)


def register(app: Flask) -> None:
    """Hang every group on `app.cli`."""
    for name in GROUPS:
        path = f"{__name__}.{name}"
        if find_spec(path) is not None:
            import_module(path).register(app)
