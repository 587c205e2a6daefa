"""`make bench`: measures this machine and the system on it, and prints Markdown.

`--quick` takes about two minutes; `--write` puts the figures into docs/benchmarks.md; names of parts run those alone.
The waiting goals (`goals`) are simulated days, not this machine: they run only by name, and have their own place there.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from scripts.bench import attack, booking, goals, measures, planning, seen
from scripts.bench.statements import statements_per_call
from scripts.bench_env import environment

PAGE = Path(__file__).resolve().parents[2] / "docs/benchmarks.md"
FIGURES, GOALS = "figures", "goals"
"""Where `--write` puts them: between `<!-- figures -->` and `<!-- end of figures -->`."""

CARRIERS = (200, 8)
"""Behind so many addresses stand all who book when a season opens. The part `street` runs only by name."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, GOALS, []], help="only these")
    parser.add_argument("--quick", action="store_true", help="shorter runs, rougher figures")
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    told = parser.parse_args()
    if GOALS in told.parts:
        found = _told(goals.tables(0.05 if told.quick else 1.0))
        place = GOALS
    else:
        found, place = _measured(told.parts, 0.2 if told.quick else 1.0), FIGURES
    if told.write:
        page = PAGE.read_text("utf-8")
        before, rest = page.split(f"<!-- {place} -->\n")
        after = rest.split(f"<!-- end of {place} -->\n")[1]
        PAGE.write_text(f"{before}<!-- {place} -->\n\n{found}\n<!-- end of {place} -->\n{after}", "utf-8")


def _told(lines: Iterator[str]) -> str:
    kept = []
    for line in lines:
        print(line, flush=True)
        kept.append(line)
    return "\n".join(kept) + "\n"


def _measured(parts: list[str], size: float) -> str:
    lines = about_this_machine()
    for name, part in PARTS.items():
        if name in parts or (not parts and name != "street"):
            with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                lines += ["", *part(Path(folder), size)]
            print("\n".join(lines[-12:]), flush=True)
    text = "\n".join(lines) + "\n"
    print(f"\n{text}")
    return text


def about_this_machine() -> list[str]:
    env = environment()
    libraries = ", ".join(f"{name} {version}" for name, version in env["libraries"].items())
    return [
        f"- {env['cores']} cores ({env['cpu'] or 'unnamed'}), {env['memory_gib']} GiB, {env['system']}; "
        f"load before the run {env['load_before']}",
        f"- forced writes: {env['forced_writes_per_s']} a second",
        f"- Python {env['python']}, SQLite {env['sqlite']}, {libraries}",
        "- server, clients and screens on the same cores",
    ]


def start(folder: Path, _size: float) -> list[str]:
    ready, total, worker = measures.start_and_rest(folder)
    return table(
        "Start and rest (SQLite)",
        ("", "measured", "wanted"),
        ("start to ready", f"{ready:.1f} s", "≤ 5 s"),
        ("memory at rest, all processes", f"{total:.0f} MB", "≤ 150 MB"),
        ("of which the worker", f"{worker:.0f} MB", ""),
    )


def morning(folder: Path, size: float) -> list[str]:
    found = measures.ordinary_morning(folder, max(15, 120 * size))
    issue, call, last = found["issue"], found["call"], found["last"]
    return table(
        "An ordinary morning (SQLite, 5 tickets/s + 2 calls/s, 200 screens)",
        ("", "p50", "p95", "wanted (p95)"),
        ("ticket", ms(issue.at(0.5)), ms(issue.at(0.95)), "≤ 200 ms"),
        ("call", ms(call.at(0.5)), ms(call.at(0.95)), "≤ 200 ms"),
        ("press of “call” to the last of 200 screens", ms(median(last)), ms(last[int(len(last) * 0.95)]), "≤ 300 ms"),
        ("answers other than 2xx", str(issue.refused + call.refused), "", "0"),
    )


