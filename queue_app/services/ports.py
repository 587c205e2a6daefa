"""What the services need from outside, as shapes. `run.py` hands in the real ones, the tests recording doubles."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol

from queue_app.store.checkpoints import Checkpoint, Kept


class Clock(Protocol):
    """The only way to learn the time."""

    def __call__(self) -> datetime: ...


class Publisher(Protocol):
    """Sends a room's snapshot to whoever watches it in this process, and says which rooms are watched."""

    def publish(self, room: str, event: str, snapshot: dict[str, object]) -> None: ...

    def watched(self, office_id: int) -> frozenset[str]: ...


class Sender(Protocol):
    """Hands one message to a provider. Returns the provider's id.

    Raises what `services.outbox` knows: `NotSent`, `Refused`, `OutcomeUnknown`. Anything else counts as unknown.
    `payload` has `text`, `subject`, `enclosures`, and `delivery` (id) and `valid_s` of the message.
    """

    def send(self, *, address: str, kind: str, payload: dict[str, object], key: str) -> str | None: ...


class Nudge(Protocol):
    """Tells every process of this installation that an office's history has grown, and whether screens can wait."""

    def __call__(self, office_id: int, version: int, *, urgent: bool) -> None: ...


class CheckpointFiles(Protocol):
    """Remembers outside the database how far each audit trail has got. Never refuses."""

    def reached(self, point: Checkpoint, way: Mapping[int, str]) -> None: ...

    def read(self, lines: Path | None = None) -> Kept: ...


class Speaker(Protocol):
    """Makes phrases into sound files: `known` is the file's name, `clip` makes it. `alone` picks one process."""

    def known(self, text: str) -> str | None: ...

    def clip(self, text: str) -> Path | None: ...

    def rest(self) -> None: ...

    def alone(self) -> AbstractContextManager[bool]: ...


class MediaFiles(Protocol):
    """What the screens over the counters play and show: recordings, spoken phrases, pictures. Files by office code."""

    @property
    def speech(self) -> Speaker: ...

    wishes: deque[str]

    def file(self, office: str, kind: str, name: str) -> Path | None: ...

    def speaks(self) -> bool: ...

    def spoken(self, phrase: str) -> str | None: ...

    def recorded(self, office: str) -> Mapping[str, str]: ...

    def keep_recording(self, office: str, clip: str, *, kind: str, content: bytes) -> str: ...

    def drop_recording(self, office: str, clip: str) -> None: ...

    def keep_picture(self, office: str, content: bytes) -> str: ...


class NoCheckpoints:
    """For what has no folder: nothing is remembered."""

    def reached(self, point: Checkpoint, way: Mapping[int, str]) -> None:
        """Forgotten at once."""

    def read(self, lines: Path | None = None) -> Kept:
        return Kept()


def _no_answer(reply_token: str, text: str) -> None:
    """Where LINE is not set up, nobody waits for an answer."""


def _no_nudge(office_id: int, version: int, *, urgent: bool) -> None:
    """For commands and tests: the screens find out by themselves within a second."""


@dataclass(frozen=True)
class Ports:
    """Everything from outside that a deed may touch."""

    clock: Clock
    nudge: Nudge = _no_nudge
    holidays: Callable[[date], str | None] = lambda _day: None
    secret: bytes = b""
    public_url: str = ""
    aside: Callable[[Sequence[str]], None] = lambda _words: None
    """Runs a command of ours in a process of its own, with low priority."""

    channels: frozenset[str] = frozenset()
    checkpoints: CheckpointFiles = NoCheckpoints()
    media: MediaFiles = None  # type: ignore[assignment]
    """`create_app` puts the real one there when nobody else did."""
    line_reply: Callable[[str, str], None] = _no_answer
    """Answers somebody who has just written to the LINE account: reply token, text."""


def utc(at: datetime) -> datetime:
    """The instant in UTC; the form in which all instants are kept and compared."""
    return at.astimezone(UTC)
