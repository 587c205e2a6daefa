"""The result in the form of the public interface: plain lists in one language.

Decides the field names (interface.md, navigator endpoint) and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable

from queue_app.domain.navigator.deadlines import Due
from queue_app.domain.navigator.evaluation import Result
from queue_app.domain.navigator.model import Document, Procedure, Stop, Warning
from queue_app.domain.office import label_in


def in_language(result: Result, language: str) -> dict[str, object]:
    """Ready for JSON. `stops` tells in words where each id of `route` is, in the same order."""
    return {
        "visits": [_visit(visit, result, language) for visit in result.visits],
        "route": list(result.route),
        "stops": [_stop(stop, language) for stop in result.stops],
        "minutes": dict(result.minutes),
        "walk_minutes": result.walk_minutes,
        "total_minutes": result.total_minutes,
        "documents": _items(result.documents, language),
        "warnings": [_item(warning, language) | {"level": warning.level.value} for warning in result.warnings],
        "online": without_visit(result.online, language),
        "info": without_visit(result.info, language),
        "external": without_visit(result.external, language),
        "booking_services": list(result.booking_services),
        "first_counter_procedures": _items(result.first_counter_procedures, language),
        "ignored": list(result.ignored),
    }


def deadlines_in_language(dues: Iterable[Due], language: str) -> list[dict[str, object]]:
    """Ready for JSON: ISO dates, and the note and the law in words (empty where the rule has none).

    `counted_on` differs from `due_on` where a closed day moved it; `may_differ` asks for the word "may".
    """
    return [_deadline(due, language) for due in dues]


def without_visit(procedures: Iterable[Procedure], language: str) -> list[dict[str, object]]:
    """Ready for JSON: what needs no visit, with the address where it is done; `url` is empty where there is none."""
    return [_item(each, language) | {"url": each.url} for each in procedures]


def _deadline(due: Due, language: str) -> dict[str, object]:
    rule = due.procedure.deadline
    return _item(due.procedure, language) | {
        "due_on": due.due_on.isoformat() if due.due_on else None,
        "counted_on": due.counted_on.isoformat() if due.counted_on else None,
        "may_differ": due.may_differ,
        "statutory": rule.statutory if rule else False,
        "note": label_in(rule.note, language) if rule and rule.note else "",
        "law": label_in(rule.law, language) if rule and rule.law else "",
    }


def _visit(visit: Procedure, result: Result, language: str) -> dict[str, object]:
    return _item(visit, language) | {
        "counter": visit.counter,
        "minutes": result.minutes[visit.id],
        "who": label_in(visit.who, language) if visit.who else "",
        "bookable": visit.bookable,
    }


def _stop(stop: Stop, language: str) -> dict[str, object]:
    return {
        "id": stop.id,
        "label": label_in(stop.label, language),
        "section": label_in(stop.section, language) if stop.section else "",
        "building": label_in(stop.building, language) if stop.building else "",
        "floor": stop.floor,
        "windows": list(stop.windows),
        "service": stop.service,
    }


def _items(things: Iterable[Procedure | Document], language: str) -> list[dict[str, object]]:
    return [_item(thing, language) for thing in things]


def _item(thing: Procedure | Document | Warning, language: str) -> dict[str, object]:
    return {"id": thing.id, "label": label_in(thing.label, language)}