def doors(folder: Path, size: float) -> list[str]:
    longest = measures.doors_open(folder, max(5, int(50 * size)))
    return table(
        "Doors open (SQLite, 20 people within 100 ms)",
        ("", "measured", "wanted"),
        ("last number given, worst of the rounds", f"{max(longest):.2f} s", "≤ 2 s"),
        ("median of the rounds", f"{median(longest):.2f} s", ""),
    )


def flat_out(folder: Path, size: float) -> list[str]:
    return _flat_out(measures.flat_out(folder, max(4, 20 * size)), "Flat out (SQLite, synchronous=FULL)")


def slow_disk(folder: Path, size: float) -> list[str]:
    found = measures.flat_out(folder, max(4, 20 * size), disk=measures.SLOW_DISK)
    return _flat_out(found, "The same, each forced write 5 ms slower")


def _flat_out(runs: dict[int, dict[str, measures.Presses]], title: str) -> list[str]:
    rows = []
    for clients, found in runs.items():
        floor = found["bare"]
        for name, what in (
            ("bare", "bare handler, one durable commit"),
            ("rows", "the same rows by Flask-SQLAlchemy, without rules"),
            ("issue", "ticket"),
            ("call", "finish and call"),
        ):
            run = found[name]
            ratio = f"{run.per_s / floor.per_s:.2f}"
            rows.append((f"{clients} clients: {what}", f"{run.per_s:.0f}", ms(run.at(0.5)), ms(run.at(0.95)), ratio))
    return table(title, ("", "a second", "p50", "p95", "share of bare"), *rows)


def screens(folder: Path, size: float) -> list[str]:
    found = measures.thousand_screens(folder, 1000, max(8, int(40 * size)))
    ours, bare = median(found["ours"]), median(found["bare"])
    return table(
        "A thousand screens (PostgreSQL + Redis, two workers)",
        ("press to the last of 1,000 screens", "median", "worst"),
        ("call", ms(ours), ms(max(found["ours"]))),
        ("bare Flask-SocketIO broadcast of the same length", ms(bare), ms(max(found["bare"]))),
        ("ratio (wanted ≤ 2)", f"{ours / bare:.2f}", ""),
    )


def screens_speed(folder: Path, size: float) -> list[str]:
    found = seen.seen_by_people(folder, max(5, int(30 * size)))
    wanted = {"kiosk": "≤ 1,000 ms", "own": "≤ 300 ms", "wall": "≤ 1,000 ms"}
    names = {
        "kiosk": "kiosk: last touch to the number",
        "own": "F9 to the number on one's own screen",
        "wall": "F9 to the number over the counters",
    }
    presses = [
        (name, ms(median(found[key])), ms(nearly_all(found[key])), ms(max(found[key])), wanted[key])
        for key, name in names.items()
    ]
    phones = [
        (page, line, ms(load.painted_ms), ms(load.usable_ms), f"{load.requests}", f"{load.kilobytes:.1f}")
        for (line, page), load in found["phone"].items()
    ]
    return [
        *table("Seen by people (Chromium beside the server, SQLite)", ("", "p50", "p95", "worst", "wanted"), *presses),
        "",
        *table(
            f"First visit of a phone (processor {seen.SLOWER} times slower; wanted: 2,500 ms, 12 requests, 60 kB)",
            ("page", "line", "largest part painted", "scripts have run", "requests", "kB"),
            *phones,
        ),
    ]


def nearly_all(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.95))]


def bookings(folder: Path, size: float) -> list[str]:
    for name in ("own", "page", "season"):
        (folder / name).mkdir()
    work = booking.own_work(folder / "own")
    page = booking.page_at_fifty(folder / "page", max(8, 30 * size))
    season = booking.season_opens(folder / "season", max(35, 60 * size))
    rows = [
        (f"{name} while the season opens, p95", ms(season.presses[kind].at(0.95)), "≤ 500 ms")
        for kind, name in (("read", "days and times"), ("hold", "a place held"), ("book", "a booking"))
    ]
    return table(
        "Bookings (page: SQLite, 50/s; season: PostgreSQL + Redis, 200/s, 85 % read, 10 % hold, 5 % book)",
        ("", "measured", "wanted"),
        ("list of ten days, own work", f"{work['slots']:.1f} ms", "≤ 5 ms"),
        ("questions to result, own work", f"{work['navigator']:.1f} ms", "≤ 5 ms"),
        ("page of days, p95", ms(page.at(0.95)), "≤ 150 ms"),
        *rows,
        (f"time until {booking.TO_SELL} places are sold", f"{season.seconds_to_sell:.0f} s", "≤ 60 s"),
        ("most places taken in one slot", str(season.most_in_a_slot), f"≤ {booking.PLACES}"),
        ("other answers", str(season.broken + page.refused), "0"),
        *((f"processor time for a press: {who}", f"{spent:.2f} ms", "") for who, spent in season.spent_ms.items()),
    )


