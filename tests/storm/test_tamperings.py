"""Two hundred ways to falsify an audit trail, each at a place of its own: every one is found there, and no honest day is.

The trail is that of real presses at a counter, lengthened by entries of commands. Who falsifies has the whole database:
tables are changed directly, or the file of an earlier hour is put back. The files outside the database stay, as on
another machine. `tests/services/test_audit.py` does the same in small, on both databases.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from queue_app.domain.audit import Act
from queue_app.services import audit, audit_check
from queue_app.services.audit_check import first_wrong_place
from queue_app.store.checkpoints import Kept
from queue_app.store.database import db, reading, writing
from queue_app.web.context import KEY
from tests.standing import standing_world
from tests.world import World

pytestmark = [pytest.mark.storm, pytest.mark.timeout(3_600)]
TAMPERINGS = int(os.environ.get("TAMPERINGS", "200"))
LENGTH = 300
FAR = 1_000_000
COLUMNS = {
    "at": "2020-01-01 00:00:00.000000",
    "actor": "user:9",
    "action": "cancelled",
    "subject": "Z999",
    "reason": "another reason",
    "facts": '{"ticket": 999999}',
    "previous": "e" * 64,
    "mac": "f" * 64,
}


class Done(NamedTuple):
    """What somebody did to the trail, and the first place that is no longer as it was."""

    kind: str
    seq: int


@dataclass
class Trail:
    """One office's trail, of which a copy is kept to put back."""

    world: World
    kept: bytes = b""

    def grow(self, by: int) -> None:
        ports = self.world.app.extensions[KEY].ports

        def write(session: Session) -> None:
            for n in range(by):
                audit.note_in(session, 1, ports, audit.COMMAND, Act.TOKEN_ISSUED, f"kiosk {n}", role="kiosk", n=n)

        with self.world.app.app_context():
            writing(write)

    def work(self, chance: random.Random) -> None:
        """An hour at the counter, as ordinary as any."""
        self.world.open("1")
        for _ in range(chance.randint(1, 3)):
            self.world.issue(chance.choice(("certificate", "moving")))
            called = self.world.call("1", finish=True)
            self.world.act(called.get_json()["ticket"], chance.choice(("start", "miss", "undo")))
            self.world.clock.pass_(seconds=chance.randint(1, 90))
        self.grow(chance.randint(0, 60))

    def length(self) -> int:
        with self.world.app.app_context(), reading() as session:
            return audit.length(session, 1)

    def image(self) -> bytes:
        """The database file as it is now, with nothing left beside it."""
        self.close()
        return self.file.read_bytes()

    def put_back(self, image: bytes) -> None:
        self.close()
        self.file.write_bytes(image)

    def close(self) -> None:
        with self.world.app.app_context():
            db.session.remove()
            with db.engine.connect() as connection:
                connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
            db.engine.dispose()
        for beside in ("-wal", "-shm"):
            self.file.with_name(self.file.name + beside).unlink(missing_ok=True)

    @property
    def file(self) -> Path:
        return Path(self.world.app.extensions[KEY].settings.database_url.removeprefix("sqlite:///"))

    def behind_its_back(self, *statements: str, **values: Any) -> None:
        with self.world.app.app_context(), db.engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement), values)

    def kept_outside(self) -> Kept:
        known = self.world.app.extensions[KEY].ports.checkpoints.read()
        assert known.damaged == ()
        return known  # type: ignore[no-any-return]

    def found(self, *, kept: Kept | None = None) -> int | None:
        """The place that verification names."""
        ports = self.world.app.extensions[KEY].ports
        known = self.kept_outside() if kept is None else kept
        with self.world.app.app_context(), reading() as session:
            finding = first_wrong_place(session, 1, ports.secret, known)
        return None if finding is None else finding.seq


Tamper = Callable[[Trail, random.Random], int]
"""Returns the first place that is wrong afterwards."""


def edit(trail: Trail, chance: random.Random) -> int:
    seq, column = chance.randint(1, LENGTH), chance.choice(list(COLUMNS))
    trail.behind_its_back(
        f"UPDATE audit_entry SET {column} = :value WHERE seq = :seq",  # noqa: S608 - ours
        seq=seq,
        value=COLUMNS[column],
    )
    return seq


def delete(trail: Trail, chance: random.Random) -> int:
    seq, count = chance.randint(1, LENGTH - 1), chance.randint(1, 5)
    trail.behind_its_back("DELETE FROM audit_entry WHERE seq >= :seq AND seq < :end", seq=seq, end=seq + count)
    return seq


def delete_and_close_up(trail: Trail, chance: random.Random) -> int:
    seq = chance.randint(1, LENGTH - 1)
    trail.behind_its_back("DELETE FROM audit_entry WHERE seq = :seq", *_moved(-1), seq=seq)
    return seq


def insert(trail: Trail, chance: random.Random) -> int:
    seq = chance.randint(2, LENGTH)
    like = chance.randint(1, LENGTH)
    trail.behind_its_back(
        *_moved(1),
        "INSERT INTO audit_entry (office_id, seq, at, actor, action, subject, reason, facts, previous, mac) "
        "SELECT office_id, :seq, at, 'user:9', action, subject, reason, facts, previous, mac "
        "FROM audit_entry WHERE seq = :like",
        seq=seq,
        like=like if like < seq else like + 1,
    )
    return seq


