"""The page of the audit trail: who sees what of it, how it is searched, and that a look-up asks for its reason."""

from __future__ import annotations

import re

from queue_app.domain.access import Role
from queue_app.domain.audit import Act
from queue_app.domain.events import Event
from queue_app.services import audit_log
from queue_app.web.i18n import catalogue
from tests.web.staff_browser import Browser, person, staff
from tests.world import World


def actions_on(browser: Browser) -> list[str]:
    return re.findall(r"</time></td><td>[^<]*</td><td>([^<]*)</td>", browser.page)


def test_a_manager_sees_everybody_and_a_clerk_only_what_is_their_own(world: World) -> None:
    clerk, manager = staff(world, Role.CLERK), staff(world, Role.MANAGER)
    world.issue("moving")
    clerk.open("/staff/")
    clerk.press("/staff/counters/1/open")
    manager.open("/staff/audit")
    assert actions_on(manager) == ["窓口を開く", "発券", "記録の開始"]
    assert "職員 clerk" in manager.page
    clerk.open("/staff/audit?actor=token:1")
    assert actions_on(clerk) == ["窓口を開く"]


def test_entries_are_found_by_day_number_person_and_action(world: World) -> None:
    manager = staff(world, Role.MANAGER)
    ticket = world.issue("moving")
    world.issue("certificate")
    for asked, seen in (
        (f"subject={ticket['number']}", ["発券"]),
        ("actor=token:1", ["発券", "発券"]),
        ("action=chain_begun", ["記録の開始"]),
        ("day=2026-11-30", []),
        ("day=nonsense&before=x&subject=&action=issued", ["発券", "発券"]),
    ):
        manager.open(f"/staff/audit?{asked}")
        assert actions_on(manager) == seen, asked


def test_a_full_page_leads_to_older_entries(world: World) -> None:
    manager = staff(world, Role.MANAGER)
    for _ in range(audit_log.PAGE):
        world.issue("moving")
    manager.open("/staff/audit")
    assert len(actions_on(manager)) == audit_log.PAGE
    older = re.findall(r"href=\"(/staff/audit\?[^\"]*before=2)\"", manager.page)
    manager.open(older[0].replace("&amp;", "&"))
    assert actions_on(manager) == ["記録の開始"]


def test_logging_in_failing_and_logging_out_are_recorded(world: World) -> None:
    login = person(world, Role.MANAGER)
    browser = Browser(world)
    browser.log_in(login, "a wrong passphrase of theirs")
    browser.log_in("nobody-at-all", "a wrong passphrase of theirs")
    browser.log_in(login)
    browser.press("/staff/logout")
    browser.log_in(login)
    browser.open("/staff/audit")
    assert actions_on(browser) == ["ログイン", "ログアウト", "ログイン", "ログイン失敗", "ログイン失敗", "記録の開始"]
    assert "nobody-at-all" not in browser.page


def test_an_admins_deeds_on_people_and_tokens_are_recorded_without_secrets(world: World) -> None:
    admin = staff(world, Role.ADMIN)
    admin.open("/admin/people")
    admin.press("/admin/people", login="hana", name="窓口 はな", role="clerk")
    secret = re.findall(r"<code class=\"secret\">([^<]+)<", admin.page)[0]
    admin.open("/admin/tokens")
    admin.press("/admin/tokens", name="案内板", role="integration")
    admin.open("/staff/audit")
    assert actions_on(admin) == ["鍵の発行", "職員の追加", "記録の開始"]
    assert secret not in admin.page


def test_looking_somebody_up_asks_for_the_reason_and_records_it(world: World) -> None:
    clerk = staff(world, Role.CLERK)
    clerk.open("/staff/bookings")
    clerk.press("/staff/bookings", wish="ミドリタロウ")
    assert (clerk.status, "さがす理由を選んでください" in clerk.page) == (422, True)
    clerk.press("/staff/bookings", wish="ミドリタロウ", reason="phone_call")
    assert clerk.status == 200
    clerk.open("/staff/audit")
    assert actions_on(clerk) == ["予約の検索"]
    assert "本人からの電話" in clerk.page
    assert "方法: お名前, 件数: 0" in clerk.page
    assert "ミドリ" not in clerk.page


def test_a_resident_and_a_machine_do_not_get_the_page(world: World) -> None:
    assert Browser(world).client.get("/staff/audit").status_code in (302, 303)
    answer = world.kiosk.client.get("/staff/audit", headers={"Authorization": f"Bearer {world.kiosk.token}"})
    assert answer.status_code == 403


def test_every_action_has_its_words() -> None:
    for language in ("ja", "en"):
        assert {f"audit.actions.{each}" for each in (*Event, *Act)} <= set(catalogue(language))
