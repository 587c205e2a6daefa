"""Planning's own work, in one thread and in processor time: the offer of a slot, one estimate, a hundred what-if days.

Processor time, because waiting for other people's work is not in it; a core shared with others still makes it longer.
"""

from __future__ import annotations

import gc
from datetime import timedelta
from pathlib import Path
from random import Random

from queue_app.commands.simulate import RARE_SWEEPS
from queue_app.domain.estimate import Ahead, Clerk, LiveState, Running, estimate, quick_estimate
from queue_app.domain.planning.change import Days, Ground, standard_days
from queue_app.domain.planning.experiment import Figures, add_day, report
from queue_app.domain.planning.lognormal import Duration
from queue_app.domain.planning.policies import FULL
from queue_app.domain.planning.simulator import simulate_day
from scripts.bench.booking import median_ms

PEOPLE_AHEAD, CLERKS = 25, 8
OFFICE = """
code: planned
name: {ja: あおば市役所, en: Aoba City Hall}
zone: Asia/Tokyo
hours: {mon: ["08:30-17:15"], tue: ["08:30-17:15"], wed: ["08:30-17:15"], thu: ["08:30-17:15"], fri: ["08:30-17:15"],
        sat: ["08:30-17:15"], sun: ["08:30-17:15"]}
services:
  - {code: moving, series: B, label: {ja: 引っ越し, en: Moving}, minutes: 14,
     stages: [reception, back_office, handover], slots: {length_min: 15, capacity: planned}}
  - {code: certificate, series: A, label: {ja: 証明書, en: Certificates}, minutes: 5}
counters:
  - {code: "1", label: {ja: 1番窓口, en: Window 1}, services: [moving], stages: [reception, handover]}
  - {code: "2", label: {ja: 2番窓口, en: Window 2}, services: [moving], stages: [reception, handover]}
  - {code: "3", label: {ja: 3番窓口, en: Window 3}, services: [certificate], stages: [reception]}
  - {code: "9", label: {ja: 審査, en: Back office}, services: [moving], stages: [back_office]}
booking: {ahead_days: 30, cutoff_min: 0, hold_min: 10, early_min: 10, late_min: 10}
"""


def own_work(folder: Path, days: int) -> dict[str, float]:
    """Milliseconds: medians of many offers and estimates; what-if days as a hundred of them."""
    offers = offers_of_planned_days(folder)
    swept = gc.get_threshold()
    gc.set_threshold(*RARE_SWEEPS)
    try:
        ground, people = standard_days(days)
        rng = Random(1)  # noqa: S311 - chance of waits, not of secrets
        return {
            **offers,
            "quick": median_ms(lambda: quick_estimate(_queue()), 200),
            "estimate": median_ms(lambda: estimate(_queue(), rng), 60),
            "days": median_ms(lambda: _lived(ground, people), 3) * 100 / days,
        }
    finally:
        gc.set_threshold(*swept)


def offers_of_planned_days(folder: Path) -> dict[str, float]:
    """A service whose capacity is planned: a day that nobody has asked for yet, and ten days asked again."""
    from config import read_settings
    from queue_app.services import availability, office_file, offices, schema
    from queue_app.services.errands import Said, errand_of
    from queue_app.services.planned import planner_of
    from queue_app.store.database import reading, writing
    from queue_app.web.context import KEY
    from run import make_app

    app = make_app(read_settings({"MATAZU_INSTANCE": str(folder)}))
    ports = app.extensions[KEY].ports
    with app.app_context():
        schema.bring_up_to_date()
        writing(lambda session: office_file.load_office(session, OFFICE, "bench.yaml", ports.clock()))
        with reading() as session:
            here = offices.office_by_code(session, "planned")
            day = here.today(ports.clock()) + timedelta(days=7)
            errand = errand_of(here, Said(service="moving"), visit_on=day)
            planner = planner_of(session, here, ports.holidays, here.today(ports.clock()))

            def find(days: int) -> object:
                last = day + timedelta(days=days - 1)
                return availability.find_slots(session, here, errand, first=day, last=last, ports=ports)

            def asked_first() -> object:
                planner._answers.clear()
                return find(1)

            return {"offer": median_ms(asked_first, 60), "list": median_ms(lambda: find(10), 60)}


def _queue() -> LiveState:
    """Twenty-five people and eight clerks in the middle of a service: a full peak hour of moving."""
    law = Duration(14.0, 0.5)
    clerks = tuple(Clerk(running=Running(law, float(elapsed))) for elapsed in range(CLERKS))
    return LiveState("moving", ahead=(Ahead("moving", law, -10.0, stays=0.97),) * PEOPLE_AHEAD, clerks=clerks)


def _lived(ground: Ground, days: Days) -> object:
    """One way of running these days, to its report: a question runs two."""
    found = Figures()
    for visitors, booked in days:
        add_day(found, simulate_day(visitors, booked, ground.duties, FULL, day_min=ground.day_min))
    return report(found)
