"""How fast bookings are: the own work of list and questions, a page at 50 a second, the opening of a season.

The rush is counted afterwards, slot by slot: a quick server that sells a place twice has failed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from scripts.bench.measures import Presses
from tests.real_server import ROOT, RealServer
from tests.storm.town import Town, grown_town, small_town

OFFICE = "season"
SERVICE = "moving"
PLACES = 20
FILE = """
code: season
name: {ja: あおば市役所, en: Aoba City Hall}
zone: Asia/Tokyo
hours: {mon: ["08:30-17:15"], tue: ["08:30-17:15"], wed: ["08:30-17:15"], thu: ["08:30-17:15"], fri: ["08:30-17:15"],
        closed: [holidays, "12-29..01-03"]}
services:
  - {code: moving, series: B, label: {ja: 引っ越し, en: Moving}, minutes: 14, slots: {length_min: 30, capacity: 20}}
counters:
  - {code: "1", label: {ja: 1番窓口, en: Window 1}, services: [moving], stages: [reception]}
booking: {ahead_days: 30, cutoff_min: 0, hold_min: 10, early_min: 10, late_min: 10}
"""
TO_SELL = 300


@dataclass(frozen=True)
class Season:
    """What a rush came to."""

    presses: dict[str, Presses]
    sold: int
    seconds_to_sell: float
    most_in_a_slot: int
    broken: int
    spent_ms: dict[str, float]
    """Processor time for one press, by who spent it: that travels between machines better than a wait does."""
    answers: Counter[int]
    """How often each status was heard."""


def own_work(folder: Path) -> dict[str, float]:
    """Milliseconds of processor time, the median of many: the list of ten days, and the rules of the navigator."""
    from config import read_settings
    from queue_app.domain.navigator import evaluate, relevant_answers
    from queue_app.services import availability, demo, offices, schema
    from queue_app.services.errands import Said, errand_of, navigator_rules
    from queue_app.store.database import reading
    from queue_app.web.context import KEY
    from run import make_app

    app = make_app(read_settings({"MATAZU_INSTANCE": str(folder)}))
    ports = app.extensions[KEY].ports
    with app.app_context():
        schema.bring_up_to_date()
        demo.load_if_empty(ports)
        with reading() as session:
            here = offices.office_by_code(session, demo.CODE)
            today = here.today(ports.clock())
            rules = navigator_rules(here)
            said: dict[str, bool | int | str] = {
                "move_type": "in_domestic",
                "num_people": 4,
                "nhi": 3,
                "children_pre": 1,
                "mynumber_cards": 4,
            }

            def slots() -> object:
                errand = errand_of(here, Said(service=SERVICE), visit_on=today)
                last = today + timedelta(days=9)
                return availability.find_slots(session, here, errand, first=today, last=last, ports=ports)

            def navigator() -> object:
                return evaluate(rules, relevant_answers(rules, said))

            return {"slots": median_ms(slots), "navigator": median_ms(navigator)}


def page_at_fifty(folder: Path, seconds: float) -> Presses:
    """The page of days, fifty times a second, on SQLite."""
    with small_town(folder) as town:
        wish = _season(town)
        rows = _rush({**wish, "mixed": False, "per_s": 50, "seconds": seconds})
        return _presses(rows, "page", seconds)


def season_opens(folder: Path, seconds: float, *, carriers: int = 0) -> Season:
    """200 presses a second on PostgreSQL and Redis with two workers.

    With `carriers` the gates and limits of the street are on, and all those people share so many addresses.
    """
    street = {"RATE_LIMIT_PUBLIC": "600/minute", "TRUSTED_PROXIES": "1"} if carriers else {}
    with grown_town(folder, server=RealServer(folder, environ=street)) as town:
        wish = _season(town) | {"carriers": carriers}
        before = spent_s(town)
        rows = _rush({**wish, "mixed": True, "per_s": 200, "seconds": seconds})
        spent = {who: (after - before[who]) * 1000 / len(rows) for who, after in spent_s(town).items()}
        booked = sorted(row[2] for row in rows if row[0] == "book" and row[3] == 201)
        taken = _taken(town)
    return Season(
        presses={kind: _presses(rows, kind, seconds) for kind in ("read", "hold", "book")},
        sold=len(booked),
        seconds_to_sell=booked[TO_SELL - 1] if len(booked) >= TO_SELL else float("inf"),
        most_in_a_slot=max(taken.values(), default=0),
        broken=sum(row[3] not in (200, 201, 409) for row in rows),
        answers=Counter(row[3] for row in rows),
        spent_ms=spent,
    )


def spent_s(town: Town) -> dict[str, float]:
    """Seconds of processor time so far: workers, database with everybody it has served, bus, clients."""
    assert town.postgres is not None and town.postgres.process is not None
    assert town.redis is not None and town.redis.process is not None
    own = os.times()
    database = town.postgres.process.pid
    return {
        "workers": sum(_used_s(pid) for pid in town.workers()),
        "database": sum(_used_s(pid) for pid in (database, *_children(database))),
        "bus": _used_s(town.redis.process.pid),
        "clients": own.children_user + own.children_system,
    }


def _used_s(pid: int) -> float:
    """Its own time and that of its children that have ended (proc_pid_stat(5), fields 14 to 17)."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()]


