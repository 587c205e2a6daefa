"""Four weeks of bookings for the example city, so that its calendar looks like one: fictional names and numbers.

The same day always gets the same people: everything but codes and links is drawn from the slot's own id. Mondays and
mornings are fuller; Monday at ten is full, and so are the Fridays of long visits, and everything else has room, so that
somebody who tries it meets every state and finds a time. The week before today tells who came, who did not, and who
cancelled.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from queue_app.domain.office import Office, Service
from queue_app.domain.reservation import State, new_code, new_pin
from queue_app.domain.slot_plan import fixed_places
from queue_app.domain.slots import SlotPlan, SlotTime, grid, length_for
from queue_app.services import tokens
from queue_app.services.availability import offer_of
from queue_app.services.errands import Errand, slot_plan
from queue_app.services.ports import Ports
from queue_app.services.search_hashes import code_hash_of, name_hash_of
from queue_app.store.reservation_tables import Reservation, SlotPlace

DAYS = 28
DAYS_BEFORE = 7
SOUGHT_AFTER = (0, 10)
"""Weekday and hour of which every place is taken."""

LONG_MIN, LONG_FULL_ON = 60, 4
PLANNED_PLACES = 3
"""The planner asks for bookings that are there already; the example has to begin with some."""

FIRST_HOUR, LAST_HOUR = 8.5, 17.0
FAMILIES = ("アオバ", "ミドリ", "ソラノ", "ハナムラ", "ツキシマ", "カワベ", "モリシタ", "ユキタニ", "ホシノ", "ウミノ")
GIVEN = ("ハナコ", "タロウ", "ソラ", "ユイ", "ケン", "サクラ", "レン", "アオイ", "ツムギ", "ミナト", "メイ", "ハルト")
LANGUAGES = ("ja",) * 17 + ("en", "vi", "zh-Hans")
NEEDS: tuple[tuple[str, ...], ...] = ((),) * 19 + (("wheelchair",),)


@dataclass(frozen=True, slots=True)
class _Guest:
    """Somebody who exists in the demo only."""

    service: Service
    cell: SlotTime
    place: int
    seed: bytes
    people: int
    need_min: int
    state: State


def seed_bookings(session: Session, office: Office, ports: Ports) -> int:
    """Fill the coming four weeks; how many bookings that were.

    Written in two statements with ids of our own, because the first start should not take seconds.
    """
    first = (session.scalar(select(func.max(Reservation.id))) or 0) + 1
    guests = dict(enumerate(_guests(office, ports), start=first))
    codes = _codes(len(guests))
    people = zip(guests.items(), codes, strict=True)
    rows = [_row(office, guest, code, ports) | {"id": id} for (id, guest), code in people]
    places = [
        _place(office, guest) | {"reservation_id": id} for id, guest in guests.items() if guest.state is State.BOOKED
    ]
    if rows:
        session.execute(insert(Reservation), rows)
    if places:
        session.execute(insert(SlotPlace), places)
    return len(rows)


def _guests(office: Office, ports: Ports) -> Iterator[_Guest]:
    now = ports.clock()
    for service in office.services.values():
        plan = slot_plan(service)
        if plan is None:
            continue
        offer = offer_of(office, Errand(service, plan, 1, service.minutes), ports)
        places = PLANNED_PLACES if plan.capacity is None else fixed_places(plan)
        for day in _working_days(office.today(now), ports):
            for cell in grid(offer, day):
                local = cell.start.astimezone(office.zone)
                is_over, is_full = cell.end <= now, _is_full(service, local)
                if (is_over or cell.start > now) and (is_full or _in_hours(local)):
                    yield from _in_cell(service, plan, cell, places, is_over=is_over, is_full=is_full)


def _is_full(service: Service, local: datetime) -> bool:
    is_long = service.minutes >= LONG_MIN and local.weekday() == LONG_FULL_ON
    return is_long or (local.weekday(), local.hour) == SOUGHT_AFTER


def _in_cell(
    service: Service, plan: SlotPlan, cell: SlotTime, capacity: int, *, is_over: bool, is_full: bool
) -> Iterator[_Guest]:
    taken = 0
    for place in range(capacity):
        seed = hashlib.sha256(f"{cell.id}|{place}".encode()).digest()
        if seed[0] / 256 >= _demand(cell.start) and not is_full:
            continue
        people = 1 + seed[5] % 3
        while people > 1 and length_for(service.minutes, people, plan) > plan.length_min:
            people -= 1
        need_min = length_for(service.minutes, people, plan)
        if need_min > plan.length_min:
            continue
        state = _came_of_it(seed) if is_over else _before(seed, is_full=is_full)
        yield _Guest(service, cell, taken, seed, people, need_min, state)
        taken += state is State.BOOKED


def _before(seed: bytes, *, is_full: bool) -> State:
    """One in sixteen has cancelled, but nobody where every place is taken."""
    return State.CANCELLED if seed[9] < 16 and not is_full else State.BOOKED


def _came_of_it(seed: bytes) -> State:
    """One in sixteen had cancelled, one in sixteen did not come."""
    return State.CANCELLED if seed[9] < 16 else State.NO_SHOW if seed[9] < 32 else State.ARRIVED


def _working_days(today: date, ports: Ports) -> Iterator[date]:
    days = (today + timedelta(days=number) for number in range(-DAYS_BEFORE, DAYS))
    return (day for day in days if day.weekday() < 5 and ports.holidays(day) is None)


def _in_hours(local: datetime) -> bool:
    return FIRST_HOUR <= local.hour + local.minute / 60 < LAST_HOUR


def _demand(start: datetime) -> float:
    """The share of places taken. The morning in Japan is before three o'clock in UTC."""
    return 0.1 + 0.06 * (start.weekday() == 0) + 0.05 * (start.hour < 3)


