"""The audit trail: complete, without personal data, kept in step with what stands outside, and read by commands."""

from __future__ import annotations

import random
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from queue_app.domain.access import SYSTEM, Role
from queue_app.domain.audit import Act, Tampering
from queue_app.services import audit, audit_check, day, deed, look_ups
from queue_app.services.audit_check import Finding
from queue_app.services.ports import Ports
from queue_app.store import office_log
from queue_app.store.audit_chain import BEGINNING, Content, canonical, chain_key, mac_of
from queue_app.store.checkpoints import EVERY, Checkpoint, Checkpoints
from queue_app.store.database import reading, writing
from queue_app.store.office_tables import AlarmRow
from queue_app.store.queue_tables import EventRow
from queue_app.web.context import KEY
from tests.conftest import SECRET
from tests.trail import (
    behind_its_back,
    check,
    delete,
    entries,
    grow,
    ports_of,
    put_back,
    roll_back,
    snapshot,
    verify,
)
from tests.world import OFFICE, World


def test_the_sealed_bytes_are_these_and_no_others() -> None:
    at = datetime(2026, 12, 1, 0, 30, 0, 5, tzinfo=UTC)
    said = Content(at, "user:3", "cancelled", "A012", "本人の希望", {"ticket": 7, "counter": "1"})
    assert canonical(1, 2, BEGINNING, said) == (
        b'["matazu audit 1",1,2,"' + b"0" * 64 + b'","2026-12-01T00:30:00.000005+00:00","user:3","cancelled","A012",'
        b'"\\u672c\\u4eba\\u306e\\u5e0c\\u671b",{"counter":"1","ticket":7}]'
    )
    assert mac_of(chain_key(b"k"), 1, 2, BEGINNING, said) == mac_of(chain_key(b"k"), 1, 2, BEGINNING, said)
    assert mac_of(chain_key(b"k"), 1, 2, BEGINNING, said) != mac_of(chain_key(b"other"), 1, 2, BEGINNING, said)


def test_every_event_of_somebody_with_a_role_has_its_entry_and_residents_have_none(world: World) -> None:
    world.open("1", "2")
    tickets = [world.issue("certificate") for _ in range(4)]
    world.call("1")
    world.call("2")
    for ticket, action in zip(tickets[:2], ("start", "miss"), strict=True):
        assert world.act(ticket, action).status_code == 200
    assert world.act(tickets[0], "cancel").status_code == 409
    world.as_(None).post(f"/tickets/{tickets[3]['token']}/cancel")
    with world.app.app_context(), reading() as session:
        events = session.scalars(select(EventRow).where(EventRow.actor.startswith("token:"))).all()
    told = [entry for entry in entries(world.app) if entry.action != Act.CHAIN_BEGUN]
    assert [(entry.facts["event"], entry.action, entry.actor) for entry in told] == [
        (event.version, event.name, event.actor) for event in events
    ]
    assert [entry.subject for entry in told if entry.action == "started"] == [tickets[0]["number"]]
    assert check(world.app) is None


def test_a_refused_deed_leaves_no_entry_and_no_checkpoint_ahead_of_the_trail(world: World) -> None:
    """The refusal is kept with its key, so its savepoint is taken back while the transaction is committed."""
    world.open("1")
    ticket = world.issue("moving")
    before = len(entries(world.app))
    answer = world.clerk.post(f"/tickets/{world.id_of(ticket)}/finish", Idempotency_Key="k1")
    assert answer.status_code == 409
    assert len(entries(world.app)) == before
    assert check(world.app) is None


def test_an_action_that_is_rolled_back_takes_its_entry_with_it(world: World) -> None:
    grow(world, 5)

    def half(session: Session) -> None:
        audit.note_in(session, 1, ports_of(world.app), audit.COMMAND, Act.TOKEN_REVOKED, "kiosk")
        session.flush()
        raise InterruptedError

    with world.app.app_context(), pytest.raises(InterruptedError):
        writing(half)
    assert len(entries(world.app)) == 5
    assert check(world.app) is None


