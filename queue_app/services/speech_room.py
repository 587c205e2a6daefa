"""Where the phrases of a day are made before somebody needs them.

Decides what is made when: a phrase that a call has just asked for first, then, once a day and after every change of the
set-up, all phrases that the day's numbers need. Of several worker processes one makes the day's; each makes its own
wishes. Leaves the words to `domain.sound_parts` and the sound to the port.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

from queue_app.domain.sound_parts import phrases_ahead
from queue_app.services import offices
from queue_app.services.ports import Ports
from queue_app.store.database import reading

log = logging.getLogger("matazu.speech")
LOOK_EVERY_S = 0.5
LOOK_AHEAD_EVERY = 120
"""Looks between two looks at the set-up: once a minute."""


class SpeechRoom:
    """The worker of one process. `work` never returns; `look` is one turn of it."""

    def __init__(self, ports: Ports, app_context: Callable[[], AbstractContextManager[Any]]) -> None:
        self._ports, self._app_context = ports, app_context
        self._media = ports.media
        self._looks = 0
        self._made: dict[int, tuple[date, list[str]]] = {}

    def work(self) -> None:
        if not self._media.speaks():
            return
        pause = threading.Event()
        while True:
            try:
                self.look()
            except Exception:
                log.exception("speech failed; it is tried again")
            pause.wait(LOOK_EVERY_S)

    def look(self) -> None:
        """Wishes, and now and then the day's phrases."""
        self._grant_wishes()
        if self._looks % LOOK_AHEAD_EVERY == 0:
            self._make_the_days()
        self._looks += 1

    def _grant_wishes(self) -> None:
        while self._media.wishes:
            self._media.speech.clip(self._media.wishes.popleft())

    def _make_the_days(self) -> None:
        for office_id, day, phrases in self._wanted():
            if self._made.get(office_id) == (day, phrases):
                continue
            with self._media.speech.alone() as may:
                if not may:
                    return
                made = sum(self._make(phrase) for phrase in phrases)
            self._made[office_id] = (day, phrases)
            self._media.speech.rest()
            if made:
                log.info("%s phrases made ahead for office %s", made, office_id)

    def _make(self, phrase: str) -> bool:
        self._grant_wishes()
        if self._media.speech.known(phrase) is not None:
            return False
        return self._media.speech.clip(phrase) is not None

    def _wanted(self) -> list[tuple[int, date, list[str]]]:
        with self._app_context(), reading() as session:
            here = [offices.office_by_code(session, code) for code in offices.office_codes(session)]
            now = self._ports.clock()
            return [(office.id, office.today(now), phrases_ahead(office)) for office in here]
