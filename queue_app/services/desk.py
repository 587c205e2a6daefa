"""What one console shows, and the floor view of all of them. Projections of the hall for staff.

A note is read only for the ticket in hand. Leaves who may look to `web`.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import Session

from queue_app.domain.errors import NotFound
from queue_app.domain.office import Counter, label_in
from queue_app.domain.ticket import AT_A_COUNTER, StageKind, State
from queue_app.services.board import board, range_of
from queue_app.services.expected import bookings_ahead, in_hand
from queue_app.services.floor_facts import alarms, attendance_of_today, devices, waits_of_today
from queue_app.services.hall import Hall, LiveStage, counts_of_today
from queue_app.services.helping import who_can_take_over
from queue_app.services.last_deed import last_deed
from queue_app.services.remote import marks as remote_marks
from queue_app.services.stops import stops_of
from queue_app.store.queue_tables import Ticket

Snapshot = dict[str, Any]

SHOWN_AT_ONCE = 100
"""Rows of a waiting list that a console gets; `waiting_count` says how many there are."""


def desk(hall: Hall, session: Session, counter_code: str, language: str = "ja") -> Snapshot:
    """One console: who is in hand, the line this counter may call in order, and everybody set aside."""
    if counter_code not in hall.office.counters:
        raise NotFound("unknown_counter", counter=counter_code)
    counter = hall.office.counters[counter_code]
    line = hall.callable_by(counter)
    present = hall.at(counter_code)
    waiting = [stage for stage in line if stage.kind is StageKind.RECEPTION]
    return {
        "office": hall.office.code,
        "counter": counter_code,
        "label": label_in(counter.label, language),
        "version": hall.version,
        "at": hall.now,
        "state": hall.state_of(counter_code).state,
        "since": hall.state_of(counter_code).since,
        "clerk": hall.state_of(counter_code).clerk,
        "current": _current(hall, session, present, language) if present else None,
        "waiting": [_row(hall, stage, language) for stage in waiting[:SHOWN_AT_ONCE]],
        "waiting_count": len(waiting),
        "longest_wait_s": max((hall.wait_s(stage) for stage in line), default=0),
        "longest_target_min": _target_of_longest(hall, line),
        "ready": [_row(hall, stage, language) for stage in line if stage.kind is StageKind.HANDOVER],
        "back_office": [_row(hall, stage, language) for stage in line if stage.kind is StageKind.BACK_OFFICE],
        "held": [
            _row(hall, s, language) for s in hall.stages if s.state is State.HELD and _is_held_for(hall, s, counter)
        ],
        "missed": [
            _row(hall, s, language)
            for s in hall.stages
            if s.state is State.MISSED and counter.may_serve(s.service, s.kind)
        ],
        "elsewhere": [
            {"number": s.number, "id": s.ticket_id, "counter": s.counter, "state": s.state}
            for s in hall.stages
            if s.state in AT_A_COUNTER and s.counter != counter_code and s.service in counter.services
        ],
        "bookings": bookings_ahead(session, hall.office, counter.services, now=hall.now, language=language),
        "left_alone": left_alone(hall, counter_code),
        "booked_alone": booked_alone(session, hall, counter_code),
        "colleagues": [
            {"code": other.code, "label": label_in(other.label, language)}
            for other in who_can_take_over(hall, counter_code)
        ],
        "help_asked": any(a["kind"] == "help" and a["source"] == counter_code for a in alarms(session, hall.office.id)),
        "last_deed": last_deed(session, hall, counter_code),
        "notices": board(hall, language)["notices"],
        "remote": remote_marks(session, hall.office, hall.now) if hall.office.tickets_from_home else {},
    }


def _is_held_for(hall: Hall, stage: LiveStage, counter: Counter) -> bool:
    """Somebody on hold is their counter's; once that has closed, everybody's who could go on with them."""
    if stage.counter is None or stage.counter == counter.code:
        return stage.counter is not None
    return hall.state_of(stage.counter).state == "closed" and counter.may_serve(stage.service, stage.kind)


def _target_of_longest(hall: Hall, line: list[LiveStage]) -> int:
    services = hall.office.services
    longest = max(line, key=hall.wait_s, default=None)
    return services[longest.service].wait_target if longest is not None and longest.service in services else 20


def left_alone(hall: Hall, counter_code: str) -> int:
    """How many people wait for this counter whom no other open counter could call."""
    others = [hall.office.counters[code] for code in hall.clerks if code != counter_code]
    return sum(
        1
        for stage in hall.callable_by(hall.office.counters[counter_code])
        if stage.only_counter == counter_code or not any(other.may_serve(stage.service, stage.kind) for other in others)
    )


def booked_alone(session: Session, hall: Hall, counter_code: str) -> int:
    """How many people with a booking are still expected here whom no other open counter would call."""
    here = hall.office.counters[counter_code]
    others = [hall.office.counters[code] for code in hall.clerks if code != counter_code]
    expected = bookings_ahead(session, hall.office, here.services, now=hall.now)
    return sum(
        1
        for row in expected
        if row["number"] is None
        and not row["late"]
        and not any(other.may_serve(row["service"], StageKind.RECEPTION) for other in others)
    )


def floor(hall: Hall, session: Session, language: str = "ja") -> Snapshot:
    """All counters, queues and live tickets of the office as one snapshot, for whoever steers the day."""
    wall = board(hall, language)
    return {
        "office": hall.office.code,
        "version": hall.version,
        "at": hall.now,
        "open": hall.open,
        "opens_at": hall.opens_at,
        "counters": [_counter(hall, code, language) for code in hall.office.counters],
        "queues": [
            {**queue, "target_min": hall.office.services[queue["service"]].wait_target} for queue in wall["queues"]
        ],
        "tickets": [_row(hall, stage, language) for stage in hall.stages if stage.is_ready],
        "missed": wall["missed"],
        "ready": wall["ready"],
        "devices": devices(session, hall.office.id, hall.now),
        "alarms": alarms(session, hall.office.id),
        "notices": wall["notices"],
        "today": counts_of_today(session, hall.office, hall.now)
        | waits_of_today(session, hall.office, hall.now)
        | {"attendance": attendance_of_today(session, hall.office, hall.now)},
    }


def _row(hall: Hall, stage: LiveStage, language: str) -> Snapshot:
    service = hall.office.services.get(stage.service)
    row: Snapshot = {
        "id": stage.ticket_id,
        "number": stage.number,
        "service": stage.service,
        "service_label": label_in(service.label, language) if service else stage.service,
        "stage": stage.kind,
        "state": stage.state,
        "language": stage.language,
        "needs": list(stage.needs),
        "visit_class": stage.visit_class,
        "issued_at": stage.issued_at,
        "appointed_at": stage.appointed_at,
        "since": stage.since,
        "counter": stage.counter,
    }
    if stage.waits:
        row |= {
            "wait_s": hall.wait_s(stage),
            "order_time": stage.order_time,
            "reference_at": stage.reference_at,
            "reason": hall.why(stage),
            "only_counter": stage.only_counter,
            "target_min": service.wait_target if service else 20,
        }
    return row


def _current(hall: Hall, session: Session, stage: LiveStage, language: str) -> Snapshot:
    call = next((call for call in hall.calls if call.stage_id == stage.stage_id), None)
    ticket = session.get_one(Ticket, stage.ticket_id)
    waited_until = call.at if call else stage.since
    waited_s = int((waited_until - stage.reference_at).total_seconds()) if waited_until and stage.reference_at else 0
    return {
        **_row(hall, stage, language),
        "note": ticket.note,
        "reservation": in_hand(session, ticket.reservation_id),
        "route": [asdict(stop) for stop in stops_of(hall.office, ticket, language)],
        "call_id": call.call_id if call else None,
        "recalls": call.recalls if call else 0,
        "waited_s": max(0, waited_s),
        "for_s": int((hall.now - stage.since).total_seconds()) if stage.since else 0,
    }


def _counter(hall: Hall, code: str, language: str) -> Snapshot:
    counter, state, present = hall.office.counters[code], hall.state_of(code), hall.at(code)
    return {
        "counter": code,
        "label": label_in(counter.label, language),
        "state": state.state,
        "since": state.since,
        "clerk": state.clerk,
        "services": list(counter.services),
        "helps": list(counter.helps),
        "stages": list(counter.stages),
        "waiting": sum(1 for s in hall.callable_by(counter) if s.kind is not StageKind.BACK_OFFICE),
        "number": present.number if present else None,
        "ticket": _row(hall, present, language) if present else None,
        "estimate": range_of(
            hall.estimate_behind(counter.services[0], counter.stages[0])
            if counter.services and counter.stages
            else None
        ),
    }
