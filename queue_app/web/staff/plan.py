"""Planning for whoever runs the office: the load of a day, lunch, and questions to the simulator.

Complete without a script: a question that takes longer is read again by a link.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.errors import Conflict, Invalid
from queue_app.domain.office import Office, label_in
from queue_app.domain.planning.shift_rules import clock
from queue_app.domain.written_day import written_day
from queue_app.services import setup
from queue_app.store.database import reading
from queue_app.store.planning_tables import WhatIfRun
from queue_app.web.auth import needs
from queue_app.web.context import house
from queue_app.web.errors import field_sentence, sentence
from queue_app.web.forms import submit
from queue_app.web.i18n import has_text, reader_language, t
from queue_app.web.opening import day_text
from queue_app.web.staff.frame import blueprint, my_deed, my_office, show

WIDTH, HEIGHT, FOOT = 720, 160, 30
LINE, FIGURES = 30, 160
"""Height of a line of an answer's drawing, and the room for figures beside its bars, in the letters of a phone."""

STANDARD_GROUPS = ("C", "M", "B", "H", "K")
STANDARD_KINDS = ("movers", "direct", "certificates")


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


@blueprint.get("/plan/what-if")
@needs(Right.SEE_FLOOR, page=True)
def what_if_page() -> ResponseReturnValue:
    """Ask, and the answers so far."""
    return _questions_page()


@blueprint.post("/plan/what-if")
@needs(Right.RUN_DAY, page=True)
def ask_what_if() -> ResponseReturnValue:
    """Put a question; its page shows how far it is."""
    from queue_app.services import what_if

    def once(session: Session) -> str:
        row = what_if.ask(my_deed(session, Right.RUN_DAY), _question())
        return url_for("staff.what_if_answer", run_id=row.id)

    try:
        return redirect(submit(once), 303)
    except Invalid as refusal:
        errors = {each.field: field_sentence(each.code, dict(each.facts)) for each in refusal.errors}
        return _questions_page(errors), 422
    except Conflict as refusal:
        return _questions_page({"basis": sentence(refusal)}), 409


@blueprint.get("/plan/what-if/<int:run_id>")
@needs(Right.SEE_FLOOR, page=True)
def what_if_answer(run_id: int) -> ResponseReturnValue:
    """One question: how far it is, or its answer as table and plot."""
    from queue_app.services import what_if

    with reading() as session:
        office = my_office(session)
        row = what_if.run_of(session, office, run_id)
        is_silent = row.state in (what_if.WAITING, what_if.RUNNING) and (
            row.beat_at < house().ports.clock() - what_if.SILENT
        )
        shown = {
            "run": row,
            "state": what_if.STOPPED if is_silent else row.state,
            "question": _words(office, row),
            "problem": _problem(row),
            "classes": _classes(office, row.result) if row.result else [],
            "pools": _pools(office, row.result) if row.result else [],
            "difference": _difference(row.result) if row.result else "",
            "staffing": _staffing(office, row.result) if row.result else [],
        }
        return show("staff/what_if_answer.html", office, **shown, plot_width=WIDTH, line=LINE)


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
        names=_names(office),
        version=version,
        language=reader_language(),
        problem=problem,
        said=t(f"plan.said.{said}") if has_text(f"plan.said.{said}") else "",
        plot_width=WIDTH,
        plot_height=HEIGHT,
    )


def _questions_page(errors: dict[str, str] | None = None) -> str:
    from queue_app.services import what_if

    with reading() as session:
        office = my_office(session)
        rows = what_if.runs(session, office)
        asked = [{"id": row.id, "at": row.asked_at, "state": row.state, "words": _words(office, row)} for row in rows]
        groups, kinds = _group_options(office), _kind_options(office)
    return show(
        "staff/what_if.html", office, asked=asked, groups=groups, kinds=kinds, errors=errors or {}, form=request.form
    )


def _question() -> dict[str, Any]:
    form = request.form
    return {
        "basis": "sw1" if form.get("basis") == "sw1" else "own",
        "group": form.get("group", ""),
        "clerks": _whole(form.get("clerks", "0")),
        "from": form.get("from", "").strip(),
        "to": form.get("to", "").strip(),
        "day": form.get("day", "").strip(),
        "lunch": form.get("lunch") == "yes",
        "waves": form.get("waves", "").strip(),
        "busier": _whole(form.get("busier", "0")),
        "who": form.get("who", ""),
        "slower": _whole(form.get("slower", "0")),
        "days": _whole(form.get("days", "100")),
        "staffing": form.get("staffing") == "yes",
    }


def _whole(text: str) -> int | None:
    """A whole number with its sign; None for anything else."""
    plain = text.strip() or "0"
    digits = plain.lstrip("+-")
    return (
        int(plain)
        if digits.isascii() and digits.isdecimal() and len(plain) < 6 and len(plain) - len(digits) < 2
        else None
    )


def _words(office: Office, row: WhatIfRun) -> list[str]:
    """A question as it was asked."""
    said, words = row.question, []
    words.append(t(f"plan.basis.{said['basis']}", days=said["days"]))
    if said.get("day"):
        words.append(t("plan.words.day", day=said["day"]))
    if said.get("clerks"):
        span = f"{said.get('from') or '…'}–{said.get('to') or '…'}" if said.get("from") or said.get("to") else ""
        name = _where(office, said["group"])
        words.append(t("plan.words.clerks", group=name, clerks=f"{said['clerks']:+d}", span=span))
    if said.get("lunch"):
        words.append(t("plan.words.lunch"))
    if said.get("waves"):
        words.append(t("plan.words.waves", waves=said["waves"]))
    words += [t(f"plan.words.{key}", share=f"{said[key]:+d}") for key in ("busier", "slower") if said.get(key)]
    if said.get("who") and said.get("busier"):
        words.append(t("plan.words.who", who=_kind(office, said["who"])))
    if said.get("staffing"):
        words.append(t("plan.words.staffing"))
    return words


