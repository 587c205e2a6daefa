"""A kiosk prepares for the time without a server, and hands in what it gave meanwhile."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from queue_app.domain.access import Right
from queue_app.domain.errors import Invalid
from queue_app.domain.written_day import written_day
from queue_app.services import leasing
from queue_app.services.ports import utc
from queue_app.web.api.endpoint import Call, Reply, change
from queue_app.web.api.models import Body, Code, Shown


class LeaseBody(Body):
    """Which browser asks: another one with the same token gets numbers of its own."""

    holder: Annotated[str, Field(min_length=16, max_length=40, pattern=r"^[\w-]+$")]


class BlockShown(Shown):
    """Numbers `first` to `last` of a series, to be given in these spans of this day only."""

    day: date
    series: str
    first: int
    last: int
    spans: list[list[str]]


class LeasesShown(Shown):
    """`at` is the server's time: the kiosk's clock may be wrong."""

    at: str
    blocks: list[BlockShown]


class GivenBody(Body):
    """A number that was given without the server. `at` is the server's time as the kiosk reckons it from its lease."""

    day: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    series: Annotated[str, Field(min_length=1, max_length=8)]
    number: Annotated[int, Field(ge=1, le=99_999)]
    service: Code
    language: Annotated[str, Field(max_length=20)] = "ja"
    at: Annotated[str, Field(max_length=40)]


class GivenListBody(Body):
    """At most a hundred at a time, so that a torn upload loses little."""

    given: Annotated[list[GivenBody], Field(min_length=1, max_length=100)]


class OutcomesShown(Shown):
    """What became of each number, in the order asked."""

    outcomes: list[Literal["merged", "known", "not_leased", "not_of_today", "number_used", "unknown_service"]]


@change("/devices/kiosk/lease", right=Right.ISSUE, body=LeaseBody, answer=LeasesShown)
def lend_numbers(call: Call, body: LeaseBody) -> Reply:
    """The numbers this kiosk may give while it has no server: today's and tomorrow's."""
    blocks = leasing.lend(call.session, call.identity, call.ports, holder=body.holder)
    return Reply({"at": call.ports.clock(), "blocks": [_shown(block) for block in blocks]})


@change("/devices/kiosk/given", right=Right.ISSUE, body=GivenListBody, answer=OutcomesShown)
def merge_given(call: Call, body: GivenListBody) -> Reply:
    """Numbers given without the server join the line by the time they were given, each once."""
    given = [_given(each, f"given.{place}.at") for place, each in enumerate(body.given)]
    return Reply({"outcomes": leasing.merge(call.session, call.identity, call.ports, given=given)})


def _shown(block: leasing.Block) -> dict[str, object]:
    return {
        "day": block.day,
        "series": block.series,
        "first": block.first,
        "last": block.last,
        "spans": [list(span) for span in block.spans],
    }


def _given(said: GivenBody, at_field: str) -> leasing.Given:
    return leasing.Given(
        day=_day(said.day),
        series=said.series,
        number=said.number,
        service=said.service,
        language=said.language,
        at=_instant(said.at, at_field),
    )


def _instant(text: str, field: str) -> datetime:
    """With its zone, or refused: an arrival is a place in line."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return utc(at)
    except (ValueError, OverflowError):
        pass
    raise Invalid.field(field, "not_a_date")


def _day(text: str) -> date:
    """A day that does not exist is nobody's lease."""
    try:
        return written_day(text)
    except ValueError:
        return date.min