def append(trail: Trail, chance: random.Random) -> int:
    """A copy of a genuine entry behind the last one, with the log row moved on."""
    last = trail.length()
    trail.behind_its_back(
        "INSERT INTO audit_entry (office_id, seq, at, actor, action, subject, reason, facts, previous, mac) "
        "SELECT office_id, :seq, at, actor, action, subject, reason, facts, previous, mac "
        "FROM audit_entry WHERE seq = :like",
        "UPDATE office_log SET audit_seq = :seq, audit_mac = (SELECT mac FROM audit_entry WHERE seq = :seq)",
        seq=last + 1,
        like=chance.randint(1, last),
    )
    return last + 1


def reorder(trail: Trail, chance: random.Random) -> int:
    first, second = sorted(chance.sample(range(1, LENGTH + 1), 2))
    trail.behind_its_back(
        f"UPDATE audit_entry SET seq = {FAR} WHERE seq = :first",  # noqa: S608 - ours
        "UPDATE audit_entry SET seq = :first WHERE seq = :second",
        f"UPDATE audit_entry SET seq = :second WHERE seq = {FAR}",  # noqa: S608 - ours
        first=first,
        second=second,
    )
    return first


def truncate(trail: Trail, chance: random.Random) -> int:
    """The last ones dropped; the row that says how many there are is left."""
    seq = chance.randint(2, LENGTH)
    trail.behind_its_back("DELETE FROM audit_entry WHERE seq >= :seq", seq=seq)
    return seq


def truncate_and_tidy_up(trail: Trail, chance: random.Random) -> int:
    """The last ones dropped, and everything else in the database made to agree."""
    seq = chance.randint(2, trail.length())
    trail.behind_its_back(
        "DELETE FROM audit_entry WHERE seq >= :seq",
        "UPDATE office_log SET audit_seq = :seq - 1, audit_mac = (SELECT mac FROM audit_entry WHERE seq = :seq - 1)",
        seq=seq,
    )
    return seq


def older_copy(trail: Trail, chance: random.Random) -> int:
    """The whole file of an earlier hour put back."""
    reached, image = trail.length(), trail.image()
    trail.work(chance)
    trail.put_back(image)
    return reached + 1


def older_copy_that_went_on(trail: Trail, chance: random.Random) -> int:
    """The same, and work went on upon it until the trail was as long again."""
    image = trail.image()
    trail.work(chance)
    reached = trail.length()
    trail.put_back(image)
    trail.world.clock.pass_(minutes=7)
    trail.grow(reached - trail.length() + chance.randint(0, 20))
    return reached


KINDS: tuple[Tamper, ...] = (
    *(edit, delete, delete_and_close_up, insert, append),
    *(reorder, truncate, truncate_and_tidy_up, older_copy, older_copy_that_went_on),
)
OF_AN_EARLIER_HOUR = {"truncate_and_tidy_up", "older_copy", "older_copy_that_went_on"}


def _moved(by: int) -> tuple[str, str]:
    """Places from `:seq` on moved, by way of numbers that nobody uses."""
    return (
        f"UPDATE audit_entry SET seq = seq + {FAR} WHERE seq >= :seq",  # noqa: S608 - ours
        f"UPDATE audit_entry SET seq = seq - {FAR} + ({by}) WHERE seq >= {FAR}",  # noqa: S608 - ours
    )


@pytest.fixture
def trail(tmp_path: Path, migrated_file: Path) -> Iterator[Trail]:
    with standing_world(tmp_path, migrated_file) as world:
        made = Trail(world)
        made.work(random.Random(0))
        made.grow(LENGTH - made.length() + 40)
        yield made


def tampered(trail: Trail, seed: int) -> Iterator[Done]:
    """One falsification after the other, each on the trail as it was and each at a place of its own."""
    outside = trail.world.app.extensions[KEY].settings.instance / "audit"
    image, kept = trail.image(), {file: file.read_bytes() for file in outside.iterdir()}
    for number in range(TAMPERINGS):
        tamper = KINDS[number % len(KINDS)]
        yield Done(tamper.__name__, tamper(trail, random.Random(seed + number)))
        trail.put_back(image)
        for file, held in kept.items():
            file.write_bytes(held)


def test_each_of_two_hundred_tamperings_is_found_at_its_place(trail: Trail) -> None:
    done = []
    for one in tampered(trail, 14):
        assert trail.found() == one.seq, one
        done.append(one)
    assert len(done) == TAMPERINGS
    assert len(set(done)) > TAMPERINGS * 3 // 4, "they are different ones"
    assert trail.found() is None


def test_none_is_found_in_two_hundred_honest_runs(trail: Trail) -> None:
    """Each goes on where the one before ended, with the server stopped and started in between."""
    for number in range(TAMPERINGS):
        trail.work(random.Random(number))
        assert trail.found() is None, number
        if number % 10 == 0:
            trail.put_back(trail.image())


def test_twin_without_what_is_kept_outside_misses_every_earlier_hour(trail: Trail) -> None:
    missed = Counter(one.kind for one in tampered(trail, 14) if trail.found(kept=Kept()) is None)
    assert set(missed) == OF_AN_EARLIER_HOUR
    assert sum(missed.values()) == len(OF_AN_EARLIER_HOUR) * (TAMPERINGS // len(KINDS))


def test_twin_without_seals_misses_what_was_edited(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the numbers and the links between rows are looked at, as in a chain without a key that is sealed again."""
    monkeypatch.setattr(audit_check._Check, "_sealed_as", lambda *_: True)
    missed = Counter(one.kind for one in tampered(trail, 14) if trail.found() is None)
    assert set(missed) == {"edit"}
