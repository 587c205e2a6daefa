"""Whatever staff press, in whatever order: the product and an independent model agree, and a refusal changes nothing."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from queue_app.domain.access import Role
from queue_app.services import bearers
from queue_app.store.database import db, writing
from queue_app.store.office_tables import OfficeRow
from tests.conftest import make_app, settings_for
from tests.races.arena import Arena, Pressed, rows_of
from tests.races.model import FROM, Model
from tests.world import Caller, Clock, World

STEPS = int(os.environ.get("STEPS", "50000"))
COUNTERS = ["1", "2", "3"]
PRESSES = ("issue", "next", "named", "undo", "vanish", *FROM)
LOOK_AT_DESKS_EVERY = 10
STATES = {"waiting", "called", "serving", "held", "missed", "done", "cancelled"}


class Walk:
    """The product and the model side by side."""

    def __init__(self, file: Path, template: Path) -> None:
        shutil.copy(template, file)
        self.clock = Clock()
        self.app = make_app(settings_for(file.parent, DATABASE_URL=f"sqlite:///{file}"), self.clock)
        self.world = World(self.app, self.clock)
        self.arena = Arena(self.world, len(COUNTERS))
        self.manager = self.world.as_(Role.MANAGER)
        self.model = Model(COUNTERS)
        self.ids: list[int] = []
        self.consoles, self.steps = 0, 0
        self.open_console()

    def step(self, press: str, who: int, where: int, pause_s: int) -> None:
        self.clock.pass_(seconds=pause_s)
        self.model.now += pause_s
        self.steps += 1
        if press == "vanish":
            self.vanish()
            return
        if press not in ("issue", "next") and not self.model.visits:
            return
        expected, for_real = self._press(press, who, COUNTERS[where])
        before = rows_of(self.world) if expected == 409 else None
        answer = for_real()
        assert answer.status == expected, (press, answer.body, expected)
        if before is not None:
            assert rows_of(self.world) == before, f"{press} was refused and changed something"
        if expected == 201 and press == "issue":
            self.ids.append(max(self.arena.ids().values()))
        self.compare()
        if self.steps % LOOK_AT_DESKS_EVERY == 0:
            self.compare_desks()

    def open_console(self) -> None:
        self.consoles += 1
        self.arena.clerk_token = self.world.token(Role.CLERK, name=f"console {self.consoles}")

    def vanish(self) -> None:
        """The console is gone in the middle of whatever it did, for good; a colleague sits down at another one."""
        gone, name = self.arena.clerk_token, f"console {self.consoles}"

        def revoke(session: Session) -> None:
            office_id = session.scalars(select(OfficeRow.id).where(OfficeRow.code == "aoba")).one()
            bearers.revoke_token(session, office_id, name, self.clock())

        with self.app.app_context():
            writing(revoke)
        assert (
            self.app.test_client()
            .get("/api/v1/offices/aoba/desk?counter=1", headers={"Authorization": f"Bearer {gone}"})
            .status_code
            == 401
        )
        self.open_console()
        self.compare()
        self.compare_desks()

    def compare_desks(self) -> None:
        """Whoever is not done can be seen, and so be acted on, at some console."""
        seen: set[int] = set()
        for counter in COUNTERS:
            desk = Caller(self.app.test_client(), self.arena.clerk_token).get(f"/offices/aoba/desk?counter={counter}")
            seen |= set(ids_in(desk.get_json()))
        live = {tid for tid, v in zip(self.ids, self.model.visits, strict=True) if v.state not in ("done", "cancelled")}
        assert live <= seen, f"no console shows {live - seen}"

    def compare(self) -> None:
        """States agree, they are of the published kind, and everybody who is not done is on the floor's list."""
        floor = self.manager.get("/offices/aoba/floor").get_json()
        shown = {row["id"]: row["state"] for row in floor["tickets"]}
        live = {
            tid: v.state
            for tid, v in zip(self.ids, self.model.visits, strict=True)
            if v.state not in ("done", "cancelled")
        }
        assert shown == live
        assert set(shown.values()) <= STATES

    def close(self) -> None:
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()

    def _press(self, press: str, who: int, counter: str) -> tuple[int, Callable[[], Pressed]]:
        """What the model says must come back, and the same press on the product."""
        model, arena = self.model, self.arena
        if press == "issue":
            return model.issue(), arena.press_issue
        if press == "next":
            return model.call_next(counter), lambda: arena.press_call(counter, finish=False)
        place = who % len(model.visits)
        visit, tid, number = model.visits[place], self.ids[place], f"B{place + 1:03d}"
        if press == "named":
            return model.call_named(counter, visit), lambda: arena.press_call(counter, finish=False, number=number)
        if press == "undo":
            return model.undo(visit), lambda: arena.press_action(tid, "undo")
        return model.act(visit, press), lambda: arena.press_action(tid, press)


