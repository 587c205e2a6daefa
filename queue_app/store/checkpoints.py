"""How far each audit trail has got, kept outside the database: a trail that is shorter than this was rolled back.

Two kinds of files in `<instance>/audit`: `checkpoints`, to which a line is added now and then, meant to be copied to
another machine every night; and one `mark-...` per trail, written over after every commit, so that not even the newest
entries can be dropped unseen. Lines are chained to one another and sealed with a key of their own. Nothing here can
stop a deed: a folder that cannot be written is logged.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from pathlib import Path

from queue_app.store.audit_chain import BEGINNING, checkpoint_key

log = logging.getLogger("matazu.audit")
EVERY = 100
"""Entries between two lines."""
WIDTH = 512
"""Bytes of a mark: it is written over in place, in one piece."""


class Why(StrEnum):
    """What made somebody put a checkpoint down."""

    ENTRIES = "entries"
    DAY_CLOSED = "day_closed"
    RESTORED = "restored"
    ASKED = "asked"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """An office's trail had this entry at this place. `chain` is the seal of the trail's first entry."""

    office: int
    chain: str
    seq: int
    mac: str
    at: str
    why: str = Why.ENTRIES


@dataclass(frozen=True, slots=True)
class Kept:
    """What the files say. `damaged` names lines and marks that this installation did not write so."""

    points: tuple[Checkpoint, ...] = ()
    marks: tuple[Checkpoint, ...] = ()
    damaged: tuple[str, ...] = ()

    def of_chain(self, office: int, chain: str) -> tuple[Checkpoint, ...]:
        """Those that hold for this trail: since its last restore, which was allowed to go back."""
        own = [point for point in self.points if (point.office, point.chain) == (office, chain)]
        restores = [index for index, point in enumerate(own) if point.why == Why.RESTORED]
        marks = [mark for mark in self.marks if (mark.office, mark.chain) == (office, chain)]
        return (*own[restores[-1] if restores else 0 :], *marks)

    def of_office(self, office: int) -> bool:
        """Whether any trail of this office was ever seen."""
        return any(point.office == office for point in (*self.points, *self.marks))

    def follows_another(self, office: int, chain: str) -> bool:
        """Whether another trail of this office was seen before this one, and no restore came between."""
        seen = [point for point in self.points if point.office == office]
        before = [point.chain for point in seen].index(chain) if chain in {p.chain for p in seen} else len(seen)
        own = self.of_chain(office, chain)
        return before > 0 and not (own and own[0].why == Why.RESTORED)


_FACTS = tuple(field.name for field in fields(Checkpoint))


class Checkpoints:
    """The files in one folder."""

    def __init__(self, folder: Path, secret: bytes) -> None:
        self.folder, self._key = folder, checkpoint_key(secret)
        self._written: dict[bytes, Checkpoint] = {}
        """The mark written last, as it lies in its file: found there again, it need not be proved again."""

    def reached(self, point: Checkpoint, way: Mapping[int, str]) -> None:
        """After a commit. Moves the mark on, never back; a line every hundred entries, or for a reason.

        `way` holds the seals that the transaction saw, by place: where it began and what it wrote. A mark that is not
        on the way may be of a trail that was rolled back since, so it is kept as a line before it is written over.
        """
        try:
            with self._locked():
                self._move(point, way)
        except OSError as error:
            log.warning("the audit checkpoint could not be written: %s", error.strerror)

    def read(self, lines: Path | None = None) -> Kept:
        """What the files say; `lines` is a copy of the file of lines that was kept elsewhere. Never raises."""
        points, damaged = self._lines(lines or self.folder / "checkpoints")
        marks = []
        for file in sorted(self.folder.glob("mark-*")):
            mark = self._opened(file.read_bytes(), BEGINNING)
            if mark is not None:
                marks.append(mark)
            elif file.stat().st_size:
                damaged.append(file.name)
        return Kept(tuple(points), tuple(marks), tuple(damaged))

    def _move(self, point: Checkpoint, way: Mapping[int, str]) -> None:
        file = self.folder / f"mark-{point.chain[:16]}"
        lies_there = file.read_bytes() if file.exists() else None
        before = self._proved(lies_there) if lies_there is not None else None
        if before is not None and before.seq >= point.seq and point.why == Why.ENTRIES:
            return
        if before is not None and before.seq <= point.seq and way.get(before.seq) != before.mac:
            self._append(before)
        if before is None or before.seq <= point.seq or point.why == Why.RESTORED:
            self._write_mark(file, point)
        if before is None or point.why != Why.ENTRIES or before.seq // EVERY < point.seq // EVERY:
            self._append(point)

    def _write_mark(self, file: Path, point: Checkpoint) -> None:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            mark = replace(point, why=Why.ENTRIES)
            sealed = self._sealed(mark, BEGINNING).ljust(WIDTH)
            os.pwrite(descriptor, sealed, 0)
            self._written = {sealed: mark}
        finally:
            os.close(descriptor)

    def _proved(self, mark: bytes) -> Checkpoint | None:
        return self._written.get(mark) or self._opened(mark, BEGINNING)

    def _append(self, point: Checkpoint) -> None:
        with (self.folder / "checkpoints").open("ab+") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - 4 * WIDTH))
            tail = stream.read()
            torn = len(tail) - (tail.rfind(b"\n") + 1)
            if torn:  # a power cut in the middle of a line; nobody was told that it stands
                stream.truncate(stream.tell() - torn)
                tail = tail[: len(tail) - torn]
            last = tail.splitlines()[-1] if tail else b""
            stream.write(self._sealed(point, _seal_of(last)) + b"\n")
            stream.flush()
            os.fsync(stream.fileno())

    def _lines(self, file: Path) -> tuple[list[Checkpoint], list[str]]:
        points, damaged, previous = [], [], BEGINNING
        held = file.read_bytes() if file.exists() else b""
        for number, line in enumerate(held[: held.rfind(b"\n") + 1].splitlines(), 1):
            point = self._opened(line, previous)
            previous = _seal_of(line)
            if point is None:
                damaged.append(f"line {number}")
            else:
                points.append(point)
        return points, damaged

    def _sealed(self, point: Checkpoint, previous: str) -> bytes:
        facts = {name: getattr(point, name) for name in _FACTS} | {"previous": previous}
        seal = hmac.new(self._key, _plain(facts), hashlib.sha256).hexdigest()
        return _plain({**facts, "seal": seal})

    def _opened(self, line: bytes, previous: str) -> Checkpoint | None:
        try:
            facts = json.loads(line)
            seal = facts.pop("seal")
            right = hmac.new(self._key, _plain(facts), hashlib.sha256).hexdigest()
            if not hmac.compare_digest(seal, right) or facts.pop("previous") != previous:
                return None
            return Checkpoint(**facts)
        except (ValueError, TypeError, KeyError, AttributeError):
            return None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / "lock").open("ab") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield


def _plain(facts: dict[str, object]) -> bytes:
    return json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()


def _seal_of(line: bytes) -> str:
    try:
        return str(json.loads(line)["seal"])
    except (ValueError, TypeError, KeyError):
        return BEGINNING
