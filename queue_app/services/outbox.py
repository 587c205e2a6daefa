"""The sender of what deeds have recorded: each message once, or nobody can say that it was not.

Decides what happens to a message by what the provider answered. Proven not sent: tried again, later each time, until
its use is over. Refused: failed. Silence after it was handed over: unknown, and never sent again, because the other
end may have it; only the provider's own report can still turn that into sent or failed. No database session and no
lock is held while a provider is spoken to. Leaves protocols to the adapters (`Sender`).

Source: providers take no key against repeats, so nothing better than "once, or known to be in doubt" can be promised.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from queue_app.services.messages import WITHDRAWN
from queue_app.services.ports import Ports, Sender
from queue_app.services.remote import is_still_away
from queue_app.store.database import reading, writing
from queue_app.store.office_tables import AlarmRow
from queue_app.store.queue_tables import PAPER, Delivery

log = logging.getLogger("matazu.outbox")

MOST_AT_A_LOOK = 20
LEASE = timedelta(minutes=2)
"""A message claimed for longer than this died with its sender: unknown."""

BACK_OFF = tuple(timedelta(seconds=seconds) for seconds in (15, 30, 60, 120, 300, 600, 1800, 3600))
MOST_ATTEMPTS = 12
PER_NUMBER = ((timedelta(hours=1), 3), (timedelta(days=1), 5))
"""Short messages to one number; a form must not become a way to pester somebody."""

PER_DAY_IN_ALL = 3000
"""Short messages of one office in 24 hours: the bill has an end, and staff are told when it is reached."""

LOOK_AGAIN_S = 1.0
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


Senders = Mapping[str, Sender]


def send_due(ports: Ports, senders: Senders, *, paused: Mapping[str, datetime] | None = None) -> dict[str, datetime]:
    """Send what is due now; returns the channels that should rest, and until when."""
    resting = {channel: until for channel, until in (paused or {}).items() if until > ports.clock()}
    for _ in range(MOST_AT_A_LOOK):
        message = writing(partial(_claim, now=ports.clock(), skip=tuple(resting)))
        if message is None:
            break
        until = _send(ports, senders, message)
        if until is not None:
            resting[message.channel] = until
    return resting


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
    _give_up_the_lost(session, now)
    query = (
        select(Delivery)
        .where(Delivery.state == "due", Delivery.due_at <= now, Delivery.channel.not_in([PAPER, *skip]))
        .order_by(Delivery.due_at, Delivery.id)
        .limit(MOST_AT_A_LOOK)
        .with_for_update(skip_locked=True)
    )
    return next(filter(None, (_claim_one(session, row, now) for row in session.scalars(query))), None)


def _claim_one(session: Session, row: Delivery, now: datetime) -> Claimed | None:
    row.updated_at = now
    stop = _why_not(session, row, now)
    if stop is not None:
        # What fell silent before and is over now was perhaps sent: nobody may read that it was not.
        row.state = "unknown" if (row.last_error or "").startswith(SILENT) else "dropped"
        row.last_error = stop
        return None
    row.state, row.attempts, row.locked_until = "sending", row.attempts + 1, now + LEASE
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


def _why_not(session: Session, row: Delivery, now: datetime) -> str | None:
    if row.expires_at <= now:
        return "expired"
    if not row.address:
        return "forgotten"
    if row.kind == "leave" and row.ticket_id is not None and not is_still_away(session, row.ticket_id):
        return WITHDRAWN
    if row.channel != "sms":
        return None
    for span, most in PER_NUMBER:
        if _handed_over(session, now - span, Delivery.address_hash == row.address_hash) >= most:
            return "limit_of_number"
    if _handed_over(session, now - timedelta(days=1), Delivery.office_id == row.office_id) >= PER_DAY_IN_ALL:
        _raise_alarm(session, row.office_id, now)
        return "limit_in_all"
    return None


def _handed_over(session: Session, since: datetime, which: ColumnElement[bool]) -> int:
    query = select(func.count()).where(
        which, Delivery.channel == "sms", Delivery.state.in_(_HANDED_OVER), Delivery.updated_at > since
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


def _send(ports: Ports, senders: Senders, message: Claimed) -> datetime | None:
    """Send one; returns until when its channel should rest, if the provider could not be reached."""
    sender = senders.get(message.channel)
    if sender is None:
        _settle(ports, message, "failed", error="this channel is not set up")
        return None
    now = ports.clock()
    payload = {**message.payload, "delivery": message.id, "valid_s": _valid_s(message, now)}
    try:
        provider_id = sender.send(address=message.address, kind=message.kind, payload=payload, key=message.dedupe)
    except NotSent as failure:
        return _try_later(ports, message, failure)
    except Refused as refusal:
        _settle(ports, message, "failed", error=str(refusal))
    except OutcomeUnknown as silence:
        _settle(ports, message, "unknown", error=str(silence))
    except Exception as error:  # noqa: BLE001 - whatever broke, it may have been handed over
        log.warning("a message ended in doubt", extra={"channel": message.channel, "kind": type(error).__name__})
        _settle(ports, message, "unknown", error=type(error).__name__)
    else:
        _settle(ports, message, "sent", provider_id=provider_id)
    return None


def _try_later(ports: Ports, message: Claimed, failure: NotSent) -> datetime | None:
    error = f"{SILENT}{failure}" if isinstance(failure, MayRepeat) else str(failure)
    if message.attempts >= MOST_ATTEMPTS:
        _settle(ports, message, "unknown" if isinstance(failure, MayRepeat) else "failed", error=error)
        return None
    wait = failure.after or BACK_OFF[min(message.attempts, len(BACK_OFF)) - 1]
    due_at = ports.clock() + wait
    _settle(ports, message, "due", error=error, due_at=due_at)
    return ports.clock() + min(wait, BACK_OFF[0])


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


@dataclass
class Outbox:
    """One per process. `work` runs in a thread (or greenlet) beside the relay."""

    ports: Ports
    senders: Senders
    in_app: Callable[[], Any]
    beat_at: datetime | None = None
    _paused: dict[str, datetime] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        """Until `stop`: look once a second, send what is due."""
        while not self._stop.wait(LOOK_AGAIN_S):
            try:
                with self.in_app():
                    self.look()
            except Exception:
                log.exception("the outbox could not look; it tries again")

    def look(self) -> None:
        """Send everything that is due now and whose channel does not rest."""
        if something_is_due(self.ports):
            self._paused = send_due(self.ports, self.senders, paused=self._paused)
        self.beat_at = self.ports.clock()

    def stop(self) -> None:
        self._stop.set()


def something_is_due(ports: Ports) -> bool:
    """Asked without a writer's turn, because mostly nothing is."""
    now = ports.clock()
    waiting = (Delivery.state == "due") & (Delivery.due_at <= now) & (Delivery.channel != PAPER)
    lost = (Delivery.state == "sending") & (Delivery.locked_until <= now)
    with reading() as session:
        return session.scalar(select(Delivery.id).where(waiting | lost).limit(1)) is not None
