"""Whatever staff press, in whatever order: the product and an independent model agree, and a refusal changes nothing."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from queue_app.domain.access import Role
from queue_app.store.database import db
from tests.conftest import make_app, settings_for
from tests.races.arena import Arena, Pressed, rows_of
from tests.races.model import FROM, Model
from tests.world import Clock, World

STEPS = int(os.environ.get("STEPS", "50000"))
COUNTERS = ["1", "2", "3"]
PRESSES = ("issue", "next", "named", "undo", *FROM)
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

    def step(self, press: str, who: int, where: int, pause_s: int) -> None:
        self.clock.pass_(seconds=pause_s)
        self.model.now += pause_s
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