def street(folder: Path, size: float) -> list[str]:
    """A season's opening as the street has it: gates and limits on, many people behind few addresses."""
    rows = []
    for carriers in CARRIERS:
        place = folder / str(carriers)
        place.mkdir()
        season = booking.season_opens(place, max(35, 60 * size), carriers=carriers)
        waits, turned_away = season.answers[429], season.answers[503]
        rows.append((str(carriers), str(season.sold), f"{season.seconds_to_sell:.0f} s", str(waits), str(turned_away)))
    return table(
        "The same season with the limits of the street on",
        (
            "addresses shared by all",
            "places sold",
            f"until {booking.TO_SELL} are sold",
            "told to wait (429)",
            "turned away (503)",
        ),
        *rows,
    )


def plans(folder: Path, size: float) -> list[str]:
    work = planning.own_work(folder, max(10, int(100 * size)))
    return table(
        "Planning, own work (one thread, processor time)",
        ("", "measured", "wanted"),
        ("one planned day offered that nobody asked for before", f"{work['offer']:.1f} ms", "≤ 5 ms"),
        ("ten planned days asked again", f"{work['list']:.1f} ms", ""),
        ("one estimate, a hundred passes, 25 people ahead", f"{work['estimate']:.1f} ms", "≤ 20 ms"),
        ("the quick estimate of one pass", f"{work['quick']:.2f} ms", "≤ 1 ms"),
        ("a hundred what-if days, one way of running them", f"{work['days'] / 1000:.2f} s", "≤ 2 s"),
    )


def attacked(folder: Path, size: float) -> list[str]:
    rows = [
        (
            name,
            ms(run.issue.at(0.95)),
            ms(run.call.at(0.95)),
            str(run.issue.refused + run.call.refused),
            f"{run.offered_per_s:.0f}",
            f"{run.refused:.0%}",
            ms(run.street_p95_ms),
            ms(run.refusal_p95_ms),
        )
        for name, run in attack.under_attack(folder, max(12, 40 * size)).items()
    ]
    return table(
        f"The counters while the street offers {attack.OFFERED_PER_S} a second (SQLite, 5 tickets/s + 2 calls/s)",
        (
            "",
            "ticket p95",
            "call p95",
            "failed",
            "street came, a second",
            "turned away",
            "street p95",
            "turned away p95",
        ),
        *rows,
    )


def statements(folder: Path, _size: float) -> list[str]:
    rows = [(name, str(count)) for name, count in statements_per_call(folder).items()]
    return table("Database statements", ("", "statements"), *rows)


PARTS: dict[str, Callable[[Path, float], list[str]]] = {
    "start": start,
    "statements": statements,
    "morning": morning,
    "doors": doors,
    "flat-out": flat_out,
    "slow-disk": slow_disk,
    "screens": screens,
    "screens-speed": screens_speed,
    "booking": bookings,
    "street": street,
    "planning": plans,
    "attack": attacked,
}


def table(title: str, head: tuple[str, ...], *rows: tuple[Any, ...]) -> list[str]:
    lines = [head, tuple("---" for _ in head), *rows]
    return [f"### {title}", "", *("| " + " | ".join(line) + " |" for line in lines)]


def ms(value: float) -> str:
    return f"{value:.0f} ms"


if __name__ == "__main__":
    main()
