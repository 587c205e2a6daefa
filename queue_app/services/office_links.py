"""Whether the parts of an office file fit together: codes are unique, names exist, numbers cannot be mixed up.

Runs after `office_shape` and passes over what is broken there, so one mistake is not reported twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from queue_app.services.navigator_source import Finding, Path, Source
from queue_app.services.office_defaults import COUNTER_STAGES, STAGES
from queue_app.services.office_shape import is_code

LOOK_ALIKES = frozenset("IOQZ")
SMALLEST_BAND = 10
HINTS = frozenset({"look_alike_letter", "nobody_serves", "unknown_navigator_service", "untranslated"})
"""Findings a city should hear of and may live with. Everything else refuses the file."""

Entry = Mapping[str, Any]


def check_links(source: Source) -> None:
    for part in ("services", "counters"):
        _check_unique(source, part)
        if source.at((part,)) == []:
            source.add((part,), "empty", f"An office needs {part}")
    _check_series(source)
    _check_named_services(source)
    _check_stages_served(source)
    _check_rota(source)


def check_navigator_services(source: Source, rules: Source) -> None:
    """The rules book by service code; a code the office does not have cannot be booked."""
    known = set(_codes(source, "services"))
    stops = [(id, entry) for id, entry in rules.mapping("counters").items() if isinstance(entry, dict)]
    procedures = [entry for entry in rules.sequence("procedures") if isinstance(entry, dict)]
    named = [entry.get("service", id) for id, entry in stops]
    named += [entry["service"] for entry in procedures if "service" in entry]
    for service in sorted({str(name) for name in named} - known):
        message = f"The rules name the service {service}, which this office does not have; nobody can book it"
        source.add(("navigator",), "unknown_navigator_service", message)


def check_translations(source: Source, rules: Source) -> None:
    """What the rules say in Japanese only stays Japanese for readers of every other language."""
    for path in _japanese_only((), rules.value):
        message = f"{'.'.join(map(str, path))} has no English text; others read it in Japanese"
        source.findings.append(Finding(rules.line(path), "untranslated", message, rules.name))


def _japanese_only(path: Path, value: object) -> Iterator[Path]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if isinstance(value, dict) and value.get("ja") and not value.get("en"):
        yield path
    for key, inner in entries:
        yield from _japanese_only((*path, key), inner)


def _entries(source: Source, part: str) -> Iterator[tuple[Path, Entry]]:
    for place, entry in enumerate(source.sequence(part)):
        if isinstance(entry, dict):
            yield (part, place), entry


def _codes(source: Source, part: str) -> list[str]:
    return [str(entry["code"]) for _, entry in _entries(source, part) if is_code(entry.get("code"))]


def _check_unique(source: Source, part: str) -> None:
    seen: dict[str, int] = {}
    for path, entry in _entries(source, part):
        code = str(entry.get("code"))
        if code in seen:
            message = f"The code {code} is used already on line {seen[code]}"
            source.add((*path, "code"), "duplicate_code", message)
        elif "code" in entry:
            seen[code] = source.line((*path, "code"))


def _check_series(source: Source) -> None:
    """Services may share a series; two bands must leave room between them (`domain.ticket.format_number`)."""
    bands: dict[int, Path] = {}
    for path, entry in _entries(source, "services"):
        series = str(entry.get("series", ""))
        if LOOK_ALIKES & set(series):
            message = f"{series} is easily taken for another sign; avoid I, O, Q and Z"
            source.add((*path, "series"), "look_alike_letter", message)
        if series.isascii() and series.isdecimal() and len(series) <= 4:
            bands.setdefault(int(series), (*path, "series"))
    for low, high in pairwise(sorted(bands)):
        if high - low - 1 < SMALLEST_BAND:
            message = f"The number bands {low} and {high} overlap: leave at least {SMALLEST_BAND} numbers between them"
            source.add(bands[high], "bands_overlap", message)


def _check_named_services(source: Source) -> None:
    known = set(_codes(source, "services"))
    for path, _ in _entries(source, "counters"):
        for place, service in enumerate(source.sequence(*path, "services")):
            if is_code(service) and str(service) not in known:
                source.add((*path, "services", place), "unknown_service", f"There is no service {service} in this file")


def _check_stages_served(source: Source) -> None:
    served = {
        (str(service), stage)
        for path, entry in _entries(source, "counters")
        for service in source.sequence(*path, "services")
        for stage in _strings(entry.get("stages", COUNTER_STAGES))
    }
    for path, entry in _entries(source, "services"):
        for stage in _strings(entry.get("stages", STAGES)):
            if is_code(entry.get("code")) and (str(entry["code"]), stage) not in served:
                message = f"No counter does the stage {stage} of {entry['code']}; its tickets would stay there"
                source.add((*path, "code"), "nobody_serves", message)


def _check_rota(source: Source) -> None:
    """Every shift belongs to a counter of this file; more clerks than counters have nowhere to sit."""
    counters = set(_codes(source, "counters"))
    for path, entry in _entries(source, "rota"):
        if is_code(entry.get("group")) and str(entry["group"]) not in counters:
            source.add((*path, "group"), "unknown_counter", f"There is no counter {entry['group']} in this file")
        elif isinstance(entry.get("clerks"), int) and entry["clerks"] > len(counters):
            message = f"{entry['clerks']} clerks are more than this office has counters ({len(counters)})"
            source.add((*path, "clerks"), "more_clerks_than_counters", message)


def _strings(value: object) -> list[str]:
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list | tuple) else []
