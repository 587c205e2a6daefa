"""What a server loads at rest: nothing that only a client or another set-up uses."""

from __future__ import annotations

import subprocess
import sys

from tests.real_server import ROOT

SHOW = """
import sys
from queue_app.web import socketio_server
print(*sorted(name for name in socketio_server.CLIENTS if name in sys.modules))
"""


def loaded(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_the_socket_server_loads_no_http_client_and_no_bus() -> None:
    assert loaded(SHOW) == ""


def test_what_was_left_out_can_still_be_loaded_by_whoever_needs_it() -> None:
    assert loaded(f"{SHOW}\nimport aiohttp, redis, requests\nprint(requests.get.__name__)") == "get"


def test_the_library_alone_would_load_them() -> None:
    """The twin: if this one fails, the libraries have changed and `socketio_server` can go."""
    assert "requests" in loaded("import sys, flask_socketio\nprint(*sys.modules)").split()