def test_an_entry_says_nothing_personal(world: World) -> None:
    world.open("1")
    ticket = world.issue("moving", notify={"channel": "none", "address": ""}, needs=["wheelchair"])
    world.call("1")
    world.act(ticket, "start")
    world.clerk.post("/offices/aoba/reservations/search", {"text": "ミドリタロウ", "reason": "phone_call"})
    held = " ".join(str((entry.subject, entry.reason, entry.facts)) for entry in entries(world.app))
    assert "ミドリ" not in held
    assert "wheelchair" not in held
    assert ticket["token"] not in held
    looked_up = entries(world.app)[-1]
    assert (looked_up.action, looked_up.reason, looked_up.facts) == (
        "looked_up",
        "phone_call",
        {"by": "name", "found": 0},
    )


@given(acts=st.lists(st.sampled_from(["open", "issue", "call", "start", "finish", "close"]), max_size=12))
def test_reading_back_what_was_said_gives_the_same_bytes(acts: list[str]) -> None:
    facts: dict[str, Any] = {act: [act, None, 1, {"更": act}] for act in acts}
    said = Content(datetime(2026, 1, 1, tzinfo=UTC), "a", "b", "c", None, facts)
    row = audit_check._row(_Stored(1, "2026-01-01 00:00:00.000000", said))
    assert row.content is not None
    assert canonical(1, 1, BEGINNING, row.content) == canonical(1, 1, BEGINNING, said)


class _Stored:
    """A row as the database answers it."""

    def __init__(self, seq: int, at: str, said: Content) -> None:
        import json

        self.seq, self.at, self.facts = seq, at, json.dumps(said.facts)
        self.actor, self.action, self.subject, self.reason = said.actor, said.action, said.subject, said.reason
        self.previous = self.mac = ""


def test_a_day_at_the_counter_never_alarms(world: World) -> None:
    world.open("1", "2", "3")
    chance = random.Random(3)
    for _ in range(25):
        ticket = world.issue(chance.choice(("certificate", "moving", "insurance")))
        counter = chance.choice(("1", "2", "3"))
        called = world.call(counter, finish=True)
        if called.status_code == 201:
            world.act(called.get_json()["ticket"], chance.choice(("start", "miss", "cancel", "undo", "finish")))
        world.act(ticket, chance.choice(("cancel", "undo", "recall")))
        world.clock.pass_(seconds=chance.randint(1, 40))
    assert check(world.app) is None
    assert verify(world.app).exit_code == 0
    assert len(entries(world.app)) > 50


def test_a_mark_that_is_behind_is_no_alarm(world: World) -> None:
    """Killed between the commit and the mark."""
    grow(world, 20)
    folder = world.app.extensions[KEY].settings.instance / "audit"
    mark = next(folder.glob("mark-*")).read_bytes()
    grow(world, 30)
    next(folder.glob("mark-*")).write_bytes(mark)
    assert check(world.app) is None


def test_a_line_is_put_down_every_hundred_entries_and_at_the_end_of_the_day(world: World) -> None:
    world.open("1")
    grow(world, 2 * EVERY + 1)
    ports = ports_of(world.app)
    with world.app.app_context():
        writing(lambda session: day.close_day(system_deed(session, ports)))
    why = [point.why for point in ports.checkpoints.read().points]
    assert why == ["entries", "entries", "day_closed"]


def system_deed(session: Session, ports: Ports) -> deed.Deed:
    from queue_app.services import offices

    log = office_log.locked(session, 1)
    return deed.Deed(session, offices.office_by_id(session, 1), SYSTEM, ports, ports.clock(), log)


def test_a_changed_or_missing_line_of_the_checkpoint_file_is_named(tmp_path: Path) -> None:
    files = Checkpoints(tmp_path / "audit", SECRET.encode())
    for seq in (1, 100, 200, 300):
        reach(files, seq)
    assert (len(files.read().points), files.read().damaged) == (4, ())
    file = tmp_path / "audit" / "checkpoints"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([lines[0], *lines[2:]]))
    assert files.read().damaged == ("line 2",)
    file.write_bytes(b"".join(lines).replace(b'"seq":200', b'"seq":150'))
    assert files.read().damaged == ("line 3",)
    file.write_bytes(b"".join(lines)[:-20])  # a power cut in the middle of the last line
    assert files.read().damaged == ()
    reach(files, 400)
    assert [point.seq for point in files.read().points] == [1, 100, 200, 400]


