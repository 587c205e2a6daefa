"""The line in front of a counter, asked of the database: who is at its head, and how many stand before whom.

The order itself is `domain.discipline`; each of its three lines has an index, so the head is found without reading the
line. Leaves the wait in minutes to `waits`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from queue_app.domain.discipline import SAFETY, Rank, Waiting, in_order, rank
from queue_app.domain.office import Counter, Office
from queue_app.domain.ticket import StageKind, State
from queue_app.store.queue_tables import Stage


def head(session: Session, office: Office, counter: Counter, now: datetime) -> Stage | None:
    """The next person this counter may call, or None. Read under the office's lock."""
    mine = _callable_line(office).where(_served_by(counter))
    heads = [
        mine.where(Stage.returned_at.is_not(None)).order_by(Stage.returned_at, Stage.ticket_id),
        mine.where(Stage.reference_at <= now - SAFETY).order_by(Stage.reference_at, Stage.ticket_id),
        mine.order_by(Stage.order_time, Stage.ticket_id),
    ]
    found = {stage.id: stage for query in heads for stage in session.scalars(query.limit(1))}
    by_waiting = {as_waiting(stage): stage for stage in found.values()}
    return by_waiting[in_order(by_waiting, now)[0]] if by_waiting else None


def reason(stage: Stage, now: datetime) -> str:
    """Why this one and not another: `returned`, `waited_long` or `in_order`."""
    return rank(as_waiting(stage), now).name.lower()


def as_waiting(stage: Stage) -> Waiting:
    """The stage as the discipline sees it. Only for stages that are ready."""
    assert stage.order_time is not None and stage.reference_at is not None
    return Waiting(stage.order_time, stage.reference_at, stage.ticket_id, stage.returned_at)


def counts_before(
    session: Session, office: Office, stage: Stage, now: datetime, queues: Iterable[tuple[str, StageKind]]
) -> dict[tuple[str, str], int]:
    """How many people of the given queues (service, kind) will be called before this waiting stage."""
    wanted = [and_(Stage.service == service, Stage.kind == kind) for service, kind in queues]
    rows = session.execute(
        select(Stage.service, Stage.kind, func.count())
        .where(*_waiting(office), or_(*wanted), _before(stage, now))
        .group_by(Stage.service, Stage.kind)
    )
    return {(service, kind): count for service, kind, count in rows}


def _callable_line(office: Office) -> Select[Stage]:
    return select(Stage).where(*_waiting(office), Stage.kind != StageKind.BACK_OFFICE)


def _waiting(office: Office) -> list[ColumnElement[bool]]:
    """Written as the partial indexes are, so that the planner can use them."""
    return [
        Stage.office_id == office.id,
        Stage.state == State.WAITING,
        Stage.order_time.is_not(None),
        Stage.reference_at.is_not(None),
    ]


def _served_by(counter: Counter) -> ColumnElement[bool]:
    own_queue = and_(Stage.only_counter.is_(None), Stage.service.in_(counter.services), Stage.kind.in_(counter.stages))
    return or_(Stage.only_counter == counter.code, own_queue)


def _before(stage: Stage, now: datetime) -> ColumnElement[bool]:
    """SQL twin of `discipline.order_key`: strictly smaller than this stage's key. Checked against it by a test."""
    place = as_waiting(stage)
    returned = Stage.returned_at.is_not(None)
    waited_long = and_(Stage.returned_at.is_(None), Stage.reference_at <= now - SAFETY)
    smaller_id = Stage.ticket_id < stage.ticket_id
    match rank(place, now):
        case Rank.RETURNED:
            return and_(returned, _smaller(Stage.returned_at, place.returned_at, smaller_id))
        case Rank.WAITED_LONG:
            return or_(returned, and_(waited_long, _smaller(Stage.reference_at, place.reference_at, smaller_id)))
        case _:
            return or_(returned, waited_long, _smaller(Stage.order_time, place.order_time, smaller_id))


def _smaller(
    column: InstrumentedAttribute[Any], value: datetime | None, tie: ColumnElement[bool]
) -> ColumnElement[bool]:
    return or_(column < value, and_(column == value, tie))
