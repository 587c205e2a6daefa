"""Bodies and answers of the navigator, of slots, holds, reservations and check-ins."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from queue_app.domain.errors import Invalid
from queue_app.domain.written_day import written_day
from queue_app.web.api.models import Body, Code, NotifyBody, Shown

SlotId = Annotated[str, Field(min_length=1, max_length=80)]
People = Annotated[int, Field(ge=1, le=99)]
Day = Annotated[str, Field(max_length=10)]
Answers = Annotated[dict[str, Any], Field(max_length=200)]


def day_in(text: str | None, field: str) -> date | None:
    """A date somebody wrote as YYYY-MM-DD; refused by field."""
    if text is None:
        return None
    try:
        return written_day(text)
    except ValueError:
        return _no_date(field)


def _no_date(field: str) -> date:
    raise Invalid.field(field, "not_a_date")


class NavigatorBody(Body):
    """Answers by question id. With the day of moving and of the visit, deadlines come as dates."""

    answers: Answers = {}
    moved_on: Day | None = None
    visit_on: Day | None = None


class HoldBody(Body):
    """A slot to hold; what lengthens the booking lengthens the hold."""

    slot: SlotId
    people: People | None = None
    service: Code | None = None
    answers: Answers | None = None
    moved_on: Day | None = None


class ReservationBody(Body):
    """A booking. One of `slot` and `hold`, one of `service` and `answers`."""

    slot: SlotId | None = None
    hold: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    service: Code | None = None
    answers: Answers | None = None
    people: People | None = None
    name_kana: Annotated[str, Field(max_length=400)]
    contact: NotifyBody | None = None
    language: Annotated[str, Field(max_length=20)] | None = None
    needs: Annotated[list[Code], Field(max_length=10)] = []
    moved_on: Day | None = None


class RescheduleBody(Body):
    """Another time. With `sequence`, as the booking showed it, whoever was second is refused instead of winning."""

    slot: SlotId
    sequence: Annotated[int, Field(ge=0)] | None = None


class CheckInBody(Body):
    """The code somebody types, or the token in the booking's QR code (a whole link is fine)."""

    code: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    token: Annotated[str, Field(min_length=1, max_length=600)] | None = None


class FindBody(Body):
    """The code, and the last four digits of the phone or the PIN."""

    code: Annotated[str, Field(max_length=64)]
    digits: Annotated[str, Field(max_length=64)]


class SearchBody(Body):
    """A code, a phone number, an e-mail address or a whole name in kana."""

    text: Annotated[str, Field(min_length=1, max_length=254)]
    reason: Annotated[str, Field(max_length=200)] | None = None


class SlotsQuery(BaseModel):
    """Days of the office's calendar, both included; from today for as long as booking is open when left out."""

    model_config = ConfigDict(populate_by_name=True)
    service: Code
    from_: Annotated[str | None, Field(alias="from")] = None
    to: str | None = None
    people: Annotated[int, Field(ge=1, le=99)] | None = None
    minutes: Annotated[int, Field(ge=1, le=1440)] | None = None
    moved_on: str | None = None


class ItemShown(Shown):
    id: str
    label: str


class WithoutVisitShown(ItemShown):
    """Something that needs no visit, with the https address where it is done; empty where there is none."""

    url: str


class NavigatorShown(Shown):
    """What is to be done, where, in which order, and what to bring."""

    visits: list[ItemShown]
    route: list[str]
    minutes: dict[str, int]
    walk_minutes: int
    total_minutes: int
    documents: list[ItemShown]
    warnings: list[ItemShown]
    online: list[WithoutVisitShown]
    info: list[WithoutVisitShown]
    external: list[WithoutVisitShown]
    booking_services: list[str]
    first_counter_procedures: list[ItemShown]
    ignored: list[str]


class SlotShown(Shown):
    id: str
    start: datetime
    end: datetime
    remaining: int
    level: Literal["free", "few"] | None = None
    recommended: bool | None = None


class DayShown(Shown):
    """A day without places. `why` tells more than `reason` where there is more to tell."""

    date: date
    reason: Literal["closed", "full", "not_yet_open"]


class SlotsShown(Shown):
    """Free times in order, the days that have none, and the next free day if there is nothing at all."""

    slots: list[SlotShown]
    days: list[DayShown]
    next_free: date | None


class HoldShown(Shown):
    id: str
    expires_at: datetime


class ReservationShown(Shown):
    """A booking, for its holder."""

    code: str | None
    token: str
    start: datetime
    office: str
    service: str
    route: list[str]
    documents: list[ItemShown]
    status: Literal["booked", "arrived", "cancelled", "no_show"]
    status_url: str


class FoundShown(Shown):
    reservations: list[ReservationShown]
