"""A checked office file as values of the tables' columns, with everything that was left out filled in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from queue_app.domain.hours import parse_hours
from queue_app.domain.planning.shift_rules import parse_rota
from queue_app.domain.slot_plan import parse_slot_plan
from queue_app.domain.voice_plan import parse_voice
from queue_app.services import office_defaults as defaults

Columns = dict[str, Any]
LABELS = ("label", "area", "group", "note")
OFFICE_COLUMNS = ("code", "name", "zone")
SERVICE_COLUMNS = ("code", "series", "label", "minutes", "stages", "slots")
COUNTER_COLUMNS = ("code", "label", "services", "stages")
RULES = "navigator_rules"
"""Where the office's settings keep the text of its navigator rules: the tables are the home of the whole set-up."""


@dataclass(frozen=True, slots=True)
class OfficeValues:
    """What one file says, column by column. Rows are in the order of the file."""

    office: Columns
    services: tuple[Columns, ...]
    counters: tuple[Columns, ...]


def office_values(file: dict[str, Any], rules: str | None) -> OfficeValues:
    """`file` was checked; `rules` is the text of the navigator file it names."""
    settings = {key: file[key] for key in file if key not in (*OFFICE_COLUMNS, "services", "counters")}
    settings["hours"] = _hours(file["hours"])
    settings.setdefault("languages", list(defaults.LANGUAGES))
    settings["needs"] = {code: _labels(label) for code, label in file.get("needs", defaults.NEEDS).items()}
    if "rota" in settings:
        settings["rota"] = [shift.to_value() for shift in parse_rota(settings["rota"])]
    if "voice" in file:
        settings["voice"] = [each.to_value() for each in parse_voice(file["voice"])]
    if "pane" in file:
        settings["pane"] = [_slide(slide) for slide in file["pane"]]
    if rules is not None:
        settings[RULES] = rules
    office = {
        "code": str(file["code"]),
        "name": _labels(file["name"]),
        "zone": file.get("zone", defaults.ZONE),
        "settings": settings,
    }
    services = tuple(_service(place, entry) for place, entry in enumerate(file["services"]))
    return OfficeValues(office, services, tuple(_counter(place, entry) for place, entry in enumerate(file["counters"])))


def _service(position: int, entry: dict[str, Any]) -> Columns:
    return {
        "code": str(entry["code"]),
        "position": position,
        "series": str(entry["series"]),
        "label": _labels(entry["label"]),
        "minutes": entry.get("minutes", defaults.MINUTES),
        "stages": entry.get("stages", list(defaults.STAGES)),
        "slots": parse_slot_plan(entry["slots"]).to_value() if "slots" in entry else None,
        "settings": _settings(entry, SERVICE_COLUMNS),
    }


def _counter(position: int, entry: dict[str, Any]) -> Columns:
    return {
        "code": str(entry["code"]),
        "position": position,
        "label": _labels(entry["label"]),
        "services": [str(code) for code in entry["services"]],
        "stages": entry.get("stages", list(defaults.COUNTER_STAGES)),
        "settings": _settings(entry, COUNTER_COLUMNS),
    }


def _settings(entry: dict[str, Any], columns: tuple[str, ...]) -> Columns:
    held = {key: value for key, value in entry.items() if key not in columns}
    held.update({key: _labels(held[key]) for key in LABELS if key in held})
    if "hours" in held:
        held["hours"] = _hours(held["hours"])
    if "floor" in held:
        held["floor"] = str(held["floor"])
    return held


def _slide(slide: Columns) -> Columns:
    return slide | ({"text": _labels(slide["text"])} if "text" in slide else {})


def _labels(value: str | dict[str, str]) -> dict[str, str]:
    return {"ja": value} if isinstance(value, str) else value


def _hours(value: object) -> object:
    """Rewritten the one way, because YAML makes dates of unquoted days and JSON knows none."""
    return parse_hours(value).to_value()
