"""Numbers lent to a kiosk for the time without a server, and what it gave of them merged into the day.

Decides who holds which block and what becomes of each number that comes back: merged once by the time somebody came,
known already, or refused with a reason. A refused number is a person with a paper whom nobody would call, so staff hear
of it. Hours and pauses refuse nothing here: the person holds the number. Leaves issuing to `reception`.
Source: docs/decisions/0017-offline-kiosk.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from queue_app.domain.access import Identity, Right, Role
from queue_app.domain.audit import Act
from queue_app.domain.calendar import local_instant, ticket_intervals
from queue_app.domain.errors import Forbidden
from queue_app.domain.itinerary import stages_of
from queue_app.domain.lease import BLOCK, LOW, arrived_at, offline_series
from queue_app.domain.office import Office
from queue_app.services import audit
from queue_app.services.alarms import ask_help
from queue_app.services.deed import Deed, begin_by_id
from queue_app.services.ports import Ports
from queue_app.services.reception import OFFLINE, Arrival, Leased, issue_visit
from queue_app.store.queue_tables import NumberLease, SeriesRow, Ticket

MERGED, KNOWN = "merged", "known"
ALARM = "offline"


@dataclass(frozen=True, slots=True)
class Given:
    """A number that a kiosk gave by itself: which, for what, in which language, and when."""

    day: date
    series: str
    number: int
    service: str
    language: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Block:
    """A lease as the kiosk needs it; `spans` are the stretches of its day in which numbers are given."""

    day: date
    series: str
    first: int
    last: int
    spans: tuple[tuple[datetime, datetime], ...]


def lend(session: Session, identity: Identity, ports: Ports, *, holder: str) -> list[Block]:
    """The blocks of this browser for today and tomorrow, made where they are missing or nearly used up.

    A kiosk that is switched on before the server is must have its numbers already: hence tomorrow's.
    """
    deed = _begin(session, identity, ports)
    spans = {day: _spans(deed.office, ports, day) for day in (deed.today, deed.today + timedelta(days=1))}
    return [block for day, open_ in spans.items() if open_ for block in _blocks(deed, day, holder, open_)]


def merge(session: Session, identity: Identity, ports: Ports, *, given: Sequence[Given]) -> list[str]:
    """What became of each number, in the order asked: `merged`, `known`, or the code of a refusal."""
    deed = _begin(session, identity, ports)
    by_time = sorted(range(len(given)), key=lambda place: (given[place].at, given[place].number))
    outcomes = {place: _merge_one(deed, given[place]) for place in by_time}
    refused = [given[place] for place in by_time if outcomes[place] not in (MERGED, KNOWN)]
    if refused:
        names = [deed.office.number_text(each.series, each.number) for each in refused]
        ask_help(deed, ALARM, identity.label, numbers=names[:20], count=len(names))
    return [outcomes[place] for place in range(len(given))]


def _begin(session: Session, identity: Identity, ports: Ports) -> Deed:
    """Numbers are lent to kiosks, never to people."""
    if identity.role is not Role.KIOSK or identity.office_id is None:
        raise Forbidden("forbidden")
    return begin_by_id(session, identity.office_id, Right.ISSUE, identity, ports)


def _spans(office: Office, ports: Ports, day: date) -> tuple[tuple[datetime, datetime], ...]:
    return tuple(ticket_intervals(office.hours, day, office.zone, ports.holidays))


def _blocks(deed: Deed, day: date, holder: str, spans: tuple[tuple[datetime, datetime], ...]) -> Iterator[Block]:
    mine = (NumberLease.token_id == _token_id(deed), NumberLease.holder == holder, NumberLease.day == day)
    held = list(deed.session.scalars(select(NumberLease).where(*mine).order_by(NumberLease.first)))
    if not held or _left(deed, held[-1]) < LOW:
        held.append(_new_block(deed, day, holder))
    for row in held:
        yield Block(row.day, row.series, row.first, row.last, spans)


def _left(deed: Deed, lease: NumberLease) -> int:
    """What has not come back of a block; a kiosk cannot have more blocks than it has used."""
    inside = (
        Ticket.office_id == lease.office_id,
        Ticket.day == lease.day,
        Ticket.series == lease.series,
        Ticket.number.between(lease.first, lease.last),
    )
    used = deed.session.scalar(select(func.count()).select_from(Ticket).where(*inside)) or 0
    return lease.last - lease.first + 1 - used


def _new_block(deed: Deed, day: date, holder: str) -> NumberLease:
    series = _series_of(deed, day)
    row = deed.session.get(SeriesRow, (deed.office.id, day, series))
    if row is None:
        row = SeriesRow(office_id=deed.office.id, day=day, name=series, last_number=0)
        deed.session.add(row)
    lease = NumberLease(
        office_id=deed.office.id,
        token_id=_token_id(deed),
        holder=holder,
        day=day,
        series=series,
        first=row.last_number + 1,
        last=row.last_number + BLOCK,
        made_at=deed.now,
    )
    row.last_number = lease.last
    deed.session.add(lease)
    deed.session.flush()
    block = {"day": day.isoformat(), "series": series, "first": lease.first, "last": lease.last}
    audit.note(deed, Act.NUMBERS_LEASED, deed.identity.label, block=block)
    return lease


def _series_of(deed: Deed, day: date) -> str:
    """The kiosk's own series of that day; a new one is nobody else's and no service's."""
    rows = deed.session.execute(
        select(NumberLease.token_id, NumberLease.series).where(
            NumberLease.office_id == deed.office.id, NumberLease.day == day
        )
    ).all()
    own = next((series for token_id, series in rows if token_id == _token_id(deed)), None)
    of_services = {service.series for service in deed.office.services.values()}
    return own or offline_series(of_services | {series for _, series in rows})


def _merge_one(deed: Deed, given: Given) -> str:
    lease = _lease_of(deed, given)
    if lease is None:
        return "not_leased"
    if given.day != deed.today:
        return "not_of_today"
    known = deed.session.scalars(
        select(Ticket).where(
            Ticket.office_id == deed.office.id,
            Ticket.day == given.day,
            Ticket.series == given.series,
            Ticket.number == given.number,
        )
    ).first()
    if known is not None:
        return KNOWN if (known.service, known.origin) == (given.service, OFFLINE) else "number_used"
    service = deed.office.services.get(given.service)
    if service is None:
        return "unknown_service"
    midnight = local_instant(given.day, 0, deed.office.zone)
    at = arrived_at(given.at, not_before=max(lease.made_at, midnight), now=deed.now)
    language = given.language if given.language in deed.office.languages else "ja"
    leased = Leased(given.series, given.number, at)
    issue_visit(deed, Arrival(given.service, language, leased=leased), stages_of(service))
    return MERGED


def _lease_of(deed: Deed, given: Given) -> NumberLease | None:
    return deed.session.scalars(
        select(NumberLease).where(
            NumberLease.token_id == _token_id(deed),
            NumberLease.day == given.day,
            NumberLease.series == given.series,
            NumberLease.first <= given.number,
            NumberLease.last >= given.number,
        )
    ).first()


def _token_id(deed: Deed) -> int:
    return int(deed.identity.name.removeprefix("token:"))
