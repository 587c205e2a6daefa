"""How loudspeakers speak by area and time of day, as the office file says it."""

from __future__ import annotations

import pytest

from queue_app.domain.errors import Invalid
from queue_app.domain.voice_plan import Band, ZoneVoice, parse_voice, voice_of

LUNCH = {"from": "12:00", "to": "13:00", "mode": "chime", "volume": 40}


def test_an_area_has_its_own_entry_else_the_one_for_all_else_the_usual() -> None:
    plan = parse_voice([{"zone": "hall", "mode": "short"}, {"mode": "off"}])
    assert voice_of(plan, "hall").mode == "short"
    assert voice_of(plan, "upstairs").mode == "off"
    assert voice_of((), "hall") == ZoneVoice(mode="full", volume=80)


def test_a_plan_that_is_written_reads_back_to_itself() -> None:
    plan = parse_voice([{"zone": "hall", "mode": "full", "volume": 70, "bands": [LUNCH, {"from": "17:00", "to": "08:00", "mode": "off"}]}])  # fmt: skip
    assert plan[0].bands[0] == Band("12:00", "13:00", "chime", 40)
    assert parse_voice([each.to_value() for each in plan]) == plan


def test_off_without_quotation_marks_is_still_off() -> None:
    assert parse_voice([{"mode": False}])[0].mode == "off"


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ("hall", "[0]"),
        ({"zone": "a b"}, "[0].zone"),
        ({"mode": "loud"}, "[0].mode"),
        ({"volume": 101}, "[0].volume"),
        ({"volume": True}, "[0].volume"),
        ({"louder": 1}, "[0].louder"),
        ({"bands": "noon"}, "[0].bands"),
        ({"bands": [LUNCH] * 13}, "[0].bands"),
        ({"bands": [{**LUNCH, "from": "12"}]}, "[0].bands[0].from"),
        ({"bands": [{**LUNCH, "to": "12:00"}]}, "[0].bands[0].to"),
        ({"bands": [{"to": "12:00"}]}, "[0].bands[0].from"),
    ],
)
def test_a_mistake_is_named_by_its_place(entry: object, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_voice([entry])
    assert [error.field for error in refused.value.errors] == [field]
    assert all("message" in dict(error.facts) for error in refused.value.errors)


def test_one_area_stands_in_the_plan_once() -> None:
    with pytest.raises(Invalid):
        parse_voice([{"zone": "hall"}, {"zone": "hall"}])
