"""Starts the odd server of `odd_server.py` and moves its clock."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.real_server import ROOT, RealServer


@dataclass(eq=False)
class OddServer(RealServer):
    """`python run.py`, except for what `odd` names. Its clock goes right until it is moved."""

    odd: tuple[str, ...] = ()
    neighbours: list[Path] = field(default_factory=list)
    """Where the servers that it needs keep their files."""

    def command(self) -> list[str]:
        return [sys.executable, str(ROOT / "tests/storm/odd_server.py")]

    def settings(self) -> dict[str, str]:
        if not self.clock_file.exists():
            self.move_clock(0)
        return {**super().settings(), "ODD": ",".join(self.odd), "ODD_CLOCK": str(self.clock_file)}

    @property
    def clock_file(self) -> Path:
        return self.folder / "clock"

    def move_clock(self, off_s: float) -> None:
        """In one step, so that no reader sees half of it."""
        fresh = self.folder / "clock.new"
        fresh.write_text(str(off_s))
        fresh.replace(self.clock_file)
