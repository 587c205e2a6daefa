"""A ticket read as a visit: which stage a deed is about, what state the visit is in, and when it is over."""

from __future__ import annotations

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from queue_app.domain.errors import NotFound
from queue_app.domain.office import Counter
from queue_app.domain.ticket import LIVE, TRANSITIONS, Action, StageKind, State, fits, ticket_state
from queue_app.services.deed import Deed
from queue_app.store.queue_tables import CallRow, Stage, Ticket


def ticket_of_office(deed: Deed, ticket_id: int) -> Ticket:
    """A ticket by its id, of this office alone."""
    ticket = deed.session.get(Ticket, ticket_id)
    if ticket is None or ticket.office_id != deed.office.id:
        raise NotFound()
    return ticket


def current_state(ticket: Ticket) -> State:
    """The state of the whole visit, from the stages that are ready or over."""
    return ticket_state(
        (StageKind(stage.kind), State(stage.state)) for stage in ticket.stages if has_begun(stage) or not is_live(stage)
    )


def current_stage(ticket: Ticket) -> Stage:
    """The stage that gives the visit its state; the last one when it is over."""
    state = current_state(ticket)
    begun = [stage for stage in ticket.stages if has_begun(stage) and stage.state == state]
    return min(begun, key=_in_person_first) if begun else ticket.stages[-1]


def stage_for(ticket: Ticket, action: Action, *, prefer: Counter | None = None) -> Stage | None:
    """The stage an action is about: one that allows it, at the counter that asks if there are two, in person first."""
    able = [stage for stage in ticket.stages if has_begun(stage) and _allows(stage, action)]
    if prefer is not None:
        own = [s for s in able if s.only_counter == prefer.code or prefer.may_serve(s.service, StageKind(s.kind))]
        able = own or able
    return min(able, key=_in_person_first) if able else None


def open_call(session: Session, stage: Stage) -> CallRow:
    """The call of a stage that nobody has answered yet."""
    return session.scalars(_OPEN_CALL, {"stage": stage.id}).one()


_OPEN_CALL = select(CallRow).where(CallRow.stage_id == bindparam("stage"), CallRow.answer.is_(None))


def close_if_over(deed: Deed, ticket: Ticket) -> bool:
    """The visit is over when no stage is left; its capability dies with the day, its row stays for the statistics."""
    if any(is_live(stage) for stage in ticket.stages):
        return False
    deed.changing(ticket)
    ticket.closed_at = deed.now
    return True


def has_begun(stage: Stage) -> bool:
    """Ready, or further: everything before it is over."""
    return stage.reference_at is not None


def is_live(stage: Stage) -> bool:
    return stage.state in LIVE


def _allows(stage: Stage, action: Action) -> bool:
    return fits(action, StageKind(stage.kind)) and (State(stage.state), action) in TRANSITIONS


def _in_person_first(stage: Stage) -> tuple[bool, int]:
    return stage.kind == StageKind.BACK_OFFICE, stage.position
