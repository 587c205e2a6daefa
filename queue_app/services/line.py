"""The line in front of a counter, asked of the database: who is at its head, and how many stand before whom.

The order itself is `domain.discipline`; each of its three lines has an index, so the head is found without reading the
line. The statements are put together once, when this file is read: doing it for every press cost more than running
them. Leaves the wait in minutes to `waits`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, or_, select, text, union_all
from sqlalchemy.orm import Session, aliased

from queue_app.domain.discipline import SAFETY, Rank, Waiting, in_order, rank
from queue_app.domain.office import Counter, Office
from queue_app.domain.ticket import AT_A_COUNTER, StageKind, State
from queue_app.store.database import table_of
from queue_app.store.prepared import Prepared
from queue_app.store.queue_tables import WITH_ITS_VISIT, Stage

NEWEST = 2**62


def head(session: Session, office: Office, counter: Counter, now: datetime) -> Stage | None:
    """The next person this counter may call, or None. Read under the office's lock."""
    facts = {
        "office": office.id,
        "long_ago": now - SAFETY,
        "counter": counter.code,
        "services": counter.services,
        "kinds": counter.stages,
    }
    by_waiting = {as_waiting(stage): stage for stage in session.scalars(_HEADS, facts).unique()}
    return by_waiting[in_order(by_waiting, now)[0]] if by_waiting else None


def reason(stage: Stage, now: datetime) -> str:
    """Why this one and not another: `returned`, `waited_long` or `in_order`."""
    return rank(as_waiting(stage), now).name.lower()


def as_waiting(stage: Stage) -> Waiting:
    """The stage as the discipline sees it. Only for stages that are ready; one not yet written is the newest."""
    assert stage.order_time is not None and stage.reference_at is not None
    return Waiting(stage.order_time, stage.reference_at, stage.ticket_id or NEWEST, stage.returned_at)


def counts_before(
    session: Session, office: Office, stage: Stage, now: datetime, queues: Iterable[tuple[str, StageKind]]
) -> dict[tuple[str, str], int]:
    """How many people of the given queues (service, kind) will be called before this waiting stage."""
    session.flush()  # what the deed has changed counts
    place = as_waiting(stage)
    facts = {
        "office": office.id,
        "long_ago": now - SAFETY,
        "returned_at": place.returned_at,
        "reference_at": place.reference_at,
        "order_time": place.order_time,
        "ticket": place.number,
    }
    rows = _BEFORE[rank(place, now)].rows(session, facts)
    counts = {(service, kind): count for service, kind, count in rows}
    return {queue: counts[queue] for queue in queues if queue in counts}


_STAGE = table_of(Stage).c
_IN_LINE = and_(
    _STAGE.office_id == bindparam("office"),
    text(f"stage.state = '{State.WAITING}'"),  # spelt out: SQLite sees no partial index behind a parameter
    _STAGE.order_time.is_not(None),
    _STAGE.reference_at.is_not(None),
)
_RETURNED = _STAGE.returned_at.is_not(None)
_WAITED_LONG = _STAGE.reference_at <= bindparam("long_ago")


def _heads() -> Select[Stage]:
    """The first of each of the three lines: at most three stages, with their tickets."""
    own_queue = and_(
        Stage.only_counter.is_(None),
        Stage.service.in_(bindparam("services", expanding=True)),
        Stage.kind.in_(bindparam("kinds", expanding=True)),
    )
    mine = select(Stage.id).where(
        _IN_LINE,
        text(f"stage.kind <> '{StageKind.BACK_OFFICE}'"),
        or_(Stage.only_counter == bindparam("counter"), own_queue),
        ~_is_elsewhere(),
    )
    firsts = [
        mine.where(_RETURNED).order_by(Stage.returned_at, Stage.ticket_id),
        mine.where(_WAITED_LONG).order_by(Stage.reference_at, Stage.ticket_id),
        mine.order_by(Stage.order_time, Stage.ticket_id),
    ]
    found = union_all(*(select(first.limit(1).subquery().c.id) for first in firsts))
    return select(Stage).where(Stage.id.in_(found)).options(WITH_ITS_VISIT)


def _is_elsewhere() -> ColumnElement[bool]:
    """Nobody is called to two counters: whoever stands at one is passed over at the others, and keeps the place."""
    other = aliased(Stage)
    return exists().where(
        other.ticket_id == Stage.ticket_id,
        other.id != Stage.id,
        other.kind != StageKind.BACK_OFFICE,
        other.state.in_(AT_A_COUNTER),
    )


def _counts(before: ColumnElement[bool]) -> Prepared:
    queue = (_STAGE.service, _STAGE.kind)
    return Prepared(select(*queue, func.count()).where(_IN_LINE, before).group_by(*queue))


def _smaller(column: ColumnElement[Any], value: str) -> ColumnElement[bool]:
    return or_(column < bindparam(value), and_(column == bindparam(value), _STAGE.ticket_id < bindparam("ticket")))


_HEADS = _heads()
_BEFORE = {
    Rank.RETURNED: _counts(and_(_RETURNED, _smaller(_STAGE.returned_at, "returned_at"))),
    Rank.WAITED_LONG: _counts(
        or_(_RETURNED, and_(_STAGE.returned_at.is_(None), _WAITED_LONG, _smaller(_STAGE.reference_at, "reference_at")))
    ),
    Rank.IN_ORDER: _counts(
        or_(
            _RETURNED,
            and_(_STAGE.returned_at.is_(None), _WAITED_LONG),
            _smaller(_STAGE.order_time, "order_time"),
        )
    ),
}
"""SQL twin of `discipline.order_key`: strictly smaller than this stage's key. Checked against it by a test."""
