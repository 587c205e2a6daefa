"""A reservation as its holder and the staff see it, and the ways to find one.

Decides what is shown to whom: the holder of the secret link sees everything of the booking, somebody with code and
second factor gets the link, staff search by code, phone or exact name. An unknown, a foreign and a wrong one look the
same. Leaves changing anything to `booking`.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, and_, or_, select, type_coerce
from sqlalchemy.orm import Session

from queue_app.domain.access import RESIDENT, Identity, Right
from queue_app.domain.errors import Invalid, NotFound
from queue_app.domain.navigator import Result, in_language
from queue_app.domain.office import Office, label_in
from queue_app.domain.phone import read_phone
from queue_app.domain.reservation import State, parse_code, second_factor, second_factor_matches
from queue_app.domain.slots import slot_id
from queue_app.services import code_tries, tokens
from queue_app.services.errands import Said, ask_navigator, navigator_rules
from queue_app.services.search_hashes import code_hash_of, contact_hash_of, name_hash_of
from queue_app.store.columns import KEYRING
from queue_app.store.reservation_tables import Reservation

Snapshot = dict[str, Any]

MOST_FOUND = 20
_REAL = (State.BOOKED, State.ARRIVED, State.CANCELLED, State.NO_SHOW)
_SEALED = (type_coerce(Reservation.contact_address, LargeBinary), type_coerce(Reservation.pin, LargeBinary))
_COMPARED = (Reservation.id, Reservation.shielded, Reservation.contact_channel, *_SEALED)


def reservation_by_token(session: Session, token: str, who: Identity = RESIDENT) -> Reservation:
    """The booking a capability opens, or `not_found`; by hash, so that no answer tells how close a guess was.

    Of a person at risk it opens nothing but where the person stands: at the machine and for the counters.
    """
    found = session.scalars(
        select(Reservation).where(Reservation.token_hash == tokens.secret_hash(token), Reservation.state.in_(_REAL))
    ).first()
    if found is None or (found.shielded and not who.may(Right.CHECK_IN)):
        raise NotFound()
    return found


def find_by_code(session: Session, typed_code: str, typed_digits: str, now: datetime) -> Reservation | None:
    """The booking with this code, if the second factor is right too; None in every other case.

    Call inside `writing` and refuse after the commit: five wrong tries lock the look-up of that code for a while (not
    the booking), and the count must survive the refusal. Work and answer are the same for codes that nobody has.
    """
    code_hash = _hash_of_code(typed_code)
    if code_hash is None:
        return None
    may_try = code_tries.may_be_tried(session, code_hash, now)
    is_it = and_(Reservation.code_hash == code_hash, Reservation.state.in_(_REAL))
    known = session.execute(select(*_COMPARED).where(is_it)).first()
    digits_are_right = second_factor_matches(typed_digits, _expected(known))
    if not may_try:
        return None
    if known is None or known.shielded or not digits_are_right:
        code_tries.was_wrong(session, code_hash, now)
        return None
    code_tries.was_right(session, code_hash)
    return session.get(Reservation, known.id)


def by_code_of_office(session: Session, office: Office, typed_code: str) -> Reservation:
    """For the kiosk and the counters, where the person stands: the code alone. `not_found` otherwise."""
    row = _by_code(session, typed_code)
    if row is None or row.office_id != office.id:
        raise NotFound()
    return row


def search(session: Session, office: Office, text: str) -> list[Reservation]:
    """For staff: bookings by code, phone or e-mail, or exact name in kana; newest first. No part of a name will do."""
    conditions: list[ColumnElement[bool]] = [Reservation.contact_hash.in_(_as_contacts(text))]
    name = name_hash_of(text)
    if name is not None:  # compared with nothing it would find everybody whose name is forgotten
        conditions.append(Reservation.name_hash == name)
    with suppress(Invalid):
        conditions.append(Reservation.code_hash == code_hash_of(parse_code(text)))
    query = (
        select(Reservation)
        .where(Reservation.office_id == office.id, Reservation.state.in_(_REAL), or_(*conditions))
        .order_by(Reservation.start_at.desc())
    )
    return list(session.scalars(query.limit(MOST_FOUND)))


def reservation_view(office: Office, row: Reservation, *, secret: bytes, public_url: str, language: str) -> Snapshot:
    """Everything of a booking, for its holder or for staff who act for the holder."""
    token = tokens.reservation_token(secret, row.nonce)
    service = office.services.get(row.service)
    zone, booking = office.zone, office.booking
    view: Snapshot = {
        "code": row.code,
        "token": token,
        "office": office.code,
        "office_name": label_in(office.name, language),
        "service": row.service,
        "service_label": label_in(service.label, language) if service else row.service,
        "area": label_in(service.area, language) if service and service.area else "",
        "slot": slot_id(row.service, row.start_at),
        "start": row.start_at.astimezone(zone),
        "end": row.end_at.astimezone(zone),
        "come_at": row.come_at.astimezone(zone),
        "people": row.people,
        "minutes": row.need_min,
        "status": row.state,
        "status_url": f"{public_url}/r/{token}",
        "calendar_url": f"{public_url}/api/v1/reservations/{token}/calendar.ics",
        "qr_url": f"{public_url}/api/v1/reservations/{token}/qr.png",
        "language": row.language,
        "needs": list(row.needs),
        "moved_on": row.moved_on,
        "channel": row.contact_channel or "none",
        "name_kana": row.name_kana,
        "pin": row.pin,
        "sequence": row.sequence,
        "made_at": row.made_at,
        "changed_at": row.changed_at,
        "ended_at": row.ended_at,
        "check_in_from": (row.come_at - timedelta(minutes=booking.early_min)).astimezone(zone),
        "check_in_until": (row.come_at + timedelta(minutes=booking.late_min)).astimezone(zone),
        "route": [],
        "documents": [],
    }
    return view | _route(office, row, language)


def navigator_result(office: Office, row: Reservation) -> Result | None:
    """The navigator's result of the booking by today's rules; None without answers, or if the rules moved on."""
    if row.answers is None:
        return None
    said = Said(answers=json.loads(row.answers), people=row.people, moved_on=row.moved_on)
    try:
        return ask_navigator(office, said, visit_on=office.today(row.start_at))
    except (Invalid, NotFound):
        return None


def _by_code(session: Session, typed: str) -> Reservation | None:
    code_hash = _hash_of_code(typed)
    if code_hash is None:
        return None
    query = select(Reservation).where(Reservation.code_hash == code_hash, Reservation.state.in_(_REAL))
    return session.scalars(query).first()


def _hash_of_code(typed: str) -> str | None:
    """None for what cannot be a code."""
    try:
        return code_hash_of(parse_code(typed))
    except Invalid:
        return None


def _expected(row: Any) -> str:
    """For no booking, digits that nobody can type. One box is opened in either case, so that both take as long."""
    is_phone = row is not None and row.contact_channel == "sms"
    sealed = row and ((row.contact_address if is_phone else None) or row.pin)
    said = KEYRING.unseal(bytes(sealed or KEYRING.decoy))
    return second_factor(said if is_phone else None, said)


def _as_contacts(text: str) -> list[str]:
    phone = read_phone(text).e164
    addresses = [("sms", phone)] if phone else []
    return [contact_hash_of(channel, address) for channel, address in [*addresses, ("email", text.strip())]]


def _route(office: Office, row: Reservation, language: str) -> Snapshot:
    result = navigator_result(office, row)
    if result is None:
        return {"route": _stops_of(office, row.service)}
    told = in_language(result, language)
    return {key: told[key] for key in ("visits", "route", "stops", "documents", "warnings", "total_minutes")}


def _stops_of(office: Office, service: str) -> list[str]:
    """The one counter of the rules where the service is done."""
    try:
        stops = navigator_rules(office).counters.values()
    except NotFound:
        return []
    return [stop.id for stop in stops if stop.service == service][:1]
