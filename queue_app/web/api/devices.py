"""Kiosks and displays say how they are."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from queue_app.domain.access import Right
from queue_app.services import devices
from queue_app.web.api.endpoint import Call, Reply, change
from queue_app.web.api.models import Body, Shown

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
    must_be_silent = devices.report(call.session, call.identity, call.ports, status=body.model_dump())
    return Reply({"voice_conflict": True}) if must_be_silent else Reply(status=204)