def _kind(office: Office, kind: str) -> str:
    """A kind of visit: a service of the office, or one of the standard day."""
    service = office.services.get(kind)
    key = f"plan.kinds.{kind}"
    return label_in(service.label, reader_language()) if service else t(key) if has_text(key) else kind


def _kind_options(office: Office) -> list[dict[str, str]]:
    own = [{"value": code, "label": _kind(office, code)} for code in office.services]
    standard = [{"value": k, "label": t("plan.standard_group", group=_kind(office, k))} for k in STANDARD_KINDS]
    return [{"value": "", "label": t("plan.everybody")}, *own, *standard]


def _staffing(office: Office, result: dict[str, Any]) -> list[dict[str, Any]]:
    """One table per group: clerks per half hour, by load and as the simulation asked."""
    names, opens = _names(office), int(result.get("opens", 8 * 60 + 30))
    groups = result.get("staffing", {}).get("groups", {})
    return [
        {"name": names.get(pool, pool), "rows": [{**row, "clock": clock(opens + row["from_min"])} for row in rows]}
        for pool, rows in groups.items()
    ]


def _problem(row: WhatIfRun) -> str:
    if not row.problem:
        return ""
    key = f"plan.problem.{row.problem['code']}"
    facts = row.problem["facts"]
    return t(key, **facts) if has_text(key) else t("plan.problem.other")


def _classes(office: Office, result: dict[str, Any]) -> list[dict[str, Any]]:
    rows = []
    longest = (
        max(
            (
                result[way][name]["idle"]["p90"] + result[way][name]["idle"]["ci95_p90"]
                for way in ("before", "after")
                for name in result["classes"]
                if result[way][name]
            ),
            default=1.0,
        )
        or 1.0
    )
    for name in result["classes"]:
        key = f"plan.classes.{name}"
        label = (
            t(key)
            if has_text(key)
            else label_in(office.services[name].label, reader_language())
            if name in office.services
            else name
        )
        ways = {way: result[way][name] for way in ("before", "after")}
        bars = {way: _answer_bar(ways[way]["idle"], longest) if ways[way] else None for way in ways}
        rows.append({"name": name, "label": label, **ways, "bars": bars})
    return rows


def _answer_bar(idle: dict[str, float], longest: float) -> dict[str, Any]:
    """A bar with the ends of its interval, in the units of the drawing, and its figures."""
    scale, middle, half = (WIDTH - FIGURES) / longest, idle["p90"], idle["ci95_p90"]
    ends = [round(scale * max(end, 0.0), 1) for end in (middle - half, middle + half)]
    return {"width": round(scale * middle, 1), "ends": ends, "figures": f"{middle:.0f} ± {half:.0f}"}


def _pools(office: Office, result: dict[str, Any]) -> list[dict[str, Any]]:
    """Use of the groups that had any work on these days, in the office's order."""
    before, after = result["before"], result["after"]
    ways = {"before": before["utilisation"], "after": after["utilisation"]}
    ways |= {"before_half": before.get("utilisation_ci95", {}), "after_half": after.get("utilisation_ci95", {})}
    known = [p for p in (*_names(office), *STANDARD_GROUPS) if ways["before"].get(p) or ways["after"].get(p)]
    halves = {"before_half": 0.0, "after_half": 0.0}
    return [
        {"pool": _where(office, pool), **{way: each.get(pool, halves.get(way)) for way, each in ways.items()}}
        for pool in known
    ]


def _difference(result: dict[str, Any]) -> str:
    """What changed on the whole, in a sentence; a difference within its interval is none that can be told."""
    hours, half = result["saved_hours"], result["saved_hours_ci95"]
    key = "same" if abs(hours) <= half or not hours else "saved" if hours > 0 else "lost"
    return t(f"plan.{key}", hours=abs(hours), half=half)


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


def _names(office: Office) -> dict[str, str]:
    """What a group is called: its counters."""
    from queue_app.services.planned import pool_of_counter

    groups: dict[str, list[str]] = {}
    for code, pool in pool_of_counter(office).items():
        groups.setdefault(pool, []).append(label_in(office.counters[code].label, reader_language()))
    return {
        pool: labels[0] if len(labels) == 1 else t("plan.group", first=labels[0], count=len(labels))
        for pool, labels in groups.items()
    }


def _group_options(office: Office) -> list[dict[str, str]]:
    """Every counter by its own name, with the group it works in; then the groups of the standard day."""
    from queue_app.services.planned import pool_of_counter

    names, own = _names(office), []
    for code, pool in pool_of_counter(office).items():
        label = _where(office, code)
        is_alone = label == names[pool]
        own.append(
            {"value": code, "label": label if is_alone else t("plan.of_group", counter=label, group=names[pool])}
        )
    return own + [{"value": pool, "label": t(f"plan.standard.{pool}")} for pool in STANDARD_GROUPS]


def _where(office: Office, group: str) -> str:
    """A counter, a group called after its first counter, or a group of the standard day."""
    if group in office.counters:
        names = _names(office)
        return names[group] if group in names else label_in(office.counters[group].label, reader_language())
    return t(f"plan.standard.{group}") if group in STANDARD_GROUPS else group


def _asked_day(text: str, today: date) -> date:
    try:
        return written_day(text)
    except ValueError:
        return today


def _noon(day: date) -> Any:
    from datetime import datetime

    return datetime(day.year, day.month, day.day, 12)  # noqa: DTZ001 - only its day is read
