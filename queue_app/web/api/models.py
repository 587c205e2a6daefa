"""The bodies and answers of the API. Bodies are strict and know no other fields; answers may grow."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Code = Annotated[str, Field(min_length=1, max_length=40)]
StateName = Literal["waiting", "called", "serving", "held", "missed", "done", "cancelled"]


class Body(BaseModel):
    """What comes in."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Shown(BaseModel):
    """What goes out; more fields may come."""

    model_config = ConfigDict(extra="allow")


class NotifyBody(Body):
    """Where a resident wants to be told."""

    channel: Literal["sms", "email", "line", "push", "none"]
    address: Annotated[str, Field(max_length=500)] | None = None


class TicketBody(Body):
    """A walk-in."""

    service: Code
    language: Annotated[str, Field(max_length=20)] | None = None
    needs: Annotated[list[Code], Field(max_length=10)] = []
    notify: NotifyBody | None = None
    travel_min: Annotated[int, Field(ge=5, le=60)] | None = None
    """For a number taken away from the office: minutes to the counter."""


class CallBody(Body):
    """Whom to call: the next, or a number; `finish` ends the present visit first."""

    number: Annotated[str, Field(min_length=1, max_length=20)] | Annotated[int, Field(ge=0, le=99_999)] | None = None
    finish: bool = False


class ActionBody(Body):
    """What an action may need: where to forward or take up, and why."""

    service: Code | None = None
    counter: Code | None = None
    note: Annotated[str, Field(max_length=140)] | None = None
    reason: Annotated[str, Field(max_length=200)] | None = None


class EmptyBody(Body):
    """Nothing needs to be said."""


class RangeShown(Shown):
    low_min: int
    likely_min: int
    high_min: int


class StageShown(Shown):
    service: str
    state: StateName
    counter: str | None = None


class TicketShown(Shown):
    """A ticket. `id` and `needs` only for staff; `token` only for whoever made it.

    `ahead` counts the people of the same service; `is_next`: the next press of some counter on duty calls it.
    """

    number: str
    state: StateName
    service: str
    language: str
    issued_at: datetime
    position: int | None
    ahead: int | None
    estimate: RangeShown | None
    is_next: bool | None
    stages: list[StageShown]
    version: int
    id: int | None = None
    needs: list[str] | None = None
    token: str | None = None
    status_url: str | None = None
    counter: str | None = None


class CallShown(Shown):
    """A call and the ticket called. `reason` is in_order, waited_long, returned or named."""

    call_id: int
    reason: str
    ticket: TicketShown


class CounterShown(Shown):
    counter: str
    label: str
    state: Literal["open", "paused", "closed"]


class ServiceShown(Shown):
    code: str
    label: str


class OfficeShown(Shown):
    """An office and whether it is open now, and if not, why and until when."""

    code: str
    name: str
    zone: str
    open: bool
    why_closed: str | None
    hours_today: list[dict[str, datetime]]
    services: list[ServiceShown]
    counters: list[CounterShown]
    languages: list[str]


class BoardCallShown(Shown):
    call_id: int
    number: str
    counter: str
    kind: Literal["reception", "handover"]
    at: datetime
    recalls: int
    language: str


class QueueShown(Shown):
    service: str
    label: str
    waiting: int
    longest_wait_s: int
    estimate: RangeShown | None


class BoardShown(Shown):
    """The board snapshot: numbers only."""

    office: str
    version: int
    at: datetime
    open: bool
    calls: list[BoardCallShown]
    counters: list[CounterShown]
    queues: list[QueueShown]
    ready: list[str]
    missed: list[str]
    notices: list[dict[str, Any]]


class DeskShown(Shown):
    """All that one console shows."""

    counter: str
    version: int
    current: dict[str, Any] | None
    waiting: list[dict[str, Any]]
    ready: list[dict[str, Any]]
    held: list[dict[str, Any]]
    missed: list[dict[str, Any]]
    bookings: list[dict[str, Any]]


class FloorShown(Shown):
    """All counters, queues and devices."""

    version: int
    counters: list[CounterShown]
    queues: list[QueueShown]
    tickets: list[dict[str, Any]]
    devices: list[dict[str, Any]]


class StatisticsShown(Shown):
    rows: list[dict[str, Any]]
    totals: dict[str, Any]


class DeskQuery(BaseModel):
    counter: Code


class StatisticsQuery(BaseModel):
    """Days of the office's calendar, both included; `by` is service, day or hour."""

    model_config = ConfigDict(populate_by_name=True)
    from_: Annotated[str | None, Field(alias="from")] = None
    to: str | None = None
    by: Literal["service", "day", "hour"] = "service"
