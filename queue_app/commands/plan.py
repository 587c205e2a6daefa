"""`plan`: how many clerks a day needs, and what a change would do; the questions of the planning page at the terminal.

Days are the office's own recorded ones (`--office`) or the standard workload. Nothing heavy is imported until the
command runs, because every start of the application imports this file.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click
from flask import Flask
from flask.cli import ScriptInfo
from sqlalchemy.exc import DBAPIError

from queue_app.commands.planning_words import said
from queue_app.commands.simulate import RARE_SWEEPS
from queue_app.domain.errors import Refusal

if TYPE_CHECKING:
    from queue_app.domain.planning.change import Change, Days, Ground

OPENS = 8 * 60 + 30
CHANGES = ("add", "close", "lunch", "busier", "slower")


@dataclass(frozen=True, slots=True)
class Basis:
    """The days of a question, the clerks as they are, minutes of a service in each group, and when the day opens."""

    ground: Ground
    days: Days
    minutes: dict[str, float]
    opens: int


def register(app: Flask) -> None:
    app.cli.add_command(plan)


@click.command("plan")
@click.option("--office", "-o", default="", metavar="CODE", help="Its own recorded days [standard day].")
@click.option("--add", default="", metavar="GROUP|COUNTER", help="One more clerk there.")
@click.option("--close", default="", metavar="GROUP|COUNTER", help="One window less there.")
@click.option("--clerks", type=click.IntRange(1, 9), default=1, show_default=True, help="How many.")
@click.option("--from", "from_", default="", metavar="10:00", help="Only from then on.")
@click.option("--to", default="", metavar="14:00", help="Only until then.")
@click.option("--day", default="", metavar="2026-12-01", help="Rota and opening hours of this day [the next open one].")
@click.option("--lunch", default="", metavar="11:30,12:30|load", help="Lunch in waves, or by load.")
@click.option("--busier", type=int, default=0, metavar="%", help="More (or fewer) walk-ins, in per cent.")
@click.option("--who", default="", metavar="KIND", help="Only walk-ins of this kind, for instance movers.")
@click.option("--slower", type=int, default=0, metavar="%", help="Longer (or shorter) services, in per cent.")
@click.option("--days", type=int, default=None, help="Days to simulate [100; 20 for the staffing table].")
@click.option("--share", type=float, default=0.7, show_default=True, help="Standard day: households that book.")
@click.option("--normal", is_flag=True, help="Standard day: a normal one instead of a peak one.")
@click.option("--late", type=float, default=0.1, show_default=True, help="Share that may wait longer than --within.")
@click.option("--within", type=float, default=5.0, show_default=True, help="Minutes.")
@click.option("--rounds", type=click.IntRange(0, 5), default=5, show_default=True, help="Simulations at most.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def plan(*, as_json: bool, **asked: Any) -> None:
    """Clerks needed per half hour and the best lunch; or, with a change, what it would do on the same people.

    One more clerk at counter 5 over midday: plan -o aoba --add 5 --from 10:00 --to 14:00
    """
    began = perf_counter()
    gc.set_threshold(*RARE_SWEEPS)
    try:
        found = _difference(asked, quiet=as_json) if any(asked[each] for each in CHANGES) else _staffing(asked)
    except Refusal as refusal:
        raise click.ClickException(said(refusal)) from refusal
    except DBAPIError as error:
        raise click.ClickException("The database cannot be read; is it set up?") from error
    found["seconds"] = round(perf_counter() - began, 2)
    click.echo(json.dumps(found, ensure_ascii=False) if as_json else "\n".join(_lines(found)))


def _difference(asked: dict[str, Any], *, quiet: bool) -> dict[str, Any]:
    from queue_app.domain.planning.change import compare

    if asked["add"] and asked["close"]:
        raise click.UsageError("Ask for --add or --close, not both at once.")
    question = _question(asked)
    basis, change = _prepared(question, asked)
    with _progress(len(basis.days), quiet=quiet) as step:
        return {"question": question, **compare(basis.ground, basis.days, change, step)}


def _question(asked: dict[str, Any]) -> dict[str, Any]:
    """The same question as the page would keep."""
    return {
        "basis": "own" if asked["office"] else "sw1",
        "group": asked["add"] or asked["close"],
        "clerks": asked["clerks"] if asked["add"] else -asked["clerks"] if asked["close"] else 0,
        "from": asked["from_"],
        "to": asked["to"],
        "day": asked["day"],
        "lunch": asked["lunch"] == "load",
        "waves": "" if asked["lunch"] == "load" else asked["lunch"],
        "busier": asked["busier"],
        "who": asked["who"],
        "slower": asked["slower"],
        "days": 100 if asked["days"] is None else asked["days"],
    }


def _prepared(question: dict[str, Any], asked: dict[str, Any]) -> tuple[Basis, Change]:
    from queue_app.domain.planning.change import standard_days
    from queue_app.domain.planning.workload import SW1_NORMAL, SW1_PEAK
    from queue_app.services import offices, what_if
    from queue_app.store.database import reading

    if question["basis"] == "sw1":
        change = what_if.change_of(question, opens=OPENS)
        workload = SW1_NORMAL if asked["normal"] else SW1_PEAK
        ground, days = standard_days(question["days"], asked["share"], workload)
        return Basis(ground, days, what_if.service_minutes(None, question), OPENS), change
    what_if.day_of(question)
    with _house() as ports, reading() as session:
        office = offices.office_by_code(session, asked["office"])
        ground, days, change, opens = what_if.prepared(session, office, question, ports)
        return Basis(ground, days, what_if.service_minutes(office, question), opens), change


def _staffing(asked: dict[str, Any]) -> dict[str, Any]:
    """The table by load and simulation, and the lunch that costs least."""
    from queue_app.domain.planning.change import best_lunch_of
    from queue_app.domain.planning.staffing import Goal
    from queue_app.services.what_if import STAFFING_DAYS, staffing_of

    question = _question({**asked, "days": STAFFING_DAYS if asked["days"] is None else asked["days"]})
    basis, _ = _prepared(question, asked)
    goal = Goal(asked["late"], asked["within"])
    found = staffing_of(basis.ground, basis.days, basis.minutes, goal, asked["rounds"])
    lunch = best_lunch_of(basis.ground)
    now: dict[str, int] = {}
    for duty in basis.ground.duties:
        now[duty.pool] = now.get(duty.pool, 0) + 1
    found["groups"] = {
        pool: {
            "clerks": now.get(pool, 0),
            "lunch": [_clock(basis.opens + start) for start in lunch.get(pool, ())],
            "needed": [{"from": _clock(basis.opens + row.pop("from_min")), **row} for row in rows],
        }
        for pool, rows in found["groups"].items()
    }
    return found


@contextmanager
def _house() -> Iterator[Any]:
    """The application's ports inside its context; only an office's own days need them."""
    from queue_app.commands.surroundings import this_house

    with click.get_current_context().ensure_object(ScriptInfo).load_app().app_context():
        yield this_house().ports


@contextmanager
def _progress(days: int, *, quiet: bool) -> Iterator[Any]:
    """A bar on stderr where somebody looks on."""
    if quiet or not sys.stderr.isatty():
        yield lambda _done: None
        return
    with click.progressbar(length=days, label="days", file=sys.stderr) as bar:
        yield lambda _done: bar.update(1)


def _clock(minutes: float) -> str:
    whole = round(minutes)
    return f"{whole // 60:02d}:{whole % 60:02d}"


def _lines(found: dict[str, Any]) -> Iterator[str]:
    return _staffing_lines(found) if "groups" in found else _difference_lines(found)


def _staffing_lines(found: dict[str, Any]) -> Iterator[str]:
    for pool, each in found["groups"].items():
        yield f"{pool}  {each['clerks']} clerks, breaks from {', '.join(each['lunch']) or '-'}"
        for row in each["needed"]:
            late = "-" if row["late_share"] is None else f"{row['late_share']:.0%}"
            needs = f"needs {row['clerks']:2d} (by load {row['by_load']:2d})"
            yield f"   {row['from']}  load {row['load']:5.2f}  {needs}  late {late}"
    if found["is_met"] is not None:
        ended = "the goal is met" if found["is_met"] else "the goal is not met in every half hour"
        yield f"{found['rounds']} rounds of simulation: {ended}"


def _difference_lines(found: dict[str, Any]) -> Iterator[str]:
    yield f"{'minutes':18} {'':7} {'':11} {'mean':>13} {'50 %':>13} {'90 %':>13} {'95 %':>13}"
    for name in found["classes"]:
        for way in ("before", "after"):
            each = found[way][name]
            for wait in ("first_call", "idle"):
                row = _figures(each[wait]) if each else "nobody"
                yield f"{name:18} {way:7} {wait:11} {row}"
    for key in ("person_hours", "overtime_min"):
        both = (f"{found[way][key]:7.1f} ±{found[way][key + '_ci95']:4.1f}" for way in ("before", "after"))
        yield f"{key:18} before / after {' / '.join(both)}"
    for pool in sorted(found["after"]["utilisation"]):
        yield f"{'in use ' + pool:18} before / after {_use(found['before'], pool)} / {_use(found['after'], pool)}"
    yield f"saved person-hours a day: {found['saved_hours']} ±{found['saved_hours_ci95']}"


def _figures(wait: dict[str, float]) -> str:
    points = (("mean", "ci95"), ("p50", "ci95_p50"), ("p90", "ci95_p90"), ("p95", "ci95_p95"))
    return " ".join(f"{wait[value]:7.1f} ±{wait[half]:4.1f}" for value, half in points)


def _use(way: dict[str, Any], pool: str) -> str:
    if pool not in way["utilisation"]:
        return "-"
    return f"{way['utilisation'][pool]:.1%} ±{way['utilisation_ci95'][pool]:.1%}"
