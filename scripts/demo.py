"""A busy morning at the example city hall, to look at. `make demo` runs it; Ctrl-C ends it.

Decides how fast the day runs and where. Starts a server of its own in a temporary folder, or joins one that runs
(`--url`, with the same environment, so that the commands find its database).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

from scripts.demo_hall import Hall, addresses, entered, own_server, visited
from scripts.demo_morning import Morning
from scripts.demo_plan import clock_text, visitors

LONGEST_MIN = 525
BEAT_S = 15.0
"""How often a kiosk says that it is alive."""


def main() -> None:
    asked = arguments()
    with contextlib.suppress(KeyboardInterrupt), place(asked) as hall:
        people = visitors(asked.seed, asked.minutes)
        real_min = asked.minutes / asked.pace
        print(f"  {len(people)} people will come in {asked.minutes:.0f} minutes of the day ({real_min:.1f} here).")
        print("  Open some of the screens above and watch. Ctrl-C ends the demo.\n", flush=True)
        pace = Pace(asked.pace, lambda: hall.post("/devices/heartbeat", role="kiosk"))
        Morning(hall, people, tell, seed=asked.seed).play(asked.minutes, pace.wait_until)
        print("\n  The morning is over.")


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo ARGS=…", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pace", type=float, default=20.0, help="how many times faster than life (20)")
    parser.add_argument("--minutes", type=float, default=300.0, help="minutes of the day from 8:30 on (300)")
    parser.add_argument("--seed", type=int, default=1, help="another number is another day (1)")
    parser.add_argument("--port", type=int, default=8000, help="of the demo's own server (8000, or a free one)")
    parser.add_argument("--url", help="join this server instead of starting one")
    parser.add_argument("--office", default="aoba", help="the office's code (aoba)")
    asked = parser.parse_args(words)
    if not 0.1 <= asked.pace <= 10_000 or not 1 <= asked.minutes <= LONGEST_MIN:
        parser.error(f"--pace goes from 0.1 to 10000, --minutes from 1 to {LONGEST_MIN}")
    return asked


@contextlib.contextmanager
def place(asked: argparse.Namespace) -> Iterator[Hall]:
    """The hall to play in; whatever was started for it ends with it."""
    signal.signal(signal.SIGTERM, _interrupt)
    if asked.url:
        url = asked.url.rstrip("/")
        print(addresses(url, asked.office))
        with visited(url, asked.office, dict(os.environ)) as hall:
            yield hall
    else:
        with own_server(asked.port) as (url, environ):
            yield entered(url, asked.office, environ)


class Pace:
    """How the day's minutes become seconds here; what beats does so at the pace of life, as machines do."""

    def __init__(self, pace: float, beat: Callable[[], object]) -> None:
        self._seconds_a_minute = 60.0 / pace
        self._began = time.monotonic()
        self._never = threading.Event()
        self._beat, self._beats_at = beat, self._began

    def wait_until(self, at_min: float) -> None:
        due = self._began + at_min * self._seconds_a_minute
        while True:
            now = time.monotonic()
            if now >= self._beats_at:
                self._beats_at = now + BEAT_S
                self._beat()
            elif now >= due:
                return
            else:
                self._never.wait(min(due, self._beats_at) - now)


def tell(at_min: float, news: str) -> None:
    print(f"  {clock_text(at_min)}  {news}", flush=True)


def _interrupt(*_signal: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
