"""Booking through the public interface, on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from queue_app.domain.access import Role
from tests.bookings import BOOKABLE, TOMORROW, at, body, free, reserve, slot
from tests.world import World

pytestmark = pytest.mark.office(BOOKABLE)


def codes(answer: Any) -> list[tuple[str, str]]:
    return [(error["field"], error["code"]) for error in answer.get_json()["errors"]]


def test_a_day_offers_its_grid_with_the_places_left(world: World) -> None:
    offered = free(world)
    assert len(offered) == 17  # 8:30 to 17:15 in half hours; the last quarter of an hour is too short
    assert set(offered.values()) == {2}
    reserve(world)
    assert free(world)[slot()] == 1


def test_days_without_places_say_why(world: World) -> None:
    asked = {"service": "moving", "from": "2026-12-01", "to": "2027-01-31"}
    days = world.as_(None).get("/offices/aoba/slots", query_string=asked).get_json()["days"]
    reasons = {day["date"]: day["reason"] for day in days}
    assert reasons["2026-12-05"] == "closed"  # a Saturday
    assert reasons["2026-12-30"] == "closed"  # the turn of the year
    assert reasons["2027-01-04"] == "not_yet_open"


def test_a_booking_has_code_token_pin_and_link_and_no_account(world: World) -> None:
    made = reserve(world, people=2)
    assert len(made["code"]) == 8 and made["code"].isdecimal()
    assert len(made["token"]) >= 22
    assert made["status_url"].endswith("/r/" + made["token"])
    assert (made["office"], made["service"], made["status"]) == ("aoba", "moving", "booked")
    assert made["start"].startswith("2026-12-02T10:00:00")
    assert len(made["pin"]) == 4
    assert world.as_(None).get(f"/reservations/{made['token']}").get_json()["code"] == made["code"]


def test_the_place_taken_last_is_refused_with_alternatives(world: World) -> None:
    reserve(world), reserve(world)
    refused = world.as_(None).post("/offices/aoba/reservations", body())
    assert (refused.status_code, refused.get_json()["code"]) == (409, "slot_full")
    nearest = [each["id"] for each in refused.get_json()["alternatives"]]
    assert nearest[:2] == [slot("09:30"), slot("10:30")]
    assert slot() not in nearest


def test_a_booking_takes_a_place_in_every_slot_that_it_covers(world: World) -> None:
    reserve(world, people=5)  # 14 + 4 * 7 = 42 minutes
    offered = free(world)
    assert (offered[slot("10:00")], offered[slot("10:30")], offered[slot("11:00")]) == (1, 1, 2)
    assert slot("16:30") not in free(world, people=5)


def test_a_held_place_is_gone_for_others_and_back_after_ten_minutes(world: World) -> None:
    resident = world.as_(None)
    first = resident.post("/offices/aoba/holds", {"slot": slot(service="insurance")})
    assert first.status_code == 201
    refused = resident.post("/offices/aoba/holds", {"slot": slot(service="insurance")})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "slot_full")
    world.clock.pass_(minutes=10)
    assert resident.post("/offices/aoba/holds", {"slot": slot(service="insurance")}).status_code == 201
    late = resident.post("/offices/aoba/reservations", body(service="insurance", hold=first.get_json()["id"]))
    assert (late.status_code, late.get_json()["code"]) == (409, "hold_expired")


def test_a_hold_becomes_a_booking_once(world: World) -> None:
    resident = world.as_(None)
    hold = resident.post("/offices/aoba/holds", {"slot": slot(), "people": 5}).get_json()
    made = resident.post("/offices/aoba/reservations", body(hold=hold["id"])).get_json()
    assert (made["status"], made["people"]) == ("booked", 5)
    world.clock.pass_(minutes=30)
    assert free(world)[slot("10:30")] == 1
    again = resident.post("/offices/aoba/reservations", body(hold=hold["id"]))
    assert (again.status_code, again.get_json()["code"]) == (409, "hold_used")


def test_a_hold_is_extended_by_five_minutes_ten_times(world: World) -> None:
    resident = world.as_(None)
    hold = resident.post("/offices/aoba/holds", {"slot": slot()}).get_json()
    for _ in range(10):
        assert resident.post(f"/offices/aoba/holds/{hold['id']}/extend").status_code == 200
    refused = resident.post(f"/offices/aoba/holds/{hold['id']}/extend")
    assert refused.get_json()["code"] == "hold_not_extendable"
    world.clock.pass_(minutes=59)
    assert resident.post("/offices/aoba/reservations", body(hold=hold["id"])).status_code == 201


def test_a_released_hold_frees_its_place_at_once(world: World) -> None:
    resident = world.as_(None)
    hold = resident.post("/offices/aoba/holds", {"slot": slot(service="insurance")}).get_json()
    assert resident.post(f"/offices/aoba/holds/{hold['id']}/release").status_code == 204
    assert free(world, "insurance")[slot(service="insurance")] == 1


def test_moving_a_booking_to_a_full_slot_keeps_the_old_one(world: World) -> None:
    reserve(world, slot("11:00")), reserve(world, slot("11:00"))
    made = reserve(world)
    refused = world.as_(None).post(f"/reservations/{made['token']}/reschedule", {"slot": slot("11:00")})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "slot_full")
    kept = world.as_(None).get(f"/reservations/{made['token']}").get_json()
    assert (kept["start"], kept["sequence"]) == (made["start"], 0)
    assert free(world)[slot()] == 1


def test_a_long_booking_moves_by_half_its_length_through_its_own_places(world: World) -> None:
    world.open_office(BOOKABLE.replace("capacity: 2", "capacity: 1"))
    made = reserve(world, people=5)
    moved = world.as_(None).post(f"/reservations/{made['token']}/reschedule", {"slot": slot("10:30")})
    assert moved.status_code == 200
    assert moved.get_json()["code"] == made["code"]
    offered = free(world)
    assert slot("10:30") not in offered and slot("11:00") not in offered and offered[slot("10:00")] == 1


def test_a_cancelled_booking_gives_its_place_back_and_stays_readable(world: World) -> None:
    made = reserve(world, slot(service="insurance"))
    resident = world.as_(None)
    for _ in range(2):
        assert resident.post(f"/reservations/{made['token']}/cancel").get_json()["status"] == "cancelled"
    assert resident.get(f"/reservations/{made['token']}").get_json()["status"] == "cancelled"
    reserve(world, slot(service="insurance"))
    moved = resident.post(f"/reservations/{made['token']}/reschedule", {"slot": slot("11:00", "insurance")})
    assert (moved.status_code, moved.get_json()["code"]) == (409, "not_allowed")


def test_a_cancelled_place_rests_for_the_public_where_the_office_says_so_but_not_for_staff(world: World) -> None:
    world.open_office(BOOKABLE.replace("late_min: 10}", "late_min: 10, reoffer_max_min: 30}"))
    made = reserve(world, slot(service="insurance"))
    world.as_(None).post(f"/reservations/{made['token']}/cancel")
    assert slot(service="insurance") not in free(world, "insurance")
    refused = world.as_(None).post("/offices/aoba/reservations", body(slot(service="insurance")))
    assert refused.get_json()["code"] == "slot_full"
    reserve(world, slot(service="insurance"), caller=world.clerk)
    world.clock.pass_(minutes=31)
    assert slot(service="insurance") not in free(world, "insurance")


def test_a_resting_place_comes_back_to_the_public(world: World) -> None:
    world.open_office(BOOKABLE.replace("late_min: 10}", "late_min: 10, reoffer_max_min: 30}"))
    made = reserve(world, slot(service="insurance"))
    world.as_(None).post(f"/reservations/{made['token']}/cancel")
    world.clock.pass_(minutes=31)
    reserve(world, slot(service="insurance"))


def test_before_the_moving_day_a_notice_is_refused_with_the_reason(world: World) -> None:
    refused = world.as_(None).post("/offices/aoba/reservations", body(moved_on="2026-12-03"))
    assert (refused.status_code, codes(refused)) == (422, [("moved_on", "too_early_for_move")])
    by_answers = body(slot(), answers={"move_type": "within"}, moved_on="2026-12-03")
    refused = world.as_(None).post("/offices/aoba/reservations", by_answers)
    assert (refused.status_code, codes(refused)) == (422, [("moved_on", "too_early_for_move")])
    reserve(world, answers={"move_type": "within"}, moved_on="2026-12-02")


def test_somebody_who_moves_out_comes_before_the_move(world: World) -> None:
    made = reserve(world, answers={"move_type": "out_domestic"}, moved_on="2026-12-20")
    assert made["route"] == ["B"]


def test_answers_give_route_documents_and_length(world: World) -> None:
    family = {"move_type": "in_domestic", "num_people": 3, "nhi_members": 2, "children_preschool": 1}
    made = reserve(world, answers=family, moved_on="2026-12-01")
    assert made["route"] == ["B", "E", "H", "U"]
    assert {"id_doc", "tenshutsu_cert"} <= {document["id"] for document in made["documents"]}
    assert made["minutes"] == 30 + 2 * 3
    assert free(world)[slot("10:30")] == 1


def test_another_service_than_the_errand_is_refused(world: World) -> None:
    answers = {"move_type": "within"}
    refused = world.as_(None).post("/offices/aoba/reservations", body(slot(service="insurance"), answers=answers))
    assert (refused.status_code, codes(refused)) == (422, [("service", "other_service")])
    refused = world.as_(None).post("/offices/aoba/reservations", body(slot(service="insurance"), service="moving"))
    assert (refused.status_code, codes(refused)) == (422, [("slot", "other_service")])


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"slot": "moving~20261202T0107Z"}, ("slot", "not_offered")),
        ({"slot": "moving~20261205T0100Z"}, ("slot", "not_offered")),
        ({"slot": "moving~20261130T0100Z"}, ("slot", "past")),
        ({"slot": "moving~20270115T0100Z"}, ("slot", "not_yet_open")),
        ({"slot": "tomorrow at ten"}, ("slot", "not_a_slot")),
        ({"slot": "certificate~20261202T0100Z", "service": "certificate"}, ("service", "not_bookable")),
        ({"people": 0}, ("people", "too_small")),
        ({"people": 1.5}, ("people", "wrong_type")),
        ({"people": True}, ("people", "wrong_type")),
        ({"people": 60}, ("people", "too_long_for_slot")),
        ({"name_kana": ""}, ("name_kana", "empty")),
        ({"name_kana": "ハナコ\nhttps://x.example"}, ("name_kana", "control_character")),
        ({"name_kana": None}, ("name_kana", "wrong_type")),
        ({"needs": ["flying"]}, ("needs", "unknown_need")),
        ({"language": "tlh"}, ("language", "unknown_language")),
        ({"moved_on": "2027-02-29"}, ("moved_on", "not_a_date")),
        ({"service": None}, ("service", "service_or_answers")),
        ({"status": "arrived"}, ("status", "unknown_field")),
        ({"is_staff": True}, ("is_staff", "unknown_field")),
        ({"hold": "x"}, ("slot", "slot_or_hold")),
        ({"contact": {"channel": "sms", "address": "090-0000-0001"}}, ("contact.channel", "channel_not_offered")),
        ({"contact": {"channel": "pigeon", "address": "x"}}, ("contact.channel", "not_an_option")),
    ],
)
def test_what_cannot_be_used_is_named_by_field(world: World, facts: dict[str, Any], expected: tuple[str, str]) -> None:
    sent = {**body(), **facts}
    if facts.get("service", "") is None:
        del sent["service"]
    refused = world.as_(None).post("/offices/aoba/reservations", sent)
    assert refused.status_code == 422, refused.text
    assert codes(refused) == [expected]


def test_the_same_key_books_once_and_other_content_under_it_is_refused(world: World) -> None:
    resident = world.as_(None)
    first = resident.post("/offices/aoba/reservations", body(), Idempotency_Key="k1")
    again = resident.post("/offices/aoba/reservations", body(), Idempotency_Key="k1")
    assert (first.status_code, first.get_data()) == (again.status_code, again.get_data())
    assert free(world)[slot()] == 1
    other = resident.post("/offices/aoba/reservations", body(slot("11:00")), Idempotency_Key="k1")
    assert (other.status_code, other.get_json()["code"]) == (422, "idempotency_key_reused")


def test_a_display_neither_holds_nor_books_but_sees_the_slots(world: World) -> None:
    display = world.as_(Role.DISPLAY)
    assert display.post("/offices/aoba/holds", {"slot": slot()}).get_json()["code"] == "forbidden"
    assert display.post("/offices/aoba/reservations", body()).status_code == 403
    assert display.get("/offices/aoba/slots?service=moving").status_code == 200
    assert display.post("/offices/aoba/navigator", {"answers": {}}).status_code == 200


def test_unknown_foreign_and_wrong_tokens_look_the_same(world: World) -> None:
    made = reserve(world)
    ticket = world.issue("moving")
    resident = world.as_(None)
    other = "B" if made["token"].endswith("A") else "A"
    wrong = [made["token"][:-1] + other, made["token"][:-3], made["code"], ticket["token"], "1", made["token"] + "."]
    answers = {resident.get(f"/reservations/{token}").get_data() for token in wrong}
    assert len(answers) == 1
    assert all(resident.get(f"/reservations/{token}").status_code == 404 for token in wrong)
    assert all(resident.post(f"/reservations/{token}/cancel").status_code == 404 for token in wrong)


def test_a_booking_is_found_with_code_and_pin_only(world: World) -> None:
    made = reserve(world)
    resident = world.as_(None)
    shown = f"{made['code'][:4]}－{made['code'][4:]}"
    found = resident.post("/offices/aoba/reservations/find", {"code": shown, "digits": made["pin"]})
    assert (found.status_code, found.get_json()["token"]) == (200, made["token"])
    unknown = resident.post("/offices/aoba/reservations/find", {"code": "1234", "digits": made["pin"]})
    wrong_pin = f"{(int(made['pin']) + 1) % 10_000:04d}"
    wrong = resident.post("/offices/aoba/reservations/find", {"code": made["code"], "digits": wrong_pin})
    assert (unknown.status_code, unknown.get_data()) == (wrong.status_code, wrong.get_data()) == (404, wrong.get_data())


def test_five_wrong_digits_lock_the_look_up_and_not_the_booking(world: World) -> None:
    made = reserve(world)
    resident = world.as_(None)
    wrong_pin = f"{(int(made['pin']) + 1) % 10_000:04d}"
    for _ in range(5):
        resident.post("/offices/aoba/reservations/find", {"code": made["code"], "digits": wrong_pin})
    right = {"code": made["code"], "digits": made["pin"]}
    assert resident.post("/offices/aoba/reservations/find", right).status_code == 404
    assert resident.get(f"/reservations/{made['token']}").status_code == 200
    world.clock.pass_(minutes=2)
    assert resident.post("/offices/aoba/reservations/find", right).status_code == 200


def test_the_calendar_file_keeps_its_uid_and_counts_its_changes(world: World) -> None:
    made = reserve(world)
    resident = world.as_(None)

    def calendar() -> dict[str, str]:
        answer = resident.get(f"/reservations/{made['token']}/calendar.ics")
        assert answer.mimetype == "text/calendar"
        assert all(len(line) <= 75 for line in answer.get_data().split(b"\r\n"))
        lines = answer.get_data(as_text=True).replace("\r\n ", "").split("\r\n")
        return dict(line.split(":", 1) for line in lines if ":" in line)

    before = calendar()
    resident.post(f"/reservations/{made['token']}/reschedule", {"slot": slot("11:00")})
    moved = calendar()
    resident.post(f"/reservations/{made['token']}/cancel")
    gone = calendar()
    assert before["UID"] == moved["UID"] == gone["UID"]
    assert [each["SEQUENCE"] for each in (before, moved, gone)] == ["0", "1", "2"]
    assert (before["DTSTART"], moved["DTSTART"]) == ("20261202T010000Z", "20261202T020000Z")
    assert (gone["METHOD"], gone["STATUS"]) == ("CANCEL", "CANCELLED")
    assert "アオバ" not in str(before)


def test_the_qr_code_is_a_picture_of_the_link(world: World) -> None:
    made = reserve(world)
    answer = world.as_(None).get(f"/reservations/{made['token']}/qr.png")
    assert answer.mimetype == "image/png"
    assert answer.get_data().startswith(b"\x89PNG")
    assert answer.headers["Cache-Control"] == "no-store"


def test_staff_book_on_behalf_and_find_by_exact_name(world: World) -> None:
    made = reserve(world, caller=world.clerk, name_kana="みどり たろう")
    search = world.clerk.post("/offices/aoba/reservations/search", {"text": "ミドリタロウ"}).get_json()
    assert [each["token"] for each in search["reservations"]] == [made["token"]]
    assert world.clerk.post("/offices/aoba/reservations/search", {"text": "ミドリ"}).get_json()["reservations"] == []
    by_code = world.clerk.post("/offices/aoba/reservations/search", {"text": made["code"]}).get_json()
    assert len(by_code["reservations"]) == 1
    assert world.as_(None).post("/offices/aoba/reservations/search", {"text": made["code"]}).status_code == 401


def test_the_navigator_answers_without_keeping_anything(world: World) -> None:
    asked = {"answers": {"move_type": "in_domestic", "nhi_members": 1, "favourite_colour": "blue"}}
    told = world.as_(None).post("/offices/aoba/navigator", asked).get_json()
    assert told["route"] == ["B", "E"]
    assert told["booking_services"] == ["moving"]
    assert [each["id"] for each in told["first_counter_procedures"]] == ["tennyu_domestic"]
    assert told["ignored"] == ["favourite_colour"]
    assert told["total_minutes"] == sum(told["minutes"].values()) + told["walk_minutes"]
    refused = world.as_(None).post("/offices/aoba/navigator", {"answers": {"move_type": "to the moon"}})
    assert (refused.status_code, codes(refused)) == (422, [("answers.move_type", "unknown_option")])


def test_statistics_count_bookings_and_check_ins(world: World) -> None:
    made = reserve(world, slot("09:00", day="2026-12-01"))
    world.clock.pass_(minutes=20)
    world.kiosk.post("/offices/aoba/check-ins", {"token": made["token"]})
    totals = world.manager.get("/offices/aoba/statistics").get_json()["totals"]
    assert (totals["reservations"], totals["check_ins"]) == (1, 1)


def test_a_full_day_is_full_and_names_the_next_free_one(world: World) -> None:
    world.open_office(
        BOOKABLE.replace('tue: ["08:30-17:15"], wed: ["08:30-17:15"]', 'tue: ["08:30-17:15"], wed: ["10:00-10:30"]')
    )
    reserve(world), reserve(world)
    asked = {"service": "moving", "from": TOMORROW, "to": TOMORROW}
    told = world.as_(None).get("/offices/aoba/slots", query_string=asked).get_json()
    assert told["slots"] == []
    assert told["days"] == [{"date": TOMORROW, "reason": "full", "why": "full"}]
    assert told["next_free"] == "2026-12-03"
    assert at("10:00").hour == 1
