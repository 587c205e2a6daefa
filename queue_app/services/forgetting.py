"""Personal data that is due to be forgotten.

Decides what of yesterday is still needed: the history (numbers, times, services) for statistics, nothing that says who
somebody was or how to reach them. Each of `FORGETTERS` looks after one kind; each may be run at any time, and twice.
Source: Act on the Protection of Personal Information, art. 61 (hold no more than the purpose needs).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import CursorResult, String, Update, and_, cast, delete, or_, select, update
from sqlalchemy.orm import Session

from queue_app.domain.calendar import office_day
from queue_app.domain.reservation import Action, State, next_state
from queue_app.services.early_work import forget_early_work
from queue_app.store.access_tables import PairingCode, StaffSession
from queue_app.store.guess_tables import TriedCode
from queue_app.store.linking_tables import LinkCode
from queue_app.store.office_tables import OfficeRow
from queue_app.store.planning_tables import RemoteTicket
from queue_app.store.queue_tables import Answer, Delivery, EventRow, Ticket
from queue_app.store.reservation_tables import Reservation, SlotPlace
from queue_app.store.statistics_tables import StopRecord, VisitRecord, WishCount

BOOKINGS_KEPT = timedelta(days=30)
"""How long after the visit name, contact and answers of a booking are kept; the pages say so."""

ANSWERS_KEPT = timedelta(hours=24)
"""How long a repeated Idempotency-Key must find its first answer (interface version 1, section 1)."""

MESSAGES_KEPT = timedelta(hours=24)
DELIVERIES_KEPT = timedelta(days=30)
"""That a message went out, and when, without its address and text."""

ESTIMATES_KEPT = timedelta(days=60)
RECORDS_KEPT = timedelta(days=400)
"""Thirteen months: a forecast needs the same weeks of the year before."""

SESSIONS_KEPT = timedelta(days=30)
FORGOTTEN = "{}"


def forget_due(session: Session, now: datetime) -> dict[str, int]:
    """Forget everything that is due; how many rows of each kind lost something."""
    return {kind: forget_one(session, kind=kind, now=now) for kind in FORGETTERS}


def forget_one(session: Session, *, kind: str, now: datetime) -> int:
    """Forget what is due of one kind of `FORGETTERS`: a shorter transaction than all of them."""
    return FORGETTERS[kind](session, now)


def forget_tickets(session: Session, now: datetime) -> int:
    """Notes, addresses and the help asked for, of days that are over in the ticket's own office."""
    return sum(
        _count(session, _forget_tickets_of(office_id, now, zone))
        for office_id, zone in session.execute(select(OfficeRow.id, OfficeRow.zone)).all()
    )


def forget_numbers_from_home(session: Session, now: datetime) -> int:
    """Which browser and which contact held a number from home, of days that are over everywhere."""
    held = or_(RemoteTicket.device_hash.is_not(None), RemoteTicket.contact_hash.is_not(None))
    over = RemoteTicket.day < (now - timedelta(days=1)).date()
    query = update(RemoteTicket).where(over, held).values(device_hash=None, contact_hash=None)
    return _count(session, query)


def _forget_tickets_of(office_id: int, now: datetime, zone: str) -> Update:
    holds_something = or_(
        Ticket.note.is_not(None),
        Ticket.notify_address.is_not(None),
        Ticket.notify_channel.is_not(None),
        cast(Ticket.needs, String) != "[]",
    )
    return (
        update(Ticket)
        .where(Ticket.office_id == office_id, Ticket.day < office_day(now, ZoneInfo(zone)), holds_something)
        .values(note=None, notify_address=None, notify_channel=None, needs=[])
    )


def forget_bookings(session: Session, now: datetime) -> int:
    """Who booked, how to reach them and what they came for; holds that nobody confirmed go altogether."""
    over = and_(Reservation.end_at < now - BOOKINGS_KEPT, Reservation.code_hash.is_not(None))
    query = update(Reservation).where(over, Reservation.state != State.BOOKED)
    stripped = _count(session, query.values({**dict.fromkeys(OF_THE_PERSON), "needs": []}))
    _count(session, delete(SlotPlace).where(SlotPlace.taken_until < now - ANSWERS_KEPT))
    lapsed = and_(Reservation.expires_at < now - ANSWERS_KEPT, Reservation.code_hash.is_(None))
    return stripped + _count(session, delete(Reservation).where(lapsed))


