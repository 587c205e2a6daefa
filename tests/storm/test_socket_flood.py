"""Thousands of handshakes a second and hundreds of slow readers: the counters go on, and nothing is left of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.bench.measures import DESKS, callers, issuers, load, memory, presses
from tests.real_server import ROOT, RealServer
from tests.storm.odd import OddServer
from tests.storm.town import OFFICE, Wall, say, small_town

pytestmark = [pytest.mark.storm, pytest.mark.timeout(900)]

SECONDS = float(os.environ.get("SECONDS", "60"))
PER_S = float(os.environ.get("HANDSHAKES", "5000"))
SLOW = int(os.environ.get("SLOW", "500"))
MOST_MB = 200


def flooded(folder: Path, server: RealServer, capsys: pytest.CaptureFixture[str]) -> tuple[int, float]:
    """How many presses of the counters failed meanwhile, and by how many MB the server had grown."""
    with small_town(folder, counters=DESKS, server=server) as town:
        plan = issuers(town, 5, per_s=1.0) + callers(town, 4, per_s=0.5)
        load(town.server.port, "paced", plan, 4)
        before = memory(town.server)[0]
        wish = {"port": town.server.port, "office": OFFICE, "slow": SLOW, "per_s": PER_S, "seconds": SECONDS}
        with subprocess.Popen(
            [sys.executable, "-m", "tests.storm.handshakes"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        ) as street:  # fmt: skip
            assert street.stdin is not None and street.stdout is not None
            street.stdin.write(json.dumps(wish) + "\n")
            street.stdin.flush()
            ready = street.stdout.readline().strip()
            rows = load(town.server.port, "paced", plan, SECONDS)
            heard = json.loads(street.stdout.readline())
            grown = memory(town.server)[0] - before
            street.stdin.close()
        with Wall(town.server.port, 20) as wall:
            assert wall.wait_for(0, limit_s=60) < 60, "whoever comes after them finds a place"
        found = {kind: presses(rows, kind, SECONDS) for kind in ("issue", "call")}
        p95 = ", ".join(f"{kind} p95 {each.at(0.95):.0f} ms" for kind, each in found.items())
        offered = sum(heard.values()) / SECONDS
        say(capsys, f"slow readers {ready}; {offered:.0f} handshakes/s {heard}; {p95}; {grown:.0f} MB more")
        return sum(each.refused for each in found.values()), grown


def test_the_counters_go_on_and_nothing_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server = RealServer(tmp_path, environ={"TRUSTED_PROXIES": "1", "RATE_LIMIT_PUBLIC": "600/minute"})
    failed, grown = flooded(tmp_path, server, capsys)
    assert failed == 0
    assert grown < MOST_MB


def test_a_house_that_counts_no_sockets_is_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environ = {"TRUSTED_PROXIES": "1", "RATE_LIMIT_PUBLIC": "600/minute"}
    failed, grown = flooded(tmp_path, OddServer(tmp_path, environ=environ, odd=("sockets without end",)), capsys)
    assert failed or grown >= MOST_MB
