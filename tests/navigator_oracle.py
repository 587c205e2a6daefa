"""The navigator once more, straight from the YAML and as naively as the evaluation rules are written.

Shares no code with `queue_app.domain.navigator`. Slow and plain on purpose: it is what the real one is compared with.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

RULES_PATH = Path(__file__).parent.parent / "queue_app" / "offices" / "aoba-navigator.yaml"
RULES_TEXT = RULES_PATH.read_text(encoding="utf-8")
RAW: dict[str, Any] = yaml.safe_load(RULES_TEXT)


def answers_to(raw: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Any answers to the questions that people are asked; each may be missing."""
    ids = {question["id"] for question in raw["questions"]}
    asked = [q for q in raw["questions"] if not set(q.get("derived_from", ["-"])) <= ids]
    return st.fixed_dictionaries({}, optional={question["id"]: _answers(question) for question in asked})


def _answers(question: dict[str, Any]) -> st.SearchStrategy[Any]:
    if question["type"] == "choice":
        return st.sampled_from([option["value"] for option in question["options"]])
    if question["type"] == "boolean":
        return st.booleans()
    return st.integers(-40, 100) if question["id"] == "days_since_move" else st.integers(0, 4)


def expected(raw: dict[str, Any], answers: dict[str, Any]) -> dict[str, Any]:
    """What the rules say, as ids."""
    known = completed(raw, answers)
    kinds = {p["id"]: kind_of(raw, p, known) for p in raw["procedures"] if true(raw, p["when"], known)}
    visits = order(raw, [p for p in raw["procedures"] if kinds.get(p["id"]) == "visit"])
    stops: list[str] = []
    for visit in visits:
        if stops[-1:] != [visit["counter"]]:
            stops.append(visit["counter"])
    minutes = {visit["id"]: minutes_of(visit, known) for visit in visits}
    walking = 0
    for stop in stops[1:]:
        walking += raw["counters"][stop]["walk_minutes"]
    documents: list[str] = []
    for visit in visits:
        extra = [id for more in visit.get("documents_if", []) if true(raw, more["when"], known) for id in more["add"]]
        for id in visit.get("documents", []) + extra:
            if id not in documents:
                documents.append(id)
    return {
        "visits": [visit["id"] for visit in visits],
        "route": stops,
        "minutes": minutes,
        "walk_minutes": walking,
        "total_minutes": walking + sum(minutes.values()),
        "documents": documents,
        "warnings": [w["id"] for w in raw["warnings"] if true(raw, w["when"], known)],
        "online": [id for id, kind in kinds.items() if kind == "online"],
        "info": [id for id, kind in kinds.items() if kind == "info"],
        "external": [id for id, kind in kinds.items() if kind == "external"],
        "first_counter_procedures": [v["id"] for v in visits if v["counter"] == stops[0]],
    }


def completed(raw: dict[str, Any], answers: dict[str, Any]) -> dict[str, Any]:
    known = {question["id"]: answers.get(question["id"], question["default"]) for question in raw["questions"]}
    known["japanese_nationals"] = max(0, known["num_people"] - known["foreign_nationals"])
    known["children_u18"] = known["children_preschool"] + known["children_elem_jhs"] + known["children_high"]
    return known | raw["city_options"]


def true(raw: dict[str, Any], condition: dict[str, Any], known: dict[str, Any]) -> bool:
    if "c" in condition:
        return true(raw, raw["conditions"][condition["c"]], known)
    if "not" in condition:
        return not true(raw, condition["not"], known)
    if "all" in condition:
        return False not in [true(raw, part, known) for part in condition["all"]]
    if "any" in condition:
        return True in [true(raw, part, known) for part in condition["any"]]
    answer = known[condition["q"]]
    if "is" in condition:
        return bool(answer == condition["is"])
    if "in" in condition:
        return answer in condition["in"]
    return bool(answer >= condition["gte"]) if "gte" in condition else bool(answer <= condition["lte"])


def kind_of(raw: dict[str, Any], procedure: dict[str, Any], known: dict[str, Any]) -> str:
    if "online_if" in procedure and true(raw, procedure["online_if"], known):
        return "online"
    return str(procedure["kind"])


def minutes_of(procedure: dict[str, Any], known: dict[str, Any]) -> int:
    people = known[procedure["count"]] if "count" in procedure else 1
    extra = max(people, 1) - 1
    return int(procedure["minutes"]["first"] + procedure["minutes"]["each_extra"] * extra)


def order(raw: dict[str, Any], visits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Look through everything that is left, again and again, for the best one whose forerunners are all placed."""
    placed: list[dict[str, Any]] = []
    left = list(visits)
    while left:
        left_ids = [visit["id"] for visit in left]
        ready = [visit for visit in left if not [id for id in visit["after"] if id in left_ids]]
        best = ready[0]
        for visit in ready:
            if raw["counters"][visit["counter"]]["order"] < raw["counters"][best["counter"]]["order"]:
                best = visit
        placed.append(best)
        left.remove(best)
    return placed
