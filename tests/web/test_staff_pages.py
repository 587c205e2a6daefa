"""The console without a script: a day at the counter as forms and answers."""

from __future__ import annotations

import re

import pytest

from queue_app.domain.access import Role
from queue_app.domain.errors import Invalid
from queue_app.services import notes
from tests.web.staff_browser import Browser, logged_in, staff
from tests.world import World

pytestmark = pytest.mark.any_database


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


def test_a_note_mended_after_a_lost_answer_is_told_in_place(world: World, clerk: Browser) -> None:
    world.issue("moving")
    clerk.open("/staff/counters/1")
    clerk.press("/staff/counters/1/next")
    form = clerk.fields(clerk.ticket_action("note"))
    clerk.send(clerk.ticket_action("note"), form | {"note": "車いす"})
    clerk._take(clerk.send(clerk.ticket_action("note"), form | {"note": "車いす 通訳"}))
    assert "前の操作はもう終わっています。" in clerk.page
    assert 'class="in-hand__note"' in clerk.page


@pytest.mark.parametrize("path", ["tickets/{}/start", "tickets/{}/undo", "bookings/{}/check-in"])
def test_a_row_beyond_all_counting_is_not_found(world: World, clerk: Browser, path: str) -> None:
    world.issue("moving")
    clerk.open("/staff/counters/1")
    clerk.press("/staff/counters/1/next")
    form = clerk.fields(clerk.ticket_action("start"))
    answer = clerk.client.post(f"/staff/counters/1/{path.format(2**70)}", data=form)
    assert answer.status_code in (404, 405)


def test_somebody_who_was_only_called_is_asked_about_before_the_next_is_called(world: World, clerk: Browser) -> None:
    first, second = world.issue("moving"), world.issue("moving")
    clerk.open("/staff/counters/1")
    clerk.press("/staff/counters/1/next")
    clerk.press("/staff/counters/1/next")
    assert f"{first['number']}番の方は、まだ来られていません。" in clerk.page
    assert world.state(first) == "called"
    asked = clerk.path
    clerk.press("/staff/counters/1/next", called="missed")
    assert (world.state(first), clerk.number_in_hand) == ("missed", second["number"])
    assert "まだ来られていません" not in clerk.open(asked), "another window of the counter still asks about the first"


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
    world.act(ticket, "start")
    assert world.act(ticket, "forward", service="moving", note=" ").status_code == 200
    world.call("1")
    assert world.clerk.get("/offices/aoba/desk?counter=1").get_json()["current"]["note"] is None


def test_absent_and_back_is_next(world: World, clerk: Browser) -> None:
    first, second = world.issue("moving"), world.issue("moving")
    clerk.open("/staff/counters/1")
    clerk.press("/staff/counters/1/next")
    clerk.press(clerk.ticket_action("miss"))
    clerk.press(clerk.ticket_action("requeue"))
    assert clerk.line == [first["number"], second["number"]]
    assert "待ちに戻しました" in clerk.page


@pytest.mark.parametrize("aside", ["miss", "hold"])
def test_whoever_leaves_is_taken_off_the_list_and_ten_seconds_bring_them_back(
    world: World, clerk: Browser, aside: str
) -> None:
    ticket = world.issue("moving")
    clerk.open("/staff/counters/1")
    clerk.press("/staff/counters/1/next")
    if aside == "hold":
        clerk.press(clerk.ticket_action("start"))
    clerk.press(clerk.ticket_action(aside))
    before = world.state(ticket)
    clerk.press(clerk.ticket_action("cancel"))
    assert (world.state(ticket), "取り消しました" in clerk.page) == ("cancelled", True)
    clerk.press(clerk.ticket_action("undo"))
    assert world.state(ticket) == before


def test_whoever_comes_late_is_moved_back_twice_and_no_more_and_ten_seconds_take_it_back(
    world: World, clerk: Browser
) -> None:
    late = world.issue("moving")
    world.clock.pass_(minutes=3)
    other = world.issue("moving")
    before = world.clerk.get("/offices/aoba/desk?counter=1").get_json()["waiting"]
    clerk.open("/staff/counters/1")
    clerk.press(clerk.ticket_action("postpone"))
    assert clerk.line == [other["number"], late["number"]]
    assert f"{late['number']}番を10分あとへ回しました" in clerk.page
    clerk.press(clerk.ticket_action("undo"))
    after = world.clerk.get("/offices/aoba/desk?counter=1").get_json()["waiting"]
    assert [(row["number"], row["order_time"]) for row in after] == [
        (row["number"], row["order_time"]) for row in before
    ]
    for _ in range(3):
        clerk.open("/staff/counters/1")
        clerk.press(f"/staff/counters/1/tickets/{world.id_of(late)}/postpone")
    assert "もう2回あとへ回しています" in clerk.page
    assert world.clerk.get(f"/tickets/{late['token']}").get_json()["postponed"] == 2


def test_whoever_leaves_the_line_is_taken_off_it_and_ten_seconds_bring_them_back(world: World, clerk: Browser) -> None:
    leaves, stays = world.issue("moving"), world.issue("moving")
    clerk.open("/staff/counters/1")
    cancel = f"/staff/counters/1/tickets/{world.id_of(leaves)}/cancel"
    assert f'formaction="{cancel}"' in clerk.page
    clerk._take(clerk.send(cancel, clerk.fields(cancel.replace("cancel", "postpone"))))
    assert (clerk.line, world.state(leaves)) == ([stays["number"]], "cancelled")
    clerk.press(clerk.ticket_action("undo"))
    assert clerk.line == [leaves["number"], stays["number"]]


def test_somebody_called_meanwhile_is_neither_moved_back_nor_taken_off(world: World, clerk: Browser) -> None:
    ticket = world.issue("moving")
    world.open("2")
    old = clerk.open("/staff/counters/1")
    world.call("2")
    for action in ("postpone", "cancel"):
        clerk.page = old
        path = clerk.ticket_action("postpone")
        clerk._take(clerk.send(path.replace("postpone", action), clerk.fields(path) | {"idempotency_key": action}))
        assert "いまの状態では、この操作はできません" in clerk.page
    assert world.state(ticket) == "called"


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


def test_an_error_leads_staff_back_to_their_pages(clerk: Browser) -> None:
    assert clerk.open("/staff/counters/77").count('href="/staff/"') == 1
    assert "お近くの職員に" not in clerk.page.split("<main", 1)[1].split("</main", 1)[0]
