"""The page of a device: the diagonal of its glass and everything else it is set up as, told to the admin and the trail."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from queue_app.domain.access import Role
from queue_app.domain.errors import Invalid
from queue_app.services import accounts, device_settings, staff_sessions
from queue_app.services.device_settings import SETTINGS
from queue_app.store.access_tables import AccessToken
from queue_app.store.database import reading, writing
from tests.web.plain_browser import PlainBrowser
from tests.web.test_kiosk import paired
from tests.world import World


def device(world: World) -> AccessToken:
    with world.app.app_context(), reading() as session:
        return session.scalars(select(AccessToken).where(AccessToken.name == "発券機A")).one()


def set_up(world: World, **said: str) -> dict[str, Any]:
    def change(session: Any) -> dict[str, Any]:
        return device_settings.set_up(device_settings.device_of(session, 1, device(world).id), said)

    with world.app.app_context():
        return writing(change)


def test_the_diagonal_that_is_stored_is_the_one_the_glass_is_drawn_by(world: World) -> None:
    machine: PlainBrowser = paired(world)
    assert "--inch: 21.5;" in machine.client.get("/kiosk/aoba/size.css").get_data(as_text=True)
    assert set_up(world, inch="32", place="1階") == {"inch": "32", "place": "1階"}
    assert "--inch: 32;" in machine.client.get("/kiosk/aoba/size.css").get_data(as_text=True)
    assert "1階" in machine.open("/kiosk/aoba").text


def test_an_emptied_setting_is_the_usual_again_and_nothing_changed_is_nothing_told(world: World) -> None:
    paired(world, inch="32", other="kept")
    assert set_up(world, inch="32") == {}
    assert set_up(world, inch="") == {"inch": None}
    assert device(world).settings == {"other": "kept"}


def test_wrong_values_are_refused_by_field_and_change_nothing(world: World) -> None:
    paired(world, inch="32")
    wrong = {"inch": "huge", "print": "sometimes", "printer": "lpt1"}
    with pytest.raises(Invalid) as refused:
        set_up(world, **wrong)
    codes = {each.field: each.code for each in refused.value.errors}
    assert codes == {"inch": "not_a_number", "print": "not_an_option", "printer": "not_a_printer"}
    assert device(world).settings == {"inch": "32"}


def test_every_setting_has_its_words(world: World) -> None:
    from queue_app.web.i18n import catalogue

    for role in (Role.KIOSK, Role.DISPLAY):
        for setting in SETTINGS[role]:
            wanted = [f"admin.device.names.{setting.name}", f"admin.device.help.{setting.name}"]
            wanted += [f"admin.device.choices.{setting.name}.{each}" for each in setting.choices]
            assert [key for key in wanted if key not in catalogue("ja") or key not in catalogue("en")] == []


def test_an_admin_sets_a_device_up_on_its_page(world: World) -> None:
    paired(world)
    admin = admin_browser(world)
    admin.open("/admin/tokens")
    page = f"/admin/devices/{device(world).id}"
    assert page in admin.page.links.values()
    admin.open(page)
    admin.press("保存", inch="27")
    assert "保存しました" in admin.page.text
    assert device(world).settings["inch"] == "27"
    admin.press("保存", inch="900")
    assert admin.answer.status_code == 422
    assert "7" in admin.page.text and device(world).settings["inch"] == "27"


def admin_browser(world: World) -> PlainBrowser:
    from queue_app.web.auth import SESSION_COOKIE

    def open_session(session: Any) -> str:
        user = accounts.add_user(
            session, 1, "admin-1", "職員 1", Role.ADMIN, "a passphrase of the tests", world.clock()
        )
        return staff_sessions.open_session(session, user, world.clock())

    with world.app.app_context():
        secret = writing(open_session)
    client = world.app.test_client()
    client.set_cookie(SESSION_COOKIE, secret)
    return PlainBrowser(client)
