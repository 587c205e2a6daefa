"""Booking a visit: made, moved, cancelled. Each is one transaction with its places, its event and its messages.

Decides who may have a booking (one open booking per contact and service) and what never changes afterwards (the name:
a booking cannot be sold). Leaves the choice of the slot to `holding`, places to `places`, words to `letters`.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select

from queue_app.domain.errors import Conflict, Invalid
from queue_app.domain.events import Event
from queue_app.domain.person_name import normalise_kana
from queue_app.domain.reservation import Action, State, new_code, new_pin, next_state
from queue_app.domain.slots import NoPlace, slot_id
from queue_app.services import holding, places, regrid, reminders, tokens
from queue_app.services.availability import route_of
from queue_app.services.deed import Deed
from queue_app.services.errands import Said
from queue_app.services.holding import Chosen
from queue_app.services.messages import Contact
from queue_app.services.search_hashes import code_hash_of, contact_hash_of, name_hash_of
from queue_app.store.prepared import Prepared
from queue_app.store.reservation_tables import Reservation

SHORTEST_REST = timedelta(minutes=1)
MOST_MOVES = 10
"""How often a resident may move one booking; staff may always."""


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody sends in: a slot or a hold, what they come for, who they are and where we may write."""

    said: Said
    name_kana: str
    slot: str | None = None
    hold: str | None = None
    contact: Contact | None = None
    language: str = "ja"
    needs: tuple[str, ...] = ()


def book(deed: Deed, request: Request) -> Reservation:
    """A booking, with its code and the messages about it.

    Refuses `slot_full` with `alternatives`, `hold_expired`, `hold_used`, `already_booked`, and by field whatever cannot
    be used.
    """
    places.clear_passed(deed)
    regrid.lay_again_once(deed)
    name = normalise_kana(request.name_kana)
    _check_needs(deed, request.needs)
    row, chosen = _placed(deed, request)
    check_only_one(deed, request.contact, row.service, besides=row)
    row.name_kana, row.name_hash = name, name_hash_of(name)
    row.language, row.needs = request.language, list(request.needs)
    row.moved_on = request.said.moved_on
    row.answers = None if chosen.errand.result is None else json.dumps(dict(chosen.errand.result.answers))
    make_reachable(row, request.contact)
    _with_code(deed, row)
    deed.session.flush()
    event = deed.record(
        Event.RESERVED,
        service=row.service,
        reservation=row.id,
        start=row.start_at.isoformat(),
        people=row.people,
        procedures=[] if chosen.errand.result is None else [each.id for each in chosen.errand.result.visits],
    )
    deed.session.flush()
    reminders.confirm(deed, row, event)
    return row


def reschedule(deed: Deed, row: Reservation, slot: str, *, made_from: int | None = None) -> Reservation:
    """Another time for the same visit. A full slot leaves everything as it was.

    `made_from` is the `sequence` of the booking that somebody looked at when they chose; whoever was second is refused
    `booking_moved`, with the time now and the one wanted. Refuses `slot_full`, `moved_enough`, `not_allowed`, and by
    field what `holding.choose` refuses.
    """
    places.clear_passed(deed)
    regrid.lay_again_once(deed)
    after = next_state(State(row.state), Action.RESCHEDULE)
    if slot == slot_id(row.service, row.start_at):
        return row
    if made_from is not None and made_from != row.sequence:
        start = row.start_at.astimezone(deed.office.zone)
        raise Conflict("booking_moved", sequence=row.sequence, start=start, wanted=slot)
    if row.sequence >= MOST_MOVES and places.whose_view(deed) is places.Whose.PUBLIC:
        raise Conflict("moved_enough", most=MOST_MOVES)
    chosen = holding.choose(deed, slot, said_of(row))
    before = places.places_of(deed.session, row)
    left_at = row.start_at
    holding.settle_in(deed, row, chosen)
    kept = {cell.id for cell in chosen.cells}
    _free(deed, row.service, [place for place in before if place.slot not in kept])
    row.state, row.sequence, row.changed_at = after, row.sequence + 1, deed.now
    event = deed.record(
        Event.RESCHEDULED,
        service=row.service,
        reservation=row.id,
        start=row.start_at.isoformat(),
        left=left_at.isoformat(),
    )
    deed.session.flush()
    reminders.moved(deed, row, event)
    return row


