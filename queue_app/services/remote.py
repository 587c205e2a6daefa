"""Numbers from home: taken on a phone, told when to leave, kept while the holder is on the way.

Decides who may take one (a limited share, one at a time for each browser and contact) and what becomes of one whose
holder was called too early. The order is that of every ticket. Only a person says that somebody is absent; then the
place is kept until a quarter of an hour after the expected arrival, goes to the end once, and expires.

Source: queueing study of the project, section 6.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from queue_app.domain.access import SYSTEM
from queue_app.domain.discipline import VisitClass
from queue_app.domain.errors import Conflict, Forbidden, Invalid, NotAllowed
from queue_app.domain.events import Event
from queue_app.domain.office import Office
from queue_app.domain.planning.remote import (
    LONGEST_WAY_MIN,
    SHORTEST_WAY_MIN,
    Absence,
    leave_now,
    may_join,
    when_absent,
)
from queue_app.domain.ticket import Action, State
from queue_app.services import calling, letters, offices, reception, tokens, waits
from queue_app.services.deed import Deed
from queue_app.services.messages import Contact, Post, post
from queue_app.services.ports import Ports
from queue_app.services.search_hashes import contact_hash_of
from queue_app.services.visits import current_stage, current_state
from queue_app.store import office_log
from queue_app.store.database import reading, writing
from queue_app.store.office_tables import OfficeLog
from queue_app.store.planning_tables import RemoteTicket
from queue_app.store.queue_tables import CallRow, Stage, Ticket

USUAL_WAY_MIN = 15
NOT_HERE = "not_here"
USE = timedelta(minutes=60)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody away says: for what, how long the way takes, and by which browser and contact they are known."""

    service: str
    travel_min: int = USUAL_WAY_MIN
    language: str = "ja"
    needs: tuple[str, ...] = ()
    contact: Contact | None = None
    device: str | None = None


def join(deed: Deed, wish: Wish) -> Ticket:
    """A number from home; the place counts from now.

    Refuses `no_tickets_from_home`, `already_has_number`, `share_full`, by field `wrong_way`, and what
    `reception.issue_ticket` refuses.
    """
    reception.check_may_take_from_home(deed, deed.identity)
    if wish.service in deed.office.services and not deed.office.services[wish.service].from_home:
        raise Forbidden("no_tickets_from_home")
    if not SHORTEST_WAY_MIN <= wish.travel_min <= LONGEST_WAY_MIN:
        raise Invalid.field("travel_min", "wrong_way", low=int(SHORTEST_WAY_MIN), high=int(LONGEST_WAY_MIN))
    device = tokens.secret_hash(wish.device) if wish.device else None
    contact = contact_hash_of(wish.contact.channel, wish.contact.address) if wish.contact else None
    if _open_one(deed, device, contact) is not None:
        raise Conflict("already_has_number")
    _check_share(deed, wish.service)
    ticket = reception.issue_ticket(
        deed,
        reception.Arrival(
            service=wish.service,
            language=wish.language,
            needs=wish.needs,
            visit_class=VisitClass.REMOTE,
            contact=wish.contact,
        ),
    )
    row = RemoteTicket(
        ticket_id=ticket.id,
        office_id=deed.office.id,
        day=deed.today,
        service=wish.service,
        travel_min=wish.travel_min,
        device_hash=device,
        contact_hash=contact,
        moved_back=0,
    )
    deed.session.add(row)
    deed.session.flush()
    return ticket


def open_of_device(deed: Deed, device: str | None) -> Ticket | None:
    """The number that this browser holds already."""
    return _open_one(deed, tokens.secret_hash(device), None) if device else None


def remote_of(session: Session, ticket: Ticket) -> RemoteTicket | None:
    """What is known of a number from home; None for one taken at the door."""
    return session.get(RemoteTicket, ticket.id) if ticket.visit_class == VisitClass.REMOTE else None