def _season(town: Town) -> dict[str, Any]:
    """Load the office and walk to the page of days once, as a browser does."""
    file = town.server.folder / "season.yaml"
    file.write_text(FILE, encoding="utf-8")
    town.server.command_line("office", "load", str(file))
    days = 14
    query = f"service={SERVICE}&people=1"
    status, offered = town.server.get(f"/api/v1/offices/{OFFICE}/slots?{query}&{_span(days)}")
    assert status == 200, offered
    slots = [slot["id"] for slot in offered["slots"]][:60]
    assert len(slots) * PLACES >= TO_SELL * 2
    return {
        "port": town.server.port,
        "office": OFFICE,
        "service": SERVICE,
        "slots": slots,
        "query": f"{query}&{_span(9)}",
        "page": f"/book/{OFFICE}/day",
        "cookie": _cookie(town.server),
    }


def _span(days: int) -> str:
    from queue_app.adapters.clock import system_clock

    today = system_clock().date()
    return f"from={today}&to={today + timedelta(days=days)}"


def _cookie(server: RealServer) -> str:
    """The cookies of somebody who has said what they come for."""
    import re

    import requests

    with requests.Session() as browser:
        for path, said in ((f"/book/{OFFICE}", {"errand": SERVICE}), (f"/book/{OFFICE}/people", {"people": "1"})):
            page = browser.get(server.url + path, timeout=30).text
            token = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
            browser.post(server.url + path, data={**said, "csrf_token": token}, timeout=30)
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies)


def _rush(wish: dict[str, Any]) -> list[tuple[str, float, float, int]]:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.bench.rush"],
        input=json.dumps(wish), cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return [tuple(row) for row in json.loads(done.stdout)]


def _presses(rows: list[tuple[str, float, float, int]], kind: str, seconds: float) -> Presses:
    """A 409 is an answer, too: the place is gone, and here are others."""
    mine = [row for row in rows if row[0] == kind]
    good = [row for row in mine if row[3] in (200, 201, 409)]
    return Presses(sorted((row[2] - row[1]) * 1000 for row in good), len(good) / seconds, len(mine) - len(good))


def _taken(town: Town) -> dict[str, int]:
    """Places taken by slot, as the tables say: bookings and holds."""
    import psycopg

    url = town.server.settings()["DATABASE_URL"].replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT slot, count(*) FROM slot_place GROUP BY slot").fetchall()
    return {str(slot): int(count) for slot, count in rows}


def median_ms(work: Callable[[], object], times: int = 200) -> float:
    """Processor time of one go, the median of so many."""
    spent = []
    for _ in range(times):
        began = time.process_time()
        work()
        spent.append((time.process_time() - began) * 1000)
    return sorted(spent)[times // 2]
