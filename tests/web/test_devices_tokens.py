"""Tokens of kiosks and displays: unused ones die, copied ones raise an alarm, pairing again ends the one before."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import TestResponse

from queue_app.domain.access import Role
from queue_app.services import access, bearers, pairing
from queue_app.store.database import reading, writing
from queue_app.store.office_tables import OfficeRow
from queue_app.web.context import KEY
from queue_app.web.limits import PAIRINGS
from tests.web.staff_browser import staff
from tests.world import Caller, Clock, World

BOARD = "/offices/aoba/board"


def pair(world: World, name: str = "1F") -> Caller:
    """A display that was paired with a code under this name."""

    def make(session: Any) -> str:
        office_id = session.query(OfficeRow.id).filter_by(code="aoba").scalar()
        code = pairing.pairing_code(session, office_id, Role.DISPLAY, name, world.clock())
        session.flush()
        return pairing.pair(session, code, world.clock())[0].secret

    with world.app.app_context():
        return Caller(world.app.test_client(), writing(make))


def beat(device: Caller, browser: str = "") -> TestResponse:
    return device.post("/devices/heartbeat", {}, X_Device_Browser=browser)


def is_alive(device: Caller) -> bool:
    return device.get(BOARD).status_code == 200


def alarms(world: World) -> list[str]:
    return [each["kind"] for each in world.manager.get("/offices/aoba/floor").get_json()["alarms"]]


def test_a_device_unused_for_thirty_days_is_dead_and_the_list_says_so(world: World, clock: Clock) -> None:
    device = pair(world)
    clock.pass_(days=29)
    assert is_alive(device)
    clock.pass_(days=29, hours=23)
    assert is_alive(device), "it was used in between"
    admin = staff(world, Role.ADMIN)
    admin.open("/admin/tokens")
    assert "30日間使われず" not in admin.page
    clock.pass_(days=30)
    assert device.get(BOARD).status_code == 401
    admin = staff(world, Role.ADMIN, "admin-2")
    admin.open("/admin/tokens")
    assert "30日間使われず、失効" in admin.page


def test_programs_and_clerks_are_not_devices_and_stay(world: World, clock: Clock) -> None:
    clerk = world.clerk
    clock.pass_(days=90)
    assert is_alive(clerk)


def test_an_unused_device_is_no_longer_a_live_identity_of_a_socket(world: World, clock: Clock) -> None:
    device = pair(world)
    with world.app.app_context(), reading() as session:
        who = bearers.identity_of_token(session, device.token or "", clock())
        assert who is not None
        assert access.still_valid(session, [who], clock()) == {who}
        clock.pass_(days=30)
        assert access.still_valid(session, [who], clock()) == set()


def test_pairing_again_under_the_same_name_leaves_the_old_token_dead(world: World) -> None:
    first, other = pair(world), pair(world, "2F")
    second, third = pair(world), pair(world)
    assert [is_alive(each) for each in (first, second, third, other)] == [False, False, True, True]


def test_two_browsers_by_turns_with_one_token_are_an_alarm_on_the_floor(world: World, clock: Clock) -> None:
    device = pair(world)
    for browser in ("one", "two", "one"):
        assert beat(device, browser).status_code == 204
        clock.pass_(seconds=5)
    assert alarms(world) == ["cloned"]
    manager = staff(world, Role.MANAGER)
    manager.open("/staff/floor")
    assert "端末の鍵の複製" in manager.page
    assert "■ 同じ鍵が2台で使われました" in manager.page, "beside the device, in words"
    pages = device_pages(world)
    assert ["同じ鍵が2台で使われました" in page for page in pages] == [True, True], "the pages that revoke it say so"
    manager.press("/staff/floor/alarms/1/end")
    assert alarms(world) == []
    assert ["同じ鍵が2台で使われました" in page for page in device_pages(world)] == [False, False]


def device_pages(world: World) -> list[str]:
    """The list of devices and the page of the only one, as an admin reads them."""
    admin = staff(world, Role.ADMIN, f"admin-{world._count()}")
    admin.open("/admin/tokens")
    listed = admin.page
    found = re.search(r"/admin/devices/\d+", listed)
    assert found is not None
    admin.open(found[0])
    return [listed, admin.page]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_page_of_a_device_says_how_long_it_may_be_switched_off(world: World, clock: Clock) -> None:
    device = pair(world)
    clock.pass_(days=29)
    assert "あと1日続くと失効" in device_pages(world)[1]
    is_alive(device)
    clock.pass_(minutes=1)
    assert "あと30日続くと失効" in device_pages(world)[1]
    clock.pass_(days=29, hours=23)
    assert "あと1日続くと失効" in device_pages(world)[1], "it lives until its last hour is over"
    clock.pass_(hours=1)
    assert "30日間使われず、失効しました" in device_pages(world)[1]


@pytest.mark.parametrize("browsers", [("one",) * 4, ("one", "two", "two", "two"), ("", "", "")])
def test_one_browser_and_one_that_took_over_are_no_alarm(world: World, clock: Clock, browsers: tuple[str, ...]) -> None:
    device = pair(world)
    for browser in browsers:
        beat(device, browser)
        clock.pass_(seconds=5)
    assert alarms(world) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_codes_typed_at_one_address_are_counted(world: World) -> None:
    house = world.app.extensions[KEY]
    house.settings = replace(house.settings, rate_limit_public="600/minute")
    browser = world.app.test_client()
    browser.environ_base["REMOTE_ADDR"] = "192.0.2.9"
    form = browser.get("/display/pair").text
    token = form.split('name="csrf_token" value="')[1].split('"')[0]
    most = int(PAIRINGS.split()[0])
    for _ in range(most):
        assert browser.post("/display/pair", data={"csrf_token": token, "code": "ABCDE-FGHJK"}).status_code == 422
    assert browser.post("/display/pair", data={"csrf_token": token, "code": "ABCDE-FGHJK"}).status_code == 429
