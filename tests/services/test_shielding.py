"""People at risk: after the mark nobody is told, no list and no search but the exact code finds them (T30)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from queue_app.adapters.recording import RecordingSender
from queue_app.domain.access import Identity, Right, Role
from queue_app.services import shielding
from queue_app.services.deed import Deed, begin
from queue_app.services.outbox import send_due
from queue_app.services.reservations import by_code_of_office, search
from queue_app.services.undelivered import undelivered
from queue_app.store.database import reading, writing
from queue_app.store.queue_tables import Delivery, Ticket
from queue_app.store.reservation_tables import Reservation
from queue_app.web.context import KEY
from tests.bookings import BOOKABLE, reserve
from tests.markers import Marked, traces
from tests.messages import CHANNELS
from tests.world import Clock, World

SHE = Marked(4831)

pytestmark = [pytest.mark.environ(**CHANNELS), pytest.mark.office(BOOKABLE)]


def staff_deed(world: World, act: Callable[[Deed], Any]) -> Any:
    """Something a clerk of the office does."""

    def once(session: Any) -> Any:
        office_id = session.scalars(select(Reservation.office_id)).first() or session.scalar(select(Ticket.office_id))
        who = Identity("user:1", Role.MANAGER, office_id)
        return act(begin(session, "aoba", Right.SERVE, who, world.app.extensions[KEY].ports))

    with world.app.app_context():
        return writing(once)


def booked(world: World, *, by: Marked = SHE) -> dict[str, Any]:
    return reserve(world, name_kana=by.kana, contact={"channel": "sms", "address": by.phone})


def shield(world: World, code: str) -> None:
    staff_deed(world, lambda deed: shielding.shield(deed, by_code_of_office(deed.session, deed.office, code)))


def sent(world: World) -> list[str]:
    sender = RecordingSender()
    with world.app.app_context():
        send_due(world.app.extensions[KEY].ports, {"sms": sender, "email": sender})
    return [each.kind for each in sender.sent]


def test_nobody_writes_to_her_before_at_or_after_the_visit(world: World, clock: Clock) -> None:
    mine = booked(world)
    shield(world, mine["code"])
    said = sent(world)
    clock.pass_(hours=23)
    said += sent(world)
    clock.pass_(hours=3, minutes=25 - 60)
    arrived = world.kiosk.post("/offices/aoba/check-ins", {"code": mine["code"]})
    assert arrived.status_code == 201, arrived.text
    world.open("1")
    world.call("1")
    assert said + sent(world) == []


def test_twin_without_the_mark_is_written_to(world: World) -> None:
    booked(world)
    assert sent(world) == ["confirmed"]


def test_no_search_finds_her_but_the_exact_code(world: World) -> None:
    mine = booked(world)
    found = lambda text: staff_deed(world, lambda deed: len(search(deed.session, deed.office, text)))  # noqa: E731
    assert [found(text) for text in (SHE.kana, SHE.phone)] == [1, 1]
    shield(world, mine["code"])
    assert [found(text) for text in (SHE.kana, SHE.phone, mine["code"])] == [0, 0, 1]


def test_lists_of_staff_know_nothing_of_her_and_the_counter_that_serves_her_knows_the_name(
    world: World, clock: Clock
) -> None:
    mine = booked(world)
    other = reserve(world, name_kana="アオバ タロウ")
    clock.pass_(days=1, hours=1, minutes=25)
    world.open("1")
    desk = lambda: world.clerk.get("/offices/aoba/desk?counter=1").get_json()  # noqa: E731
    assert len(desk()["bookings"]) == 2
    shield(world, mine["code"])
    assert len(desk()["bookings"]) == 1
    with world.app.app_context(), reading() as session:
        assert undelivered(session, 1, clock()) == []
    assert world.kiosk.post("/offices/aoba/check-ins", {"code": mine["code"]}).status_code == 201
    assert traces(world.clerk.get("/offices/aoba/desk?counter=1").get_data(), [SHE]) == []
    world.call("1")
    assert desk()["current"]["reservation"]["name_kana"] == SHE.kana
    assert other["code"] != mine["code"]


def test_whoever_holds_her_link_or_guesses_gets_the_answer_of_an_unknown_one(world: World) -> None:
    mine = booked(world)
    shield(world, mine["code"])
    phone = world.as_(None)
    wrong = mine["token"][:-1] + ("A" if mine["token"][-1] != "A" else "B")
    for path in ("", "/calendar.ics", "/qr.png"):
        hers, nobodys = (phone.get(f"/reservations/{token}{path}") for token in (mine["token"], wrong))
        assert (hers.status_code, hers.get_json()) == (404, nobodys.get_json())
    for page in ("", "/cancel", "/change", "/messages"):
        hers, nobodys = (world.app.test_client().get(f"/r/{token}{page}") for token in (mine["token"], wrong))
        assert hers.status_code == nobodys.status_code == 404
        assert hers.text.replace(mine["token"], wrong) == nobodys.text or len(hers.text) == len(nobodys.text)
    body = {"code": mine["code"], "digits": SHE.phone[-4:]}
    nobody = {"code": "10000008", "digits": SHE.phone[-4:]}
    hers, nobodys = (phone.post("/offices/aoba/reservations/find", each) for each in (body, nobody))
    assert (hers.status_code, hers.get_json()) == (nobodys.status_code, nobodys.get_json())
    assert hers.status_code == 404


def test_staff_still_open_the_booking_for_her(world: World) -> None:
    mine = booked(world)
    shield(world, mine["code"])
    assert world.clerk.get(f"/reservations/{mine['token']}").status_code == 200


def test_the_phone_page_of_her_number_shows_the_number_alone(world: World, clock: Clock) -> None:
    ticket = world.issue("moving", notify={"channel": "sms", "address": SHE.phone})
    find = select(Ticket).where(Ticket.number_text == ticket["number"])
    staff_deed(world, lambda deed: shielding.shield(deed, deed.session.scalars(find).one()))
    page = world.app.test_client().get(f"/t/{ticket['token']}", headers={"Accept-Language": "ja"})
    assert page.status_code == 200
    assert ticket["number"] in page.text
    assert "住民異動" not in page.text
    assert world.as_(None).get(f"/tickets/{ticket['token']}").status_code == 404
    assert world.app.test_client().get(f"/t/{ticket['token']}/messages").status_code == 404
    clock.pass_(days=1)
    assert world.app.test_client().get(f"/t/{ticket['token']}").status_code == 404


def test_taking_the_mark_off_brings_no_contact_back(world: World) -> None:
    mine = booked(world)
    shield(world, mine["code"])
    staff_deed(world, lambda deed: shielding.unshield(deed, by_code_of_office(deed.session, deed.office, mine["code"])))
    with world.app.app_context(), reading() as session:
        row = session.scalars(select(Reservation)).one()
        assert (row.shielded, row.contact_address, row.contact_hash, row.name_kana) == (False, None, None, SHE.kana)
        assert {(each.address, each.address_hash, each.payload) for each in session.scalars(select(Delivery))} == {
            (None, None, "{}")
        }
    assert sent(world) == []
