"""Every change that is made behind the audit trail's back is found at its place, and each guard is needed."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from queue_app.domain.audit import Tampering
from queue_app.services.audit_check import Finding
from queue_app.store.audit_chain import BEGINNING, Content, chain_key, mac_of
from queue_app.store.audit_tables import AuditEntry
from queue_app.store.checkpoints import Kept
from queue_app.store.office_tables import OfficeLog
from tests.trail import (
    LENGTH,
    Tamper,
    behind_its_back,
    check,
    delete,
    edit,
    grow,
    put_back,
    roll_back,
    snapshot,
    truncate,
)
from tests.world import World


def shift(session: Session, seq: int, by: int) -> None:
    """Numbers from this place on moved, by way of numbers nobody uses."""
    session.execute(text("UPDATE audit_entry SET seq = seq + 100000 WHERE seq >= :seq"), {"seq": seq})
    session.execute(text("UPDATE audit_entry SET seq = seq - 100000 + :by WHERE seq >= 100000"), {"by": by})


def delete_and_close_up(session: Session, seq: int) -> None:
    delete(session, seq)
    shift(session, seq, -1)


def insert(session: Session, seq: int) -> None:
    shift(session, seq, 1)
    session.execute(
        text(
            "INSERT INTO audit_entry (office_id, seq, at, actor, action, subject, facts, previous, mac) "
            "SELECT office_id, :seq, at, 'user:9', action, subject, facts, previous, mac FROM audit_entry WHERE seq = :n"
        ),
        {"seq": seq, "n": seq + 1},
    )


def swap(session: Session, seq: int) -> None:
    for old, new in ((seq, 900000), (seq + 1, seq), (900000, seq + 1)):
        session.execute(text("UPDATE audit_entry SET seq = :new WHERE seq = :old"), {"old": old, "new": new})


def swap_far(session: Session, seq: int) -> None:
    other = seq + 3 if seq + 3 <= LENGTH else 1
    for old, new in ((seq, 900000), (other, seq), (900000, other)):
        session.execute(text("UPDATE audit_entry SET seq = :new WHERE seq = :old"), {"old": old, "new": new})


NINE: dict[str, tuple[Tamper, Tampering]] = {
    "another actor": (edit("actor", "user:9"), Tampering.EDITED),
    "another time": (edit("at", "2020-01-01 00:00:00.000000"), Tampering.EDITED),
    "another seal": (edit("mac", "f" * 64), Tampering.EDITED),
    "deleted": (delete, Tampering.DELETED),
    "deleted and closed up": (delete_and_close_up, Tampering.DELETED),
    "inserted": (insert, Tampering.INSERTED),
    "swapped": (swap, Tampering.REORDERED),
    "cut off": (truncate, Tampering.TRUNCATED),
    "rolled back": (roll_back, Tampering.ROLLED_BACK),
}


PLACES = sorted(random.Random(14).sample(range(2, LENGTH), 4))


@pytest.mark.parametrize("kind", NINE)
def test_each_kind_of_tampering_is_found_at_its_place(world: World, kind: str) -> None:
    tamper, name = NINE[kind]
    grow(world)
    assert check(world.app) is None
    kept = snapshot(world.app)
    for seq in PLACES:
        behind_its_back(world.app, lambda session, seq=seq: tamper(session, seq))  # type: ignore[misc]
        assert check(world.app) == Finding(1, seq, name), seq
        put_back(world.app, kept)
    assert check(world.app) is None


@pytest.mark.parametrize(
    ("tamper", "name"),
    [
        (edit("reason", "another reason"), Tampering.EDITED),
        (edit("subject", "B002"), Tampering.EDITED),
        (edit("facts", "{}"), Tampering.EDITED),
        (edit("previous", "e" * 64), Tampering.EDITED),
        (swap_far, Tampering.REORDERED),
    ],
)
def test_more_ways_are_found_too(world: World, tamper: Tamper, name: Tampering) -> None:
    grow(world)
    behind_its_back(world.app, lambda session: tamper(session, 17))
    found = check(world.app)
    assert found is not None
    assert (found.seq, found.kind) == (17, name)


def test_the_first_and_the_last_entry_are_guarded_like_the_others(world: World) -> None:
    grow(world)
    kept = snapshot(world.app)
    for seq, tamper in ((1, delete), (LENGTH, delete), (1, edit("actor", "x")), (LENGTH, edit("actor", "x"))):
        behind_its_back(world.app, lambda session, seq=seq, tamper=tamper: tamper(session, seq))  # type: ignore[misc]
        found = check(world.app)
        assert found is not None
        assert found.seq == seq
        put_back(world.app, kept)


def test_an_entry_put_behind_the_last_one_is_found(world: World) -> None:
    grow(world)
    behind_its_back(world.app, append_forged)
    assert check(world.app) == Finding(1, LENGTH + 1, Tampering.INSERTED)


def append_forged(session: Session) -> None:
    last = session.get_one(AuditEntry, (1, LENGTH))
    facts = {"office_id": 1, "seq": LENGTH + 1, "at": last.at, "actor": "user:9", "action": "cancelled", "subject": ""}
    session.add(AuditEntry(**facts, facts={}, previous=last.mac, mac="a" * 64))


def test_a_whole_trail_taken_away_is_found(world: World) -> None:
    world.open("1")
    grow(world)

    def wipe(session: Session) -> None:
        truncate(session, 1)
        session.execute(text("UPDATE office_log SET audit_chain = NULL, audit_seq = 0, audit_mac = NULL"))

    behind_its_back(world.app, wipe)
    assert check(world.app) == Finding(1, 1, Tampering.ROLLED_BACK)
    world.open("2")  # and it stays found when a new trail has begun
    assert check(world.app) == Finding(1, 1, Tampering.ROLLED_BACK)


def test_twin_without_a_key_misses_what_is_sealed_again(world: World) -> None:
    """Whoever knows the key, or a trail without one, can write history anew; ours cannot be, without the secret."""
    grow(world)
    behind_its_back(world.app, lambda session: seal_again(session, b"guessed", from_seq=1))
    assert check(world.app, secret=b"guessed", kept=Kept()) is None
    assert check(world.app, kept=Kept()) is not None


def seal_again(session: Session, secret: bytes, *, from_seq: int) -> None:
    previous = BEGINNING
    for row in session.scalars(select(AuditEntry).order_by(AuditEntry.seq)):
        if row.seq >= from_seq:
            row.actor = "user:9"
            said = Content(row.at, row.actor, row.action, row.subject, row.reason, row.facts)
            row.previous, row.mac = previous, mac_of(chain_key(secret), 1, row.seq, previous, said)
        previous = row.mac
    session.get_one(OfficeLog, 1).audit_mac = previous


def test_twin_without_checkpoints_misses_a_roll_back(world: World) -> None:
    grow(world)
    behind_its_back(world.app, lambda session: roll_back(session, 30))
    assert check(world.app, kept=Kept()) is None
    assert check(world.app) == Finding(1, 30, Tampering.ROLLED_BACK)


def test_going_on_after_a_roll_back_does_not_hide_it(world: World) -> None:
    grow(world)
    behind_its_back(world.app, lambda session: roll_back(session, 30))
    world.clock.pass_(minutes=1)
    grow(world, LENGTH + 5)
    assert check(world.app) == Finding(1, LENGTH, Tampering.ROLLED_BACK)  # where it had been, as far as anybody knows
