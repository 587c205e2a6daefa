"""What the holder of a number may do with it: give it back, let others pass, ask to be told.

By its capability, which the caller checked and a ticket of another day has not; or by word, to staff at a counter.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from queue_app.domain.errors import Conflict, Invalid, NotAllowed
from queue_app.domain.events import Event
from queue_app.domain.ticket import StageKind, State
from queue_app.services import calling
from queue_app.services.deed import Deed
from queue_app.services.messages import Contact
from queue_app.services.visits import current_stage, current_state, has_begun
from queue_app.store.queue_tables import Stage, Ticket

POSTPONE_BY = timedelta(minutes=10)
MOST_POSTPONED = 2


def cancel(deed: Deed, ticket: Ticket) -> None:
    """The resident leaves. Refuses `not_allowed` while called or served."""
    calling.cancel(deed, ticket, "by_holder")


def postpone(deed: Deed, ticket: Ticket) -> None:
    """Ten minutes further back, at most twice; whoever waited longer is not passed by it.

    In every line that the person stands in: services that need no order are open at the same time.
    Refuses `not_allowed` unless they wait to be called, `postponed_enough`.
    """
    state = current_state(ticket)
    waiting = [stage for stage in ticket.stages if _waits_to_be_called(stage)]
    if state is not State.WAITING or not waiting:
        raise NotAllowed(state, "postpone")
    if ticket.postponed >= MOST_POSTPONED:
        raise Conflict("postponed_enough", most=MOST_POSTPONED, number=ticket.number_text)
    deed.changing(ticket, *waiting)
    for stage in waiting:
        assert stage.order_time is not None and stage.reference_at is not None
        stage.order_time += POSTPONE_BY
        stage.reference_at += POSTPONE_BY
        stage.returned_at = None
    ticket.postponed += 1
    deed.record(Event.POSTPONED, ticket=ticket, stage=current_stage(ticket), times=ticket.postponed)


def _waits_to_be_called(stage: Stage) -> bool:
    return stage.state == State.WAITING and has_begun(stage) and stage.kind != StageKind.BACK_OFFICE


def ask_to_be_told(deed: Deed, ticket: Ticket, contact: Contact | None) -> None:
    """Keep where the holder wants to be told; None forgets it."""
    ticket.notify_channel = contact.channel if contact else None
    ticket.notify_address = contact.address if contact else None
    deed.record(Event.NOTIFY_ASKED, ticket=ticket, channel=ticket.notify_channel)


def came_back(deed: Deed, ticket: Ticket) -> None:
    """The holder was called, missed it, and is here now: next in order. Refuses `not_allowed` in any other state."""
    calling.requeue(deed, ticket)


def say_needs(deed: Deed, ticket: Ticket, needs: Sequence[str]) -> None:
    """Say, or take back, what help is wanted. The place in line stays: help must not be a way to the front.

    Refuses `unknown_need` by field. The history keeps that something was said, never what.
    """
    for need in needs:
        if need not in deed.office.needs:
            raise Invalid.field("needs", "unknown_need", value=need)
    ticket.needs = list(dict.fromkeys(needs))
    deed.record(Event.NOTED, ticket=ticket)
