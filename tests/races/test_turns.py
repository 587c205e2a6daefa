"""Deeds that wait together share one forced write, and nothing else (SQLite)."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from queue_app.domain.errors import Conflict
from queue_app.store import database
from queue_app.store.database import after_commit, db, reading, writing
from queue_app.store.queue_tables import Answer
from queue_app.store.rows import append
from queue_app.store.turns import Press, Turns
from tests.conftest import make_app, settings_for
from tests.world import Clock

NOW = datetime(2026, 12, 1, tzinfo=UTC)
WHO: ContextVar[str] = ContextVar("who")


class Rush:
    """A first deed that holds the turn until everybody else has queued behind it."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.told: list[str] = []
        with app.app_context():
            event.listen(db.engine, "commit", lambda _connection: self.told.append("commit"))

    def of(self, *deeds: Callable[[Session], Any]) -> list[Any]:
        """What each of them answered or raised; they were run in this order, together."""
        holds, may_go = threading.Event(), threading.Event()

        def hold(_session: Session) -> None:
            holds.set()
            may_go.wait(30)

        first = self._thread("first", hold, [None], 0)
        assert holds.wait(30)
        self.told.clear()
        outcomes: list[Any] = [None] * len(deeds)
        threads = []
        for place, deed in enumerate(deeds):
            threads.append(self._thread(str(place), deed, outcomes, place))
            wait_until(lambda: len(database._turns._waiting) == len(threads))
        may_go.set()
        for thread in [first, *threads]:
            thread.join(30)
        return outcomes

    def _thread(self, name: str, deed: Callable[[Session], Any], outcomes: list[Any], place: int) -> threading.Thread:
        def work() -> None:
            WHO.set(name)
            with self.app.app_context():
                try:
                    outcomes[place] = writing(deed)
                except Exception as error:  # noqa: BLE001 - the test looks at it
                    outcomes[place] = error
            if name != "first":
                self.told.append("answered")

        thread = threading.Thread(target=work)
        thread.start()
        return thread

    def kept(self) -> list[str]:
        with self.app.app_context(), reading() as session:
            return list(session.scalars(select(Answer.key).order_by(Answer.key)))


def wait_until(holds: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(3000):
        if holds():
            return
        pause.wait(0.01)
    raise AssertionError("it never came to that")


def keep(session: Session, key: str) -> str:
    append(session, Answer(scope="test", key=key, request_hash="", status=200, body="", at=NOW))
    return key


def keep_and_refuse(session: Session, key: str) -> None:
    keep(session, key)
    raise Conflict("counter_busy")


@pytest.fixture
def rush(tmp_path: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch) -> Rush:
    file = tmp_path / "m.db"
    shutil.copy(migrated_file, file)
    monkeypatch.setattr(database, "_turns", Turns())
    return Rush(make_app(settings_for(tmp_path, DATABASE_URL=f"sqlite:///{file}"), Clock()))


def test_those_who_wait_together_are_written_by_one_commit_and_answered_after_it(rush: Rush) -> None:
    deeds = [partial(keep, key=str(n)) for n in range(6)]
    assert rush.of(*deeds) == [str(n) for n in range(6)]
    assert rush.kept() == [str(n) for n in range(6)]
    assert rush.told == ["commit", "commit", *["answered"] * 6]  # the first one's, and the one of all who waited


def test_a_refusal_takes_back_its_own_deed_and_no_other(rush: Rush) -> None:
    one, no, two = rush.of(partial(keep, key="1"), partial(keep_and_refuse, key="no"), partial(keep, key="2"))
    assert (one, type(no), two) == ("1", Conflict, "2")
    assert rush.kept() == ["1", "2"]


def test_without_savepoints_half_of_a_refused_deed_would_be_kept(rush: Rush, monkeypatch: pytest.MonkeyPatch) -> None:
    perform = database._perform
    monkeypatch.setattr(
        database, "_perform", lambda press, connection, _mode: perform(press, connection, "rollback_only")
    )
    rush.of(partial(keep, key="1"), partial(keep_and_refuse, key="no"))
    assert "no" in rush.kept()


def test_a_deed_run_by_another_thread_still_belongs_to_its_own_request(rush: Rush) -> None:
    assert rush.of(*[lambda _session: WHO.get()] * 3) == ["0", "1", "2"]


def test_what_follows_the_commit_comes_in_the_order_of_the_deeds_and_not_for_refused_ones(rush: Rush) -> None:
    followed: list[str] = []

    def deed(session: Session, key: str) -> None:
        after_commit(session, lambda: followed.append(key))
        if key == "no":
            raise Conflict("counter_busy")

    rush.of(*[partial(deed, key=key) for key in ("1", "no", "2", "3")])
    assert followed == ["1", "2", "3"]


def test_a_commit_that_fails_is_an_error_for_everybody_and_leaves_nothing(rush: Rush) -> None:
    def fail(_connection: object) -> None:
        raise OperationalError("COMMIT", {}, Exception("disk full"))

    with rush.app.app_context():
        engine = db.engine
    followed: list[str] = []

    def deed(session: Session) -> None:
        keep(session, "1")
        after_commit(session, lambda: followed.append("1"))
        event.listen(engine, "commit", fail)

    try:
        outcomes = rush.of(deed, partial(keep, key="2"))
    finally:
        event.remove(engine, "commit", fail)
    assert [type(each) for each in outcomes] == [OperationalError] * 2
    assert (rush.kept(), followed) == ([], [])
    assert rush.of(partial(keep, key="3")) == ["3"]


def test_whoever_stands_behind_a_full_transaction_gets_the_next_turn(
    rush: Rush, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("queue_app.store.turns.MOST", 2)
    assert rush.of(*[partial(keep, key=str(n)) for n in range(5)]) == [str(n) for n in range(5)]
    assert rush.told.count("commit") == 1 + 3


def test_a_turn_that_breaks_off_is_handed_on() -> None:
    turns = Turns()

    def broken(_batch: list[Press]) -> None:
        raise KeyboardInterrupt

    press = Press(lambda _session: None)
    with pytest.raises(KeyboardInterrupt):
        turns.run(press, broken)
    with pytest.raises(KeyboardInterrupt):
        press.outcome()
    ran: list[Press] = []
    turns.run(Press(lambda _session: None), ran.extend)
    assert len(ran) == 1
