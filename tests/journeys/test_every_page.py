"""Every page that there is, walked by a browser: no fault in any language and any state (G1, G2, G3, G5, G6, G8).

The suite walks each page once, the languages taking turns; the storm walks every page, and those of a full and of a closed
office, in all three.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, Response

from queue_app.adapters.clock import system_clock
from tests.journeys import accessibility as owed
from tests.journeys.conftest import City, find_the_network, lose_the_network
from tests.journeys.everywhere import Everywhere, Place, in_language, submitted_empty, turns

pytestmark = pytest.mark.browser

LANGUAGES = ("ja", "ja-x-easy", "en")
NARROW = {"width": 320, "height": 640}
FOREIGN_TO_A_STATE = ("/api", "/styleguide", "/staff/login", "/staff/account", "/staff/audit", "/admin")
FIRST_LOAD_BYTES = 60_000
FIRST_LOAD_REQUESTS = 8

WINDOWS = ("resident reader", "staff", "admin", "kiosk display")

FORMS = [
    ("resident", "/{code}/ticket", "main form"),
    ("resident", "/book/{code}", "main form"),
    ("resident", "/book/find", "main form"),
    ("resident", "/staff/login", "main form"),
    ("reader", "/kiosk/pair", "main form"),
    ("reader", "/display/pair", "main form"),
    ("staff", "/staff/issue", "main form"),
    ("admin", "/admin/people", "main form:has([name=login])"),
    ("admin", "/admin/file", "main form"),
]
"""Forms that refuse to be sent as they stand, and in whose window."""


@pytest.fixture
def everywhere(city: City) -> Everywhere:
    return Everywhere.made_in(city)


@pytest.mark.parametrize("whose", WINDOWS)
def test_every_page_has_no_fault(everywhere: Everywhere, whose: str) -> None:
    stops = turns(everywhere.places(), LANGUAGES)
    nothing_wrong(walk(everywhere, [(place, language) for place, language in stops if place.who in whose.split()]))


@pytest.mark.storm
@pytest.mark.timeout(600)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_has_no_fault_in_any_language(everywhere: Everywhere, language: str) -> None:
    nothing_wrong(walk(everywhere, [(place, language) for place in everywhere.places()]))


@pytest.mark.storm
@pytest.mark.timeout(600)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", ["full", "closed"])
def test_no_state_has_a_fault_in_any_language(everywhere: Everywhere, state: str, language: str) -> None:
    STATES[state](everywhere)
    places = [place for place in everywhere.places() if not place.route.startswith(FOREIGN_TO_A_STATE)]
    nothing_wrong(walk(everywhere, [(place, language) for place in of_the_day(places)]))


def test_pages_before_anything_has_happened_have_no_fault(city: City) -> None:
    empty = Everywhere(city)
    empty.load(city.code)
    routes = ["/staff/", "/staff/early", "/staff/audit", "/staff/messages", "/staff/floor", "/staff/bookings"]
    paths = [(route, "staff") for route in [*routes, "/staff/counters/1", "/staff/counters/1/mini"]]
    paths += [(f"/crowd/{city.code}", "resident"), (f"/display/{city.code}", "display"), ("/admin/people", "admin")]
    nothing_wrong(walk(empty, list(turns([Place(path, path, who) for path, who in paths], LANGUAGES))))


def test_every_form_sent_too_early_says_so_without_a_fault(everywhere: Everywhere) -> None:
    found: dict[str, list[object]] = {}
    for at, (who, path, form) in enumerate(FORMS):
        language = LANGUAGES[at % len(LANGUAGES)]
        place = Place(path, path.format(code=everywhere.city.code), who)
        page = owed.with_axe(everywhere.window(who))
        page.goto(everywhere.city.url + in_language(place, language), wait_until="domcontentloaded")
        submitted_empty(page, form)
        told = page.locator("[data-error-summary], [role=alert], [aria-invalid=true]").count()
        found[path] = [*([] if told else ["no error is shown"]), *wrong_on(page, place, language)]
    nothing_wrong({path: wrong for path, wrong in found.items() if wrong})


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_a_refusal_have_no_fault(everywhere: Everywhere, language: str) -> None:
    paths = [("/nothing/of/this/name", "resident"), ("/admin/", "staff"), ("/t/unknown", "resident")]
    for path, who in paths:
        page = owed.with_axe(everywhere.window(who))
        answer = page.goto(f"{everywhere.city.url}{path}?lang={language}")
        assert answer is not None and answer.status in (403, 404)
        assert wrong_on(page, Place(path, path, who), language) == [], path


@pytest.mark.parametrize(
    ("who", "path", "seconds"),
    [
        ("resident", "/t/{waiting}", 66),
        ("resident", "/crowd/{code}", 66),
        ("staff", "/staff/counters/1", 12),
        ("staff", "/staff/floor", 12),
        ("display", "/display/{code}", 36),
        ("kiosk", "/kiosk/{code}", 30),
    ],
)
def test_a_page_without_the_server_has_no_fault(everywhere: Everywhere, who: str, path: str, seconds: int) -> None:
    page = owed.with_axe(everywhere.window(who))
    page.clock.install()
    page.goto(everywhere.city.url + path.format(code=everywhere.city.code, **everywhere.facts))
    lose_the_network(page)
    page.clock.run_for(seconds * 1000)
    assert wrong_on(page, Place(path, path, who), "ja") == []
    find_the_network(page)


@pytest.mark.parametrize("path", ["/?office={code}", "/crowd/{code}", "/t/{waiting}", "/book/{code}"])
def test_first_page_of_a_resident_is_light(everywhere: Everywhere, path: str) -> None:
    """Every byte over the wire, of a browser that has never been here (G6)."""
    page = everywhere.city.window(viewport={"width": 390, "height": 844})
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - the driver wants a function of Python
    page.goto(everywhere.city.url + path.format(code=everywhere.city.code, **everywhere.facts), wait_until="load")
    sizes = [each.request.sizes() for each in answers if "/socket.io/" not in each.url]
    assert len(sizes) <= FIRST_LOAD_REQUESTS
    assert sum(each["responseBodySize"] + each["responseHeadersSize"] for each in sizes) <= FIRST_LOAD_BYTES


def test_forced_colours_keep_borders_and_reduced_motion_stands_still(everywhere: Everywhere) -> None:
    page = everywhere.window("resident")
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    page.goto(f"{everywhere.city.url}/t/{everywhere.facts['called']}")
    moving = "() => document.getAnimations().filter((each) => each.playState === 'running').length"
    assert page.evaluate(moving) == 0
    bare = """() => [...document.querySelectorAll('main .dads-button')].filter((each) => each.checkVisibility())
      .map((each) => getComputedStyle(each)).filter((style) => parseFloat(style.borderTopWidth) < 1).length"""
    for path in ("/t/{called}", "/t/{waiting}", "/?office={code}"):
        page.goto(everywhere.city.url + path.format(code=everywhere.city.code, **everywhere.facts))
        assert page.locator("main .dads-button").count()
        assert page.evaluate(bare) == 0, path


def test_a_booking_prints_on_one_page(everywhere: Everywhere) -> None:
    page = everywhere.window("resident")
    for language in LANGUAGES:
        page.goto(f"{everywhere.city.url}/r/{everywhere.facts['booking']}?done=1&lang={language}")
        paper = page.pdf(format="A4", prefer_css_page_size=True)
        assert paper.count(b"/Type /Page\n") == 1, language


def walk(everywhere: Everywhere, stops: list[tuple[Place, str]]) -> dict[str, list[object]]:
    """What is wrong where; a page that does not open is wrong too."""
    for who in {place.who for place, _ in stops}:
        owed.with_axe(everywhere.window(who))
    return {
        f"{place.route} {language}": found
        for place, language in stops
        if (found := looked_at(everywhere.window(place.who), everywhere.city.url, place, language))
    }


def looked_at(page: Page, url: str, place: Place, language: str) -> list[object]:
    answer = page.goto(url + in_language(place, language), wait_until="domcontentloaded")
    if answer is None or answer.status != 200 or place.path not in page.url:
        return [f"{answer.status if answer else 'no answer'} at {page.url}"]
    return wrong_on(page, place, language)


def wrong_on(page: Page, place: Place, language: str) -> list[object]:
    found = [*owed.faults(page), *owed.missed_by_a_finger(page, place.least), *owed.hard_to_follow(page)]
    found += owed.not_in_words(page, language) if place.who != "display" else []
    return found + narrow(page, place)


def narrow(page: Page, place: Place) -> list[object]:
    """As on the smallest phone and at 400 %; kiosk and display hang on the wall at a size of their own."""
    if place.who in ("kiosk", "display"):
        return []
    usual = page.viewport_size
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    found = [f"{how} {each}" for how in ("", "spaced", "longer") for each in owed.cut_off(page, how)]
    page.set_viewport_size(usual)  # type: ignore[arg-type]
    return list(found)


def nothing_wrong(found: dict[str, list[object]]) -> None:
    assert not found, "\n" + "\n".join(f"{where}: {each}" for where, wrongs in found.items() for each in wrongs)


def of_the_day(places: list[Place]) -> list[Place]:
    """The pages that look different when nothing is to be had; what stands beyond a choice cannot be reached then."""
    beyond = ("/time", "/contact", "/check", "/people", "/questions", "/result", "<sealed>", "/pair", "/needs", "/slip")
    return [each for each in places if not any(part in each.route for part in beyond) and "<token>" not in each.route]


def fill_up(everywhere: Everywhere) -> None:
    """No time can be booked, and no number is given for anything."""
    everywhere.load(everywhere.city.code, slots=", walk_in_share: 1")
    manager = everywhere.window("staff")
    manager.goto(f"{everywhere.city.url}/staff/floor")
    submitted_empty(manager, "form[action$='/floor/all/pause']")


def close(everywhere: Everywhere) -> None:
    """Open for one hour on the day before yesterday's weekday."""
    weekday = f"{system_clock() - timedelta(days=2):%a}".lower()
    everywhere.window("staff")
    everywhere.load(everywhere.city.code, hours=f'{{{{{weekday}: ["09:00-10:00"]}}}}')


STATES = {"full": fill_up, "closed": close}
