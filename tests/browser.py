"""A real Chromium for tests and for drawing screenshots: the one the system has, driven by Playwright.

Decides how it is started: Japanese, Tokyo time, and quiet, so that it asks nobody outside this machine for anything. The
fixture `page` fails a test whose page asked a foreign host for anything: city networks are closed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.machines import or_say_why_not
from tests.server_process import first_command

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # /dev/shm is small in containers
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with or_say_why_not(chromium) as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A resident's desktop window. Other sizes and people: `office_context(browser, viewport=...)`."""
    with office_context(browser) as context:
        asked = hosts_asked(context)
        yield context.new_page()
    assert foreign(asked) == set(), "the page asked hosts outside this machine"


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    program = first_command(*CHROMIUM_NAMES)
    # Chromium's own sandbox refuses to run as root.
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=[*QUIET, *sandbox])
        try:
            yield started
        finally:
            started.close()


@contextlib.contextmanager
def office_context(browser: Browser, **settings: object) -> Iterator[BrowserContext]:
    """A fresh profile as in a Japanese office; `settings` are those of Playwright's new_context."""
    usual: dict[str, object] = {"locale": "ja-JP", "timezone_id": "Asia/Tokyo"}
    context = browser.new_context(**(usual | settings))  # type: ignore[arg-type]
    try:
        yield context
    finally:
        context.close()


def hosts_asked(context: BrowserContext) -> set[str]:
    """Fills while the context is in use."""
    asked: set[str] = set()
    context.on("request", lambda request: asked.add(urlsplit(request.url).hostname or ""))
    return asked


def foreign(hosts: set[str]) -> set[str]:
    return {host for host in hosts if host not in {"", "localhost"} and not is_loopback(host)}


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def until(page: Page, expression: str) -> None:
    """Wait until a script expression holds. Playwright's own way evaluates text in the page, which its policy forbids."""
    for _ in range(400):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"never true: {expression}")
