"""Two people move one booking: whoever was second is told so, with both times, and nothing is overwritten in silence."""

from __future__ import annotations

from tests.bookings import BOOKABLE, reserve, slot
from tests.web.plain_browser import PlainBrowser
from tests.world import World


def test_the_second_mover_is_refused_with_both_times_over_the_api(world: World) -> None:
    world.open_office(BOOKABLE)
    made, resident = reserve(world), world.as_(None)
    path = f"/reservations/{made['token']}/reschedule"
    first = resident.post(path, {"slot": slot("11:00"), "sequence": made["sequence"]})
    second = resident.post(path, {"slot": slot("14:00"), "sequence": made["sequence"]})
    assert (first.status_code, second.status_code, second.get_json()["code"]) == (200, 409, "booking_moved")
    assert second.get_json()["start"] == first.get_json()["start"]
    assert second.get_json()["wanted"] == slot("14:00")
    again = resident.post(path, {"slot": slot("14:00"), "sequence": second.get_json()["sequence"]})
    assert again.status_code == 200


def test_without_a_sequence_the_last_one_wins_as_before(world: World) -> None:
    world.open_office(BOOKABLE)
    made, resident = reserve(world), world.as_(None)
    path = f"/reservations/{made['token']}/reschedule"
    assert [resident.post(path, {"slot": slot(at)}).status_code for at in ("11:00", "14:00")] == [200, 200]


def test_the_page_shows_the_second_mover_both_times_and_the_times_again(world: World) -> None:
    world.open_office(BOOKABLE)
    made = reserve(world)
    mine, theirs = (PlainBrowser(world.app.test_client(), "en") for _ in range(2))
    for browser in (mine, theirs):
        browser.open(f"/r/{made['token']}/change?day={made['start'][:10]}")
    mine.press("11:00")
    assert mine.path == f"/r/{made['token']}?moved=1"
    shown = theirs.press("14:00")
    assert theirs.answer.status_code == 409
    assert "moved elsewhere first" in shown.text and "11:00" in shown.text and "You chose" in shown.text
    theirs.press("14:00")
    assert theirs.path == f"/r/{made['token']}?moved=1"