def say_here(deed: Deed, ticket: Ticket) -> None:
    """The holder has come: from now on the number is like any other; one that was called too early is next."""
    row = remote_of(deed.session, ticket)
    if row is None or ticket.closed_at is not None:
        raise NotAllowed(current_state(ticket), "here")
    if row.here_at is None:
        row.here_at = deed.now
        deed.record(Event.HERE_SAID, ticket=ticket)
    if current_state(ticket) is State.MISSED:
        calling.requeue(deed, ticket)


def watch(ports: Ports) -> int:
    """Once a minute: ask people to leave, and decide about numbers that were called too early. How many changed."""
    with reading() as session:
        due = [(office_id, ticket_id) for office_id in _offices(session) for ticket_id in _away(session, office_id)]
    return sum(writing(lambda session, o=o, t=t: _look_at(_own_deed(session, o, ports), t)) for o, t in due)  # type: ignore[misc]


def _look_at(deed: Deed, ticket_id: int) -> bool:
    """One number, under the lock: what was true a moment ago is asked again."""
    ticket = deed.session.get_one(Ticket, ticket_id, populate_existing=True)
    row = remote_of(deed.session, ticket)
    if row is None or row.here_at is not None or row.ended_at is not None:
        return False
    if ticket.closed_at is not None:
        row.ended_at = ticket.closed_at
        return False
    state = current_state(ticket)
    if state is State.MISSED:
        return _decide_absence(deed, ticket, row)
    if state is State.WAITING and row.leave_at is None and not _was_called(deed.session, ticket_id):
        return _ask_to_leave(deed, ticket, row)
    return False


def _ask_to_leave(deed: Deed, ticket: Ticket, row: RemoteTicket) -> bool:
    stage = current_stage(ticket)
    if stage.order_time is None or stage.reference_at is None:
        return False
    wait = waits.place_of(deed.session, deed.office, stage, deed.now).p20_min
    if wait is None or not leave_now(wait, row.travel_min):
        return False
    row.leave_at, row.expected_at = deed.now, deed.now + timedelta(minutes=row.travel_min)
    event = deed.record(Event.LEAVE_ADVISED, ticket=ticket, stage=stage, travel_min=row.travel_min)
    deed.session.flush()
    if ticket.notify_channel is not None and ticket.notify_address is not None:
        contact = Contact(ticket.notify_channel, ticket.notify_address)
        link = f"{deed.ports.public_url}/t/{tokens.ticket_token(deed.ports.secret, ticket.nonce)}"
        letter = letters.turn_letter(
            "leave",
            contact.channel,
            office=deed.office,
            language=ticket.language,
            number=ticket.number_text,
            place=str(row.travel_min),
            link=link,
        )
        message = Post("leave", letter, deed.now, deed.now + USE, f"leave:{ticket.id}", ticket_id=ticket.id)
        post(deed, contact, message, event)
    return True


def is_still_away(session: Session, ticket_id: int) -> bool:
    """Whether "please leave now" is still of use: nobody has called the number, come with it or given it up.

    Asked once more when the message is about to go out, because a provider may have kept it waiting.
    """
    row, ticket = session.get(RemoteTicket, ticket_id), session.get(Ticket, ticket_id)
    if row is None or ticket is None:  # forgotten meanwhile: one message must not stop the others
        return False
    return row.here_at is None and ticket.closed_at is None and not _was_called(session, ticket_id)


def _was_called(session: Session, ticket_id: int) -> bool:
    """A call that was taken back at once is none."""
    calls = select(CallRow.id).join(Stage, Stage.id == CallRow.stage_id).where(Stage.ticket_id == ticket_id)
    return session.scalar(calls.where(CallRow.answer.is_distinct_from("withdrawn")).limit(1)) is not None


