"""`simulate` at the terminal."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from queue_app.commands.simulate import simulate


def told(*arguments: str) -> dict[str, object]:
    result = CliRunner().invoke(simulate, [*arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    answer = json.loads(result.output)
    assert isinstance(answer, dict)
    return answer


def test_one_object_names_every_class_and_every_figure() -> None:
    answer = told("--policy", "full", "--days", "2", "--seed-base", "1000")
    for name in ("booked", "walk_in_movers", "direct", "certificates"):
        group = answer[name]
        assert isinstance(group, dict)
        assert {"first_call", "idle", "within_1_min"} <= set(group)
        assert {"mean", "p50", "p90", "p95", "ci95"} <= set(group["idle"])
    assert {"person_hours", "overtime_min", "from_wish_min", "utilisation", "seconds"} <= set(answer)


def test_the_same_seeds_give_the_same_answer() -> None:
    one, other = (told("--policy", "naive", "--days", "1", "--seed-base", "1000") for _ in range(2))
    assert {**one, "seconds": 0} == {**other, "seconds": 0}


def test_options_change_what_they_say() -> None:
    usual = told("--days", "3", "--seed-base", "1000")
    helped = told("--days", "3", "--seed-base", "1000", "--flex", "--prework", "0.7")
    slower = told("--days", "3", "--seed-base", "1000", "--services", "1.2", "--absent", "M1,B1")
    normal = told("--days", "3", "--seed-base", "1000", "--normal", "--share", "0.5", "--lunch", "by_load")

    def idle(answer: dict[str, object]) -> float:
        booked = answer["booked"]
        assert isinstance(booked, dict)
        return float(booked["idle"]["mean"])

    assert idle(helped) < idle(usual) < idle(slower)
    assert normal["walk_in_movers"] != usual["walk_in_movers"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--share", "1.5"], "share must lie between 0 and 1"),
        (["--prework", "-1"], "prework must lie between 0 and 1"),
        (["--absent", "X9"], "There is no clerk X9"),
        (["--absent", "K1,K2,K3"], "Nobody would be on duty for K"),
        (["--services", "0"], "--services must be larger than 0"),
        (["--days", "0"], "0 is not in the range"),
        (["--policy", "lottery"], "is not one of"),
    ],
)
def test_impossible_questions_get_a_sentence_and_no_figures(arguments: list[str], sentence: str) -> None:
    result = CliRunner().invoke(simulate, [*arguments, "--json"])
    assert result.exit_code != 0
    assert sentence in result.output
    assert "Traceback" not in result.output


def test_without_json_the_answer_is_a_table() -> None:
    result = CliRunner().invoke(simulate, ["--days", "1", "--policy", "fcfs"])
    assert "walk_in_movers   idle" in result.output


CLASSES = ("booked", "walk_in_movers", "direct", "certificates")


@pytest.mark.parametrize(
    "flags",
    [
        "--policy fcfs", "--policy naive", "--policy planned", "--policy full --share 0.3", "--flex", "--prework 0.7",
        "--services 1.1", "--absent M1,B1", "--normal", "--lunch by_load", "--seed-base 1000", "--workload sw1",
    ],
)  # fmt: skip
def test_every_flag_answers_in_the_same_shape(flags: str) -> None:
    answer = told("--days", "1", *flags.split())
    for name in CLASSES:
        group = answer[name]
        if name == "booked" and "fcfs" in flags:
            assert group is None, "nobody books under first come first served: null, never zero"
            continue
        assert isinstance(group, dict)
        assert 0 <= group["within_1_min"] <= 1
        for wait in ("first_call", "idle"):
            assert {"mean", "p50", "p90", "p95", "ci95"} <= set(group[wait])
            assert all(isinstance(value, int | float) for value in group[wait].values())
            assert group[wait]["p50"] <= group[wait]["p90"] <= group[wait]["p95"]
    assert {"person_hours", "overtime_min", "from_wish_min", "utilisation", "seconds"} <= set(answer)
    assert (answer["from_wish_min"] is None) == ("fcfs" in flags)
    assert set(answer["utilisation"]) == {"C", "M", "B", "H", "K"}  # type: ignore[call-overload]


@pytest.mark.storm
def test_estimates_are_scored_queue_by_queue() -> None:
    answer = told("--estimates", "--days", "1", "--seed-base", "1003")
    for name in ("moving_no_bookings", "certificates", "moving_half_booked", "moving_means_15_too_long"):
        group = answer[name]
        assert isinstance(group, dict)
        assert {"mae_busy", "bias", "coverage80", "width"} <= set(group)
    assert answer["seconds"]


def test_a_start_of_the_application_imports_no_numpy_for_these_commands() -> None:
    code = "import sys, queue_app.commands.simulate; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