def cancel(deed: Deed, row: Reservation) -> Reservation:
    """The booking is given back. Cancelling twice is the same as once; refuses `not_allowed` after the arrival."""
    if row.state == State.CANCELLED:
        return row
    row.state = next_state(State(row.state), Action.CANCEL)
    row.ended_at, row.changed_at, row.sequence = deed.now, deed.now, row.sequence + 1
    before = places.places_of(deed.session, row)
    places.give_back(deed, row)
    _free(deed, row.service, before)
    event = deed.record(
        Event.RESERVATION_CANCELLED, service=row.service, reservation=row.id, start=row.start_at.isoformat()
    )
    deed.session.flush()
    reminders.cancelled(deed, row, event)
    return row


def said_of(row: Reservation) -> Said:
    """What was said when the booking was made."""
    answers = json.loads(row.answers) if row.answers else None
    return Said(service=row.service, answers=answers, people=row.people, moved_on=row.moved_on)


def _placed(deed: Deed, request: Request) -> tuple[Reservation, Chosen]:
    if (request.slot is None) == (request.hold is None):
        raise Invalid.field("slot", "slot_or_hold")
    if request.hold is not None:
        return _from_hold(deed, request, request.hold)
    assert request.slot is not None
    chosen = holding.choose(deed, request.slot, request.said)
    row = holding.blank(deed, chosen, nonce=tokens.new_nonce())
    holding.settle_in(deed, row, chosen)
    return row, chosen


def _from_hold(deed: Deed, request: Request, hold_id: str) -> tuple[Reservation, Chosen]:
    """The held places if they are enough; a longer errand than the one held for must find room for the rest."""
    row = holding.confirmable(deed, hold_id)
    people = request.said.people if request.said.people is not None else row.people
    said = replace(request.said, people=people)
    chosen = holding.choose(deed, slot_id(row.service, row.start_at), said, pardoned=(NoPlace.PAST,))
    if not holding.may_keep(deed, row, chosen):
        holding.settle_in(deed, row, chosen)
    row.people, row.need_min = chosen.errand.people, chosen.errand.need_min
    row.route = list(route_of(deed.office, chosen.errand))
    return row, chosen


def _check_needs(deed: Deed, needs: tuple[str, ...]) -> None:
    for need in needs:
        if need not in deed.office.needs:
            raise Invalid.field("needs", "unknown_need", value=need)


def check_only_one(deed: Deed, contact: Contact | None, service: str, *, besides: Reservation) -> None:
    """Somebody who books for others by the dozen is no resident. Staff may, at the desk or on the phone."""
    if contact is None or places.whose_view(deed) is places.Whose.STAFF:
        return
    other = select(Reservation.id).where(
        Reservation.contact_hash == contact_hash_of(contact.channel, contact.address),
        Reservation.service == service,
        Reservation.office_id == deed.office.id,
        Reservation.state == State.BOOKED,
        Reservation.end_at > deed.now,
        Reservation.id != besides.id,
    )
    if deed.session.scalar(other.limit(1)) is not None:
        raise Conflict("already_booked")


def make_reachable(row: Reservation, contact: Contact | None) -> None:
    """Without a phone number a PIN is the second factor beside the code; one that there is already stays."""
    row.contact_channel = contact.channel if contact else None
    row.contact_address = contact.address if contact else None
    row.contact_hash = contact_hash_of(contact.channel, contact.address) if contact else None
    has_phone = contact is not None and contact.channel == "sms"
    row.pin = None if has_phone else row.pin or new_pin(secrets.randbelow)


def _with_code(deed: Deed, row: Reservation) -> None:
    """Draws until the code is nobody else's; with 90 million codes the second draw is rare already."""
    while True:
        code = new_code(secrets.randbelow)
        hashed = code_hash_of(code)
        if _BY_CODE.first(deed.session, {"code": hashed}) is None:
            break
    row.code, row.code_hash = code, hashed
    row.state, row.changed_at, row.expires_at = next_state(State.HELD, Action.CONFIRM), deed.now, None
    places.keep_until(deed, row, None)


_BY_CODE = Prepared(select(Reservation.id).where(Reservation.code_hash == bindparam("code")))


def _free(deed: Deed, service: str, given_back: list[places.Taken]) -> None:
    """Places of a cancelled booking may rest before the public is offered them again (`reoffer_max_min`).

    How long is random: a reseller who cancels here cannot know when to book for the buyer.
    """
    longest = timedelta(minutes=int(deed.office.booking.extra.get("reoffer_max_min", 0)))  # type: ignore[call-overload]
    if not longest:
        return
    spread = max(0, int((longest - SHORTEST_REST).total_seconds()))
    until: datetime = deed.now + SHORTEST_REST + timedelta(seconds=secrets.randbelow(spread + 1))
    places.let_rest(deed, service, given_back, until)
