"""Kiosks and displays say how they are, and a call button at a counter calls."""

from __future__ import annotations

from typing import Annotated, Literal

from flask import request
from pydantic import Field

from queue_app.domain.access import Right
from queue_app.domain.errors import Conflict, NotFound
from queue_app.services import calling, devices, next_press
from queue_app.services.deed import begin_by_id
from queue_app.web.api.endpoint import Call, Reply, change
from queue_app.web.api.models import Body, Shown
from queue_app.web.auth import browser_of

Text = Annotated[str, Field(max_length=200)]
Word = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9_]+$")]


class HeartbeatBody(Body):
    """The state of a device, in words of its own; `alarms` are what staff should look at."""

    voice: Literal["off", "on", "blocked", "conflict"] = "off"
    zone: Annotated[str, Field(max_length=40)] = ""
    alarms: Annotated[list[Word], Field(max_length=10)] = []
    details: Annotated[dict[Word, Text | int | float | bool | None], Field(max_length=20)] = {}


class HeartbeatShown(Shown):
    """Only answered when the device must do something."""

    voice_conflict: bool


@change("/devices/heartbeat", right=Right.REPORT_DEVICE, body=HeartbeatBody, answer=HeartbeatShown)
def report_device(call: Call, body: HeartbeatBody) -> Reply:
    """I am alive; 204, or 200 with `voice_conflict` when another display of the same zone speaks already."""
    must_be_silent = devices.report(
        call.session, call.identity, call.ports, status=body.model_dump(), browser=browser_of(request)
    )
    return Reply({"voice_conflict": True}) if must_be_silent else Reply(status=204)


class ButtonBody(Body):
    """Which of the two keys was pressed."""

    press: Literal["next", "recall"] = "next"


class ButtonShown(Shown):
    """What the counter calls now."""

    counter: str
    number: str
    state: str


@change(
    "/devices/button",
    right=Right.PRESS_BUTTON,
    body=ButtonBody,
    answer=ButtonShown,
    codes=("unknown_counter", "counter_closed", "counter_busy", "not_allowed"),
)
def press_button(call: Call, body: ButtonBody) -> Reply:
    """A call button at its counter: the next person, or the same one again; 204 when nobody waits.

    Next within two minutes of a call that nobody has answered is refused with `counter_busy`: a button cannot ask.
    """
    counter, office_id = call.identity.counter, call.identity.office_id
    if counter is None or office_id is None:
        raise NotFound("unknown_counter")
    deed = begin_by_id(call.session, office_id, Right.PRESS_BUTTON, call.identity, call.ports)
    present = calling.somebody_at(deed, counter)
    if body.press == "recall":
        if present is None:
            return Reply(status=204)
        calling.recall(deed, present.ticket)
        return Reply({"counter": counter, "number": present.ticket.number_text, "state": present.state})
    if not next_press.make_room(deed, counter):
        assert present is not None
        raise Conflict("counter_busy", counter=counter, number=present.ticket.number_text, state=present.state)
    made = calling.call_next(deed, counter)
    if made is None:
        return Reply(status=204)
    return Reply({"counter": counter, "number": made.ticket.number_text, "state": "called"})
