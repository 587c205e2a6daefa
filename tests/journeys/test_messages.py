"""Choosing how to be told, in a real browser: the notification of this phone, and everything without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import office_context
from tests.journeys.accessibility import faults, sideways, too_small, with_axe
from tests.messages import LINE_AND_PUSH
from tests.real_server import RealServer
from tests.server_process import short_folder

PHONE = {"width": 320, "height": 640}
NOWHERE = {"LINE_API_BASE": "http://127.0.0.1:1", "PUSH_API_BASE": "http://127.0.0.1:1"}
MAKERS_ANSWER = """PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
    if (applicationServerKey.length !== 65) throw new Error("no key of ours");
    return { toJSON: () => ({ endpoint: "https://fcm.googleapis.com/fcm/send/phone", keys: {
        p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        auth: "BTBZMqHH6r4Tts7J_aSIgg" } }) };
};"""
"""What the browser's maker would answer; the only foreign thing in it, and closed networks have no way there."""


@pytest.fixture(scope="module")
def server() -> Iterator[RealServer]:
    with short_folder("messages-") as folder:
        running = RealServer(folder, LINE_AND_PUSH | NOWHERE)
        running.start()
        yield running
        running.stop()


def number(page: Page, server: RealServer) -> None:
    """A number from home, and on to its messages."""
    page.goto(f"{server.url}/aoba/ticket")
    page.locator("main input[type=radio]").first.check()
    page.locator("main button").first.click()
    page.click("text=順番のお知らせを受け取る")


@pytest.mark.browser
def test_a_phone_that_says_yes_is_shown_what_the_server_sends(browser: Browser, server: RealServer) -> None:
    with office_context(browser, viewport=PHONE, permissions=["notifications"]) as context:
        context.add_init_script(MAKERS_ANSWER)
        page = context.new_page()
        number(page, server)
        page.click("text=この端末で通知を受け取る")
        expect(page.locator("main")).to_contain_text("いまの受け取り方： この端末への通知")
        found: list[dict[str, str]] = []
        devtools = context.new_cdp_session(page)
        devtools.on("ServiceWorker.workerRegistrationUpdated", lambda told: found.extend(told["registrations"]))
        devtools.send("ServiceWorker.enable")
        while not found:
            page.wait_for_timeout(20)
        sent = {"origin": server.url, "registrationId": found[0]["registrationId"]}
        devtools.send("ServiceWorker.deliverPushMessage", {**sent, "data": '{"title": "A001", "body": "3番窓口へ"}'})
        shown = "navigator.serviceWorker.getRegistrations().then(all => all[0].getNotifications())"
        words = f"{shown}.then(all => all.map(one => one.title + one.body).join())"
        while page.evaluate(words) != "A0013番窓口へ":
            page.wait_for_timeout(20)


@pytest.mark.browser
def test_without_scripts_the_other_ways_are_named_and_the_code_for_line_is_shown(
    browser: Browser, server: RealServer
) -> None:
    with office_context(browser, viewport=PHONE, java_script_enabled=False) as context:
        page = context.new_page()
        number(page, server)
        expect(page.locator("main")).to_contain_text("ほかの方法をお使いいただくか")
        assert page.locator("text=この端末で通知を受け取る").is_hidden()
        page.click("text=確認コードを出す")
        expect(page.locator(".code-block__number")).to_have_text(re.compile("[2-9A-Z]{4}-[2-9A-Z]{4}"))
        assert (page.locator("text=LINEを開いて送る").get_attribute("href") or "").startswith("https://line.me/")


@pytest.mark.browser
def test_the_page_of_messages_passes_axe_and_fits_320_px(browser: Browser, server: RealServer) -> None:
    with office_context(browser, viewport=PHONE, bypass_csp=True) as context:
        page = with_axe(context.new_page())
        number(page, server)
        page.click("text=確認コードを出す")
        expect(page.locator(".code-block__number")).to_be_visible()
        assert faults(page) == []
        assert too_small(page, "main .button-row", 44) == []
        assert sideways(page) == 0
