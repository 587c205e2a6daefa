"""The sender of what deeds have recorded: each message once, or nobody can say that it was not.

Decides what happens to a message by what the provider answered. Proven not sent: tried again, later each time, until
its use is over. Refused: failed. Silence after it was handed over: unknown, and never sent again, because the other
end may have it; only the provider's own report can still turn that into sent or failed. Whose use is over first goes
first, so a call is not late because three thousand reminders are due. No database session and no lock is held while a
provider is spoken to. Leaves protocols to the adapters (`Sender`), and how many send at a time to `post_room`.

Source: providers take no key against repeats, so nothing better than "once, or known to be in doubt" can be promised.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.orm import Session

from queue_app.services.channel_rests import Rests
from queue_app.services.messages import WITHDRAWN
from queue_app.services.ports import Ports, Sender
from queue_app.services.remote import is_still_away
from queue_app.store.database import engine_of, reading, writing
from queue_app.store.office_tables import AlarmRow
from queue_app.store.queue_tables import PAPER, Delivery

log = logging.getLogger("matazu.outbox")

MOST_LOOKED_THROUGH = 100
"""Messages that one claim may drop because their use is over, or pass by because their person is being written to."""

CLAIMING = 20_261_129
"""PostgreSQL's number for the lock of whoever claims: two at once would each count one message too few to a number."""

LEASE = timedelta(minutes=2)
"""A message claimed for longer than this died with its sender: unknown."""

BACK_OFF = tuple(timedelta(seconds=seconds) for seconds in (15, 30, 60, 120, 300, 600, 1800, 3600))
MOST_ATTEMPTS = 12
PER_NUMBER = ((timedelta(hours=1), 3), (timedelta(days=1), 5))
"""Short messages to one number; a form must not become a way to pester somebody."""

PER_NUMBER_LOOKED_BACK = timedelta(days=1)

PER_DAY_IN_ALL = 3000
"""Short messages of one office in 24 hours: the bill has an end, and staff are told when it is reached."""

SILENT = "silent: "
ENDED = ("sent", "delivered", "failed", "unknown", "dropped")
_HANDED_OVER = ("sending", "sent", "delivered", "unknown")
_RANK = {"due": 0, "sending": 0, "unknown": 1, "sent": 2, "delivered": 3, "failed": 3}


class NotSent(Exception):
    """Proven: the provider did not take it. May be tried again, not before `after`."""

    def __init__(self, why: str, after: timedelta | None = None) -> None:
        super().__init__(why)
        self.after = after


class MayRepeat(NotSent):
    """Nothing came back, but the provider takes a key against repeats: the same message may be handed over again."""


class Refused(Exception):
    """The provider will never take this one."""


class OutcomeUnknown(Exception):
    """It was handed over and nothing came back."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message on its way, read from the database and no longer tied to it."""

    id: int
    channel: str
    kind: str
    address: str
    payload: dict[str, Any]
    dedupe: str
    attempts: int
    expires_at: datetime


class _Said(NamedTuple):
    state: str
    at: datetime


Senders = Mapping[str, Sender]


def send_due(ports: Ports, senders: Senders, rests: Rests | None = None) -> None:
    """Send what is due, one after the other, until nothing is or the channels of the rest keep still."""
    rests = Rests() if rests is None else rests
    while (message := _next(ports, rests)) is not None:
        _send(ports, senders, message, rests)


def _next(ports: Ports, rests: Rests) -> Claimed | None:
    now = ports.clock()
    return writing(partial(_claim, now=now, skip=rests.resting(now)))


def report(session: Session, delivery_id: int, state: str, *, provider_id: str | None, now: datetime) -> bool:
    """What a provider says about a message later. Only forward: a late `sent` does not undo `delivered`.

    False if there is nothing like that, or nothing to change; the provider's repeats are right as well.
    """
    row = session.get(Delivery, delivery_id, with_for_update=True)
    if row is None or row.state == "dropped" or _RANK[state] <= _RANK.get(row.state, 9):
        return False
    if provider_id is not None and row.provider_id not in (None, provider_id):
        return False
    row.state, row.updated_at = state, now
    row.provider_id = row.provider_id or provider_id
    return True


def _claim(session: Session, now: datetime, skip: Sequence[str]) -> Claimed | None:
    """The next message, and no more than that: were this sender to die, the others have surely not been sent."""
    if engine_of(session).dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": CLAIMING})
    _give_up_the_lost(session, now)
    due = select(Delivery.id).where(*_is_due(now, skip)).order_by(Delivery.expires_at, Delivery.due_at, Delivery.id)
    for delivery_id in session.scalars(due.limit(MOST_LOOKED_THROUGH)).all():
        row = session.get(Delivery, delivery_id, with_for_update={"skip_locked": True})
        claimed = None if row is None or row.state != "due" else _claim_one(session, row, now)
        if claimed is not None:
            return claimed
    return None


