"""Tickets: issued at the door, followed by their holder, worked on by staff."""

from __future__ import annotations

from collections.abc import Callable

from queue_app.domain.access import Right, check_office
from queue_app.domain.errors import Invalid, NotFound
from queue_app.services import calling, holders, offices, reception, undoing
from queue_app.services.deed import Deed, begin_by_id
from queue_app.services.messages import contact_from
from queue_app.services.tickets import check_is_of_today, for_holder, for_staff, ticket_by_token, ticket_view
from queue_app.services.visits import ticket_of_office
from queue_app.store.queue_tables import Ticket
from queue_app.web.api.endpoint import Call, Reply, change, read
from queue_app.web.api.models import ActionBody, EmptyBody, NotifyBody, TicketBody, TicketShown
from queue_app.web.auth import Unauthenticated
from queue_app.web.context import house
from queue_app.web.i18n import known_language


@change(
    "/offices/<office>/tickets",
    right=Right.HOLD_TICKET,
    body=TicketBody,
    answer=TicketShown,
    status=201,
    codes=("office_closed", "service_closed", "service_paused", "no_tickets_from_home"),
)
def issue(call: Call, office: str, body: TicketBody) -> Reply:
    """Take a number."""
    right = Right.ISSUE if call.identity.role else Right.HOLD_TICKET
    deed = call.begin(office, right)
    if not call.identity.role and not deed.office.tickets_from_home:
        raise Unauthenticated()
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
    codes=("not_allowed", "postponed_enough"),
)
def postpone(call: Call, token: str, body: EmptyBody) -> Reply:
    """Let others pass, at most twice."""
    return _holder_deed(call, token, holders.postpone)


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


Work = Callable[[Deed, Ticket, ActionBody], object]

ACTIONS: dict[str, tuple[Work, str]] = {
    "recall": (lambda deed, ticket, body: calling.recall(deed, ticket), "Call again."),
    "start": (lambda deed, ticket, body: calling.start(deed, ticket), "The person came."),
    "miss": (lambda deed, ticket, body: calling.miss(deed, ticket), "The person did not come."),
    "requeue": (
        lambda deed, ticket, body: calling.requeue(deed, ticket),
        "The absent person came back; next in order.",
    ),
    "take_up": (lambda deed, ticket, body: calling.take_up(deed, ticket, _at(deed, body)), "Begin back-office work."),
    "hold": (lambda deed, ticket, body: calling.hold(deed, ticket), "Set aside while a form is filled."),
    "resume": (lambda deed, ticket, body: calling.resume(deed, ticket, body.counter), "Go on with a held person."),
    "forward": (
        lambda deed, ticket, body: calling.forward(
            deed, ticket, service=body.service, counter=body.counter, note=body.note
        ),
        "Send on to a service or counter; number and arrival are kept.",
    ),
    "finish": (lambda deed, ticket, body: calling.finish(deed, ticket), "This stage is over."),
    "undo": (lambda deed, ticket, body: undoing.undo(deed, ticket), "Take back the last action within 10 s."),
}


def _declare_action(name: str, work: Work, summary: str) -> None:
    def act(call: Call, ticket_id: str, body: ActionBody) -> Reply:
        return _staff_deed(call, ticket_id, lambda deed, ticket: work(deed, ticket, body))

    act.__name__, act.__doc__ = f"ticket_{name}", summary
    change(
        f"/tickets/<ticket_id>/{name}",
        right=Right.SERVE,
        body=ActionBody,
        answer=TicketShown,
        codes=("not_allowed", "not_found", "too_late", "counter_busy", "counter_closed", "wrong_counter"),
    )(act)


for _name, (_work, _summary) in ACTIONS.items():
    _declare_action(_name, _work, _summary)


def staff_answer(deed: Deed, ticket: Ticket) -> dict[str, object]:
    """A ticket as staff see it after a deed."""
    deed.session.flush()
    return for_staff(ticket_view(deed.session, deed.office, ticket, deed.now), ticket)


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
        ticket, office_id = ticket_by_token(call.session, token, call.ports.clock())
        check_is_of_today(ticket, offices.office_by_id(call.session, office_id), call.ports.clock())
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
    call.session.flush()
    return Reply(ticket_view(call.session, deed.office, ticket, deed.now), personal=True)


def _made(deed: Deed, ticket: Ticket) -> dict[str, object]:
    view = ticket_view(deed.session, deed.office, ticket, deed.now)
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


def _contact(body: NotifyBody | None, prefix: str = "notify."):  # type: ignore[no-untyped-def]
    if body is None:
        return None
    return contact_from(body.channel, body.address, house().settings.channels, prefix=prefix)
