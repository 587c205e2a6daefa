"""What hangs on the wall: the board of an office and the menu of its kiosks. Numbers only, ever.

A projection of `hall`; leaves who watches to `web.sockets`.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from queue_app.domain.announcement import Called, CallKind, sayings
from queue_app.domain.calendar import takes_tickets
from queue_app.domain.estimate import Range
from queue_app.domain.office import Service, label_in
from queue_app.domain.ticket import StageKind, State
from queue_app.services.hall import Hall, LiveStage, OpenCall
from queue_app.services.ports import Ports

Snapshot = dict[str, Any]


def board(hall: Hall, language: str = "ja") -> Snapshot:
    """The board snapshot of interface.md section 3. No name, no phone, no note, no need."""
    office = hall.office
    by_stage = {stage.stage_id: stage for stage in hall.stages}
    return {
        "office": office.code,
        "version": hall.version,
        "at": hall.now,
        "open": hall.open,
        "opens_at": hall.opens_at,
        "tickets_until": hall.tickets_until,
        "calls": [_call(hall, call, by_stage[call.stage_id]) for call in hall.calls if call.stage_id in by_stage],
        "counters": [_counter(hall, code, language) for code in office.counters],
        "queues": [_queue(hall, service, language) for service in office.services.values()],
        "ready": [stage.number for stage in hall.line if stage.kind is StageKind.HANDOVER],
        "missed": _numbers(stage for stage in hall.stages if stage.state is State.MISSED),
        "services_of": _services_of(hall),
        "notices": [
            {
                "id": notice["id"],
                "level": notice["level"],
                "text": label_in(notice["text"], language),
                "texts": notice["text"],
                "at": notice["at"],
            }
            for notice in hall.notices
        ],
    }


def kiosk_menu(hall: Hall, ports: Ports, language: str) -> Snapshot:
    """What a kiosk offers now: each walk-in service with its queue, and why it cannot be taken where it cannot."""
    office = hall.office
    return {
        "office": office.code,
        "version": hall.version,
        "open": hall.open,
        "opens_at": hall.opens_at,
        "services": [
            {**_queue(hall, service, language), "icon": service.icon, "refused": _refused(hall, service, ports)}
            for service in office.services.values()
            if service.walk_in
        ],
    }


def range_of(estimate: Range | None) -> dict[str, int] | None:
    """A range as the interface shows it; None when nobody is on duty."""
    if estimate is None:
        return None
    return {"low_min": estimate.low_min, "likely_min": estimate.likely_min, "high_min": estimate.high_min}


def called_value(hall: Hall, call: OpenCall, stage: LiveStage) -> Called:
    """The call as `domain.announcement` wants it."""
    counter = hall.office.counters[call.counter]
    kind = CallKind.HANDOVER if stage.kind is StageKind.HANDOVER else CallKind.RECEPTION
    return Called(
        number=stage.number,
        counter=counter.code,
        kind=CallKind.RECALL if call.recalls else kind,
        labels=counter.label,
    )


def _services_of(hall: Hall) -> dict[str, str]:
    """Which service each ready or missed number belongs to, so that a display can tell the numbers of its zone."""
    shown = (s for s in hall.stages if s.state is State.MISSED or (s.waits and s.kind is StageKind.HANDOVER))
    return {stage.number: stage.service for stage in shown}


def _call(hall: Hall, call: OpenCall, stage: LiveStage) -> Snapshot:
    return {
        "call_id": call.call_id,
        "number": stage.number,
        "counter": call.counter,
        "kind": "handover" if stage.kind is StageKind.HANDOVER else "reception",
        "at": call.at,
        "recalls": call.recalls,
        "sounded_at": call.sounded_at,
        "language": stage.language,
        "service": stage.service,
        "say": sayings(called_value(hall, call, stage), stage.language),
    }


def _counter(hall: Hall, code: str, language: str) -> Snapshot:
    counter = hall.office.counters[code]
    present = hall.at(code)
    shown: Snapshot = {
        "counter": code,
        "label": label_in(counter.label, language),
        "state": hall.state_of(code).state,
        "zone": counter.zone,
        "floor": counter.floor,
        "direction": counter.direction,
        "services": list(counter.services),
    }
    if present is not None and present.kind is not StageKind.BACK_OFFICE:
        shown["number"] = present.number
    return shown


def _queue(hall: Hall, service: Service, language: str) -> Snapshot:
    """People who wait to be called for this service: its first stage and its deliveries, not the papers behind."""
    waiting = [
        s for kind in (StageKind.RECEPTION, StageKind.HANDOVER) for s in hall.queues.get((service.code, kind), ())
    ]
    first = next(kind for kind in service.stages)
    return {
        "service": service.code,
        "label": label_in(service.label, language),
        "waiting": len(waiting),
        "longest_wait_s": hall.wait_s(min(waiting, key=attrgetter("reference_at"))) if waiting else 0,
        "estimate": range_of(hall.estimate_behind(service.code, first)),
        "paused": service.paused,
        "counters_open": sum(1 for code in hall.clerks if hall.office.counters[code].may_serve(service.code, first)),
    }


def _refused(hall: Hall, service: Service, ports: Ports) -> str | None:
    office = hall.office
    if service.paused:
        return "service_paused"
    for hours, code in ((office.hours, "office_closed"), (service.hours, "service_closed")):
        if hours is not None and not takes_tickets(hours, hall.now, office.zone, ports.holidays):
            return code
    return None


def _numbers(stages: Any) -> list[str]:
    return list(dict.fromkeys(stage.number for stage in stages))
