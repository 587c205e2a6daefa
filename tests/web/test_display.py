"""The display's page and the reports of devices, over HTTP."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from queue_app.domain.access import Role
from queue_app.services import bearers
from queue_app.store.database import writing
from queue_app.store.office_tables import NoticeRow, OfficeRow
from tests.world import Caller, World

pytestmark = pytest.mark.any_database


def facts(world: World, query: str = "", token: str | None = None) -> dict[str, Any]:
    """What the page hands to its script."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    answer = world.app.test_client().get(f"/display/aoba{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    block = re.search(r'<script type="application/json" id="facts">(.*?)</script>', answer.text, re.DOTALL)
    assert block is not None
    found: dict[str, Any] = json.loads(block[1])
    return found


def display(world: World, name: str, **settings: Any) -> Caller:
    def make(session: Any) -> str:
        office_id = session.query(OfficeRow.id).filter_by(code="aoba").scalar()
        return bearers.issue_token(session, office_id, Role.DISPLAY, name, world.clock(), settings=settings).secret

    with world.app.app_context():
        return Caller(world.app.test_client(), writing(make))


def beat(caller: Caller, **state: Any) -> Any:
    return caller.post("/devices/heartbeat", {"voice": "off", "zone": "", "alarms": [], **state})


def status_of(world: World, name: str) -> dict[str, Any]:
    devices = world.manager.get("/offices/aoba/floor").get_json()["devices"]
    found: dict[str, Any] = next(device for device in devices if device["name"] == name)
    return found


def test_the_first_load_shows_the_calls_of_now_and_no_person(world: World) -> None:
    world.open("1")
    ticket = world.issue("moving", notify={"channel": "none"})
    world.call("1")
    snapshot = facts(world)["snapshot"]
    assert [call["number"] for call in snapshot["calls"]] == [ticket["number"]]
    assert ticket["token"] not in json.dumps(snapshot)


def test_a_screen_without_pairing_shows_the_board_and_stays_silent(world: World) -> None:
    screen = facts(world, "?voice=on")["screen"]
    assert (screen["paired"], screen["voice"]) == (False, False)


def test_a_paired_screen_speaks_only_if_its_settings_say_so(world: World) -> None:
    talker, quiet = display(world, "hall", voice="on", mode="short"), display(world, "stairs")
    speaking = facts(world, token=talker.token)["screen"]
    assert (speaking["paired"], speaking["voice"], speaking["mode"]) == (True, True, "short")
    assert facts(world, token=quiet.token)["screen"]["voice"] is False


def test_the_address_overrules_the_settings_of_size_and_zone(world: World) -> None:
    token = display(world, "hall", inch=43, distance=8).token
    assert facts(world, token=token)["screen"]["inch"] == 43
    assert facts(world, "?inch=65", token=token)["screen"]["inch"] == 65


@pytest.mark.parametrize(
    ("query", "field", "usual"),
    [
        ("?inch=abc", "inch", 55),
        ("?distance=nan", "distance", 10),
        ("?inch=-1", "inch", 10),
        ("?kind=x", "kind", "calls"),
    ],
)
def test_nonsense_in_the_address_gives_a_usable_screen(world: World, query: str, field: str, usual: object) -> None:
    assert facts(world, query)["screen"][field] == usual


def test_an_unknown_zone_shows_all_counters_and_says_so(world: World) -> None:
    screen = facts(world, "?zone=nowhere")["screen"]
    assert (screen["zone"], screen["zone_unknown"]) == ("", True)


def test_a_notice_cannot_end_the_script_block(world: World) -> None:
    evil = "</script><script>alert(1)</script>&amp;"

    def post(session: Any) -> None:
        office_id = session.query(OfficeRow.id).filter_by(code="aoba").scalar()
        session.add(NoticeRow(office_id=office_id, level="info", text={"ja": evil}, posted_at=world.clock()))

    with world.app.app_context():
        writing(post)
    assert facts(world)["snapshot"]["notices"][0]["text"] == evil


def test_an_office_that_does_not_exist_has_no_screen(world: World) -> None:
    assert world.app.test_client().get("/display/nowhere").status_code == 404


def test_the_board_says_until_when_numbers_are_given(world: World) -> None:
    assert world.board()["tickets_until"].startswith("2026-12-01T08:15")


def test_a_report_is_seen_by_staff_and_says_nothing_back(world: World) -> None:
    hall = display(world, "hall")
    answer = beat(hall, details={"line": "live", "reach_m": 9})
    assert (answer.status_code, answer.data) == (204, b"")
    assert status_of(world, "hall")["status"]["details"] == {"line": "live", "reach_m": 9}


def test_an_alarm_of_a_device_is_news_for_the_floor_at_once_and_once(world: World) -> None:
    hall, before = display(world, "hall"), world.board()["version"]
    beat(hall)
    assert world.board()["version"] == before, "all is well: nothing to tell"
    for _ in range(3):
        beat(hall, alarms=["voice_blocked"])
    assert world.board()["version"] == before + 1
    assert status_of(world, "hall")["status"]["alarms"] == ["voice_blocked"]
    beat(hall)
    assert status_of(world, "hall")["status"]["alarms"] == []


def test_reports_are_written_at_most_every_ten_seconds(world: World) -> None:
    hall = display(world, "hall")
    beat(hall, details={"n": 1})
    world.clock.pass_(seconds=4)
    beat(hall, details={"n": 2})
    assert status_of(world, "hall")["status"]["details"] == {"n": 1}
    world.clock.pass_(seconds=8)
    beat(hall, details={"n": 3})
    assert status_of(world, "hall")["status"]["details"] == {"n": 3}


def test_of_two_voices_in_a_zone_the_one_paired_later_must_be_silent(world: World) -> None:
    elder, younger = display(world, "hall"), display(world, "stairs")
    assert beat(elder, voice="on", zone="a").status_code == 204
    assert beat(younger, voice="on", zone="b").status_code == 204, "another zone"
    world.clock.pass_(seconds=15)
    answer = beat(younger, voice="on", zone="a")
    assert (answer.status_code, answer.get_json()) == (200, {"voice_conflict": True})
    assert "voice_conflict" in status_of(world, "stairs")["status"]["alarms"]
    assert beat(elder, voice="on", zone="a").status_code == 204, "the elder one goes on"


def test_the_second_voice_may_speak_when_the_first_has_gone(world: World) -> None:
    elder, younger = display(world, "hall"), display(world, "stairs")
    beat(elder, voice="on")
    assert beat(younger, voice="conflict").status_code == 200
    world.clock.pass_(seconds=60)
    assert beat(younger, voice="conflict").status_code == 204


@pytest.mark.parametrize("role", [None, Role.CLERK, Role.INTEGRATION])
def test_only_devices_report(world: World, role: Role | None) -> None:
    assert beat(world.as_(role)).status_code == (401 if role is None else 403)


@pytest.mark.parametrize(
    "state",
    [{"voice": "loud"}, {"alarms": ["x"] * 11}, {"alarms": ["A B"]}, {"details": {"a": [1]}}, {"more": 1}],
    ids=str,
)
def test_a_report_of_another_form_is_refused(world: World, state: dict[str, Any]) -> None:
    assert beat(display(world, "hall"), **state).status_code == 422
