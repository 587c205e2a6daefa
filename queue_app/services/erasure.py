"""Disclosure and deletion on request (開示・消去の請求): all that is held about one booking or number, and its end.

Decides what "all" is: every column that says who somebody was, how to reach them or what they came for, their
messages, notes and kept answers. What is counted (numbers, times, services, calls) stays and says of nobody whose it
was, so that statistics are the same before and after. Leaves who asked and why to the audit trail.
Source: Act on the Protection of Personal Information, art. 76 (disclosure), 98 (suspension of use and deletion).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from queue_app.domain.audit import Act
from queue_app.domain.errors import NotFound
from queue_app.domain.office import Office, label_in
from queue_app.domain.reservation import State, format_code
from queue_app.services import audit, booking, look_ups, tokens
from queue_app.services.deed import Deed
from queue_app.services.forgetting import OF_THE_PERSON
from queue_app.services.shielding import forget_ways_to_write, subject_of, visit_of
from queue_app.store.planning_tables import EarlyWork, RemoteTicket
from queue_app.store.queue_tables import Answer, CallRow, Delivery, EventRow, Stage, Ticket
from queue_app.store.reservation_tables import Reservation

REASONS = ("asked_disclosure", "asked_deletion", "asked_correction")


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is held: what (a text key), when by the office's clocks, and what is written there."""

    what: str
    value: str = ""
    when: date | datetime | None = None

    def __bool__(self) -> bool:
        return bool(self.value or self.when)

    def __str__(self) -> str:
        at = f"{self.when:%Y-%m-%d %H:%M}" if isinstance(self.when, datetime) else str(self.when or "")
        return f"{at} {self.value}".strip()


Thing = Reservation | Ticket


def find(deed: Deed, text: str, day: date, reason: str) -> Sequence[Thing]:
    """Bookings by code, phone, e-mail or exact name, and the number of that day; recorded as every look-up is."""
    number = unicodedata.normalize("NFKC", text).strip().upper()
    query = select(Ticket).where(Ticket.office_id == deed.office.id, Ticket.day == day, Ticket.number_text == number)
    return [*look_ups.look_up(deed, text, reason), *deed.session.scalars(query)]


def thing_of(deed: Deed, kind: str, key: int) -> Thing:
    """A booking or number of this office, or `not_found`."""
    row: Thing | None = None
    if kind == "reservation":
        row = deed.session.get(Reservation, key)
    elif kind == "ticket":
        row = deed.session.get(Ticket, key)
    if row is None or row.office_id != deed.office.id:
        raise NotFound()
    return row


def disclose(deed: Deed, thing: Thing, reason: str) -> list[Fact]:
    """Everything that is held about the visit, in an order in which it can be read; recorded."""
    audit.note(deed, Act.DISCLOSED, subject_of(thing), reason=reason)
    return held_about(deed, thing)


def held_about(deed: Deed, thing: Thing) -> list[Fact]:
    """The same without an entry; for the check that nothing is left."""
    return [fact for each in visit_of(deed, thing) for fact in _facts(deed, each) if fact]


def erase(deed: Deed, thing: Thing, reason: str) -> None:
    """Delete it now. A visit still ahead is cancelled first, without a message; a number in line keeps its place."""
    for each in visit_of(deed, thing):
        _forget_answers(deed, each)
        forget_ways_to_write(deed, each)
        if isinstance(each, Reservation):
            _erase_booking(deed, each)
        else:
            each.note, each.needs = None, []
            gone = {"device_hash": None, "contact_hash": None}
            _run(deed, update(RemoteTicket).where(RemoteTicket.ticket_id == each.id).values(gone))
    audit.note(deed, Act.ERASED, subject_of(thing), reason=reason)


def _erase_booking(deed: Deed, row: Reservation) -> None:
    if row.state == State.BOOKED:
        booking.cancel(deed, row)
    for column in OF_THE_PERSON:
        setattr(row, column, None)
    row.needs = []
    _run(deed, delete(EarlyWork).where(EarlyWork.reservation_id == row.id))