def _is_due(now: datetime, skip: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    return Delivery.state == "due", Delivery.due_at <= now, Delivery.channel.not_in([PAPER, *skip])


def _claim_one(session: Session, row: Delivery, now: datetime) -> Claimed | None:
    said = _said_to(session, row, now)
    stop = _why_not(session, row, said, now)
    if stop is not None:
        # What fell silent before and is over now was perhaps sent: nobody may read that it was not.
        row.state = "unknown" if (row.last_error or "").startswith(SILENT) else "dropped"
        row.last_error, row.updated_at = stop, now
        return None
    if "sending" in (each.state for each in said):
        return None  # what is said to one person is said in its order: "moved" must not arrive after "cancelled"
    row.state, row.attempts, row.locked_until, row.updated_at = "sending", row.attempts + 1, now + LEASE, now
    session.flush()
    return Claimed(
        row.id,
        row.channel,
        row.kind,
        row.address or "",
        json.loads(row.payload),
        row.dedupe,
        row.attempts,
        row.expires_at,
    )


def _said_to(session: Session, row: Delivery, now: datetime) -> Sequence[_Said]:
    """What was handed over for the same address within a day, and when."""
    if row.address_hash is None:
        return ()
    query = select(Delivery.state, Delivery.updated_at).where(
        Delivery.address_hash == row.address_hash,
        Delivery.updated_at > now - PER_NUMBER_LOOKED_BACK,
        Delivery.state.in_(_HANDED_OVER),
    )
    return [_Said(*found) for found in session.execute(query)]


def _why_not(session: Session, row: Delivery, said: Sequence[_Said], now: datetime) -> str | None:
    if row.expires_at <= now:
        return "expired"
    if not row.address:
        return "forgotten"
    if row.kind == "leave" and row.ticket_id is not None and not is_still_away(session, row.ticket_id):
        return WITHDRAWN
    if row.channel != "sms":
        return None
    if any(sum(each.at > now - span for each in said) >= most for span, most in PER_NUMBER):
        return "limit_of_number"
    if _sent_by_office(session, row.office_id, now - timedelta(days=1)) >= PER_DAY_IN_ALL:
        _raise_alarm(session, row.office_id, now)
        return "limit_in_all"
    return None


def _sent_by_office(session: Session, office_id: int, since: datetime) -> int:
    query = select(func.count()).where(
        Delivery.office_id == office_id,
        Delivery.channel == "sms",
        Delivery.state.in_(_HANDED_OVER),
        Delivery.updated_at > since,
    )
    return session.scalar(query) or 0


def _raise_alarm(session: Session, office_id: int, now: datetime) -> None:
    standing = select(AlarmRow.id).where(
        AlarmRow.office_id == office_id, AlarmRow.kind == "message_limit", AlarmRow.ended_at.is_(None)
    )
    if session.scalar(standing.limit(1)) is None:
        session.add(AlarmRow(office_id=office_id, kind="message_limit", source="outbox", facts={}, at=now))


def _give_up_the_lost(session: Session, now: datetime) -> None:
    """Their sender died between handing over and writing it down."""
    session.execute(
        update(Delivery)
        .where(Delivery.state == "sending", Delivery.locked_until <= now)
        .values(state="unknown", last_error="the sender was interrupted", updated_at=now),
        execution_options={"synchronize_session": False},
    )


def _send(ports: Ports, senders: Senders, message: Claimed, rests: Rests) -> None:
    sender = senders.get(message.channel)
    if sender is None:
        _settle(ports, message, "failed", error="this channel is not set up")
        return
    payload = {**message.payload, "delivery": message.id, "valid_s": _valid_s(message, ports.clock())}
    try:
        provider_id = sender.send(address=message.address, kind=message.kind, payload=payload, key=message.dedupe)
    except NotSent as failure:
        rests.failed(message.channel, ports.clock(), was_told=failure.after is not None)
        _try_later(ports, message, failure)
    except Refused as refusal:
        rests.answered(message.channel)
        _settle(ports, message, "failed", error=str(refusal))
    except OutcomeUnknown as silence:
        rests.failed(message.channel, ports.clock())
        _settle(ports, message, "unknown", error=str(silence))
    except Exception as error:  # noqa: BLE001 - whatever broke, it may have been handed over
        log.warning("a message ended in doubt", extra={"channel": message.channel, "kind": type(error).__name__})
        _settle(ports, message, "unknown", error=type(error).__name__)
    else:
        rests.answered(message.channel)
        _settle(ports, message, "sent", provider_id=provider_id)


def _try_later(ports: Ports, message: Claimed, failure: NotSent) -> None:
    error = f"{SILENT}{failure}" if isinstance(failure, MayRepeat) else str(failure)
    if message.attempts >= MOST_ATTEMPTS:
        _settle(ports, message, "unknown" if isinstance(failure, MayRepeat) else "failed", error=error)
        return
    wait = failure.after or BACK_OFF[min(message.attempts, len(BACK_OFF)) - 1]
    _settle(ports, message, "due", error=error, due_at=ports.clock() + wait)


def _settle(
    ports: Ports,
    message: Claimed,
    state: str,
    *,
    error: str | None = None,
    provider_id: str | None = None,
    due_at: datetime | None = None,
) -> None:
    """Write the outcome down, unless the provider's own report was faster."""
    now = ports.clock()

    def write(session: Session) -> None:
        row = session.get(Delivery, message.id, with_for_update=True)
        if row is None:
            return
        row.provider_id = provider_id or row.provider_id
        row.updated_at = now
        if row.state != "sending":
            return
        row.state, row.locked_until, row.last_error = state, None, error[:200] if error else None
        row.due_at = due_at or row.due_at

    writing(write)


def _valid_s(message: Claimed, now: datetime) -> int:
    return max(1, int((message.expires_at - now).total_seconds()))


def something_is_due(ports: Ports) -> bool:
    return how_many_are_due(ports, (), most=1) > 0


def how_many_are_due(ports: Ports, skip: Sequence[str], *, most: int) -> int:
    """Counted up to `most`, those of a sender that died included; without a writer's turn, as mostly there are none."""
    now = ports.clock()
    lost = select(Delivery.id).where(Delivery.state == "sending", Delivery.locked_until <= now).limit(1)
    with reading() as session:
        due = len(session.scalars(select(Delivery.id).where(*_is_due(now, skip)).limit(most)).all())
        return due or len(session.scalars(lost).all())
