"""Services, people, tokens and the office file, as a manager and an admin press them."""

from __future__ import annotations

import io
import re

import pytest

from queue_app.domain.access import Role
from queue_app.services import office_file
from queue_app.store.access_tables import UserRow
from queue_app.store.database import reading
from tests.web.staff_browser import Browser, staff
from tests.world import World

pytestmark = pytest.mark.any_database


def test_a_late_form_shows_both_values_and_saves_nothing(world: World) -> None:
    first, second = staff(world, Role.ADMIN, "admin-1"), staff(world, Role.ADMIN, "admin-2")
    for admin in (first, second):
        admin.open("/admin/services/moving")
    typed = {"label_ja": "住民異動", "minutes": "14", "wait_target": "20", "walk_in": "yes", "from_home": "yes"}
    first.press("/admin/services/moving", **(typed | {"minutes": "21"}))
    assert first.path == "/admin/parts?saved=moving"
    second.press("/admin/services/moving", **(typed | {"minutes": "33"}))
    assert second.status == 412
    assert "<td>33</td><td>21</td>" in second.page
    assert minutes_of(world, "moving") == 21
    second.press("/admin/services/moving", **(typed | {"minutes": "33"}))
    assert minutes_of(world, "moving") == 33


def minutes_of(world: World, service: str) -> int:
    services = world.clerk.get("/offices/aoba").get_json()["services"]
    return next(each["minutes"] for each in services if each["code"] == service)


def test_wrong_values_of_a_service_stay_in_the_form(world: World) -> None:
    admin = staff(world, Role.ADMIN)
    admin.open("/admin/services/moving")
    admin.press("/admin/services/moving", label_ja="", minutes="0")
    assert admin.status == 422
    assert "<title>エラー：" in admin.page
    assert minutes_of(world, "moving") == 14


def test_a_person_who_is_switched_off_is_out_at_once(world: World, clerk: Browser) -> None:
    admin = staff(world, Role.ADMIN)
    admin.open("/admin/people")
    admin.press(next(action for action in admin.actions() if action.endswith("/disable")))
    clerk.open("/staff/counters/1")
    assert clerk.path.startswith("/staff/login")


def test_a_new_person_logs_in_with_the_passphrase_shown_once(world: World) -> None:
    admin = staff(world, Role.ADMIN)
    admin.open("/admin/people")
    admin.press("/admin/people", login="hana", name="窓口 はな", role="clerk")
    shown = re.findall(r"class=\"secret\">([^<]+)<", admin.page)[0]
    assert shown not in admin.open("/admin/people")
    fresh = Browser(world)
    fresh.log_in("hana", shown)
    assert fresh.path == "/staff/"


def test_another_role_is_given_by_an_administrator_and_ends_what_was_open(world: World) -> None:
    admin, clerk = staff(world, Role.ADMIN), staff(world, Role.CLERK)
    page = admin.open("/admin/people")
    action = next(each for each in admin.actions() if each.endswith("/role"))
    assert page.count('/role"') == 1, "nobody changes their own"
    admin.press(action, role="wizard")
    assert admin.status == 422
    clerk.open("/staff/")
    assert clerk.path == "/staff/"
    admin.open("/admin/people")
    admin.press(action, role="statistics")
    assert 'value="statistics" selected' in admin.page
    clerk.open("/staff/")
    assert clerk.path.startswith("/staff/login"), "what was open under the old role has ended"
    own = re.sub(r"\d+", str(user_id(world, Role.ADMIN)), action)
    admin.open("/admin/people")
    sent = admin.send(own, admin.fields(action) | {"role": "clerk"})
    assert sent.status_code == 409


def user_id(world: World, login: str) -> int:
    with world.app.app_context(), reading() as session:
        return int(session.query(UserRow.id).filter_by(login=str(login)).scalar())


def test_a_token_is_shown_once_works_and_dies_when_it_is_revoked(world: World) -> None:
    admin = staff(world, Role.ADMIN)
    admin.open("/admin/tokens")
    admin.press("/admin/tokens", role="kiosk", name="発券機A", counter="")
    secret = re.findall(r"class=\"secret\">([^<]+)<", admin.page)[0]
    use = {"Authorization": f"Bearer {secret}"}
    assert world.app.test_client().get("/api/v1/offices/aoba/board", headers=use).status_code == 200
    admin.open("/admin/tokens")
    assert secret not in admin.page
    admin.press("/admin/tokens/revoke")
    assert world.app.test_client().get("/api/v1/offices/aoba/board", headers=use).status_code == 401


def test_pairing_code_comes_with_its_page_and_picture(world: World) -> None:
    admin = staff(world, Role.ADMIN)
    admin.open("/admin/tokens")
    admin.press("/admin/devices", device="display", device_name="表示1")
    assert re.findall(r"[2-9A-Z]{5}-[2-9A-Z]{5}", admin.page)
    assert "/display/pair?office=aoba" in admin.page
    assert '<svg class="qr"' in admin.page


def test_the_office_file_goes_out_and_in_and_changes_nothing(world: World) -> None:
    admin = staff(world, Role.ADMIN)
    text = admin.client.get("/admin/file/download").text
    version = world.board()["version"]
    assert upload(admin, text).endswith("saved=yes")
    assert world.board()["version"] == version


def test_an_office_file_with_mistakes_is_listed_and_not_taken(world: World) -> None:
    admin = staff(world, Role.ADMIN)
    with world.app.app_context(), reading() as session:
        text = office_file.export_office(session, "aoba")
    upload(admin, text.replace("minutes: 14", "minutes: none"))
    assert admin.status == 422
    assert re.findall(r"<code>office.yaml[^<]*\d", admin.page)
    assert minutes_of(world, "moving") == 14


def test_the_file_of_another_office_is_not_taken(world: World) -> None:
    admin = staff(world, Role.ADMIN)
    with world.app.app_context(), reading() as session:
        text = office_file.export_office(session, "aoba")
    upload(admin, text.replace("code: aoba", "code: other", 1))
    assert admin.status == 422
    assert world.clerk.get("/offices/other").status_code == 404


def upload(admin: Browser, text: str) -> str:
    admin.open("/admin/file")
    fields = admin.fields("/admin/file") | {"file": (io.BytesIO(text.encode()), "aoba.yaml")}
    admin._take(admin.send("/admin/file", fields, content_type="multipart/form-data"))
    return admin.path
