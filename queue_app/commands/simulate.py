"""`simulate`: what a day would be like under one policy; and the worker of the questions on the planning page.

Runs the project's own rules on the standard workload; touches no database. Nothing heavy is imported until a command
runs, because every start of the application imports this file.
"""

from __future__ import annotations

import gc
import json
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click
from flask.cli import with_appcontext

from queue_app.commands.planning_words import said
from queue_app.domain.errors import Refusal

if TYPE_CHECKING:
    from flask import Flask

    from queue_app.domain.planning.experiment import Scenario

RARE_SWEEPS = (200_000, 20, 20)
"""A simulated day makes thousands of small objects that live as long as the day; looking for lost ones among them every
few hundred allocations costs a quarter of the run."""


@click.command("simulate")
@click.option("--workload", type=click.Choice(["sw1"]), default="sw1", show_default=True, help="Who comes.")
@click.option(
    "--policy",
    type=click.Choice(["fcfs", "naive", "planned", "full"]),
    default="full",
    show_default=True,
    help="How the office is run (docs/planning.md).",
)
@click.option("--share", type=float, default=0.7, show_default=True, help="Share of moving households that book.")
@click.option("--days", type=click.IntRange(min=1), default=None, help="Days to simulate [200; 40 with --estimates].")
@click.option("--seed-base", type=click.IntRange(min=0), default=0, show_default=True, help="First seed.")
@click.option("--flex", is_flag=True, help="Idle clerks help another pool.")
@click.option("--prework", type=float, default=0.0, show_default=True, help="Share of papers done beforehand.")
@click.option("--services", type=float, default=1.0, show_default=True, help="Services longer than planned by this.")
@click.option("--absent", default="", help="Clerks who are ill, for instance M1,B1. The planner does not know.")
@click.option("--normal", is_flag=True, help="A normal day instead of a peak day.")
@click.option("--lunch", type=click.Choice(["standard", "by_load"]), default="standard", show_default=True)
@click.option(
    "--leaving",
    type=click.Choice(["quick", "passes"]),
    default="quick",
    show_default=True,
    help="When people with a place leave home: by a formula, or by the live estimator (slow).",
)
@click.option("--estimates", is_flag=True, help="How good the shown waits are, instead.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def simulate(*, estimates: bool, as_json: bool, days: int | None, seed_base: int, **choices: Any) -> None:
    """Simulate an office day by day under one policy, with 95 % intervals."""
    began = perf_counter()
    gc.set_threshold(*RARE_SWEEPS)
    try:
        found = _estimates(days or 40, seed_base) if estimates else _figures(days or 200, seed_base, choices)
    except Refusal as refusal:
        raise click.ClickException(said(refusal)) from refusal
    found["seconds"] = round(perf_counter() - began, 2)
    click.echo(json.dumps(found, ensure_ascii=False) if as_json else _table(found))


@click.command("what-if", hidden=True)
@click.argument("run_id", type=int)
@with_appcontext
def what_if(run_id: int) -> None:
    """Work on one question that was put on the planning page; started by the server, with the lowest priority."""
    import os

    from queue_app.adapters.aside import alone
    from queue_app.services.what_if import still_waiting, work
    from queue_app.web.context import house

    os.nice(19)
    gc.set_threshold(*RARE_SWEEPS)
    with alone(house().settings.instance, lambda: still_waiting(run_id, house().ports)):
        click.echo(work(run_id, house().ports))


def register(app: Flask) -> None:
    """Hang the commands on `app.cli`."""
    app.cli.add_command(what_if)
    app.cli.add_command(simulate)


def _figures(days: int, seed_base: int, choices: dict[str, Any]) -> dict[str, Any]:
    from queue_app.domain.planning.experiment import report, run

    scenario = _scenario(choices)
    found = report(run(scenario, range(seed_base, seed_base + days)))
    found["scenario"] = {**choices, "days": days, "seed_base": seed_base}
    return found


def _scenario(choices: dict[str, Any]) -> Scenario:
    from queue_app.domain.planning.experiment import Leaving, Lunch, Scenario, with_helpers, with_share
    from queue_app.domain.planning.policies import policy_named
    from queue_app.domain.planning.workload import SW1_HELPERS, SW1_NORMAL, SW1_PEAK

    if not 0 < choices["services"] < 100:
        raise Refusal("services_impossible", value=choices["services"])
    workload = with_share(SW1_NORMAL if choices["normal"] else SW1_PEAK, choices["share"], prework=choices["prework"])
    if choices["flex"]:
        workload = with_helpers(workload, SW1_HELPERS)
    return Scenario(
        workload=workload,
        policy=policy_named(choices["policy"]),
        service_factor=choices["services"],
        absent=tuple(name.strip() for name in choices["absent"].split(",") if name.strip()),
        lunch=Lunch(choices["lunch"]),
        leaving=Leaving(choices["leaving"]),
    )


def _estimates(days: int, seed_base: int) -> dict[str, Any]:
    """Learnt on as many days as tested, which come after them."""
    from queue_app.domain.planning.prediction import CASES, calibrated_score, many_passes

    first = seed_base or 3000
    found: dict[str, Any] = {}
    for case in CASES:
        learn_on, test_on = range(first, first + days), range(first + days, first + 2 * days)
        score, calibration = calibrated_score(case, many_passes, learn_on, test_on)
        found[case.name] = {
            "mae_busy": round(score.mae_busy, 2),
            "mae_busy_ci95": round(score.mae_ci95, 2),
            "bias": round(score.bias, 2),
            "bias_ci95": round(score.bias_ci95, 2),
            "coverage80": round(score.coverage80, 3),
            "coverage80_ci95": round(score.coverage_ci95, 3),
            "width": round(score.width, 2),
            "mean_wait": round(score.mean_wait, 1),
            "tickets": score.tickets,
            "scale": round(calibration.scale, 3),
        }
    return found


def _table(found: dict[str, Any]) -> str:
    lines = []
    for name, value in found.items():
        if isinstance(value, dict) and "first_call" in value:
            for wait in ("first_call", "idle"):
                numbers = "  ".join(f"{key} {value[wait][key]:6.1f}" for key in ("mean", "p50", "p90", "p95", "ci95"))
                lines.append(f"{name:16} {wait:11} {numbers}")
            lines.append(f"{name:16} within 1 min {value['within_1_min']:.1%}")
        else:
            lines.append(f"{name:26} {value if not isinstance(value, dict) else _pairs(value)}")
    return "\n".join(lines)


def _pairs(value: dict[str, Any]) -> str:
    return "  ".join(f"{key} {each}" for key, each in value.items())
