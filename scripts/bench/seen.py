"""What a person sees after a press, and a phone on a slow line: timed inside a real Chromium before a real server.

Decides from when to when: from the event that the browser got (touch, key) to the frame after the one in which the
words changed. The line and the processor of the phone are those of Lighthouse's "slow 4G" and of the browser tools'
own, which is slower. Source: acceptance points K1, S1 and G6 of the ux guide.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from queue_app.domain.access import Role
from queue_app.services.demo import LOGINS
from tests.browser import chromium, office_context, until
from tests.real_server import RealServer

OFFICE = "aoba"
PHONE = {"width": 390, "height": 844}
PHONE_PAGES = {
    "portal": "/?office=aoba",
    "crowd page": "/crowd/aoba",
    "one's own number": "/t/{token}",
    "booking, first page": "/book/aoba",
}
LINES = {
    "slow 4G (150 ms, 1.6 Mbit/s)": {
        "latency": 150,
        "downloadThroughput": 1_600_000 / 8,
        "uploadThroughput": 750_000 / 8,
    },
    "slow 4G of the browser tools (563 ms, 1.4 Mbit/s)": {
        "latency": 562.5,
        "downloadThroughput": 1_440_000 / 8,
        "uploadThroughput": 675_000 / 8,
    },
}
SLOWER = 4
COUNTER, SERVICE = "4", "moving"

# From the event to the frame after the change, on the clock that all pages of one machine share.
STOPWATCH = """([kind, selector]) => {
  const text = () => document.querySelector(selector)?.textContent.trim() ?? "";
  const now = () => performance.timeOrigin + performance.now();
  const before = text();
  const watch = globalThis.matazuWatch = { pressed: null, seen: null };
  const press = (event) => { watch.pressed ??= performance.timeOrigin + event.timeStamp; };
  if (kind) addEventListener(kind, press, { capture: true, once: true });
  const observer = new MutationObserver(() => {
    if (!text() || text() === before) return;
    observer.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => { watch.seen = now(); }));
  });
  observer.observe(document.documentElement, { subtree: true, childList: true, characterData: true, attributes: true });
}"""
LARGEST_PAINT = """() => new Promise((done) => {
  const last = (list) => done(list.getEntries().at(-1).startTime);
  new PerformanceObserver(last).observe({ type: "largest-contentful-paint", buffered: true });
  setTimeout(() => done(NaN), 5000);
})"""
SCRIPTS_DONE = "() => performance.getEntriesByType('navigation')[0].loadEventEnd"
WEIGHT = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .filter((each) => !each.name.includes("/socket.io/")).map((each) => each.transferSize)"""


@dataclass(frozen=True)
class Load:
    """The first visit of a phone: milliseconds until the largest part is painted and until the scripts have run."""

    painted_ms: float
    usable_ms: float
    requests: int
    kilobytes: float


def seen_by_people(folder: Path, rounds: int) -> dict[str, Any]:
    server = RealServer(folder, environ={"RATE_LIMIT_PUBLIC": "off"})
    server.start()
    try:
        with chromium() as browser:
            kiosk_token = server.token("kiosk")
            own, wall = _console(browser, server, kiosk_token, rounds)
            return {
                "kiosk": _kiosk(browser, server, rounds),
                "own": own,
                "wall": wall,
                "phone": _phones(browser, server, _issue(server, kiosk_token)["token"]),
            }
    finally:
        server.stop()


def _kiosk(browser: Browser, server: RealServer, rounds: int) -> list[float]:
    """From the touch of the tile to the number on the glass."""
    with office_context(browser, viewport={"width": 1080, "height": 1920}) as context:
        page = context.new_page()
        page.goto(f"{server.url}/kiosk/{OFFICE}")
        page.locator("form:has([name=demo]) button").click()
        return [_one_number(page) for _ in range(rounds)]


def _one_number(page: Page) -> float:
    page.locator("#kiosk[data-screen=menu] a.tile:not(.tile--booked)").first.click()
    page.locator("button.tile").first.wait_for()
    page.wait_for_timeout(400)  # the kiosk takes a second touch at once for a trembling finger
    page.evaluate(STOPWATCH, ["click", ".given__figure"])
    page.locator("button.tile").first.click()
    took = _stopped(page) - page.evaluate("matazuWatch.pressed")
    page.wait_for_timeout(400)
    page.locator("[data-end]").click()
    page.locator("#kiosk[data-screen=menu]").wait_for()
    page.wait_for_timeout(400)
    return float(took)


def _console(browser: Browser, server: RealServer, token: str, rounds: int) -> tuple[list[float], list[float]]:
    """From F9 to the number on the clerk's own screen, and to the same on the screen over the counters."""
    own, wall = [], []
    with _clerk(browser, server) as console, _display(browser, server) as display:
        for _ in range(rounds):
            _issue(server, token)
            console.locator(".line [id^=call-]").first.wait_for()
            console.evaluate(STOPWATCH, ["keydown", ".in-hand__number"])
            display.evaluate(STOPWATCH, ["", ".hero__number"])
            console.keyboard.press("F9")
            own.append(_stopped(console) - console.evaluate("matazuWatch.pressed"))
            wall.append(_stopped(display) - console.evaluate("matazuWatch.pressed"))
            console.keyboard.press("F7")
            console.locator("#finish").wait_for()
            console.keyboard.press("F2")
            console.locator("#finish").wait_for(state="detached")
    return own, wall


@contextmanager
def _clerk(browser: Browser, server: RealServer) -> Iterator[Page]:
    login, _, passphrase = LOGINS[Role.CLERK]
    with office_context(browser, viewport={"width": 1366, "height": 768}) as context:
        page = context.new_page()
        page.goto(f"{server.url}/staff/login")
        page.fill("[name=login]", login)
        page.fill("[name=passphrase]", passphrase)
        page.keyboard.press("Enter")
        page.locator(f'form[action$="/counters/{COUNTER}/open"] button').click()
        page.locator("html[data-connection=live]").wait_for(state="attached")
        yield page


@contextmanager
def _display(browser: Browser, server: RealServer) -> Iterator[Page]:
    with office_context(browser, viewport={"width": 1920, "height": 1080}) as context:
        page = context.new_page()
        page.goto(f"{server.url}/display/{OFFICE}")
        page.locator("html[data-connection=live]").wait_for(state="attached")
        yield page


def _phones(browser: Browser, server: RealServer, token: str) -> dict[tuple[str, str], Load]:
    return {
        (line, page): _first_visit(browser, server.url + path.format(token=token), conditions)
        for line, conditions in LINES.items()
        for page, path in PHONE_PAGES.items()
    }


def _first_visit(browser: Browser, url: str, conditions: dict[str, float]) -> Load:
    """Of a browser that has never been here."""
    with office_context(browser, viewport=PHONE, device_scale_factor=3, is_mobile=True, has_touch=True) as context:
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", {"offline": False, **conditions})
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        page.goto(url, wait_until="load")
        sizes = page.evaluate(WEIGHT)
        until(page, f"({SCRIPTS_DONE})() > 0")
        return Load(page.evaluate(LARGEST_PAINT), page.evaluate(SCRIPTS_DONE), len(sizes), sum(sizes) / 1000)


def _issue(server: RealServer, token: str) -> Any:
    status, ticket = server.post(f"/api/v1/offices/{OFFICE}/tickets", {"service": SERVICE}, token)
    assert status == 201, (status, ticket)
    return ticket


def _stopped(page: Page) -> float:
    until(page, "matazuWatch.seen !== null")
    return float(page.evaluate("matazuWatch.seen"))
