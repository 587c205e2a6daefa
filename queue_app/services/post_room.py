"""Looks once a second whether messages are due, and lets a few send at a time.

Decides how many: a provider answers in a third of a second, so one sender would need a quarter of an hour for three
thousand reminders. Each claims one message at a time (`outbox`). Who looks never sends, so that a provider that is slow
to answer keeps no new message waiting while a sender is free.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from queue_app.services.channel_rests import Rests
from queue_app.services.outbox import Senders, how_many_are_due, send_due
from queue_app.services.ports import Ports

log = logging.getLogger("matazu.outbox")

AT_A_TIME = 4
"""Senders of one process."""

LOOK_AGAIN_S = 1.0


@dataclass
class PostRoom:
    """One per process. `work` runs in a thread (or greenlet) beside the relay."""

    ports: Ports
    senders: Senders
    in_app: Callable[[], Any]
    _rests: Rests = field(default_factory=Rests)
    _at_work: list[threading.Thread] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        """Until `stop`."""
        while not self._stop.wait(LOOK_AGAIN_S):
            try:
                with self.in_app():
                    self.look()
            except Exception:
                log.exception("the post room could not look; it tries again")

    def look(self) -> None:
        """Call as many senders as there are messages for."""
        self._at_work = [each for each in self._at_work if each.is_alive()]
        free = AT_A_TIME - len(self._at_work)
        resting = self._rests.resting(self.ports.clock())
        for _ in range(how_many_are_due(self.ports, resting, most=free) if free else 0):
            sender = threading.Thread(target=self._send, daemon=True, name="sender of messages")
            self._at_work.append(sender)
            sender.start()

    def _send(self) -> None:
        try:
            with self.in_app():
                send_due(self.ports, self.senders, self._rests)
        except Exception:
            log.exception("a sender of messages stopped; the next look calls another")

    def stop(self) -> None:
        self._stop.set()
