"""One press, however often it arrives: one effect, one answer. Five times at once, then five times more."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from queue_app.domain.access import Role
from queue_app.store.database import reading
from queue_app.store.queue_tables import Answer
from queue_app.web.api import endpoint
from queue_app.web.api.endpoint import ENDPOINTS
from tests.bookings import BOOKABLE, reserve, slot
from tests.bookings import body as booking_body
from tests.races.arena import rows_of, together
from tests.services.test_leasing import given, lease
from tests.world import World


@dataclass(frozen=True)
class Deed:
    """A change of the live queue: how the hall stands before it, what is sent, and the one event it leaves."""

    endpoint: str
    prepare: Callable[[World], tuple[str, dict[str, Any]]]
    event: str
    status: int = 200
    by_holder: bool = False


def waiting(world: World) -> dict[str, Any]:
    world.open("1", "2", "9")
    ticket = world.issue("moving")
    return {**ticket, "id": world.id_of(ticket)}


def brought(*actions: str) -> Callable[[World], dict[str, Any]]:
    def bring(world: World) -> dict[str, Any]:
        ticket = waiting(world)
        assert world.call("1", number=ticket["number"]).status_code == 201
        for action in actions:
            assert world.act(ticket, action).status_code == 200
        return ticket

    return bring


def on(
    bring: Callable[[World], dict[str, Any]], action: str, **body: Any
) -> Callable[[World], tuple[str, dict[str, Any]]]:
    return lambda world: (f"/tickets/{bring(world)['id']}/{action}", body)


def papers(world: World) -> tuple[str, dict[str, Any]]:
    """A ticket whose papers wait for the back office."""
    world.open("1", "9")
    ticket = world.issue("certificate")
    found = {**ticket, "id": world.id_of(ticket)}
    assert world.call("1", number=ticket["number"]).status_code == 201
    for action in ("start", "finish"):
        assert world.act(found, action).status_code == 200
    return f"/tickets/{found['id']}/take_up", {"counter": "9"}


def held_by(action: str) -> Callable[[World], tuple[str, dict[str, Any]]]:
    return lambda world: (f"/tickets/{waiting_behind_another(world)['token']}/{action}", {})


def waiting_behind_another(world: World) -> dict[str, Any]:
    mine = waiting(world)
    world.issue("moving")
    return mine


def at_counter(verb: str, **body: Any) -> Callable[[World], tuple[str, dict[str, Any]]]:
    def prepare(world: World) -> tuple[str, dict[str, Any]]:
        if verb == "calls":
            waiting(world)
        return f"/offices/aoba/counters/1/{verb}", body

    return prepare


def closing(world: World) -> tuple[str, dict[str, Any]]:
    world.open("1")
    return "/offices/aoba/counters/1/close", {}


def button(world: World) -> tuple[str, dict[str, Any]]:
    waiting(world)
    return "/devices/button", {"press": "next"}


def bookable(act: Callable[[World], tuple[str, dict[str, Any]]]) -> Callable[[World], tuple[str, dict[str, Any]]]:
    """The same in an office that takes bookings."""

    def prepare(world: World) -> tuple[str, dict[str, Any]]:
        world.open_office(BOOKABLE)
        return act(world)

    return prepare


def held(verb: str) -> Callable[[World], tuple[str, dict[str, Any]]]:
    def prepare(world: World) -> tuple[str, dict[str, Any]]:
        hold = world.as_(None).post("/offices/aoba/holds", {"slot": slot()}).get_json()
        return f"/offices/aoba/holds/{hold['id']}/{verb}", {}

    return bookable(prepare)


def confirming(world: World) -> tuple[str, dict[str, Any]]:
    hold = world.as_(None).post("/offices/aoba/holds", {"slot": slot()}).get_json()
    return "/offices/aoba/reservations", {"hold": hold["id"], "service": "moving", "name_kana": "アオバ ハナコ"}


def booked(verb: str, **body: Any) -> Callable[[World], tuple[str, dict[str, Any]]]:
    return bookable(lambda world: (f"/reservations/{reserve(world)['token']}/{verb}", body))


def arrived(world: World) -> tuple[str, dict[str, Any]]:
    made = reserve(world, slot("09:00", day="2026-12-01"))
    world.clock.pass_(minutes=25)
    return "/offices/aoba/check-ins", {"token": made["token"]}


def with_one_more(world: World) -> tuple[str, dict[str, Any]]:
    ticket = brought("start")(world)
    assert world.act(ticket, "add", service="insurance").status_code == 200
    return f"/tickets/{ticket['id']}/skip", {"service": "insurance"}


def given_without_the_server(world: World) -> tuple[str, dict[str, Any]]:
    return "/devices/kiosk/given", {"given": [given(lease(world.kiosk)[0])]}


DEEDS = (
    Deed("issue", lambda _world: ("/offices/aoba/tickets", {"service": "moving"}), "issued", 201),
    Deed("call_somebody", at_counter("calls"), "called", 201),
    Deed("press_button", button, "called"),
    Deed("open_counter", at_counter("open"), "counter_opened"),
    Deed("pause_counter", at_counter("pause"), "counter_paused"),
    Deed("close_counter", closing, "counter_closed"),
    Deed("ticket_recall", on(brought(), "recall"), "recalled"),
    Deed("ticket_start", on(brought(), "start"), "started"),
    Deed("ticket_miss", on(brought(), "miss"), "missed"),
    Deed("ticket_requeue", on(brought("miss"), "requeue"), "requeued"),
    Deed("ticket_take_up", papers, "taken_up"),
    Deed("ticket_hold", on(brought("start"), "hold"), "held"),
    Deed("ticket_resume", on(brought("start", "hold"), "resume"), "resumed"),
    Deed("ticket_forward", on(brought("start"), "forward", service="insurance"), "forwarded"),
    Deed("ticket_add", on(brought("start"), "add", service="insurance"), "stop_added"),
    Deed("ticket_skip", with_one_more, "stop_skipped"),
    Deed("ticket_finish", on(brought("start"), "finish"), "finished"),
    Deed("ticket_undo", on(brought(), "undo"), "undone"),
    Deed("cancel", on(waiting, "cancel"), "cancelled"),
    Deed("cancel", held_by("cancel"), "cancelled", by_holder=True),
    Deed("postpone", on(waiting, "postpone"), "postponed"),
    Deed("postpone", held_by("postpone"), "postponed", by_holder=True),
    Deed(
        "hold_slot",
        bookable(lambda _world: ("/offices/aoba/holds", {"slot": slot()})),
        "hold_made",
        201,
        by_holder=True,
    ),
    Deed("extend_hold", held("extend"), "hold_extended", by_holder=True),
    Deed("release_hold", held("release"), "hold_released", 204, by_holder=True),
    Deed(
        "reserve",
        bookable(lambda _world: ("/offices/aoba/reservations", booking_body())),
        "reserved",
        201,
        by_holder=True,
    ),
    Deed("reserve", bookable(confirming), "reserved", 201, by_holder=True),
    Deed("reschedule", booked("reschedule", slot=slot("11:00")), "rescheduled", by_holder=True),
    Deed("cancel_reservation", booked("cancel"), "booking_cancelled", by_holder=True),
    Deed("check_in", bookable(arrived), "checked_in", 201, by_holder=True),
    Deed("merge_given", given_without_the_server, "issued"),
)


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.endpoint + (" by the holder" if deed.by_holder else ""))
def test_a_press_that_arrives_ten_times_has_one_effect_and_one_answer(deed: Deed, world: World) -> None:
    path, body = deed.prepare(world)
    before = events(world, deed.event)
    press = presser(world, deed, path, body)
    answers = together([press] * 5)
    assert {status for status, _ in answers} == {deed.status}, answers
    assert len({text for _, text in answers}) == 1
    assert events(world, deed.event) == before + 1
    after = rows_of(world)
    again = [press() for _ in range(5)]
    assert set(again) == set(answers)
    assert rows_of(world) == after
    changed = presser(world, deed, path, {**body, "something_else": 1}, press.token)()
    assert (changed[0], json.loads(changed[1])["code"]) == (422, "idempotency_key_reused")
    assert rows_of(world) == after


def test_a_refusal_is_kept_as_well(world: World) -> None:
    """The counter opens later; the press that was refused stays refused, and a new press is a new key."""
    world.issue("moving")
    press = presser(world, DEEDS[1], "/offices/aoba/counters/1/calls", {})
    first = press()
    world.open("1")
    assert first[0] == 409
    assert press() == first
    assert world.call("1").status_code == 201


def test_a_key_that_is_looked_up_before_the_transaction_lets_the_effect_happen_five_times(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The usual mistake: is the key known? no: do it, then write the key down."""
    everybody_has_looked = threading.Barrier(5)
    for_real = endpoint.writing

    def look_first(act: Callable[[Any], Any]) -> Any:
        with reading() as session:
            assert session.get(Answer, ("token:1", "k")) is None
        everybody_has_looked.wait()
        monkeypatch.setattr(endpoint, "_once", lambda session, _who, _key, _raw, act: endpoint._response(act(session)))
        return for_real(act)

    path, body = DEEDS[0].prepare(world)
    press = presser(world, DEEDS[0], path, body)
    monkeypatch.setattr(endpoint, "writing", look_first)
    answers = together([press] * 5)
    assert len(set(answers)) == 5
    assert events(world, "issued") == 5


