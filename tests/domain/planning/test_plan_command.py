"""`plan` at the terminal: clerks needed, and what a change would do."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from queue_app.commands.plan import plan
from queue_app.domain.errors import Refusal
from queue_app.domain.planning.change import Change, Ground, compare, recorded_days, standard_days
from queue_app.domain.planning.rota import Duty
from queue_app.domain.planning.staffing import Goal, Need
from queue_app.domain.planning.staffing_check import check, duties_of
from queue_app.domain.planning.whatif import RecordedStage, RecordedVisit
from queue_app.services import demo_history, offices
from queue_app.store.database import reading, writing
from queue_app.web.context import KEY
from tests.services.test_planned import PLANNED
from tests.world import World


def asked(*arguments: str) -> Result:
    return CliRunner().invoke(plan, list(arguments), catch_exceptions=False)


def told(*arguments: str) -> dict[str, Any]:
    result = asked(*arguments, "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.output)
    assert isinstance(answer, dict)
    return answer


@pytest.fixture
def recorded(world: World) -> World:
    """Eight days of an office of its own."""
    world.open_office(PLANNED.replace("{more}", ""))
    ports = world.app.extensions[KEY].ports
    with world.app.app_context():
        with reading() as session:
            office = offices.office_by_code(session, "aoba")
        for number, day in enumerate(demo_history.working_days(office.today(ports.clock()), ports)[-8:]):
            visits = list(demo_history.day_of(office, day, ports, number=number * 1000))
            writing(partial(demo_history.put_down, office_id=office.id, day=day, visits=visits))
    return world


def of_office(world: World, *arguments: str) -> Result:
    return world.app.test_cli_runner().invoke(args=["plan", "--office", "aoba", *arguments])


def test_the_plan_names_clerks_and_breaks_by_load_and_by_simulation() -> None:
    answer = told("--days", "3")
    assert set(answer["groups"]) == {"C", "M", "B", "H", "K"}
    movers = answer["groups"]["M"]
    assert movers["needed"][0]["from"] == "08:30"
    assert len(movers["lunch"]) == 8
    assert all(row["clerks"] >= row["by_load"] for each in answer["groups"].values() for row in each["needed"])
    text = asked("--rounds", "0", "--days", "1").output
    assert "8 clerks" in text
    assert "rounds of simulation" not in text


def test_one_more_clerk_for_some_hours_is_compared_with_intervals() -> None:
    answer = told("--add", "C", "--from", "10:00", "--to", "14:00", "--days", "4")
    assert (
        answer["after"]["certificates"]["first_call"]["mean"] < answer["before"]["certificates"]["first_call"]["mean"]
    )
    for way in ("before", "after"):
        assert {"mean", "p50", "p90", "p95", "ci95", "ci95_p50", "ci95_p90", "ci95_p95"} <= set(
            answer[way]["booked"]["idle"]
        )
        assert set(answer[way]["utilisation_ci95"]) == {"C", "M", "B", "H", "K"}
        assert answer[way]["overtime_min_ci95"] >= 0
    text = asked("--add", "C", "--from", "10:00", "--to", "14:00", "--days", "2").output
    assert "saved person-hours a day" in text
    assert "in use C" in text


def test_a_closed_window_and_more_movers_make_people_wait_longer() -> None:
    closed = told("--close", "C", "--clerks", "2", "--days", "2")
    assert closed["saved_hours"] < 0
    busier = told("--busier", "30", "--who", "movers", "--days", "2")
    assert busier["after"]["walk_in_movers"]["idle"]["count"] > busier["before"]["walk_in_movers"]["idle"]["count"]
    assert busier["after"]["certificates"] == busier["before"]["certificates"]


def test_other_lunch_waves_are_tried() -> None:
    waves = told("--lunch", "11:00,12:00,13:00", "--days", "3")
    by_load = told("--lunch", "load", "--days", "3")
    assert by_load["saved_hours"] > 0 > waves["saved_hours"]
    assert by_load["before"] == waves["before"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--close", "K", "--clerks", "3"], "Nobody would be on duty for K"),
        (["--close", "K", "--clerks", "9"], "This rota cannot be kept: pool K, clerks -6"),
        (["--add", "Q"], "There is no counter or group Q; there are B, C, H, K, M"),
        (["--add", "C", "--from", "18:00"], "The change must begin inside the opening hours"),
        (["--close", "K", "--clerks", "3", "--day", "20261201"], "Nobody would be on duty for K"),
        (["--add", "C", "--from", "9 o'clock"], "--from: write times as 10:00"),
        (["--add", "C", "--from", "12:00", "--to", "10:00"], "--to: the end must lie after the beginning"),
        (["--lunch", "17:00"], "inside the opening hours"),
        (["--busier", "30", "--who", "nobody"], "people come for certificates, direct, movers"),
        (["--busier", "900"], "--busier: choose a number from -90 to 300"),
        (["--share", "1.5"], "share must lie between 0 and 1"),
        (["--add", "C", "--days", "0"], "--days: choose a number from 1 to 500"),
        (["--late", "0"], "A load must be zero or more"),
        (["--add", "C", "--close", "C"], "not both at once"),
    ],
)
def test_an_impossible_question_gets_a_sentence_and_no_figures(arguments: list[str], sentence: str) -> None:
    result = asked("--days", "1", *arguments, "--json")
    assert result.exit_code != 0
    assert sentence in result.output
    assert not result.stdout.startswith("{")


def test_an_office_asks_about_its_own_recorded_days_and_counters(recorded: World) -> None:
    with recorded.app.app_context(), reading() as session:
        counter = next(iter(offices.office_by_code(session, "aoba").counters))
    result = of_office(recorded, "--add", counter, "--from", "10:00", "--to", "14:00", "--days", "5", "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.output)
    assert answer["saved_hours"] >= 0
    assert "certificate" in answer["classes"]
    table = json.loads(of_office(recorded, "--days", "5", "--json").output)
    assert all(each["needed"] and each["clerks"] for each in table["groups"].values())


def test_an_office_without_a_past_or_that_is_unknown_is_told_so(world: World) -> None:
    world.open_office(PLANNED.replace("{more}", ""))
    for arguments in (("--add", "1"), ()):
        result = of_office(world, *arguments)
        assert result.exit_code == 1
        assert "too few recorded days to look at (0)" in result.output
    unknown = world.app.test_cli_runner().invoke(args=["plan", "--office", "atlantis"])
    assert (unknown.exit_code, "There is no office atlantis" in unknown.output) == (1, True)


def visit(at: float, patience: float | None = None) -> RecordedVisit:
    return RecordedVisit("moving", at, (RecordedStage("1", 10.0),), gave_up_after_min=patience)


BUSY = [[visit(float(at)) for at in range(0, 480, 4)] for _ in range(6)]


@pytest.mark.parametrize("day", ["2026-02-30", "20261201", "2026-W49-2", "tomorrow", "0001-01-01"])
def test_a_day_that_the_rest_of_the_house_would_not_read_is_refused_before_anything_is_reckoned(
    recorded: World, day: str
) -> None:
    result = of_office(recorded, "--add", "1", "--day", day, "--days", "5", "--json")
    assert result.exit_code == 1
    assert "--day: write a day as 2026-12-01" in result.output


def test_a_closed_day_takes_the_rota_of_the_next_open_one(recorded: World) -> None:
    result = of_office(recorded, "--day", "2026-12-13", "--days", "5", "--rounds", "0", "--json")
    assert result.exit_code == 0, result.output


def test_a_group_that_everybody_leaves_for_good_is_an_impossible_rota_and_no_endless_wait() -> None:
    ground = Ground((Duty("1"), Duty("1")), 525.0, {"1": np.full(129, 1.6)})
    with pytest.raises(Refusal) as refused:
        compare(ground, recorded_days(BUSY, 2), Change("1", -2, from_min=240.0), lambda _done: None)
    assert (refused.value.code, refused.value.facts) == ("rota_nobody", {"pools": ["1"]})


def test_a_forecast_of_zero_is_a_table_of_zeros_until_somebody_comes() -> None:
    nothing = {"1": [Need(30.0 * half, 0.0, 0, 0.0) for half in range(17)]}
    quiet = check(nothing, [([], {})], goal=Goal(), day_min=510.0)
    assert quiet.is_met
    assert set(quiet.clerks["1"]) == {0}
    visited = check(nothing, recorded_days(BUSY, 3), goal=Goal(), day_min=510.0)
    assert min(visited.clerks["1"]) >= 1
    assert max(visited.clerks["1"]) > 1


def test_rounds_add_clerks_only_where_people_wait_too_long() -> None:
    ground, days = standard_days(4)
    one_each = {pool: [Need(30.0 * half, 1.0, 1, 0.0) for half in range(18)] for pool in ground.load}
    stopped = check(one_each, days, goal=Goal(), day_min=ground.day_min, rounds=1)
    assert not stopped.is_met
    assert stopped.rounds == 1
    assert max(max(row) for row in stopped.clerks.values()) == 2


def test_clerks_come_and_go_with_the_table_and_the_last_stay() -> None:
    duties = duties_of({"1": [1, 2, 2, 1]})
    assert [duty.away for duty in duties] == [(), ((0.0, 30.0), (90.0, 120.0))]
