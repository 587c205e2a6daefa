"""An office that can be booked, and the shortest ways to a slot, a hold and a booking."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.world import OFFICE, Caller, World

TOMORROW = "2026-12-02"
"""The clock of the tests stands on Tuesday, 1 December 2026, 8:30."""

NAVIGATOR = "navigator: aoba-navigator.yaml\n"
BOOKABLE = (
    OFFICE.replace(
        "label: {ja: 住民異動, en: Moving}, minutes: 14}",
        "label: {ja: 住民異動, en: Moving}, minutes: 14, slots: {length_min: 30, capacity: 2}}",
    ).replace(
        "label: {ja: 国民健康保険, en: Insurance}, minutes: 12}",
        "label: {ja: 国民健康保険, en: Insurance}, minutes: 12, slots: {length_min: 15, capacity: 1}}",
    )
    + NAVIGATOR
)


def at(clock: str, day: str = TOMORROW) -> datetime:
    """An instant by the office's wall clock."""
    return datetime.fromisoformat(f"{day}T{clock}:00+09:00").astimezone(UTC)


def slot(clock: str = "10:00", service: str = "moving", day: str = TOMORROW) -> str:
    return f"{service}~{at(clock, day):%Y%m%dT%H%MZ}"


def body(slot_id: str | None = None, **facts: Any) -> dict[str, Any]:
    """What a resident sends in; fictional."""
    where = {} if "hold" in facts else {"slot": slot_id or slot()}
    what = {} if "answers" in facts else {"service": (slot_id or slot()).partition("~")[0]}
    return {**where, **what, "name_kana": "アオバ ハナコ", **facts}


def reserve(world: World, slot_id: str | None = None, caller: Caller | None = None, **facts: Any) -> dict[str, Any]:
    """A booking that succeeds."""
    answer = (caller or world.as_(None)).post("/offices/aoba/reservations", body(slot_id, **facts))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.get_json()
    return made


def free(world: World, service: str = "moving", day: str = TOMORROW, **query: Any) -> dict[str, int]:
    """What is offered on a day: remaining places by slot id."""
    asked = {"service": service, "from": day, "to": day, **query}
    answer = world.as_(None).get("/offices/aoba/slots", query_string=asked)
    assert answer.status_code == 200, answer.text
    return {each["id"]: each["remaining"] for each in answer.get_json()["slots"]}
