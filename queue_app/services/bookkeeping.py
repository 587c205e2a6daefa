"""The books of the house, kept beside the deeds: visits are recorded every minute, lessons are drawn every night.

Decides when. One bookkeeper per process; where several run, the office's mark is locked and the second finds nothing
left to do. The commands do the same at any hour.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select

from queue_app.services import demo_history, history, learning, offices, remote, wishes
from queue_app.services.ports import Ports
from queue_app.store.database import reading, writing
from queue_app.store.office_tables import OfficeLog
from queue_app.store.statistics_tables import HistoryMark

log = logging.getLogger("matazu.bookkeeping")

EVERY_S = 60.0
FIRST_AFTER_S = 2.0
"""The first look comes soon, but not before the first requests are answered."""


@dataclass
class Bookkeeper:
    """`work` runs in a thread (or greenlet) beside the relay."""

    ports: Ports
    in_app: Callable[[], Any]
    _stop: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        """Until `stop`: keep the books once a minute."""
        wait_s = FIRST_AFTER_S
        while not self._stop.wait(wait_s):
            wait_s = EVERY_S
            try:
                with self.in_app():
                    keep_books(self.ports)
            except Exception:
                log.exception("the books could not be kept; they are tried again")

    def stop(self) -> None:
        self._stop.set()


def keep_books(ports: Ports) -> None:
    """Record what happened since the last time, and learn once a day what the days before taught."""
    remote.watch(ports)
    wishes.put_down()
    for office_id in _office_ids():
        history.catch_up(ports, office_id)
        if _last_lesson(office_id) != _today(ports, office_id):
            demo_history.play_if_demo(ports, office_id)
            learn_now(ports, office_id)


def learn_now(ports: Ports, office_id: int) -> int:
    """Learn from the recorded days of one office; how many queues have a law of their own now."""
    with reading() as session:
        learnt = learning.learn(session, offices.office_by_id(session, office_id), ports.clock())
    return writing(lambda session: learning.keep(session, office_id, learnt, ports.clock()))


def _office_ids() -> list[int]:
    with reading() as session:
        return list(session.scalars(select(OfficeLog.office_id).order_by(OfficeLog.office_id)))


def _today(ports: Ports, office_id: int) -> date:
    with reading() as session:
        return offices.office_by_id(session, office_id).today(ports.clock())


def _last_lesson(office_id: int) -> date | None:
    with reading() as session:
        return session.scalar(select(HistoryMark.learnt_on).where(HistoryMark.office_id == office_id))
