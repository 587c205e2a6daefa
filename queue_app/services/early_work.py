"""Papers of booked visits that are done before the visit (事前処理): the list of jobs, and each press on one.

Decides which bookings make a job: those of the next business day and of today, for services that are marked as possible
beforehand (`before_visit`) and have a back-office stage. The list is read from the bookings: a moved or cancelled one
leaves no job behind. What is done is done when the person checks in; the legal order of the rest stays
(`domain.itinerary.with_papers_done`).

Source: queueing study of the project, section 6.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from queue_app.domain.calendar import Holidays, open_intervals
from queue_app.domain.errors import Conflict, Invalid, NotFound
from queue_app.domain.events import Event
from queue_app.domain.office import Office
from queue_app.domain.reservation import State
from queue_app.domain.ticket import StageKind
from queue_app.services.deed import Deed
from queue_app.services.reservations import navigator_result
from queue_app.store.planning_tables import EarlyWork
from queue_app.store.reservation_tables import Reservation

OPEN, TAKEN, DONE = "open", "taken", "done"
LONGEST_CLOSURE_DAYS = 30
LONGEST_NOTE = 500
KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Job:
    """One booking's papers for one service. `due_at` is the last closing before the day of the visit."""

    reservation: Reservation
    service: str
    due_at: datetime
    state: str
    clerk: str | None
    note: str | None
    procedures: tuple[str, ...] = ()


def is_possible(office: Office, service: str) -> bool:
    """Whether papers of this service can be done before somebody comes."""
    known = office.services.get(service)
    return known is not None and bool(known.extra.get("before_visit")) and StageKind.BACK_OFFICE in known.stages


def offers_any(office: Office) -> bool:
    return any(is_possible(office, code) for code in office.services)


def jobs(session: Session, office: Office, now: datetime, holidays: Holidays) -> list[Job]:
    """What is to be done, the most urgent first: visits of today that have not come, and of the next business day."""
    last = _next_business_day(office, now, holidays)
    midnight = datetime(last.year, last.month, last.day, tzinfo=office.zone) + timedelta(days=1)
    rows = session.scalars(
        select(Reservation)
        .where(
            Reservation.office_id == office.id,
            Reservation.state == State.BOOKED,
            Reservation.shielded.is_(False),
            Reservation.end_at >= now,
            Reservation.start_at < midnight,
        )
        .order_by(Reservation.come_at, Reservation.id)
    ).all()
    begun = {(row.reservation_id, row.service): row for row in _begun(session, [row.id for row in rows])}
    return [
        _job(office, row, service, begun.get((row.id, service)), holidays)
        for row in rows
        for service in (row.service, *(row.route or ()))
        if is_possible(office, service)
    ]


def take(deed: Deed, reservation_id: int, service: str) -> None:
    """Begin with the papers. Refuses `taken_already` with whom, `not_before_visit`, `visit_began`."""
    _booking(deed, reservation_id, service)
    row = deed.session.get(EarlyWork, (reservation_id, service))
    if row is not None:
        raise Conflict("taken_already", state=row.state)
    deed.session.add(
        EarlyWork(
            reservation_id=reservation_id,
            service=service,
            office_id=deed.office.id,
            state=TAKEN,
            clerk=deed.identity.name,
            since=deed.now,
        )
    )
    deed.record(Event.EARLY_TAKEN, service=service, reservation=reservation_id)


def finish(deed: Deed, reservation_id: int, service: str, note: str = "") -> None:
    """The papers are ready; the note goes to whoever serves the person. Refuses `not_taken`, a note too long."""
    _booking(deed, reservation_id, service)
    row = deed.session.get(EarlyWork, (reservation_id, service))
    if row is None or row.state != TAKEN:
        raise Conflict("not_taken")
    if len(note) > LONGEST_NOTE:
        raise Invalid.field("note", "too_long", longest=LONGEST_NOTE)
    row.state, row.note, row.since = DONE, note.strip() or None, deed.now
    deed.record(Event.EARLY_DONE, service=service, reservation=reservation_id)


def put_back(deed: Deed, reservation_id: int, service: str) -> None:
    """Undo the last press: finished work is in hand again, work in hand is open again. Not once the person has come."""
    _booking(deed, reservation_id, service)
    row = deed.session.get(EarlyWork, (reservation_id, service))
    if row is None:
        raise Conflict("not_taken")
    before = row.state
    if before == DONE:
        row.state, row.since = TAKEN, deed.now
    else:
        deed.session.delete(row)
    deed.record(Event.EARLY_BACK, service=service, reservation=reservation_id, was=before)


def done_for(session: Session, row: Reservation) -> tuple[tuple[str, ...], str | None]:
    """At check-in: the services whose papers are ready, and what was noted on them."""
    found = [each for each in _begun(session, [row.id]) if each.state == DONE]
    notes = [each.note for each in found if each.note]
    return tuple(each.service for each in found), "\n".join(notes) or None


def forget_early_work(session: Session, now: datetime) -> int:
    """Notes on papers, a month after they were written."""
    over = delete(EarlyWork).where(EarlyWork.since < now - KEPT)
    return session.execute(over, execution_options={"synchronize_session": False}).rowcount  # type: ignore[attr-defined,no-any-return]


def _booking(deed: Deed, reservation_id: int, service: str) -> Reservation:
    row = deed.session.get(Reservation, reservation_id)
    if row is None or row.office_id != deed.office.id:
        raise NotFound()
    if service not in (row.service, *(row.route or ())) or not is_possible(deed.office, service):
        raise Conflict("not_before_visit", service=service)
    if row.state != State.BOOKED:
        raise Conflict("visit_began", state=row.state)
    return row


def _begun(session: Session, ids: list[int]) -> Iterator[EarlyWork]:
    if not ids:
        return iter(())
    return iter(session.scalars(select(EarlyWork).where(EarlyWork.reservation_id.in_(ids)).order_by(EarlyWork.service)))


def _job(office: Office, row: Reservation, service: str, work: EarlyWork | None, holidays: Holidays) -> Job:
    result = navigator_result(office, row)
    named = tuple(p.id for p in result.visits if p.service == service) if result is not None else ()
    due = _previous_closing(office, office.today(row.start_at), holidays) or row.start_at
    if work is None:
        return Job(row, service, due, OPEN, None, None, named)
    return Job(row, service, due, work.state, work.clerk, work.note, named)


def _next_business_day(office: Office, now: datetime, holidays: Holidays) -> date:
    today = office.today(now)
    for ahead in range(1, LONGEST_CLOSURE_DAYS):
        day = today + timedelta(days=ahead)
        if open_intervals(office.hours, day, office.zone, holidays):
            return day
    return today


def _previous_closing(office: Office, day: date, holidays: Holidays) -> datetime | None:
    for back in range(1, LONGEST_CLOSURE_DAYS):
        spans = open_intervals(office.hours, day - timedelta(days=back), office.zone, holidays)
        if spans:
            return spans[-1][1]
    return None