def _codes(count: int) -> list[str]:
    codes: set[str] = set()
    while len(codes) < count:
        codes.add(new_code(secrets.randbelow))
    return list(codes)


def _row(office: Office, guest: _Guest, code: str, ports: Ports) -> dict[str, Any]:
    seed, now = guest.seed, ports.clock()
    name = f"{FAMILIES[seed[1] % len(FAMILIES)]} {GIVEN[seed[2] % len(GIVEN)]}"
    nonce = tokens.new_nonce()
    phone = f"+8190{int.from_bytes(seed[3:5]) % 10_000:08d}" if seed[6] % 2 else None
    return {
        "office_id": office.id,
        "service": guest.service.code,
        "state": guest.state,
        "start_at": guest.cell.start,
        "end_at": guest.cell.end,
        "come_at": guest.cell.start,
        "people": guest.people,
        "need_min": guest.need_min,
        "nonce": nonce,
        "token_hash": tokens.secret_hash(tokens.reservation_token(ports.secret, nonce)),
        "code": code,
        "code_hash": code_hash_of(code),
        "pin": None if phone else new_pin(secrets.randbelow),
        "name_kana": name,
        "name_hash": _hash_of(name),
        "contact_channel": "sms" if phone else None,
        "contact_address": phone,
        "language": LANGUAGES[seed[7] % len(LANGUAGES)],
        "needs": [need for need in NEEDS[seed[8] % len(NEEDS)] if need in office.needs],
        "origin": "demo",
        "made_at": min(now, guest.cell.start),
        "changed_at": min(now, guest.cell.start),
        "ended_at": None if guest.state is State.BOOKED else min(now, guest.cell.start),
        "extensions": 0,
        "failures": 0,
        "sequence": 0,
    }


def _place(office: Office, guest: _Guest) -> dict[str, Any]:
    return {
        "office_id": office.id,
        "slot": guest.cell.id,
        "place": guest.place,
        "start_at": guest.cell.start,
        "service": guest.service.code,
        "taken_until": None,
    }


@lru_cache(maxsize=len(FAMILIES) * len(GIVEN))
def _hash_of(name: str) -> str | None:
    return name_hash_of(name)
