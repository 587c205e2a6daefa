"""A ticket as its holder and the counters see it: state, place, range, stages.

A projection of the rows of one ticket and of the hall. What only staff may see is added by `for_staff`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from queue_app.domain.errors import NotFound
from queue_app.domain.office import Office, label_in
from queue_app.domain.ticket import StageKind, State
from queue_app.services import tokens, waits
from queue_app.services.board import range_of
from queue_app.services.deed import Deed
from queue_app.services.hall import Hall
from queue_app.services.visits import current_stage, current_state, has_begun
from queue_app.store.office_tables import OfficeLog
from queue_app.store.queue_tables import CallRow, Stage, Ticket

Snapshot = dict[str, Any]


def ticket_by_token(session: Session, token: str) -> Ticket:
    """The ticket a capability opens, or `not_found`, which is also the answer for a person at risk.

    Whether it still opens it today: `check_is_of_today`.
    The look-up is by hash: neither the answer nor its time tells how close a guess was.
    """
    found = session.scalars(select(Ticket).where(Ticket.token_hash == tokens.secret_hash(token))).first()
    if found is None or found.shielded:
        raise NotFound()
    return found


def shielded_number(session: Session, token: str) -> Ticket | None:
    """The number of a person at risk, for the one page that shows the number and nothing else."""
    query = select(Ticket).where(Ticket.token_hash == tokens.secret_hash(token), Ticket.shielded)
    return session.scalars(query).first()


def check_is_of_today(ticket: Ticket, office: Office, now: datetime) -> None:
    """A ticket's capability dies with its day."""
    if ticket.day != office.today(now):
        raise NotFound()


def ticket_view(session: Session, office: Office, ticket: Ticket, now: datetime) -> Snapshot:
    """The ticket now, for its holder. Asks the database for the place in line."""
    stage = current_stage(ticket)
    place = waits.place_of(session, office, stage, now) if _waits(stage) else None
    version = session.scalar(select(OfficeLog.version).where(OfficeLog.office_id == office.id)) or 0
    return _view(office, ticket, _shown(place), version=version, at=now)


def ticket_after(deed: Deed, ticket: Ticket) -> Snapshot:
    """The same as a deed leaves it, with what the deed knows already."""
    deed.session.flush()
    stage = current_stage(ticket)
    place = None
    if _waits(stage):
        place = deed.places.get(stage.id) or waits.place_of(deed.session, deed.office, stage, deed.now)
    return _view(deed.office, ticket, _shown(place), version=deed.log.version, at=deed.now)


def ticket_views(hall: Hall, session: Session, ticket_ids: Iterable[int]) -> dict[int, Snapshot]:
    """The same for many tickets with two statements in all, from the hall."""
    wanted = list(ticket_ids)
    if not wanted:
        return {}
    found = session.scalars(
        select(Ticket)
        .where(Ticket.id.in_(wanted), Ticket.office_id == hall.office.id)
        .options(selectinload(Ticket.stages))
    )
    waiting = {stage.stage_id: stage for stage in hall.line}
    views = {}
    for ticket in found:
        current = current_stage(ticket)
        live = waiting.get(current.id)
        place = None
        if live is not None:
            estimate = range_of(hall.estimate_behind(live.service, live.kind, before=live))
            ahead = hall.ahead_of(live)
            place = (ahead, estimate, ahead == 0 and hall.is_next(live))
        views[ticket.id] = _view(hall.office, ticket, place, version=hall.version, at=hall.now)
    return views


def for_holder(view: Snapshot, ticket: Ticket, secret: bytes, public_url: str) -> Snapshot:
    """With the capability, for whoever made the ticket."""
    token = tokens.ticket_token(secret, ticket.nonce)
    return {**view, "token": token, "status_url": f"{public_url}/t/{token}"}


def for_staff(view: Snapshot, ticket: Ticket) -> Snapshot:
    """With what only staff may know."""
    return {**view, "id": ticket.id, "needs": list(ticket.needs)}


def call_of(session: Session, stage: Stage) -> CallRow | None:
    """The last call of a stage, answered or not."""
    return session.scalars(select(CallRow).where(CallRow.stage_id == stage.id).order_by(CallRow.id.desc())).first()


def _waits(stage: Stage) -> bool:
    return stage.state == State.WAITING and has_begun(stage)


def _shown(place: waits.Place | None) -> tuple[int, dict[str, int] | None, bool] | None:
    return None if place is None else (place.ahead, range_of(place.estimate), place.is_next)


def _view(
    office: Office, ticket: Ticket, place: tuple[int, dict[str, int] | None, bool] | None, *, version: int, at: datetime
) -> Snapshot:
    stage = current_stage(ticket)
    state = current_state(ticket)
    service = office.services.get(stage.service)
    view: Snapshot = {
        "office": office.code,
        "number": ticket.number_text,
        "state": state,
        "service": stage.service,
        "service_label": label_in(service.label, ticket.language) if service else stage.service,
        "stage": stage.kind,
        "language": ticket.language,
        "issued_at": ticket.issued_at,
        "appointed_at": ticket.appointed_at,
        "position": place[0] + 1 if place else None,
        "ahead": place[0] if place else None,
        "estimate": place[1] if place else None,
        "is_next": place[2] if place else None,
        "order_time": stage.order_time if place else None,
        "stages": [_stage(each) for each in ticket.stages if each.state != State.CANCELLED or state is State.CANCELLED],
        "postponed": ticket.postponed,
        "version": version,
        "at": at,
    }
    if stage.counter is not None:
        view["counter"] = stage.counter
    return view


def _stage(stage: Stage) -> Snapshot:
    shown: Snapshot = {
        "service": stage.service,
        "kind": stage.kind,
        "state": stage.state,
        "ready": has_begun(stage),
        "in_person": stage.kind != StageKind.BACK_OFFICE,
    }
    if stage.counter is not None:
        shown["counter"] = stage.counter
    return shown
