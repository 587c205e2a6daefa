"""Numbers for the time without a server: lent, given, merged once each by the time people came, or clearly refused."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from queue_app.domain.access import Role
from queue_app.domain.history import Happened, visit_of
from queue_app.domain.lease import BLOCK, LOW, arrived_at, offline_series
from queue_app.services import bearers
from queue_app.store.database import reading, writing
from queue_app.store.office_tables import AlarmRow, ServiceRow
from queue_app.store.queue_tables import EventRow, Ticket
from tests.world import OPENING, Caller, World

HOLDER = "a-browser-of-the-tests"


def lease(kiosk: Caller, holder: str = HOLDER) -> list[dict[str, Any]]:
    answer = kiosk.post("/devices/kiosk/lease", {"holder": holder})
    assert answer.status_code == 200, answer.text
    blocks: list[dict[str, Any]] = answer.get_json()["blocks"]
    return blocks


def given(block: dict[str, Any], offset: int = 0, *, at: datetime = OPENING, **other: Any) -> dict[str, Any]:
    plain = {"day": block["day"], "series": block["series"], "number": block["first"] + offset, "service": "moving"}
    return {**plain, "language": "ja", "at": at.isoformat(), **other}


def upload(kiosk: Caller, *numbers: dict[str, Any]) -> list[str]:
    answer = kiosk.post("/devices/kiosk/given", {"given": list(numbers)})
    assert answer.status_code == 200, answer.text
    outcomes: list[str] = answer.get_json()["outcomes"]
    return outcomes


def numbers_of(world: World) -> list[str]:
    with world.app.app_context(), reading() as session:
        return [row.number_text for row in session.scalars(select(Ticket).order_by(Ticket.id))]


def test_a_kiosk_holds_numbers_for_today_and_tomorrow_and_when_they_may_be_given(world: World) -> None:
    blocks = lease(world.kiosk)
    assert [block["day"] for block in blocks] == ["2026-12-01", "2026-12-02"]
    assert all(block["last"] - block["first"] + 1 == BLOCK for block in blocks)
    opens, closes = (datetime.fromisoformat(instant) for instant in blocks[0]["spans"][0])
    assert (opens, closes) == (OPENING, OPENING + timedelta(hours=8, minutes=45))


def test_asking_again_is_the_same_lease(world: World) -> None:
    assert lease(world.kiosk) == lease(world.kiosk)


def test_no_two_kiosks_share_a_series_nor_one_with_a_service(world: World) -> None:
    series = [lease(world.as_(Role.KIOSK))[0]["series"] for _ in range(25)]
    assert len(set(series)) == 25
    assert not set(series) & {"A", "B", "200"}


def test_a_second_browser_with_the_same_token_gets_other_numbers(world: World) -> None:
    first, second = lease(world.kiosk)[0], lease(world.kiosk, "another-browser-elsewhere")[0]
    assert first["series"] == second["series"]
    assert second["first"] == first["last"] + 1


def test_a_block_nearly_used_up_is_followed_by_another_and_no_sooner(world: World) -> None:
    block = lease(world.kiosk)[0]
    for start in range(0, BLOCK - LOW, 100):
        upload(world.kiosk, *(given(block, start + n) for n in range(100)))
    assert len([each for each in lease(world.kiosk) if each["day"] == block["day"]]) == 1
    upload(world.kiosk, given(block, BLOCK - LOW))
    blocks = [each for each in lease(world.kiosk) if each["day"] == block["day"]]
    assert [each["first"] for each in blocks] == [1, BLOCK + 1]


def test_a_day_without_numbers_needs_no_lease(world: World) -> None:
    world.clock.now = OPENING + timedelta(days=3)
    assert [block["day"] for block in lease(world.kiosk)] == ["2026-12-04"]


def test_numbers_join_the_line_by_the_time_they_were_given(world: World) -> None:
    block = lease(world.kiosk)[0]
    world.clock.pass_(minutes=30)
    world.issue("moving")
    came = [world.clock.now - timedelta(minutes=10), world.clock.now - timedelta(minutes=1), world.clock.now]
    outcomes = upload(world.kiosk, *(given(block, n, at=came[n]) for n in (1, 0, 2)))
    assert outcomes == ["merged"] * 3
    world.open("1")
    waiting = world.clerk.get("/offices/aoba/desk?counter=1").get_json()["waiting"]
    assert [each["number"] for each in waiting] == ["F001", "F002", "B001", "F003"]


def test_a_number_given_offline_is_called_shown_and_spoken_like_any_other(world: World) -> None:
    block = lease(world.kiosk)[0]
    upload(world.kiosk, given(block, language="en"))
    world.open("1")
    assert world.call("1").get_json()["ticket"]["number"] == "F001"
    call = world.board()["calls"][0]
    assert (call["number"], call["counter"], call["language"]) == ("F001", "1", "en")
    assert "エフ" in str(call["say"])


def test_torn_and_repeated_uploads_merge_each_number_once(world: World) -> None:
    block = lease(world.kiosk)[0]
    all_of_them = [given(block, n, at=OPENING + timedelta(seconds=n)) for n in range(20)]
    for part in (all_of_them[:7], all_of_them[:12], all_of_them, list(reversed(all_of_them))):
        assert set(upload(world.kiosk, *part)) <= {"merged", "known"}
    assert numbers_of(world) == [f"F{n:03d}" for n in range(1, 21)]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"number": BLOCK + 1}, "not_leased"),
        ({"series": "B"}, "not_leased"),
        ({"day": "2026-13-45"}, "not_leased"),
        ({"day": "2026-12-02"}, "not_of_today"),
        ({"service": "nothing like it"}, "unknown_service"),
    ],
)
def test_what_cannot_be_merged_is_refused_by_name_and_staff_hear_of_it(
    world: World, change: dict[str, Any], code: str
) -> None:
    block = lease(world.kiosk)[0]
    assert upload(world.kiosk, given(block) | change, given(block, 5)) == [code, "merged"]
    with world.app.app_context(), reading() as session:
        alarm = session.scalars(select(AlarmRow)).one()
    assert (alarm.kind, alarm.facts["count"]) == ("offline", 1)


def test_numbers_of_yesterday_are_refused(world: World) -> None:
    block = lease(world.kiosk)[0]
    world.clock.pass_(hours=24)
    assert upload(world.kiosk, given(block)) == ["not_of_today"]
    assert numbers_of(world) == []


def test_a_number_for_two_services_is_one_ticket_and_a_refusal(world: World) -> None:
    block = lease(world.kiosk)[0]
    assert upload(world.kiosk, given(block), given(block, service="certificate")) == ["merged", "number_used"]


def test_another_kiosks_numbers_are_refused(world: World) -> None:
    block = lease(world.kiosk)[0]
    lease(world.as_(Role.KIOSK))
    assert upload(world.as_(Role.KIOSK), given(block)) == ["not_leased"]


def test_a_revoked_kiosk_merges_nothing(world: World) -> None:
    kiosk = world.as_(Role.KIOSK, name="発券機B")
    block = lease(kiosk)[0]
    with world.app.app_context():
        writing(lambda session: bearers.revoke_token(session, 1, "発券機B", world.clock()))
    answer = kiosk.post("/devices/kiosk/given", {"given": [given(block)]})
    assert (answer.status_code, numbers_of(world)) == (401, [])


@pytest.mark.parametrize("role", [None, Role.DISPLAY, Role.CLERK, Role.MANAGER, Role.ADMIN])
def test_numbers_are_lent_to_kiosks_alone(world: World, role: Role | None) -> None:
    assert world.as_(role).post("/devices/kiosk/lease", {"holder": HOLDER}).status_code in (401, 403)


def test_a_service_paused_or_closed_meanwhile_still_serves_the_people_who_hold_a_number(world: World) -> None:
    block = lease(world.kiosk)[0]
    with world.app.app_context():
        writing(lambda session: session.query(ServiceRow).filter_by(code="moving").update({"paused": True}))
    world.clock.pass_(hours=10)
    assert upload(world.kiosk, given(block, at=OPENING + timedelta(hours=1))) == ["merged"]


def test_a_clock_that_is_wrong_moves_nobody_before_the_lease_or_behind_now(world: World) -> None:
    block = lease(world.kiosk)[0]
    world.clock.pass_(minutes=10)
    year = timedelta(days=365)
    upload(world.kiosk, given(block, 0, at=OPENING - year), given(block, 1, at=OPENING + year))
    with world.app.app_context(), reading() as session:
        times = [row.issued_at for row in session.scalars(select(Ticket).order_by(Ticket.number))]
    assert times == [OPENING, world.clock.now]


def test_statistics_count_the_wait_from_the_paper_and_not_from_the_merge(world: World) -> None:
    block = lease(world.kiosk)[0]
    world.clock.pass_(minutes=40)
    upload(world.kiosk, given(block, at=OPENING + timedelta(minutes=10)))
    with world.app.app_context(), reading() as session:
        row = session.scalars(select(EventRow).where(EventRow.name == "issued")).one()
        visit = visit_of([Happened(row.id, row.at, row.name, row.ticket_id or 0, row.stage_id, data=row.data)])
    assert visit is not None
    assert visit.arrived_at == OPENING + timedelta(minutes=10)
    assert [stop.counts_from for stop in visit.stops.values()] == [visit.arrived_at]


def test_arrival_lies_between_the_lease_and_now() -> None:
    now, made = OPENING + timedelta(hours=1), OPENING
    said = now - timedelta(minutes=5)
    assert arrived_at(said, not_before=made, now=now) == said
    assert arrived_at(made - timedelta(days=365), not_before=made, now=now) == made
    assert arrived_at(now + timedelta(minutes=5), not_before=made, now=now) == now


@pytest.mark.parametrize("at", ["", "yesterday", "2026-12-01T09:00:00", "2026-13-01T09:00:00+09:00"])
def test_an_arrival_without_a_time_on_earth_is_refused(world: World, at: str) -> None:
    block = lease(world.kiosk)[0]
    assert world.kiosk.post("/devices/kiosk/given", {"given": [given(block) | {"at": at}]}).status_code == 422


def test_series_are_letters_that_are_heard_well_then_pairs_of_them() -> None:
    assert [offline_series({"F"}), offline_series(set())] == ["H", "F"]
    many: set[str] = set()
    for _ in range(100):
        many.add(offline_series(many))
    assert len(many) == 100
    assert not any(set(series) & set("IOQZ") for series in many)
