"""A visit read from its events: when the waits began and ended, how long each service took, how it ended.

Decides what the history means; the statistics are made of these records and of nothing else. Deeds that were undone
are left out with their undoing. Pure: the same events give the same record, today and when they are counted again.

Source: queueing study of the project, sections 2 (definitions of waits) and 7 (what is recorded).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from queue_app.domain.events import Event


@dataclass(frozen=True, slots=True)
class Happened:
    """One row of the history, as far as it is about one visit."""

    id: int
    at: datetime
    name: str
    ticket: int
    stage: int | None = None
    service: str | None = None
    counter: str | None = None
    reason: str | None = None
    undoes: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


class End(StrEnum):
    """How a visit or a stop ended. `LEFT` went before any call, `MISSED` was called and did not come any more."""

    OPEN = "open"
    DONE = "done"
    FORWARDED = "forwarded"
    SKIPPED = "skipped"
    LEFT = "left"
    MISSED = "missed"
    BROKEN_OFF = "broken_off"
    CLOSED = "closed"


@dataclass(slots=True)
class Stop:
    """One stop of a visit that became ready. `served_s` is time in service without the time on hold."""

    stage: int
    service: str
    kind: str
    counts_from: datetime
    reference_at: datetime
    lead_min: float
    called_at: datetime | None = None
    ended_at: datetime | None = None
    counter: str | None = None
    end: End = End.OPEN
    served_s: int = 0
    calls: int = 0
    recalls: int = 0
    misses: int = 0
    since: datetime | None = None
    last_call_at: datetime | None = None

    @property
    def in_person(self) -> bool:
        return self.kind != "back_office"


@dataclass(slots=True)
class Visit:
    """One visit. The wait counts from the arrival, or from the appointed time of somebody who was early."""

    ticket: int
    service: str
    visit_class: str
    arrived_at: datetime
    counts_from: datetime
    appointed_at: datetime | None = None
    first_called_at: datetime | None = None
    ended_at: datetime | None = None
    end: End = End.OPEN
    procedures: tuple[str, ...] = ()
    told: Mapping[str, Any] = field(default_factory=dict)
    postponed: int = 0
    stops: dict[int, Stop] = field(default_factory=dict)

    @property
    def with_clerk_s(self) -> int:
        return sum(stop.served_s for stop in self.stops.values() if stop.in_person)

    @property
    def idle_s(self) -> int | None:
        """Everything on site that was not spent with a clerk; None while the visit goes on or nobody knows its end."""
        if self.ended_at is None or self.end is End.CLOSED:
            return None
        return max(0, seconds(self.counts_from, self.ended_at) - self.with_clerk_s)


def standing(events: Iterable[Happened]) -> list[Happened]:
    """What still holds, in its order: no undone deed and no undoing."""
    rows = sorted(events, key=lambda row: row.id)
    undone = {row.undoes for row in rows if row.undoes is not None}
    return [row for row in rows if row.id not in undone and row.name != Event.UNDONE]


def visit_of(events: Sequence[Happened]) -> Visit | None:
    """The record of one visit from its events; None without the issue of its number."""
    visit: Visit | None = None
    for row in standing(events):
        if row.name == Event.ISSUED:
            visit = _begun(row)
        if visit is not None:
            _apply(visit, row)
    return visit


def seconds(earlier: datetime, later: datetime) -> int:
    return round((later - earlier).total_seconds())


def _begun(row: Happened) -> Visit:
    appointed = row.data.get("appointed")
    appointed_at = datetime.fromisoformat(appointed) if appointed else None
    # A number given during an outage is written down when the line is back.
    came = datetime.fromisoformat(row.data["arrived"]) if "arrived" in row.data else row.at
    return Visit(
        ticket=row.ticket,
        service=row.service or "",
        visit_class=row.data.get("visit_class", "walk_in"),
        arrived_at=came,
        counts_from=max(came, appointed_at) if appointed_at else came,
        appointed_at=appointed_at,
        procedures=tuple(row.data.get("procedures", ())),
        told=row.data.get("told") or {},
    )


def _apply(visit: Visit, row: Happened) -> None:
    stop = visit.stops.get(row.stage or 0)
    if stop is not None:
        _at_stop(visit, stop, row)
    for stage in row.data.get("skipped", ()):
        _end(visit.stops.get(stage), row, End.SKIPPED)
    for ready in row.data.get("ready", ()):
        _ready(visit, ready, visit.arrived_at if row.name == Event.ISSUED else row.at)
    if row.name == Event.POSTPONED:
        visit.postponed += 1
    if row.name == Event.CANCELLED:
        _broken_off(visit, row)
    elif row.data.get("ends_visit"):
        visit.ended_at, visit.end = row.at, End.DONE


def _ready(visit: Visit, ready: Mapping[str, Any], at: datetime) -> None:
    """A stop can be called from now on; the first one of an early booking counts from the appointed time."""
    visit.stops[ready["stage"]] = Stop(
        stage=ready["stage"],
        service=ready["service"],
        kind=ready["kind"],
        counts_from=max(at, visit.counts_from),
        reference_at=datetime.fromisoformat(ready["reference"]),
        lead_min=ready["lead_min"],
    )


def _at_stop(visit: Visit, stop: Stop, row: Happened) -> None:
    match row.name:
        case Event.CALLED:
            stop.calls += 1
            stop.counter = row.counter
            stop.last_call_at = row.at
            stop.called_at = stop.called_at or row.at
            visit.first_called_at = visit.first_called_at or row.at
        case Event.RECALLED:
            stop.recalls += 1
        case Event.MISSED:
            stop.misses += 1
        case Event.STARTED | Event.RESUMED | Event.TAKEN_UP:
            stop.called_at = stop.called_at or row.at
            stop.counter, stop.since = row.counter, row.at
        case Event.HELD:
            _served_until(stop, row.at)
        case Event.FORWARDED:
            _served_from_the_call(stop, row)
            _end(stop, row, End.FORWARDED)
        case Event.FINISHED:
            _served_from_the_call(stop, row)
            _end(stop, row, End.DONE)


def _served_from_the_call(stop: Stop, row: Happened) -> None:
    """Start and finish were one press: the person came soon after the call, and nobody pressed it."""
    if stop.since == row.at and not stop.served_s and stop.last_call_at is not None:
        stop.since = stop.last_call_at


def _end(stop: Stop | None, row: Happened, end: End) -> None:
    if stop is not None and stop.end is End.OPEN:
        _served_until(stop, row.at)
        stop.ended_at, stop.end = row.at, end


def _served_until(stop: Stop, at: datetime) -> None:
    if stop.since is not None:
        stop.served_s += seconds(stop.since, at)
        stop.since = None


def _broken_off(visit: Visit, row: Happened) -> None:
    """Nobody comes any more. That the day was closed over somebody does not tell when they went."""
    missed = any(stop.misses and stop.end is End.OPEN and not stop.served_s for stop in visit.stops.values())
    end = End.MISSED if missed else End.CLOSED if row.reason == "day_closed" else End.BROKEN_OFF
    if end is End.BROKEN_OFF and visit.first_called_at is None:
        end = End.LEFT
    for stop in visit.stops.values():
        _end(stop, row, End.LEFT if end is not End.CLOSED and stop.called_at is None else end)
    visit.ended_at, visit.end = row.at, end
