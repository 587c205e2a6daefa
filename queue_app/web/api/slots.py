"""Slots and holds: what can be booked, and a place kept for some minutes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple

from queue_app.domain.access import Right
from queue_app.domain.errors import Invalid
from queue_app.domain.office import Office
from queue_app.domain.reservation import HOLD_EXTENSIONS
from queue_app.domain.slots import DaySlots, NoPlace
from queue_app.services import holding, offices, wishes
from queue_app.services.availability import Found, Mark, find_slots
from queue_app.services.errands import Errand, Said, errand_of
from queue_app.services.places import Whose
from queue_app.store.reservation_tables import Reservation
from queue_app.web.api.booking_models import HoldBody, HoldShown, SlotsQuery, SlotsShown, day_in
from queue_app.web.api.endpoint import Call, Reply, change, read
from queue_app.web.api.models import EmptyBody
from queue_app.web.context import house
from queue_app.web.proof import check_rate_and_proof
from queue_app.web.wire import to_json

PUBLIC_REASON = {
    NoPlace.CLOSED: "closed",
    NoPlace.PAST: "closed",
    NoPlace.FULL: "full",
    NoPlace.TOO_LONG: "full",
    NoPlace.NOT_YET_OPEN: "not_yet_open",
    NoPlace.TOO_EARLY_FOR_MOVE: "not_yet_open",
}
"""The three words of the interface; the precise one goes along as `why`."""


@read(
    "/offices/<office>/slots",
    right=Right.READ_PUBLIC,
    answer=SlotsShown,
    query=SlotsQuery,
    codes=("unknown_office", "unknown_service", "not_bookable", "before_from", "too_long_span"),
)
def show_slots(call: Call, office: str, query: SlotsQuery) -> Reply:
    """Free times of a service, and the days that have none with the reason."""

    def look() -> Seen:
        return _seen(call, office, query)

    asked = ("slots", office, query.model_dump_json())
    seen = look() if call.identity.is_staff else house().moments.answer(asked, look)
    if len(seen.found.days) == 1:
        wishes.looked_at(seen.office, seen.today, query.service, seen.found.days)
    return Reply(text=seen.text)


@change(
    "/offices/<office>/holds",
    right=Right.RESERVE,
    body=HoldBody,
    answer=HoldShown,
    status=201,
    codes=("proof_needed", "slot_full", "not_a_slot", "not_offered", "not_yet_open", "past", "too_early_for_move"),
    first=check_rate_and_proof,
)
def hold_slot(call: Call, office: str, body: HoldBody) -> Reply:
    """Keep a place while the form is filled in."""
    deed = call.begin(office, Right.RESERVE)
    said = Said(body.service, body.answers, body.people, day_in(body.moved_on, "moved_on"))
    row, hold_id = holding.hold(deed, body.slot, said)
    return Reply(_held(deed.office, row, hold_id), 201, personal=True)


@change(
    "/offices/<office>/holds/<hold_id>/extend",
    right=Right.RESERVE,
    body=EmptyBody,
    answer=HoldShown,
    codes=("hold_expired", "hold_not_extendable", "not_found"),
)
def extend_hold(call: Call, office: str, hold_id: str) -> Reply:
    """Five minutes more, ten times at most."""
    deed = call.begin(office, Right.RESERVE)
    return Reply(_held(deed.office, holding.extend(deed, hold_id), hold_id), personal=True)


@change("/offices/<office>/holds/<hold_id>/release", right=Right.RESERVE, body=EmptyBody, answer=None, status=204)
def release_hold(call: Call, office: str, hold_id: str) -> Reply:
    """Give the place back before its time."""
    holding.release(call.begin(office, Right.RESERVE), hold_id)
    return Reply(status=204)


class Seen(NamedTuple):
    """What is answered to whoever asks now, and what it tells of."""

    office: Office
    today: date
    found: Found
    text: str


def _seen(call: Call, office: str, query: SlotsQuery) -> Seen:
    here = offices.office_by_code(call.session, office)
    today = here.today(call.ports.clock())
    first = day_in(query.from_, "from") or today
    last = day_in(query.to, "to") or max(first, today + timedelta(days=min(here.booking.ahead_days, 60)))
    errand = _errand(here, query, call)
    is_own = call.identity.is_staff and call.identity.office_id == here.id
    whose = Whose.STAFF if is_own else Whose.PUBLIC
    found = find_slots(call.session, here, errand, first=first, last=last, ports=call.ports, whose=whose)
    return Seen(here, today, found, to_json(_shown(here, errand, found)))


def _errand(office: Office, query: SlotsQuery, call: Call) -> Errand:
    if query.service not in office.services:
        raise Invalid.field("service", "unknown_service", value=query.service)
    said = Said(service=query.service, people=query.people, moved_on=day_in(query.moved_on, "moved_on"))
    errand = errand_of(office, said, visit_on=office.today(call.ports.clock()))
    return errand if query.minutes is None else errand.lasting(query.minutes)


def _shown(office: Office, errand: Errand, found: Found) -> dict[str, Any]:
    return {
        "service": errand.service.code,
        "people": errand.people,
        "minutes": errand.need_min,
        "slots": [
            {
                "id": slot.id,
                "start": slot.start.astimezone(office.zone),
                "end": slot.end.astimezone(office.zone),
                "remaining": slot.remaining,
                **_mark(found.marks.get(slot.id)),
            }
            for day in found.days
            for slot in day.free
        ],
        "days": [_without_places(day) for day in found.days if day.reason is not None],
        "next_free": found.next_free,
    }


def _mark(mark: Mark | None) -> dict[str, Any]:
    return {} if mark is None else {"level": mark.level, "recommended": mark.recommended}


def _without_places(day: DaySlots) -> dict[str, Any]:
    assert day.reason is not None
    return {"date": day.day, "reason": PUBLIC_REASON[day.reason], "why": day.reason}


def _held(office: Office, row: Reservation, hold_id: str) -> dict[str, Any]:
    assert row.expires_at is not None
    return {
        "id": hold_id,
        "expires_at": row.expires_at.astimezone(office.zone),
        "service": row.service,
        "start": row.start_at.astimezone(office.zone),
        "end": row.end_at.astimezone(office.zone),
        "people": row.people,
        "extensions_left": max(0, HOLD_EXTENSIONS - row.extensions),
    }