LEFT_OUT = {
    "navigate": "asks only",
    "find_reservation": "asks only; a wrong code is counted however it is sent",
    "search_reservations": "asks only; leaves its entry in the audit trail",
    "lend_numbers": "asked again it is the same lease, which tests/services/test_leasing.py says",
    "report_device": "says how a device is; the last word counts",
    "notify": "needs a channel that is set up",
}


def test_every_change_is_in_this_table() -> None:
    declared = {each.name for each in ENDPOINTS if each.method == "POST"}
    assert declared - {deed.endpoint for deed in DEEDS} - set(LEFT_OUT) == set()


ROLES = {"issue": Role.KIOSK, "press_button": Role.BUTTON}


@dataclass(frozen=True)
class Presser:
    """The same request each time it is called, with the same key, from a client of its own."""

    world: World
    path: str
    body: dict[str, Any]
    token: str | None

    def __call__(self) -> tuple[int, str]:
        headers = {"Idempotency-Key": "k", **({"Authorization": f"Bearer {self.token}"} if self.token else {})}
        answer = self.world.app.test_client().post(f"/api/v1{self.path}", json=self.body, headers=headers)
        return answer.status_code, answer.get_data(as_text=True)


def presser(world: World, deed: Deed, path: str, body: dict[str, Any], token: str | None = None) -> Presser:
    if token is None and not deed.by_holder:
        counter = "1" if deed.endpoint == "press_button" else None
        is_lessee = deed.endpoint == "merge_given"
        token = world.kiosk.token if is_lessee else world.token(ROLES.get(deed.endpoint, Role.CLERK), counter=counter)
    return Presser(world, path, body, token)


def events(world: World, name: str) -> int:
    return sum(1 for row in rows_of(world)["event"] if name in row)
