"""How a service looks to people: kiosk tile, slip and call made of its present words, and which languages it lacks.

Leaves the pages to `admin.parts`. Nothing is issued or printed.
"""

from __future__ import annotations

from typing import Any

from queue_app.domain.announcement import Called, announce
from queue_app.domain.office import Office, Service, label_in
from queue_app.domain.slip import Slip, SlipFacts, slip
from queue_app.domain.ticket import StageKind
from queue_app.web.context import house
from queue_app.web.i18n import LANGUAGES


def completeness(office: Office, labels_of: dict[str, Any]) -> list[dict[str, Any]]:
    """Per language of the office, which of the texts that exist in Japanese are missing; none missing is complete."""
    return [
        {
            "code": language,
            "name": LANGUAGES.get(language, language),
            "missing": [name for name, labels in labels_of.items() if labels.get("ja") and not labels.get(language)],
        }
        for language in office.languages
    ]


def texts_of(service: Service) -> dict[str, Any]:
    """The service's texts by name, those it has."""
    held = {"label": service.label, "area": service.area, "group": service.group, "note": service.extra.get("note", {})}
    return {name: labels for name, labels in held.items() if labels}


def previews(office: Office, service: Service) -> dict[str, Any]:
    """Tile and call per language of the office, and the slip, for the service's first number."""
    number = office.number_text(service.series, 1)
    able = office.counters_for(service.code, StageKind.RECEPTION) or tuple(office.counters.values())
    counter = able[0]
    called = Called(number=number, counter=counter.code, labels=counter.label)
    return {
        "tiles": [
            {
                "language": language,
                "name": LANGUAGES.get(language, language),
                "label": label_in(service.label, language),
                "is_own": bool(service.label.get(language)),
                "call": announce(called, language).shown,
                "spoken": announce(called, language).spoken,
            }
            for language in office.languages
        ],
        "slip": _slip(office, service, number),
    }


def _slip(office: Office, service: Service, number: str) -> Slip:
    return slip(
        SlipFacts(
            office=label_in(office.name, "ja"),
            number=number,
            service=label_in(service.label, "ja"),
            area=label_in(service.area, "ja") if service.area else "",
            issued_at=house().ports.clock().astimezone(office.zone),
            waiting=3,
            wait_min=(10, 20),
            phone=office.phone,
        )
    )
