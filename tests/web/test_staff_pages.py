"""Pages of staff without a script: login, console, floor and set-up, as forms and answers, on both databases."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

import pytest
from werkzeug.test import TestResponse

from queue_app.domain.access import Role
from queue_app.domain.errors import Invalid
from queue_app.services import accounts, day, notes, office_file, staff_sessions
from queue_app.store.access_tables import UserRow
from queue_app.store.database import reading, writing
from queue_app.store.office_tables import OfficeRow
from queue_app.web.auth import SESSION_COOKIE
from queue_app.web.context import KEY
from tests.world import World

pytestmark = pytest.mark.any_database

PASSPHRASE = "a passphrase of the tests"


@dataclass
class Browser:
    """A browser without a script: follows forms and keeps cookies."""

    world: World
    page: str = ""
    status: int = 0
    path: str = ""

    def __post_init__(self) -> None:
        self.client = self.world.app.test_client()

    def open(self, path: str) -> str:
        return self._take(self.client.get(path, headers={"Accept-Language": "ja"}, follow_redirects=True))

    def press(self, action: str, **typed: Any) -> str:
        """Send the form with this action, as it stands on the page, with what was typed over it."""
        return self._take(self.send(action, self.fields(action) | typed))

    def send(self, action: str, fields: dict[str, Any], **options: Any) -> TestResponse:
        return self.client.post(
            action, data=fields, headers={"Accept-Language": "ja"}, follow_redirects=True, **options
        )

    def fields(self, action: str) -> dict[str, Any]:
        forms = re.findall(r"<form[^>]*action=\"([^\"]+)\"[^>]*>(.*?)</form>", self.page, flags=re.DOTALL)
        held = next(body for found, body in forms if found == action)
        return dict(re.findall(r"<input type=\"hidden\" name=\"([^\"]+)\" value=\"([^\"]*)\"", held))

    def actions(self) -> list[str]:
        return re.findall(r"<form[^>]*action=\"([^\"]+)\"", self.page)

    def log_in(self, login: str, passphrase: str = PASSPHRASE, *, then: str = "") -> str:
        self.open("/staff/login")
        return self.press("/staff/login", login=login, passphrase=passphrase, next=then)

    @property
    def number_in_hand(self) -> str:
        return re.findall(r"class=\"in-hand__number[^\"]*\"[^>]*>([^<]+)<", self.page)[0]

    @property
    def line(self) -> list[str]:
        return re.findall(r"<li class=\"line__row\">.*?id=\"call-([^\"]+)\"", self.page, flags=re.DOTALL)

    def ticket_action(self, name: str) -> str:
        return next(action for action in self.actions() if action.endswith(f"/{name}"))

    def _take(self, answer: TestResponse) -> str:
        self.page, self.status, self.path = answer.text, answer.status_code, answer.request.full_path.rstrip("?")
        return self.page


def person(world: World, role: Role, login: str = "") -> str:
    login = login or str(role)

    def add(session: Any) -> None:
        office_id = session.query(OfficeRow.id).filter_by(code="aoba").scalar()
        row = UserRow(office_id=office_id, login=login, name=f"職員 {login}", role=role, password_hash=_stored())
        row.settings, row.failures, row.active, row.created_at = {}, 0, True, world.clock()
        session.add(row)

    with world.app.app_context():
        writing(add)
    return login


@lru_cache(maxsize=1)
def _stored() -> str:
    """Hashed once: it is slow on purpose."""
    return accounts.hash_passphrase(PASSPHRASE)


@pytest.fixture
def clerk(world: World) -> Browser:
    """A clerk sitting at counter 1."""
    browser = staff(world, Role.CLERK)
    browser.open("/staff/")
    browser.press("/staff/counters/1/open")
    return browser


def staff(world: World, role: Role, login: str = "") -> Browser:
    """Somebody new of that role, logged in."""
    return logged_in(world, person(world, role, login))


def logged_in(world: World, login: str) -> Browser:
    """A browser with a session as the login page opens it."""
    browser = Browser(world)

    def open_session(session: Any) -> str:
        return staff_sessions.open_session(session, session.query(UserRow).filter_by(login=login).one(), world.clock())

    with world.app.app_context():
        browser.client.set_cookie(SESSION_COOKIE, writing(open_session))
    return browser


# Login


def test_wrong_name_and_wrong_passphrase_read_the_same(world: World) -> None:
    person(world, Role.CLERK)
    answers = []
    for login in ("clerk", "nobody"):
        page = Browser(world).log_in(login, "a wrong passphrase of theirs")
        answers.append(re.sub(r"value=\"[^\"]*\"|nonce=\"[^\"]*\"|'nonce-[^']*'", "", page))
    assert answers[0] == answers[1]


def test_failures_slow_the_next_try_down_for_names_that_exist_and_names_that_do_not(world: World) -> None:
    person(world, Role.CLERK)
    waits = []
    for login in ("clerk", "somebody-else"):
        browser = Browser(world)
        seconds = []
        for _ in range(6):
            page = browser.log_in(login, "a wrong passphrase of theirs")
            told = re.findall(r"(\d+)秒たってから", page)
            seconds.append(int(told[0]) if told else 0)
            world.clock.pass_(seconds=31)
        waits.append(seconds)
    assert waits[0] == waits[1] == [0, 0, 0, 1, 3, 7]


def test_login_gives_a_new_session_in_a_cookie_that_scripts_cannot_read(world: World) -> None:
    browser = Browser(world)
    browser.open("/staff/login")
    fields = browser.fields("/staff/login") | {"login": person(world, Role.CLERK), "passphrase": PASSPHRASE}
    answer = browser.client.post("/staff/login", data=fields)
    cookie = next(value for value in answer.headers.getlist("Set-Cookie") if value.startswith(SESSION_COOKIE))
    assert answer.status_code == 303
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    old = cookie.split(";")[0].split("=", 1)[1]
    browser.open("/staff/")
    browser.press("/staff/logout")
    browser.client.set_cookie(SESSION_COOKIE, old)
    browser.open("/staff/")
    assert browser.path.startswith("/staff/login"), "the old cookie still opens the pages"


@pytest.mark.parametrize(
    "address", ["https://evil.example/", "//evil.example", "/staff/../admin", "/t/abc", "/\\evil", ""]
)
def test_login_leads_nowhere_but_to_pages_of_staff(world: World, address: str) -> None:
    browser = Browser(world)
    browser.log_in(person(world, Role.CLERK), then=address)
    assert browser.path == "/staff/"


def test_a_page_asked_for_without_login_comes_after_it(world: World) -> None:
    browser = Browser(world)
    browser.open("/staff/issue")
    assert browser.path == "/staff/login?next=/staff/issue"
    browser.press("/staff/login", login=person(world, Role.CLERK), passphrase=PASSPHRASE)
    assert browser.path == "/staff/issue"


def test_a_login_without_the_form_token_is_refused(world: World) -> None:
    answer = world.app.test_client().post(
        "/staff/login", data={"login": person(world, Role.CLERK), "passphrase": PASSPHRASE}
    )
    assert answer.status_code in (400, 403)
    assert not any(SESSION_COOKIE in value for value in answer.headers.getlist("Set-Cookie"))


def test_a_real_city_shows_no_logins(world: World) -> None:
    person(world, Role.CLERK)
    assert "お試し用のログイン" not in Browser(world).open("/staff/login")


# Console


def test_a_day_at_the_counter_without_any_script(world: World, clerk: Browser) -> None:
    first, second = world.issue("moving")["number"], world.issue("moving")["number"]
    clerk.open("/staff/counters/1")
    assert clerk.line == [first, second]
    clerk.press("/staff/counters/1/next")
    assert clerk.number_in_hand == first
    clerk.press(clerk.ticket_action("start"))
    clerk.press("/staff/counters/1/next")
    assert clerk.number_in_hand == second
    clerk.press(clerk.ticket_action("finish"))
    assert "ご案内中の方はいません。" in clerk.page


def test_one_form_sent_twice_calls_one_person(world: World, clerk: Browser) -> None:
    first, _second = world.issue("moving"), world.issue("moving")
    clerk.open("/staff/counters/1")
    form = clerk.fields("/staff/counters/1/next")
    clerk.send("/staff/counters/1/next", form)
    clerk.send("/staff/counters/1/next", form)
    clerk.open("/staff/counters/1")
    assert clerk.number_in_hand == first["number"]
    assert len(clerk.line) == 1


def test_a_press_on_an_old_page_does_nothing(world: World, clerk: Browser) -> None:
    first, second = world.issue("moving"), world.issue("moving")
    clerk.open("/staff/counters/1")
    old = clerk.fields("/staff/counters/1/next")
    clerk.press("/staff/counters/1/next")
    clerk._take(clerk.send("/staff/counters/1/next", old | {"idempotency_key": "another press"}))
    assert clerk.number_in_hand == first["number"]
    assert clerk.line == [second["number"]]
    assert "表示が古くなっていました" in clerk.page


def test_somebody_who_was_only_called_is_asked_about_before_the_next_is_called(world: World, clerk: Browser) -> None:
    first, second = world.issue("moving"), world.issue("moving")
    clerk.open("/staff/counters/1")
    clerk.press("/staff/counters/1/next")
    clerk.press("/staff/counters/1/next")
    assert f"{first['number']}番の方は、まだ来られていません。" in clerk.page
    assert world.state(first) == "called"
    clerk.press("/staff/counters/1/next", called="missed")
    assert (world.state(first), clerk.number_in_hand) == ("missed", second["number"])


def test_the_loser_of_a_race_reads_which_counter_was_first_and_may_call_the_next(world: World, clerk: Browser) -> None:
    first, second = world.issue("moving"), world.issue("moving")
    world.open("2")
    clerk.open("/staff/counters/1")
    held = clerk.page
    world.call("2")
    clerk.page = held
    clerk.press("/staff/counters/1/next", number=first["number"])
    assert f"{first['number']}番は2番窓口が呼びました。" in clerk.page
    assert f"次の{second['number']}番を呼ぶ" in clerk.page


def test_undo_within_ten_seconds_gives_back_place_and_arrival(world: World, clerk: Browser) -> None:
    first = world.issue("moving")
    world.clock.pass_(minutes=3)
    world.issue("moving")
    before = world.clerk.get("/offices/aoba/desk?counter=1").get_json()["waiting"][0]
    clerk.open("/staff/counters/1")
    clerk.press("/staff/counters/1/next")
    assert "呼びました。" in clerk.page
    world.clock.pass_(seconds=9)
    clerk.open("/staff/counters/1")
    assert "あと1秒" in clerk.page
    clerk.press(clerk.ticket_action("undo"))
    after = world.clerk.get("/offices/aoba/desk?counter=1").get_json()["waiting"][0]
    kept = ("number", "order_time", "reference_at", "issued_at")
    assert [after[key] for key in kept] == [before[key] for key in kept]
    assert after["number"] == first["number"]


def test_undo_that_comes_too_late_says_what_to_do_instead(world: World, clerk: Browser) -> None:
    first = world.issue("moving")
    clerk.open("/staff/counters/1")
    clerk.press("/staff/counters/1/next")
    action, form = clerk.ticket_action("undo"), clerk.fields(clerk.ticket_action("undo"))
    world.clock.pass_(seconds=11)
    clerk._take(clerk.send(action, form))
    assert "10秒を過ぎたため取り消せません" in clerk.page
    assert world.state(first) == "called"
    assert not any(path.endswith("/undo") for path in clerk.actions())


def test_what_another_counter_did_is_not_offered_for_undo(world: World, clerk: Browser) -> None:
    world.issue("moving")
    world.open("2")
    world.call("2")
    clerk.open("/staff/counters/1")
    assert not any(path.endswith("/undo") for path in clerk.actions())


def test_forwarding_keeps_number_and_arrival_and_leaves_the_note(world: World, clerk: Browser) -> None:
    ticket = world.issue("moving")
    clerk.open("/staff/counters/1")
    clerk.press("/staff/counters/1/next")
    clerk.press(clerk.ticket_action("start"))
    world.clock.pass_(minutes=8)
    clerk.open("/staff/counters/1")
    clerk.press(clerk.ticket_action("forward"), to="service:insurance", note="子ども2人同伴")
    world.open("3")
    row = world.clerk.get("/offices/aoba/desk?counter=3").get_json()["waiting"][0]
    assert (row["number"], row["wait_s"]) == (ticket["number"], 8 * 60)
    assert world.call("3").status_code == 201
    assert world.clerk.get("/offices/aoba/desk?counter=3").get_json()["current"]["note"] == "子ども2人同伴"


def test_absent_and_back_is_next(world: World, clerk: Browser) -> None:
    first, second = world.issue("moving"), world.issue("moving")
    clerk.open("/staff/counters/1")
    clerk.press("/staff/counters/1/next")
    clerk.press(clerk.ticket_action("miss"))
    clerk.press(clerk.ticket_action("requeue"))
    assert clerk.line == [first["number"], second["number"]]
    assert "待ちに戻しました" in clerk.page


def test_a_second_browser_takes_over_and_the_first_can_do_nothing(world: World, clerk: Browser) -> None:
    ticket = world.issue("moving")
    clerk.open("/staff/counters/1")
    second = logged_in(world, "clerk")
    second.open("/staff/")
    version = world.board()["version"]
    second.press("/staff/counters/1/open")
    assert world.board()["version"] > version, "the first browser would not hear of it"
    clerk.press("/staff/counters/1/next")
    assert world.state(ticket) == "waiting"
    assert "この窓口は、ほかの画面で使われています。" in clerk.page
    second.press("/staff/counters/1/next")
    assert second.number_in_hand == ticket["number"]


def test_closing_asks_when_people_wait_whom_nobody_else_could_call(world: World, clerk: Browser) -> None:
    world.issue("moving")
    clerk.open("/staff/counters/1")
    clerk.press("/staff/counters/1/close")
    assert "1人がお待ちですが" in clerk.page
    assert "受付中" in clerk.page
    clerk.press("/staff/counters/1/close", sure="yes")
    assert "この窓口は閉まっています。" in clerk.page


def test_closing_asks_nothing_when_a_colleague_is_there(world: World, clerk: Browser) -> None:
    world.issue("moving")
    world.open("2")
    clerk.open("/staff/counters/1")
    clerk.press("/staff/counters/1/close")
    assert "この窓口は閉まっています。" in clerk.page


def test_wait_marks_carry_a_word_beside_shape_and_colour(world: World, clerk: Browser) -> None:
    world.issue("moving")
    world.clock.pass_(minutes=20)
    world.issue("moving")
    clerk = logged_in(world, "clerk")
    clerk.open("/staff/counters/1")
    assert re.findall(r"wait-mark\" data-level=\"long\">20分<span class=\"visually-hidden\"> 20分超", clerk.page)
    world.clock.pass_(minutes=20)
    world.manager.post("/offices/aoba/counters/1/open")
    again = logged_in(world, "clerk")
    again.open("/staff/counters/1")
    assert re.findall(r"wait-mark\" data-level=\"too-long\">40分<span class=\"visually-hidden\"> 40分超", again.page)


@pytest.mark.parametrize("written", ["番号は123456789012です", "1234 5678 9012", "１２３４－５６７８－９０１２"])
def test_a_note_with_a_personal_number_is_refused(written: str) -> None:
    with pytest.raises(Invalid) as refused:
        notes.checked_note(written)
    assert refused.value.errors[0].code == "personal_number"


def test_a_note_holds_140_characters_and_no_more() -> None:
    assert notes.checked_note("あ" * 140) == "あ" * 140
    with pytest.raises(Invalid):
        notes.checked_note("あ" * 141)


def test_a_note_stands_on_the_counter_in_hand_and_nowhere_else(world: World, clerk: Browser) -> None:
    world.issue("moving")
    clerk.open("/staff/counters/1")
    clerk.press("/staff/counters/1/next")
    clerk.press(clerk.ticket_action("note"), note="杖を使用 MARKER")
    assert "MARKER" in clerk.page
    world.open("2")
    elsewhere = [world.clerk.get("/offices/aoba/desk?counter=2").text, world.manager.get("/offices/aoba/floor").text]
    assert all("MARKER" not in text for text in [*elsewhere, str(world.board()), clerk.path])


def test_no_page_of_staff_is_over_200_kilobytes(world: World, clerk: Browser) -> None:
    for _ in range(60):
        world.issue("moving", needs=[])
    assert len(clerk.open("/staff/counters/1").encode()) < 200_000


def test_pages_refuse_roles_that_may_not(world: World) -> None:
    expected = {
        Role.CLERK: {"/staff/": 200, "/staff/issue": 200, "/staff/floor": 403, "/admin/": 403},
        Role.MANAGER: {"/staff/": 200, "/staff/issue": 200, "/staff/floor": 200, "/admin/": 403},
        Role.ADMIN: {"/staff/": 403, "/staff/issue": 403, "/staff/floor": 200, "/admin/": 200},
    }
    for role, pages in expected.items():
        browser = staff(world, role)
        found = {path: browser.client.get(path).status_code for path in pages}
        assert found == pages, role


def test_session_ends_after_a_quarter_of_an_hour_without_a_press_although_the_page_renews_itself(
    world: World, clerk: Browser
) -> None:
    for _ in range(7):
        world.clock.pass_(minutes=2)
        assert clerk.client.get("/staff/counters/1", headers={"X-Fragment": "console"}).status_code == 200
    world.clock.pass_(minutes=1)
    assert clerk.client.get("/staff/counters/1", headers={"X-Fragment": "console"}).status_code == 302


def test_whoever_idled_out_comes_back_to_their_counter_and_the_same_visit(world: World, clerk: Browser) -> None:
    number = world.issue("moving")["number"]
    clerk.open("/staff/counters/1")
    clerk.press("/staff/counters/1/next")
    world.clock.pass_(minutes=16)
    again = logged_in(world, "clerk")
    again.open("/staff/counters/1")
    assert again.number_in_hand == number
    assert "/staff/counters/1/open" not in again.actions(), "the console asks for the seat"


def test_a_counter_somebody_else_took_meanwhile_stays_theirs(world: World, clerk: Browser) -> None:
    world.clock.pass_(minutes=16)
    other = staff(world, Role.CLERK, "other")
    other.open("/staff/")
    other.press("/staff/counters/1/open")
    again = logged_in(world, "clerk")
    again.open("/staff/counters/1")
    assert "この窓口は、ほかの画面で使われています" in again.page


def test_a_press_keeps_the_session_alive(world: World, clerk: Browser) -> None:
    for _ in range(4):
        world.clock.pass_(minutes=14)
        clerk.press("/staff/counters/1/help")
    assert clerk.path.startswith("/staff/counters/1")


def test_staff_hand_out_numbers(world: World) -> None:
    browser = staff(world, Role.CLERK)
    browser.open("/staff/issue")
    browser.press("/staff/issue", service="insurance", language="en")
    assert browser.number_in_hand == "201"
    browser.open("/staff/issue")
    browser.press("/staff/issue", language="ja")
    assert browser.status == 422


# Floor and the day


def test_help_asked_at_a_counter_stands_on_the_floor_until_somebody_comes(world: World, clerk: Browser) -> None:
    clerk.press("/staff/counters/1/help")
    manager = staff(world, Role.MANAGER)
    manager.open("/staff/floor")
    assert "応援" in manager.page and "呼ばれています" in manager.page
    done = next(action for action in manager.actions() if "/alarms/" in action)
    manager.press(done)
    assert "呼ばれています" not in manager.page


def test_a_paused_service_gives_no_tickets_until_it_goes_on(world: World) -> None:
    manager = staff(world, Role.MANAGER)
    manager.open("/staff/floor")
    manager.press("/staff/floor/services/moving/pause")
    assert world.kiosk.post("/offices/aoba/tickets", {"service": "moving"}).get_json()["code"] == "service_paused"
    manager.press("/staff/floor/services/moving/resume")
    assert world.issue("moving")["state"] == "waiting"


def test_a_notice_hangs_on_the_board_until_it_is_taken_down(world: World) -> None:
    manager = staff(world, Role.MANAGER)
    manager.open("/staff/floor")
    manager.press("/staff/floor/notices", text_ja="エレベーターは点検中です", text_en="", level="warning")
    assert [notice["level"] for notice in world.board()["notices"]] == ["warning"]
    manager.press(next(action for action in manager.actions() if action.endswith("/end") and "notices" in action))
    assert world.board()["notices"] == []


def test_closing_the_day_ends_every_visit_and_every_counter(world: World, clerk: Browser) -> None:
    tickets = [world.issue("moving") for _ in range(4)] + [world.issue("certificate")]
    world.open("2", "9")
    waiting, called, serving, held, paper = tickets
    for action in ("start", "hold"):
        world.call("2", number=held["number"]) if action == "start" else None
        world.act(held, action)
    world.call("2", number=serving["number"])
    world.act(serving, "start")
    world.call("1", number=called["number"])
    manager = staff(world, Role.MANAGER)
    manager.open("/staff/floor/close")
    manager.press("/staff/floor/close")
    states = {
        name: world.state(ticket) for name, ticket in zip("wcshp", [waiting, called, serving, held, paper], strict=True)
    }
    assert states == {"w": "cancelled", "c": "cancelled", "s": "done", "h": "cancelled", "p": "cancelled"}
    floor = world.manager.get("/offices/aoba/floor").get_json()
    assert {counter["state"] for counter in floor["counters"]} == {"closed"}
    assert floor["tickets"] == []


def test_back_office_work_behind_a_closed_day_is_over_too(world: World, clerk: Browser) -> None:
    ticket = world.issue("certificate")
    called = world.call("1").get_json()["ticket"]
    world.act(called, "start")
    world.act(called, "finish")
    world.open("9")
    world.act(called, "take_up", counter="9")
    manager = staff(world, Role.MANAGER)
    manager.open("/staff/floor/close")
    manager.press("/staff/floor/close")
    assert world.state(ticket) in ("done", "cancelled")
    assert world.manager.get("/offices/aoba/floor").get_json()["tickets"] == []


def test_a_past_day_closes_itself_once(world: World, clerk: Browser) -> None:
    left = world.issue("moving")
    clerk.press("/staff/counters/1/next", seen="")
    clerk.press(clerk.ticket_action("note"), note="消えるメモ")
    world.clock.now += timedelta(days=1)
    ports = world.app.extensions[KEY].ports
    with world.app.app_context():
        assert day.close_past_days(ports) == 1
        assert day.close_past_days(ports) == 0
    floor = world.manager.get("/offices/aoba/floor").get_json()
    assert (floor["tickets"], {counter["state"] for counter in floor["counters"]}) == ([], {"closed"})
    assert "消えるメモ" not in world.clerk.get(f"/tickets/{left['token']}").text


def test_closing_past_days_leaves_today_alone(world: World, clerk: Browser) -> None:
    ticket = world.issue("moving")
    with world.app.app_context():
        assert day.close_past_days(world.app.extensions[KEY].ports) == 0
    assert world.state(ticket) == "waiting"


# Set-up


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
