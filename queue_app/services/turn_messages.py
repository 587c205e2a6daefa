"""Told on the phone: "you are called", and "your turn is near" when few are left before somebody.

Decides who hears of a call besides the one who is called. Recorded in the deed of the call, so that nobody is told of a
call that did not happen; of no use five minutes later. Leaves the words to `letters`, the sending to `outbox`.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from queue_app.domain.announcement import counter_name
from queue_app.domain.office import Counter
from queue_app.domain.ticket import StageKind, State
from queue_app.services import line, tokens
from queue_app.services.deed import Deed
from queue_app.services.letters import turn_letter
from queue_app.services.messages import Contact, Post, post
from queue_app.store.queue_tables import CallRow, Stage, Ticket

NEAR = 2
"""With so many people or fewer before them, people should come back to the hall."""

USE = timedelta(minutes=5)
LOOKED_AT = 30


def tell_of_call(deed: Deed, ticket: Ticket, stage: Stage, *, call: CallRow, counter: Counter) -> None:
    """Tell the person called, and those whose turn has come near by it."""
    if not deed.ports.channels:
        return  # nobody can be written to, so nobody needs to be looked for
    label = counter_name(counter, ticket.language)
    _tell(deed, ticket, "called", place=label, dedupe=f"called:{call.id}")
    for other, ahead in _near(deed, stage):
        _tell(deed, other.ticket, "near", place=str(ahead), dedupe=f"near:{other.id}")


def _near(deed: Deed, called: Stage) -> list[tuple[Stage, int]]:
    """People of the same queue who want to be told, with how many are called before each."""
    queue = (called.service, StageKind(called.kind))
    wanting = deed.session.scalars(
        select(Stage)
        .join(Ticket)
        .where(
            Stage.office_id == deed.office.id,
            Stage.state == State.WAITING,
            Stage.service == called.service,
            Stage.kind == called.kind,
            Stage.order_time.is_not(None),
            Stage.reference_at.is_not(None),
            Stage.id != called.id,
            Ticket.notify_channel.is_not(None),
        )
        .order_by(Stage.order_time)
        .limit(LOOKED_AT)
    ).all()
    found = []
    for stage in wanting:
        ahead = line.counts_before(deed.session, deed.office, stage, deed.now, [queue]).get(queue, 0)
        if ahead <= NEAR:
            found.append((stage, ahead))
    return found


def _tell(deed: Deed, ticket: Ticket, kind: str, *, place: str, dedupe: str) -> None:
    if ticket.notify_channel is None or ticket.notify_address is None:
        return
    contact = Contact(ticket.notify_channel, ticket.notify_address)
    link = f"{deed.ports.public_url}/t/{tokens.ticket_token(deed.ports.secret, ticket.nonce)}"
    letter = turn_letter(
        kind,
        contact.channel,
        office=deed.office,
        language=ticket.language,
        number=ticket.number_text,
        place=place,
        link=link,
    )
    post(deed, contact, Post(kind, letter, deed.now, deed.now + USE, dedupe, ticket_id=ticket.id))
