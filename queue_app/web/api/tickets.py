"""Tickets: issued at the door, followed by their holder, worked on by staff."""

from __future__ import annotations

from collections.abc import Callable

from queue_app.domain.access import Right, check_office
from queue_app.domain.errors import Invalid, NotFound
from queue_app.services import calling, forwarding, holders, itineraries, offices, reception, remote, undoing
from queue_app.services.deed import Deed, begin_by_id
from queue_app.services.messages import Contact, contact_from
from queue_app.services.tickets import (
    check_is_of_today,
    for_holder,
    for_staff,
    ticket_after,
    ticket_by_token,
    ticket_view,
)
from queue_app.services.visits import ticket_of_office
from queue_app.store.queue_tables import Ticket
from queue_app.web.api.endpoint import Call, Reply, change, read
from queue_app.web.api.models import ActionBody, EmptyBody, NotifyBody, TicketBody, TicketShown
from queue_app.web.auth import Unauthenticated
from queue_app.web.context import house
from queue_app.web.i18n import known_language
from queue_app.web.limits import check_join_rate


@change(
    "/offices/<office>/tickets",
    right=Right.HOLD_TICKET,
    body=TicketBody,
    answer=TicketShown,
    status=201,
    codes=(
        "office_closed",
        "service_closed",
        "service_paused",
        "no_tickets_from_home",
        "already_has_number",
        "share_full",
    ),
)
def issue(call: Call, office: str, body: TicketBody) -> Reply:
    """Take a number."""
    right = Right.ISSUE if call.identity.role else Right.HOLD_TICKET
    deed = call.begin(office, right)
    if not call.identity.role and not deed.office.tickets_from_home:
        raise Unauthenticated()
    if not call.identity.role:
        check_join_rate()
        wish = remote.Wish(
            service=body.service,
            travel_min=body.travel_min or remote.USUAL_WAY_MIN,
            language=_language(body.language),
            needs=tuple(dict.fromkeys(body.needs)),
            contact=_contact(body.notify),
        )
        return Reply(_made(deed, remote.join(deed, wish)), 201, personal=True)
    arrival = reception.Arrival(
        service=body.service,
        language=_language(body.language),
        needs=tuple(dict.fromkeys(body.needs)),
        contact=_contact(body.notify),
    )
    ticket = reception.issue_ticket(deed, arrival)
    return Reply(_made(deed, ticket), 201, personal=True)


@read("/tickets/<token>", right=Right.HOLD_TICKET, answer=TicketShown, codes=("not_found",))
def show_ticket(call: Call, token: str) -> Reply:
    """The ticket, for its holder or the staff of its office."""
    ticket = _of_holder(call, token) or _of_staff(call, token)
    here = offices.office_by_id(call.session, ticket.office_id)
    view = ticket_view(call.session, here, ticket, call.ports.clock())
    return Reply(for_staff(view, ticket) if call.identity.may(Right.SERVE) else view, personal=True)


@change(
    "/tickets/<token>/postpone",
    right=Right.HOLD_TICKET,
    body=EmptyBody,
    answer=TicketShown,
    codes=("not_allowed", "not_found", "postponed_enough"),
)
def postpone(call: Call, token: str) -> Reply:
    """Let others pass for ten minutes, at most twice; the holder, or staff by the ticket's id."""
    deed = _holder_deed if _of_holder(call, token) else _staff_deed
    return deed(call, token, holders.postpone)


@change(
    "/tickets/<token>/notify",
    right=Right.HOLD_TICKET,
    body=NotifyBody,
    answer=TicketShown,
    codes=("channel_not_offered",),
)
def notify(call: Call, token: str, body: NotifyBody) -> Reply:
    """Be told when the turn comes near."""
    contact = _contact(body, prefix="")
    return _holder_deed(call, token, lambda deed, ticket: holders.ask_to_be_told(deed, ticket, contact))


@change(
    "/tickets/<token>/cancel",
    right=Right.HOLD_TICKET,
    body=ActionBody,
    answer=TicketShown,
    codes=("not_allowed", "not_found"),
)
def cancel(call: Call, token: str, body: ActionBody) -> Reply:
    """Give the number back; the holder or staff."""
    if _of_holder(call, token) is not None:
        return _holder_deed(call, token, holders.cancel)
    return _staff_deed(call, token, lambda deed, ticket: calling.cancel(deed, ticket, body.reason))


PLAIN: dict[str, Callable[[Deed, Ticket], object]] = {
    "recall": calling.recall,
    "start": calling.start,
    "miss": calling.miss,
    "requeue": calling.requeue,
    "hold": calling.hold,
    "finish": calling.finish,
    "undo": undoing.undo,
}
"""Actions that need nothing said."""