def _forget_answers(deed: Deed, thing: Thing) -> None:
    """First answers to repeated requests are sealed, so each one of the day has to be opened to know whose it is."""
    secret = deed.ports.secret
    token = (tokens.ticket_token if isinstance(thing, Ticket) else tokens.reservation_token)(secret, thing.nonce)
    for answer in list(deed.session.scalars(select(Answer))):
        if token in answer.body:
            deed.session.delete(answer)


def _facts(deed: Deed, thing: Thing) -> Iterator[Fact]:
    yield from _booking(deed.office, thing) if isinstance(thing, Reservation) else _number(deed, thing)
    yield from _messages(deed.session, thing, deed.office)


def _booking(office: Office, row: Reservation) -> Iterator[Fact]:
    yield Fact("code", format_code(row.code) if row.code else "")
    yield Fact("visit", when=_at(row.start_at, office))
    yield Fact("service", _service(office, row.service))
    yield Fact("state", row.state)
    yield Fact("name", row.name_kana or "")
    yield Fact("contact", f"{row.contact_channel}: {row.contact_address}" if row.contact_address else "")
    yield Fact("pin", row.pin or "")
    yield Fact("people", str(row.people))
    yield Fact("answers", row.answers or "")
    yield Fact("moved_on", when=row.moved_on)
    yield Fact("route", ", ".join(_service(office, each) for each in row.route or ()))
    yield Fact("needs", _needs(office, row.needs))
    yield Fact("language", row.language)
    yield Fact("made", f"({row.origin})", _at(row.made_at, office))
    yield Fact("changed", when=_at(row.changed_at, office))


def _number(deed: Deed, row: Ticket) -> Iterator[Fact]:
    office, session = deed.office, deed.session
    yield Fact("number", row.number_text, row.day)
    yield Fact("service", _service(office, row.service))
    yield Fact("made", f"({row.origin})", _at(row.issued_at, office))
    yield Fact("needs", _needs(office, row.needs))
    yield Fact("note", row.note or "")
    yield Fact("contact", f"{row.notify_channel}: {row.notify_address}" if row.notify_address else "")
    yield Fact("language", row.language)
    calls = session.scalars(select(CallRow).join(Stage, Stage.id == CallRow.stage_id).where(Stage.ticket_id == row.id))
    for call in calls:
        yield Fact("call", f"{call.counter} {call.answer or ''}".strip(), _at(call.at, office))
    for event in session.scalars(select(EventRow).where(EventRow.ticket_id == row.id).order_by(EventRow.id)):
        yield Fact("history", event.name, _at(event.at, office))


def _messages(session: Session, thing: Thing, office: Office) -> Iterator[Fact]:
    whose = Delivery.ticket_id if isinstance(thing, Ticket) else Delivery.reservation_id
    for row in session.scalars(select(Delivery).where(whose == thing.id).order_by(Delivery.id)):
        sent = f"{row.kind} ({row.channel}, {row.state})"
        said = f"{sent} {row.address}: {row.payload}" if row.address else sent
        yield Fact("message", said, _at(row.updated_at, office))
    if isinstance(thing, Reservation):
        for work in session.scalars(select(EarlyWork).where(EarlyWork.reservation_id == thing.id)):
            yield Fact("early_note", work.note or "")


def _at(at: datetime, office: Office) -> datetime:
    return at.astimezone(office.zone)


def _service(office: Office, code: str) -> str:
    return label_in(office.services[code].label, "ja") if code in office.services else code


def _needs(office: Office, needs: Sequence[str]) -> str:
    return ", ".join(label_in(office.needs[each], "ja") if each in office.needs else each for each in needs)


def _run(deed: Deed, statement: object) -> None:
    deed.session.execute(statement, execution_options={"synchronize_session": False})  # type: ignore[call-overload]
