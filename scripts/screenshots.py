"""Draws the screens into docs/screens: `make screenshots` runs it.

Decides which states are shown, at which size, and how small the files are. What has happened in the office is made by
`picture_hall`; a page that this version does not have is left out, and the index names those there are.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page

from queue_app.domain.access import Role
from queue_app.web.auth import SESSION_COOKIE, device_cookie
from scripts.picture_hall import City, call, call_several, issue, picture_city
from tests.browser import chromium, office_context

FOLDER = Path(__file__).parent.parent / "docs" / "screens"
COLOURS = 128
LARGEST_TOTAL = 6_000_000

KIOSK = {"width": 1080, "height": 1920}
DISPLAY = {"width": 1920, "height": 1080}
DESK = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
WIDE = {"width": 1280, "height": 900}
SCALES = {"kiosk": 0.5, "display": 0.6}

PLACES = [
    ("certificate", "1"),
    ("moving", "4"),
    ("card_pickup", "8"),
    ("health_insurance", "12"),
    ("seniors", "15"),
    ("child_benefits", "21"),
    ("tax", "31"),
    ("disability", "25"),
    ("pension", "14"),
    ("family_register", "10"),
]


STAFF_PAGES = [
    ("statistics", "Statistics: waits, hours, pauses"),
    ("plan", "The day planned ahead"),
    ("plan/what-if", "What if another counter opened?"),
]
ADMIN_PAGES = [
    ("screens", "displays and voices"),
    ("pane", "city information beside the calls"),
    ("hours", "hours and closures"),
    ("booking", "places for bookings"),
    ("parts", "services and counters"),
    ("people", "staff"),
    ("tokens", "kiosks, displays and programs"),
    ("rota", "who works when"),
]


@dataclass(frozen=True)
class Picture:
    """One state of one screen. `before` is done in the page first; `full` shows all of it, not only the window."""

    name: str
    says: str
    path: str
    size: dict[str, int]
    role: Role | None = None
    before: Callable[[Page], object] | None = None
    full: bool = False
    settings: tuple[tuple[str, Any], ...] = ()
    office: str = "aoba"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = set(sys.argv[1:])
    with picture_city() as city, chromium() as browser:
        drawn = [each for each in pictures(city) if (not wanted or each.name in wanted) and draw(city, browser, each)]
    if not wanted:
        tidy({picture.name for picture in drawn})
        (FOLDER / "README.md").write_text(index(drawn), encoding="utf-8")
    total = sum(file.stat().st_size for file in FOLDER.glob("*.png"))
    print(f"{len(drawn)} pictures; {total / 1e6:.1f} MB in all")
    if total > LARGEST_TOTAL:
        raise SystemExit("The pictures have grown too large for a repository.")


def pictures(city: City) -> Iterator[Picture]:
    """In the order of a visit. What must have happened for one of them happens when its turn comes."""
    yield Picture("portal", "Portal: language, what to do here, how busy it is", "/", PHONE, full=True)
    yield Picture("crowd", "How busy it is, for everybody at home", "/crowd/aoba", PHONE, full=True)
    yield Picture("order", "The rule of the order, in four sentences", "/aoba/order", PHONE, full=True)
    yield Picture("accessibility", "The statement on accessibility", "/accessibility?office=aoba", PHONE, full=True)
    yield from booking_pictures(city)
    yield from kiosk_pictures(city)
    yield from phone_pictures(city)
    yield from display_pictures(city)
    yield from staff_pictures(city)
    yield Picture("login", "Login for staff", "/staff/login", WIDE)
    for name, says in STAFF_PAGES:
        title = name.replace("/", "-")
        yield Picture(title, says, f"/staff/{name}", DESK, Role.MANAGER, full=name == "statistics")
    yield Picture("emergency", "Emergency: prepared sentences in all languages", "/staff/emergency", DESK, Role.MANAGER)
    yield Picture("admin", "Administration", "/admin/", WIDE, Role.ADMIN, full=True)
    for name, says in ADMIN_PAGES:
        yield Picture(f"admin-{name}", f"Administration: {says}", f"/admin/{name}", WIDE, Role.ADMIN)
    yield Picture("api-docs", "The API to read, made from the code", "/api/docs", WIDE)
    yield Picture("styleguide", "Style guide: every control in every state", "/styleguide", WIDE)


def booking_pictures(city: City) -> Iterator[Picture]:
    week = {day: ["08:30-17:15"] for day in ("mon", "tue", "wed", "thu", "fri")}
    city.add_office("yoyaku", hours={**week, "closed": ["holidays"]}, demo=False)
    start = "/book/yoyaku"
    yield Picture("book-start", "Booking: what do you come for?", start, PHONE, full=True)
    yield Picture("book-question", "Booking: questions about the move", f"{start}/questions", PHONE, full=True)
    yield Picture("book-day", "Booking: which day?", start, PHONE, full=True, before=book_to_the_day)
    yield Picture("book-time", "Booking: which time?", start, PHONE, full=True, before=book_to_the_time)
    yield Picture("book-done", "Booking: done, with everything to bring", start, PHONE, full=True, before=book)


def kiosk_pictures(city: City) -> Iterator[Picture]:
    plain = (("print", "button"),)
    yield Picture("kiosk-start", "Kiosk: what do you need?", "/kiosk/aoba", KIOSK, Role.KIOSK, settings=plain)
    yield Picture("kiosk-easy", "Kiosk in easy Japanese", "/kiosk/aoba?l=ja-x-easy", KIOSK, Role.KIOSK, settings=plain)
    yield Picture("kiosk-low", "Kiosk with everything low", "/kiosk/aoba?low=1", KIOSK, Role.KIOSK, settings=plain)
    yield Picture(
        "kiosk-number", "Kiosk: the number", "/kiosk/aoba", KIOSK, Role.KIOSK, settings=plain, before=take_number
    )
    city.add_office("tozasu", hours={"sun": ["09:00-12:00"]})
    yield Picture(
        "kiosk-closed", "Kiosk outside the hours", "/kiosk/tozasu", KIOSK, Role.KIOSK, settings=plain, office="tozasu"
    )


def phone_pictures(city: City) -> Iterator[Picture]:
    hall = city.hall("aoba")
    waiting = issue(hall, "moving")
    yield Picture("phone-waiting", "Phone: waiting", f"/t/{waiting['token']}", PHONE, full=True)
    called = issue(hall, "moving", language="en")
    hall.post("/offices/aoba/counters/5/open")
    finish_at(city, "5")
    at_counter = call(hall, "5", number=called["number"])
    yield Picture("phone-called", "Phone: called", f"/t/{called['token']}", PHONE, full=True)
    hall.post(f"/tickets/{at_counter['id']}/miss")
    yield Picture("phone-missed", "Phone: called and not there", f"/t/{called['token']}", PHONE, full=True)


def display_pictures(city: City) -> Iterator[Picture]:
    yield Picture("display-morning", "Display in the middle of the morning", "/display/aoba", DISPLAY, Role.DISPLAY)
    yield Picture("display-handover", "Display: papers ready", "/display/aoba?kind=handover", DISPLAY, Role.DISPLAY)
    for count in (0, 1, 5, 10):
        code = f"hall{count}"
        call_several(city.add_office(code), PLACES[:count])
        words = "Display: nobody called" if count == 0 else f"Display: {count} called"
        yield Picture(f"display-{count}", words, f"/display/{code}", DISPLAY, Role.DISPLAY, office=code)


def staff_pictures(city: City) -> Iterator[Picture]:
    some_more_come(city)
    yield Picture("staff-choose", "Staff: at which counter?", "/staff/", DESK, Role.CLERK)
    finish_at(city, "4")
    path = "/staff/counters/4"
    yield Picture("console-waiting", "Console: the line", path, DESK, Role.CLERK, before=sit_down)
    yield Picture(
        "console-called",
        "Console: called, with the way back for ten seconds",
        path,
        DESK,
        Role.CLERK,
        before=press_next,
    )
    yield Picture("console-serving", "Console: serving", path, DESK, Role.CLERK, before=press_start)
    yield Picture("floor", "Floor view: all counters and queues", "/staff/floor", DESK, Role.MANAGER, full=True)


def some_more_come(city: City) -> None:
    """A line to look at, with somebody who reads another language and somebody who asked for help."""
    hall = city.hall("aoba")
    _, office = hall.get("/offices/aoba")
    need = office["needs"][0]["code"]
    for facts in ({}, {"language": "vi"}, {}, {"needs": [need]}, {}, {}):
        issue(hall, "moving", **facts)
        city.clock.pass_by(seconds=100)


def book_to_the_day(page: Page) -> None:
    page.check("input[name=errand][value=moving]")
    press(page, "次へ")
    press(page, "次へ")
    page.locator("input[name=day]").first.wait_for()


def book_to_the_time(page: Page) -> None:
    book_to_the_day(page)
    page.locator("input[name=day]").nth(1).check()
    press(page, "次へ")
    page.locator("button[name=slot]").first.wait_for()


def book(page: Page) -> None:
    book_to_the_time(page)
    page.locator("button[name=slot]").nth(3).click()
    page.fill("#name_kana", "アオバ ハナ")
    press(page, "内容を確認する")
    press(page, "この内容で予約する")
    page.wait_for_url("**/r/**")


def press(page: Page, words: str) -> None:
    page.locator(f"main button:has-text('{words}'), main a.dads-button:has-text('{words}')").first.click()


def take_number(page: Page) -> None:
    tile = page.locator("button.tile")
    if not tile.count():
        page.locator("a.tile:not(.tile--booked)").first.click()
        tile.first.wait_for()
        page.wait_for_timeout(700)  # as with a person; a second press at once is taken for a trembling finger
    tile.first.click()
    page.locator(".given__figure").wait_for()


def sit_down(page: Page) -> None:
    if page.locator("#take").count():
        page.locator("#take").click()
        page.locator("#take").wait_for(state="detached")


def press_next(page: Page) -> None:
    sit_down(page)
    page.locator("#next").click()
    page.locator("#recall").wait_for()


def press_start(page: Page) -> None:
    sit_down(page)
    page.locator("#start").click()
    page.locator("#hold").wait_for()


def finish_at(city: City, counter: str) -> None:
    """Whoever is at the counter is done, and long enough ago that nobody can take it back."""
    hall = city.hall("aoba")
    _, desk = hall.get(f"/offices/aoba/desk?counter={counter}")
    if desk["current"]:
        for action in ("start", "finish"):
            hall.post(f"/tickets/{desk['current']['id']}/{action}")
    city.clock.pass_by(seconds=12)


def draw(city: City, browser: Browser, picture: Picture) -> bool:
    """False when this version has no such page."""
    with window(city, browser, picture) as page:
        answer = page.goto(city.url + picture.path)
        if answer is None or answer.status != 200:
            print(f"  left out: {picture.name} ({answer.status if answer else 'no answer'})")
            return False
        if picture.before is not None:
            picture.before(page)
        settle(page)
        shot = page.screenshot(full_page=picture.full, animations="disabled")
    kind = picture.name.partition("-")[0]
    save(shot, FOLDER / f"{picture.name}.png", scale=SCALES.get(kind, 1.0))
    return True


@contextlib.contextmanager
def window(city: City, browser: Browser, picture: Picture) -> Iterator[Page]:
    """A window of that size, logged in or paired as that role."""
    with office_context(browser, viewport=picture.size) as context:
        cookie = cookie_of(city, picture)
        if cookie is not None:
            context.add_cookies([{"name": cookie[0], "value": cookie[1], "url": city.url}])
        page = context.new_page()
        page.clock.set_fixed_time(city.clock())
        page.set_default_timeout(20_000)
        yield page


def cookie_of(city: City, picture: Picture) -> tuple[str, str] | None:
    if picture.role in (Role.KIOSK, Role.DISPLAY):
        with city.app.test_request_context():
            name = device_cookie(picture.role)
        return name, city.token(picture.office, picture.role, **dict(picture.settings))
    return None if picture.role is None else (SESSION_COOKIE, city.session(picture.role))


def settle(page: Page) -> None:
    """Fonts are there and the live connection has said its first word."""
    page.evaluate("() => document.fonts.ready.then(() => true)")
    page.wait_for_timeout(900)


def save(shot: bytes, file: Path, *, scale: float) -> None:
    """Smaller and with few colours: pictures of screens need no more."""
    picture = Image.open(io.BytesIO(shot)).convert("RGB")
    if scale != 1.0:
        size = (round(picture.width * scale), round(picture.height * scale))
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    few = picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(file, optimize=True)


def tidy(kept: set[str]) -> None:
    """Pictures of screens that are no more go, too."""
    for file in FOLDER.glob("*.png"):
        if file.stem not in kept:
            file.unlink()


def index(drawn: list[Picture]) -> str:
    rows = "\n\n".join(f"## {picture.says}\n\n![{picture.says}]({picture.name}.png)" for picture in drawn)
    return (
        "# The screens\n\n"
        "Drawn by `make screenshots` from a running server; the city and everybody in it are made up. The morning is "
        "the one of `make demo`.\n\n" + rows + "\n"
    )


if __name__ == "__main__":
    main()
