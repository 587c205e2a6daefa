"""A question and its answer in words, rows and bars."""

from __future__ import annotations

from typing import Any

from queue_app.domain.office import Office, label_in
from queue_app.domain.planning.shift_rules import clock
from queue_app.store.planning_tables import WhatIfRun
from queue_app.web.i18n import has_text, reader_language, t
from queue_app.web.staff.group_names import STANDARD_GROUPS, name_of_group, names_of_groups

WIDTH, LINE, FIGURES = 720, 30, 160
"""Of a drawing, the height of one of its lines, and the room for figures beside its bars, in the letters of a phone."""

STANDARD_KINDS = ("movers", "direct", "certificates")


def words_of(office: Office, row: WhatIfRun) -> list[str]:
    """A question as it was asked."""
    said, words = row.question, []
    words.append(t(f"plan.basis.{said['basis']}", days=said["days"]))
    if said.get("day"):
        words.append(t("plan.words.day", day=said["day"]))
    if said.get("clerks"):
        span = f"{said.get('from') or '…'}–{said.get('to') or '…'}" if said.get("from") or said.get("to") else ""
        name = name_of_group(office, said["group"])
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


def problem_of(row: WhatIfRun) -> str:
    if not row.problem:
        return ""
    key = f"plan.problem.{row.problem['code']}"
    facts = row.problem["facts"]
    return t(key, **facts) if has_text(key) else t("plan.problem.other")


def kind_options(office: Office) -> list[dict[str, str]]:
    own = [{"value": code, "label": _kind(office, code)} for code in office.services]
    standard = [{"value": k, "label": t("plan.standard_group", group=_kind(office, k))} for k in STANDARD_KINDS]
    return [{"value": "", "label": t("plan.everybody")}, *own, *standard]


def _kind(office: Office, kind: str) -> str:
    """A kind of visit: a service of the office, or one of the standard day."""
    service = office.services.get(kind)
    key = f"plan.kinds.{kind}"
    return label_in(service.label, reader_language()) if service else t(key) if has_text(key) else kind


def classes_of(office: Office, result: dict[str, Any]) -> list[dict[str, Any]]:
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


def pools_of(office: Office, result: dict[str, Any]) -> list[dict[str, Any]]:
    """Use of the groups that had any work on these days, in the office's order."""
    before, after = result["before"], result["after"]
    ways = {"before": before["utilisation"], "after": after["utilisation"]}
    ways |= {"before_half": before.get("utilisation_ci95", {}), "after_half": after.get("utilisation_ci95", {})}
    known = [p for p in (*names_of_groups(office), *STANDARD_GROUPS) if ways["before"].get(p) or ways["after"].get(p)]
    halves = {"before_half": 0.0, "after_half": 0.0}
    return [
        {"pool": name_of_group(office, pool), **{way: each.get(pool, halves.get(way)) for way, each in ways.items()}}
        for pool in known
    ]


def staffing_of(office: Office, result: dict[str, Any]) -> list[dict[str, Any]]:
    """One table per group: clerks per half hour, by load and as the simulation asked."""
    names, opens = names_of_groups(office), int(result.get("opens", 8 * 60 + 30))
    groups = result.get("staffing", {}).get("groups", {})
    return [
        {"name": names.get(pool, pool), "rows": [{**row, "clock": clock(opens + row["from_min"])} for row in rows]}
        for pool, rows in groups.items()
    ]


def difference_of(result: dict[str, Any]) -> str:
    """What changed on the whole, in a sentence; a difference within its interval is none that can be told."""
    hours, half = result["saved_hours"], result["saved_hours_ci95"]
    key = "same" if abs(hours) <= half or not hours else "saved" if hours > 0 else "lost"
    return t(f"plan.{key}", hours=abs(hours), half=half)