def ids_in(desk: dict[str, Any]) -> Iterator[int]:
    """Everybody on one console's screen."""
    rows = [desk["current"], *desk["waiting"], *desk["ready"], *desk["held"], *desk["missed"]]
    return (row["id"] for row in rows if row is not None)


@pytest.fixture
def walk(tmp_path: Path, migrated_file: Path) -> Iterator[Walk]:
    made = Walk(tmp_path / "walk.db", migrated_file)
    yield made
    made.close()


steps = st.lists(
    st.tuples(st.sampled_from(PRESSES), st.integers(0, 7), st.integers(0, 2), st.sampled_from((0, 1, 4, 11))),
    min_size=5,
    max_size=25,
)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_product_and_model_agree_after_every_press(
    tmp_path_factory: pytest.TempPathFactory, migrated_file: Path, presses: list[tuple[str, int, int, int]]
) -> None:
    walk = Walk(tmp_path_factory.mktemp("walk") / "walk.db", migrated_file)
    try:
        for press in [("issue", 0, 0, 0), ("issue", 0, 0, 0), *presses]:
            walk.step(*press)
    finally:
        walk.close()


@pytest.mark.storm
@pytest.mark.timeout(7200)
def test_fifty_thousand_presses(tmp_path: Path, migrated_file: Path) -> None:
    dice = random.Random(21)
    for day in range(STEPS // 250):
        (tmp_path / str(day)).mkdir()
        walk = Walk(tmp_path / str(day) / "walk.db", migrated_file)
        try:
            for _ in range(250):
                press = dice.choice(PRESSES if dice.random() < 0.85 else ("issue", "next"))
                walk.step(press, dice.randrange(12), dice.randrange(3), dice.choice((0, 1, 4, 11)))
        finally:
            walk.close()


def test_a_model_without_the_undo_window_would_be_noticed(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison can fail: a model that undoes after any time disagrees with the product."""
    monkeypatch.setattr("tests.races.model.UNDO_S", 60)
    walk.step("issue", 0, 0, 0)
    walk.step("next", 0, 0, 0)
    with pytest.raises(AssertionError, match="undo"):
        walk.step("undo", 0, 0, 11)


@pytest.mark.parametrize("state", sorted(STATES - {"done", "cancelled"}))
def test_a_ticket_whose_console_vanished_is_seen_and_brought_to_an_end_by_a_colleague(walk: Walk, state: str) -> None:
    way = {
        "waiting": (),
        "called": ("next",),
        "serving": ("next", "start"),
        "held": ("next", "start", "hold"),
        "missed": ("next", "miss"),
    }
    on = {
        "waiting": ("next", "start", "finish"),
        "called": ("start", "finish"),
        "serving": ("finish",),
        "held": ("resume", "finish"),
        "missed": ("requeue", "next", "start", "finish"),
    }
    for press in ("issue", *way[state], "vanish", *on[state]):
        walk.step(press, 0, 0, 1)
    assert [visit.state for visit in walk.model.visits] == ["done"]


def test_a_ticket_that_no_console_shows_would_be_noticed(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: desks that leave out the held, as a list does that was forgotten."""
    monkeypatch.setattr("tests.races.test_random_walk.ids_in", lambda desk: (row["id"] for row in desk["waiting"]))
    for press in ("issue", "next", "start", "hold"):
        walk.step(press, 0, 0, 1)
    with pytest.raises(AssertionError, match="no console shows"):
        walk.step("vanish", 0, 0, 1)