def _declare_action(name: str, act: Callable[[Deed, Ticket, ActionBody], object], summary: str) -> None:
    def handler(call: Call, ticket_id: str, body: ActionBody) -> Reply:
        return _staff_deed(call, ticket_id, lambda deed, ticket: act(deed, ticket, body))

    handler.__name__, handler.__doc__ = f"ticket_{name}", summary
    change(
        f"/tickets/<ticket_id>/{name}",
        right=Right.SERVE,
        body=ActionBody,
        answer=TicketShown,
        codes=("not_allowed", "not_found", "too_late", "counter_busy", "counter_closed", "wrong_counter"),
    )(handler)


def _take_up(deed: Deed, ticket: Ticket, body: ActionBody) -> None:
    """Begin back-office work at a counter; nobody is called."""
    calling.check_may_be_taken_up(ticket)
    calling.take_up(deed, ticket, _at(deed, body))


def _resume(deed: Deed, ticket: Ticket, body: ActionBody) -> None:
    """Go on with a held person."""
    calling.resume(deed, ticket, body.counter)


def _forward(deed: Deed, ticket: Ticket, body: ActionBody) -> None:
    """Send on to a service or counter; number and arrival are kept."""
    forwarding.forward(deed, ticket, service=body.service, counter=body.counter, note=body.note)


def _skip(deed: Deed, ticket: Ticket, body: ActionBody) -> None:
    """Take a counter out of the visit."""
    itineraries.skip(deed, ticket, _service(body), body.reason)


def _add(deed: Deed, ticket: Ticket, body: ActionBody) -> None:
    """One more counter on the same number."""
    itineraries.add(deed, ticket, _service(body))


def _service(body: ActionBody) -> str:
    if body.service is None:
        raise Invalid.field("service", "missing")
    return body.service


def _plainly(act: Callable[[Deed, Ticket], object]) -> Callable[[Deed, Ticket, ActionBody], object]:
    return lambda deed, ticket, _body: act(deed, ticket)


for _name, _plain in PLAIN.items():
    _declare_action(_name, _plainly(_plain), _plain.__doc__ or "")
for _special in (_take_up, _resume, _forward, _skip, _add):
    _declare_action(_special.__name__[1:], _special, _special.__doc__ or "")


def staff_answer(deed: Deed, ticket: Ticket) -> dict[str, object]:
    """A ticket as staff see it after a deed."""
    return for_staff(ticket_after(deed, ticket), ticket)


def _at(deed: Deed, body: ActionBody) -> str:
    counter = body.counter or deed.identity.counter
    if counter is None:
        raise Invalid.field("counter", "missing")
    if counter not in deed.office.counters:
        raise Invalid.field("counter", "unknown_counter", value=counter)
    return counter


def _of_holder(call: Call, token: str) -> Ticket | None:
    """The ticket a capability opens today, or None: then it may be an id."""
    try:
        ticket = ticket_by_token(call.session, token)
        check_is_of_today(ticket, offices.office_by_id(call.session, ticket.office_id), call.ports.clock())
    except NotFound:
        return None
    return ticket


def _of_staff(call: Call, ticket_id: str) -> Ticket:
    """The ticket of that id, for staff of its office; for everybody else there is no such thing."""
    ticket = (
        call.session.get(Ticket, int(ticket_id))
        if ticket_id.isascii() and ticket_id.isdecimal() and len(ticket_id) < 16
        else None
    )
    if ticket is None or not call.identity.may(Right.SERVE) or call.identity.office_id != ticket.office_id:
        raise NotFound()
    return ticket


def _staff_deed(call: Call, ticket_id: str, act: Callable[[Deed, Ticket], object]) -> Reply:
    ticket = _of_staff(call, ticket_id)
    check_office(call.identity, Right.SERVE, ticket.office_id)
    deed = begin_by_id(call.session, ticket.office_id, Right.SERVE, call.identity, call.ports)
    call.session.refresh(ticket)
    ticket = ticket_of_office(deed, ticket.id)
    act(deed, ticket)
    return Reply(staff_answer(deed, ticket), personal=True)


def _holder_deed(call: Call, token: str, act: Callable[[Deed, Ticket], object]) -> Reply:
    ticket = _of_holder(call, token)
    if ticket is None:
        raise NotFound()
    deed = begin_by_id(call.session, ticket.office_id, Right.HOLD_TICKET, call.identity, call.ports)
    call.session.refresh(ticket)
    act(deed, ticket)
    return Reply(ticket_after(deed, ticket), personal=True)


def _made(deed: Deed, ticket: Ticket) -> dict[str, object]:
    view = ticket_after(deed, ticket)
    if deed.identity.is_staff:
        view = for_staff(view, ticket)
    return for_holder(view, ticket, deed.ports.secret, house().settings.public_url)


def _language(tag: str | None) -> str:
    if tag is None:
        return "ja"
    known = known_language(tag)
    if known is None:
        raise Invalid.field("language", "unknown_language", value=tag)
    return known


def _contact(body: NotifyBody | None, prefix: str = "notify.") -> Contact | None:
    if body is None:
        return None
    return contact_from(body.channel, body.address, house().settings.channels, prefix=prefix)