OF_THE_PERSON = (
    *("name_kana", "name_hash", "contact_channel", "contact_address", "contact_hash"),
    *("answers", "route", "moved_on", "pin", "code", "code_hash", "hold_hash"),
)


def mark_no_shows(session: Session, now: datetime) -> int:
    """Bookings of days gone by for which nobody came."""
    over = and_(Reservation.state == State.BOOKED, Reservation.end_at < now - timedelta(days=1))
    missed = next_state(State.BOOKED, Action.MISS)
    return _count(session, update(Reservation).where(over).values(state=missed, ended_at=now))


def forget_messages(session: Session, now: datetime) -> int:
    """Address and text of messages whose use has been over for a day, sent or not."""
    over = and_(Delivery.expires_at < now - MESSAGES_KEPT, Delivery.updated_at < now - MESSAGES_KEPT)
    query = (
        update(Delivery)
        .where(over, Delivery.address.is_not(None))
        .values(address=None, address_hash=None, payload=FORGOTTEN)
    )
    stripped = _count(session, query)
    return stripped + _count(session, delete(Delivery).where(Delivery.updated_at < now - DELIVERIES_KEPT))


def forget_answers(session: Session, now: datetime) -> int:
    """First answers to Idempotency-Keys: they may hold a ticket's secret."""
    return _count(session, delete(Answer).where(Answer.at < now - ANSWERS_KEPT))


def forget_sessions(session: Session, now: datetime) -> int:
    """When members of staff were at their desks is nobody's business after a month."""
    return _count(session, delete(StaffSession).where(StaffSession.seen_at < now - SESSIONS_KEPT))


def forget_pairing_codes(session: Session, now: datetime) -> int:
    return _count(session, delete(PairingCode).where(PairingCode.expires_at < now - ANSWERS_KEPT))


def forget_link_codes(session: Session, now: datetime) -> int:
    return _count(session, delete(LinkCode).where(LinkCode.expires_at < now - ANSWERS_KEPT))


def forget_tried_codes(session: Session, now: datetime) -> int:
    """Which booking codes were tried in vain; the longest lock lasts an hour."""
    return _count(session, delete(TriedCode).where(TriedCode.tried_at < now - ANSWERS_KEPT))


def _count(session: Session, statement: object) -> int:
    done = session.execute(statement, execution_options={"synchronize_session": False})  # type: ignore[call-overload]
    assert isinstance(done, CursorResult)
    return done.rowcount


def forget_estimates(session: Session, now: datetime) -> int:
    """What single numbers were told, once it has been held against what happened."""
    old = and_(VisitRecord.counts_from < now - ESTIMATES_KEPT, cast(VisitRecord.told, String) != FORGOTTEN)
    return _count(session, update(VisitRecord).where(old).values(told={}))


def forget_records(session: Session, now: datetime) -> int:
    """Records of single visits after the next year's same season; looks for a time as well."""
    stops = _count(session, delete(StopRecord).where(StopRecord.counts_from < now - RECORDS_KEPT))
    looks = _count(session, delete(WishCount).where(WishCount.day < (now - RECORDS_KEPT).date()))
    return stops + looks + _count(session, delete(VisitRecord).where(VisitRecord.counts_from < now - RECORDS_KEPT))


def forget_events(session: Session, now: datetime) -> int:
    """What happened at the counters, after the next year's same season: a recount begins with the first event kept."""
    return _count(session, delete(EventRow).where(EventRow.at < now - RECORDS_KEPT))


FORGETTERS: dict[str, Callable[[Session, datetime], int]] = {
    "tickets": forget_tickets,
    "numbers from home": forget_numbers_from_home,
    "visits nobody came for": mark_no_shows,
    "bookings": forget_bookings,
    "early work": forget_early_work,
    "messages": forget_messages,
    "answers": forget_answers,
    "sessions": forget_sessions,
    "pairing codes": forget_pairing_codes,
    "estimates": forget_estimates,
    "records of visits": forget_records,
    "events": forget_events,
    "link codes": forget_link_codes,
    "tried codes": forget_tried_codes,
}
"""By the kind's name. Whoever adds personal data adds its row here."""