def _decide_absence(deed: Deed, ticket: Ticket, row: RemoteTicket) -> bool:
    stage = current_stage(ticket)
    if row.expected_at is None:  # called before anybody was asked to leave
        row.expected_at = (stage.since or deed.now) + timedelta(minutes=row.travel_min)
    late = (deed.now - row.expected_at).total_seconds() / 60
    match when_absent(late, row.moved_back):
        case Absence.KEEP_PLACE:
            return False
        case Absence.TO_THE_END:
            stage = calling.act_on(deed, ticket, Action.REQUEUE)
            stage.returned_at, stage.reference_at, stage.order_time = None, deed.now, deed.now
            row.moved_back += 1
            deed.record(Event.MOVED_BACK, ticket=ticket, stage=stage)
        case Absence.EXPIRE:
            calling.cancel(deed, ticket, NOT_HERE)
            row.ended_at = deed.now
    return True


def _check_share(deed: Deed, service: str) -> None:
    """Numbers of the day are counted under the lock; people at the door always find a place in line."""
    remote, on_site = _taken(deed.session, deed.office.id, deed.today, service)
    if not may_join(remote, on_site, deed.office.from_home_share):
        raise Conflict("share_full", share=deed.office.from_home_share)


def _taken(session: Session, office_id: int, day: date, service: str) -> tuple[int, int]:
    """Numbers of a service taken from home and at the door."""
    of_the_day = (Ticket.office_id == office_id, Ticket.day == day, Ticket.service == service)
    query = select(Ticket.visit_class, func.count()).where(*of_the_day).group_by(Ticket.visit_class)
    counts = dict(session.execute(query).all())
    return counts.get(VisitClass.REMOTE, 0), counts.get(VisitClass.WALK_IN, 0)


def _open_one(deed: Deed, device: str | None, contact: str | None) -> Ticket | None:
    """An open number of this browser or contact. Rows whose ticket is over are closed on the way."""
    known = [RemoteTicket.device_hash == device] if device else []
    known += [RemoteTicket.contact_hash == contact] if contact else []
    for condition in known:
        rows = deed.session.scalars(
            select(RemoteTicket).where(
                RemoteTicket.office_id == deed.office.id, RemoteTicket.ended_at.is_(None), condition
            )
        )
        for row in rows.all():
            ticket = deed.session.get_one(Ticket, row.ticket_id)
            if ticket.closed_at is None and ticket.day == deed.today:
                return ticket
            row.ended_at = ticket.closed_at or deed.now
    deed.session.flush()
    return None


def _offices(session: Session) -> list[int]:
    ids = session.scalars(select(OfficeLog.office_id).order_by(OfficeLog.office_id))
    return [office_id for office_id in ids if offices.office_by_id(session, office_id).tickets_from_home]


def _away(session: Session, office_id: int) -> list[int]:
    """Numbers whose holders have not come yet."""
    return list(
        session.scalars(
            select(RemoteTicket.ticket_id)
            .join(Ticket, Ticket.id == RemoteTicket.ticket_id)
            .where(
                RemoteTicket.office_id == office_id,
                RemoteTicket.ended_at.is_(None),
                RemoteTicket.here_at.is_(None),
                Ticket.closed_at.is_(None),
            )
            .order_by(RemoteTicket.ticket_id)
        )
    )


def _own_deed(session: Session, office_id: int, ports: Ports) -> Deed:
    """What the house does by itself."""
    log = office_log.locked(session, office_id)
    office: Office = offices.office_at(session, office_id, log.setup_version)
    return Deed(session, office, SYSTEM, ports, ports.clock(), log)


def marks(session: Session, office: Office, now: datetime) -> dict[int, str]:
    """For staff: ticket id -> `away`, `coming` (was asked to leave) or `here`, of everybody who joined from home."""
    rows = session.execute(
        select(RemoteTicket.ticket_id, RemoteTicket.leave_at, RemoteTicket.here_at).where(
            RemoteTicket.office_id == office.id, RemoteTicket.day == office.today(now), RemoteTicket.ended_at.is_(None)
        )
    )
    return {row.ticket_id: "here" if row.here_at else "coming" if row.leave_at else "away" for row in rows}
