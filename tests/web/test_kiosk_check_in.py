"""A booked person at the kiosk, over plain HTTP: the code or the letter's link becomes a number, and whatever is in the way
is said with a way on.
"""

from __future__ import annotations

from typing import Any

import pytest

from queue_app.web.limits import WRONG_CODES
from tests.bookings import at, reserve, slot
from tests.services.test_arrivals import FAMILY, HALL, TODAY
from tests.web.plain_browser import PlainBrowser
from tests.web.test_kiosk import paired, tickets
from tests.world import OFFICE, World


@pytest.fixture
def hall(world: World) -> World:
    world.open_office(HALL)
    return world


def booked(world: World, clock: str = "10:00", **facts: Any) -> dict[str, Any]:
    """A booking for today, and the clock at its time."""
    made = reserve(world, slot(clock, day=TODAY), **facts)
    world.clock.now = at(clock, TODAY)
    return made


def at_the_pad(world: World) -> PlainBrowser:
    machine = paired(world)
    machine.follow("予約をしている方")
    return machine


def test_code_on_the_pad_gives_the_number_and_its_route_and_no_name(hall: World) -> None:
    made = booked(hall, answers=FAMILY, moved_on=TODAY)
    machine = at_the_pad(hall)
    page = machine.press("決定", code=f"{made['code'][:4]}-{made['code'][4:]}")
    assert tickets(hall)[-1].number_text == "B001"
    assert "B001" in page.text
    assert [page.text.index(stop) for stop in ("住民異動", "国民健康保険", "子ども")] == sorted(
        page.text.index(stop) for stop in ("住民異動", "国民健康保険", "子ども")
    )
    assert "4番窓口" in page.text
    assert "アオバ" not in page.text
    assert made["code"] not in machine.path


def test_keys_of_the_pad_work_without_a_script(hall: World) -> None:
    made = booked(hall)
    machine = at_the_pad(hall)
    machine.press("9")
    machine.press("消す")
    for digit in made["code"]:
        machine.press(digit)
    assert f"{made['code'][:4]}-{made['code'][4:]}" in machine.answer.text
    assert made["code"] not in machine.path
    machine.press("決定")
    assert "B001" in machine.page.text


def test_scanned_address_is_as_good_as_the_code(hall: World) -> None:
    made = booked(hall)
    machine = paired(hall)
    scan = machine.client.post("/kiosk/aoba/check-in", data={**guards(machine), "token": made["status_url"]})
    assert scan.status_code == 303
    assert tickets(hall)[-1].reservation_id is not None


def test_press_repeated_is_one_number(hall: World) -> None:
    made = booked(hall)
    machine = at_the_pad(hall)
    machine.press("決定", code=made["code"])
    first = machine.path
    machine.press_again()
    assert machine.path == first
    assert len(tickets(hall)) == 1


def test_early_person_hears_from_when_and_gets_no_number(hall: World) -> None:
    made = booked(hall)
    hall.clock.now = at("09:20", TODAY)
    page = at_the_pad(hall).press("決定", code=made["code"])
    assert "まだ受付の時間前です。予約時刻の10分前から受付できます。" in page.text
    assert "9:50から" in page.text
    assert any("予約なしで番号札を取る" in link for link in page.links)
    assert tickets(hall) == []


def test_person_on_the_wrong_day_hears_the_day(hall: World) -> None:
    made = reserve(hall, slot("10:00"))
    page = at_the_pad(hall).press("決定", code=made["code"])
    assert "ご予約は12月2日（水）10:00です。" in page.text


def test_late_person_gets_a_number_and_is_told_about_the_order(hall: World) -> None:
    made = booked(hall)
    hall.clock.now = at("10:30", TODAY)
    page = at_the_pad(hall).press("決定", code=made["code"])
    assert "予約時刻を過ぎたため、順番にご案内します。" in page.text
    assert "B001" in page.text


def test_person_on_time_is_not_called_late(hall: World) -> None:
    made = booked(hall)
    assert "予約時刻を過ぎたため" not in at_the_pad(hall).press("決定", code=made["code"]).text


def test_cancelled_booking_says_so_and_leads_to_a_number_without_one(hall: World) -> None:
    made = booked(hall)
    hall.as_(None).post(f"/reservations/{made['token']}/cancel")
    machine = at_the_pad(hall)
    assert "この予約は取り消されています" in machine.press("決定", code=made["code"]).text
    machine.follow("予約なしで番号札を取る")
    machine.press("住民異動")
    assert len(tickets(hall)) == 1


def test_second_check_in_tells_the_number_that_there_is(hall: World) -> None:
    made = booked(hall)
    at_the_pad(hall).press("決定", code=made["code"])
    machine = paired(hall)
    machine.follow("予約をしている方")
    page = machine.press("決定", code=made["code"])
    assert "受付が済んでいます" in page.text
    assert "B001" in page.text
    assert len(tickets(hall)) == 1


def test_wrong_code_stays_on_the_pad_to_be_corrected(hall: World) -> None:
    booked(hall)
    machine = at_the_pad(hall)
    page = machine.press("決定", code="1000-0001")
    assert "見つかりませんでした" in page.text
    assert 'value="1000-0001"' in machine.answer.text
    assert "最初から" not in page.text


def test_booking_of_another_office_is_unknown_here(hall: World) -> None:
    hall.open_office(HALL.replace("code: aoba", "code: midori"))
    machine = at_the_pad(hall)
    answer = hall.as_(None).post(
        "/offices/midori/reservations",
        {"slot": slot("10:00", day=TODAY), "service": "moving", "name_kana": "アオバ ハナコ"},
    )
    assert answer.status_code == 201, answer.text
    hall.clock.now = at("10:00", TODAY)
    assert "見つかりませんでした" in machine.press("決定", code=answer.get_json()["code"]).text


def test_machine_that_guesses_is_stopped_and_scanning_still_works(hall: World) -> None:
    made = booked(hall)
    machine = at_the_pad(hall)
    for _ in range(int(WRONG_CODES.split()[0])):
        assert "見つかりませんでした" in machine.press("決定", code="10000001").text
    assert "しばらく止めています" in machine.press("決定", code=made["code"]).text
    assert tickets(hall) == []
    scan = machine.client.post("/kiosk/aoba/check-in", data={**guards(machine), "token": made["token"]})
    assert scan.status_code == 303


def test_office_without_bookings_has_no_tile(world: World) -> None:
    assert OFFICE.count("slots") == 0
    assert not any("予約" in link for link in paired(world).page.links)


def test_unpaired_browser_cannot_check_anybody_in(hall: World) -> None:
    made = booked(hall)
    stranger = hall.app.test_client()
    assert stranger.get("/kiosk/aoba/check-in").status_code in (401, 403)
    assert stranger.post("/kiosk/aoba/check-in", data={"code": made["code"]}).status_code in (400, 401, 403)
    assert tickets(hall) == []


def guards(machine: PlainBrowser) -> dict[str, str]:
    """What every form of the page carries."""
    fields = machine.page.buttons[0].fields
    return {name: fields[name] for name in ("csrf_token", "idempotency_key")}
