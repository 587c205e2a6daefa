"""What is done at a counter, each as a form of its own: one press, one transaction, then the console again.

Leaves what is allowed to the services; a refusal becomes a sentence on the console.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.errors import Invalid, NotFound, Refusal
from queue_app.services import (
    alarms,
    arrivals,
    calling,
    counters,
    forwarding,
    helping,
    holders,
    itineraries,
    next_press,
    notes,
    seats,
    undoing,
)
from queue_app.services.deed import Deed
from queue_app.services.desk import booked_alone, left_alone
from queue_app.services.hall import read_hall
from queue_app.services.visits import ticket_of_office
from queue_app.store.queue_tables import Ticket
from queue_app.store.reservation_tables import Reservation
from queue_app.web.auth import needs
from queue_app.web.forms import submit
from queue_app.web.staff.frame import blueprint, my_deed
from queue_app.web.staff.said import console_address, is_told_here, said_of

Said = dict[str, str] | None


@blueprint.post("/counters/<counter>/open")
@needs(Right.SERVE, page=True)
def open_counter(counter: str) -> ResponseReturnValue:
    return _press(counter, lambda deed: seats.take_seat(deed, counter), seated=False)


@blueprint.post("/counters/<counter>/pause")
@needs(Right.SERVE, page=True)
def pause_counter(counter: str) -> ResponseReturnValue:
    def act(deed: Deed) -> Said:
        if not _is_provided_for(deed, counter):
            return {"ask": "pause"}
        counters.pause_counter(deed, counter)
        return _told_of(request.form.get("to", ""))

    return _press(counter, act)


@blueprint.post("/counters/<counter>/close")
@needs(Right.SERVE, page=True)
def close_counter(counter: str) -> ResponseReturnValue:
    def act(deed: Deed) -> Said:
        if not _is_provided_for(deed, counter):
            return {"ask": "close"}
        seats.leave_seat(deed, counter)
        return _told_of(request.form.get("to", ""))

    return _press(counter, act)


@blueprint.post("/counters/<counter>/help")
@needs(Right.SERVE, page=True)
def ask_help(counter: str) -> ResponseReturnValue:
    """Tells the floor and nobody here: the person at the counter may look at this screen too."""

    def act(deed: Deed) -> Said:
        alarms.ask_help(deed, "help", counter)
        return None

    return _press(counter, act)


@blueprint.post("/counters/<counter>/next")
@needs(Right.SERVE, page=True)
def call_next(counter: str) -> ResponseReturnValue:
    """Finish whoever is served here, then call the next person or the one named.

    Somebody who was called a moment ago is never finished unasked: the console asks what became of them.
    """
    number = request.form.get("number", "").strip()[:12]

    def act(deed: Deed) -> Said:
        present = calling.somebody_at(deed, counter)
        if (str(present.ticket_id) if present else "") != request.form.get("seen", ""):
            return {"said": "changed"}
        if not next_press.make_room(deed, counter, request.form.get("called", "")):
            return {"ask": "called", "about": request.form.get("seen", ""), "number": number}
        if number:
            calling.call_number(deed, counter, number)
            return None
        return None if calling.call_next(deed, counter) else {"said": "nobody"}

    return _press(counter, act)


@blueprint.post("/counters/<counter>/tickets/<int:ticket_id>/<action>")
@needs(Right.SERVE, page=True)
def act_on_ticket(counter: str, ticket_id: int, action: str) -> ResponseReturnValue:
    if action not in ACTIONS:
        raise NotFound()

    def act(deed: Deed) -> Said:
        ticket = ticket_of_office(deed, ticket_id)
        ACTIONS[action](deed, ticket, counter)
        return _AFTER.get(action)

    return _press(counter, act)


@blueprint.post("/counters/<counter>/bookings/<int:booking_id>/check-in")
@needs(Right.CHECK_IN, page=True)
def check_in_at_desk(counter: str, booking_id: int) -> ResponseReturnValue:
    """Somebody with a booking stands here: their number, as the machine would have given it."""

    def act(deed: Deed) -> Said:
        row = deed.session.get(Reservation, booking_id)
        if row is None or row.office_id != deed.office.id:
            raise NotFound()
        return {"said": "checked_in", "number": arrivals.check_in(deed, row).number_text}

    return _press(counter, act)


def _forward(deed: Deed, ticket: Ticket, _counter: str) -> None:
    kind, _, code = request.form.get("to", "").partition(":")
    if kind not in ("service", "counter"):
        raise Invalid.field("to", "service_or_counter")
    note = request.form.get("note")
    if kind == "service":
        forwarding.forward(deed, ticket, service=code, note=note)
    else:
        forwarding.forward(deed, ticket, counter=code, note=note)


def _finish(deed: Deed, ticket: Ticket, counter: str) -> None:
    """Somebody who was called and never marked as present was here all the same."""
    if calling.somebody_at(deed, counter) in ticket.stages:
        calling.finish_at(deed, counter)
    else:
        calling.finish(deed, ticket)


ACTIONS: dict[str, Callable[[Deed, Ticket, str], object]] = {
    "recall": lambda deed, ticket, _counter: calling.recall(deed, ticket),
    "start": lambda deed, ticket, _counter: calling.start(deed, ticket),
    "miss": lambda deed, ticket, _counter: calling.miss(deed, ticket),
    "requeue": lambda deed, ticket, _counter: calling.requeue(deed, ticket),
    "take_up": calling.take_up,
    "hold": lambda deed, ticket, _counter: calling.hold(deed, ticket),
    "resume": calling.resume,
    "forward": _forward,
    "finish": _finish,
    "cancel": lambda deed, ticket, _counter: calling.cancel(deed, ticket, "by_staff"),
    "postpone": lambda deed, ticket, _counter: holders.postpone(deed, ticket),
    "undo": lambda deed, ticket, _counter: undoing.undo(deed, ticket),
    "skip": lambda deed, ticket, _counter: itineraries.skip(deed, ticket, request.form.get("service", "")),
    "first": lambda deed, ticket, _counter: itineraries.bring_forward(deed, ticket, request.form.get("service", "")),
    "add": lambda deed, ticket, _counter: itineraries.add(deed, ticket, request.form.get("service", "")),
    "note": lambda deed, ticket, _counter: notes.note(deed, ticket, request.form.get("note", "")),
}
_AFTER: dict[str, Said] = {"undo": {"said": "undone"}, "note": {"said": "noted"}}


def _press(counter: str, act: Callable[[Deed], Said], *, seated: bool = True) -> ResponseReturnValue:
    view = request.form.get("view", "")

    def once(session: Session) -> str:
        deed = my_deed(session, Right.SERVE)
        deed.counter(counter)
        if seated:
            seats.check_seat(deed, counter)
        return console_address(counter, view=view, **(act(deed) or {}))

    try:
        return redirect(submit(once), 303)
    except Refusal as refusal:
        if not is_told_here(refusal):
            raise
        return redirect(console_address(counter, view=view, **said_of(refusal)), 303)


def _is_provided_for(deed: Deed, counter: str) -> bool:
    """Asked first when people wait, or are booked, whom nobody else would call; a colleague may be named for them."""
    colleague = request.form.get("to", "")
    if colleague:
        helping.take_over(deed, counter, colleague)
        return True
    if request.form.get("sure") == "yes":
        return True
    hall = read_hall(deed.session, deed.office, deed.ports)
    return not left_alone(hall, counter) and not booked_alone(deed.session, hall, counter)


def _told_of(colleague: str) -> Said:
    return {"said": "taken_over_by", "at": colleague} if colleague else None
