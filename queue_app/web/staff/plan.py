"""The load of a day against its clerks, what is offered and why not, and the lunch that waits least.

Leaves questions to the simulator to `what_if`.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.errors import Conflict, Invalid
from queue_app.domain.written_day import written_day
from queue_app.services import setup
from queue_app.store.database import reading
from queue_app.web.auth import needs
from queue_app.web.context import house
from queue_app.web.errors import field_sentence, sentence
from queue_app.web.forms import submit
from queue_app.web.i18n import has_text, reader_language, t
from queue_app.web.opening import day_text
from queue_app.web.staff.frame import blueprint, my_deed, my_office, show
from queue_app.web.staff.group_names import names_of_groups

WIDTH, HEIGHT, FOOT = 720, 160, 30


@blueprint.get("/plan")
@needs(Right.SEE_FLOOR, page=True)
def plan_day() -> ResponseReturnValue:
    """One day: load against clerks, what is offered and why not."""
    return _day_page()


@blueprint.post("/plan/lunch")
@needs(Right.RUN_DAY, page=True)
def adopt_lunch() -> ResponseReturnValue:
    """The proposed lunch becomes the rota's."""
    from queue_app.services.day_load import adopt_lunch as adopt

    version = request.form.get("setup_version", "")

    def once(session: Session) -> str:
        made_from = int(version) if version.isdecimal() and len(version) < 12 else -1
        adopt(my_deed(session, Right.RUN_DAY), made_from, request.form.get("group", ""), request.form.getlist("lunch"))
        return url_for("staff.plan_day", day=request.form.get("day", ""), said="lunch")

    try:
        return redirect(submit(once), 303)
    except Conflict as refusal:
        return _day_page(sentence(refusal)), 409
    except Invalid as refusal:
        return _day_page(field_sentence(refusal.errors[0].code, dict(refusal.errors[0].facts))), 422


def _day_page(problem: str = "") -> str:
    from queue_app.services.day_load import day_of

    with reading() as session:
        office = my_office(session)
        today = office.today(house().ports.clock())
        day = _asked_day(request.values.get("day", ""), today)
        found = day_of(session, office, day, house().ports)
        version = setup.setup_version(session, office.id)
    said = request.args.get("said", "")
    return show(
        "staff/plan_day.html",
        office,
        day=day,
        day_words=day_text(_noon(day)),
        before=(day - timedelta(days=1)).isoformat(),
        after=(day + timedelta(days=1)).isoformat(),
        found=found,
        plots=[_plot(group) for group in found["groups"]] if found else [],
        names=names_of_groups(office),
        version=version,
        language=reader_language(),
        problem=problem,
        said=t(f"plan.said.{said}") if has_text(f"plan.said.{said}") else "",
        plot_width=WIDTH,
        plot_height=HEIGHT,
    )


def _plot(group: Any) -> dict[str, Any]:
    """Bars of the load and the line of the clerks, in pixels of one drawing."""
    most = max([1.0, *(max(row["load"], row["clerks"]) for row in group.rows)])
    step = WIDTH / max(len(group.rows), 1)
    scale = (HEIGHT - FOOT) / most
    every = 2 if len(group.rows) <= 18 else 4 if len(group.rows) <= 36 else 8
    points = []
    for place, row in enumerate(group.rows):
        y = HEIGHT - FOOT - row["clerks"] * scale
        points += [f"{place * step:.1f},{y:.1f}", f"{(place + 1) * step:.1f},{y:.1f}"]
    bars = [
        {
            "x": round(place * step + 2, 1),
            "y": round(HEIGHT - FOOT - row["load"] * scale, 1),
            "width": round(step - 4, 1),
            "height": round(row["load"] * scale, 1),
            "over": row["load"] > row["clerks"],
            "clock": "" if place % every else row["clock"],
        }
        for place, row in enumerate(group.rows)
    ]
    return {"bars": bars, "line": " ".join(points)}


def _asked_day(text: str, today: date) -> date:
    try:
        return written_day(text)
    except ValueError:
        return today


def _noon(day: date) -> Any:
    from datetime import datetime

    return datetime(day.year, day.month, day.day, 12)  # noqa: DTZ001 - only its day is read