def reach(files: Checkpoints, seq: int) -> None:
    seal = "d" * 64
    files.reached(Checkpoint(1, "c" * 64, seq, seal, "2026-12-01T00:00:00+00:00"), dict.fromkeys(range(seq + 1), seal))


def test_a_folder_that_cannot_be_written_stops_no_deed(world: World) -> None:
    (world.app.extensions[KEY].settings.instance / "audit").write_text("not a folder")
    world.open("1")
    assert world.issue("moving")["number"]


def test_verify_names_the_place_and_exits_with_one(world: World) -> None:
    grow(world)
    clean = verify(world.app, "--office", "aoba")
    assert (clean.exit_code, clean.stdout) == (0, "aoba: 40 entries, all as they were written.\n")
    behind_its_back(world.app, lambda session: delete(session, 12))
    wrong = verify(world.app)
    assert (wrong.exit_code, wrong.stdout) == (1, "aoba: entry 12: deleted\n")


def test_verify_reads_a_checkpoint_file_that_was_kept_elsewhere(world: World, tmp_path: Path) -> None:
    grow(world)
    done = world.app.test_cli_runner().invoke(args=["audit", "checkpoint"])
    assert done.stdout == "aoba: checkpoint at entry 40.\n"
    folder = world.app.extensions[KEY].settings.instance / "audit"
    elsewhere = tmp_path / "kept-elsewhere"
    shutil.copy(folder / "checkpoints", elsewhere)
    shutil.rmtree(folder)
    behind_its_back(world.app, lambda session: roll_back(session, 33))
    assert verify(world.app).exit_code == 0
    assert verify(world.app, "--checkpoints", str(elsewhere)).stdout == "aoba: entry 33: rolled back\n"


def test_a_restore_may_go_back_and_says_so(world: World) -> None:
    grow(world, 10)
    kept = snapshot(world.app)
    grow(world, 20)
    put_back(world.app, kept)
    assert check(world.app) == Finding(1, 11, Tampering.ROLLED_BACK)
    with world.app.app_context():
        writing(lambda session: audit.note_restore(session, ports_of(world.app)))
    assert check(world.app) is None
    last = entries(world.app)[-1]
    assert (last.action, last.facts) == ("restored", {"from": 10, "had_reached": 20})
    grow(world, 25)
    assert check(world.app) is None


def test_offices_have_trails_of_their_own(world: World) -> None:
    world.open_office(OFFICE.replace("code: aoba", "code: midori"))
    grow(world, 8)
    ports = ports_of(world.app)
    with world.app.app_context():
        writing(lambda session: audit.note_everywhere(session, ports, Act.BACKED_UP))
        with reading() as session:
            assert [audit.length(session, office) for office in (1, 2)] == [9, 2]
    behind_its_back(world.app, lambda session: session.execute(text("DELETE FROM audit_entry WHERE office_id = 2")))
    out = verify(world.app).stdout
    assert "aoba: 9 entries, all as they were written." in out
    assert "midori: entry 1: truncated" in out


def test_fifty_look_ups_in_ten_minutes_raise_one_alarm(world: World) -> None:
    clerk = world.as_(Role.CLERK, name="窓口")
    for _ in range(look_ups.MANY - 1):
        assert clerk.post("/offices/aoba/reservations/search", {"text": "ミドリ"}).status_code == 200
    assert alarms(world) == []
    for _ in range(2):
        clerk.post("/offices/aoba/reservations/search", {"text": "ミドリ"})
    assert alarms(world) == [("lookups", "窓口")]


def test_look_ups_over_a_day_or_by_several_people_raise_none(world: World) -> None:
    for clerk in (world.as_(Role.CLERK), world.as_(Role.CLERK)):
        for _ in range(30):
            clerk.post("/offices/aoba/reservations/search", {"text": "ミドリ"})
        world.clock.pass_(minutes=10)
        for _ in range(25):
            clerk.post("/offices/aoba/reservations/search", {"text": "ミドリ"})
    assert alarms(world) == []


def alarms(world: World) -> list[tuple[str, str]]:
    with world.app.app_context(), reading() as session:
        return [(row.kind, row.source) for row in session.scalars(select(AlarmRow))]
