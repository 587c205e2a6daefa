"""One press, however often it arrives: one effect, one answer. Five times at once, then five times more."""

from __future__ import annotations

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
from tests.races.arena import rows_of, together
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


DEEDS = (
    Deed("issue", lambda _world: ("/offices/aoba/tickets", {"service": "moving"}), "issued", 201),
    Deed("call_somebody", at_counter("calls"), "called", 201),
    Deed("open_counter", at_counter("open"), "counter_opened"),
    Deed("pause_counter", at_counter("pause"), "counter_paused"),
    Deed("ticket_recall", on(brought(), "recall"), "recalled"),
    Deed("ticket_start", on(brought(), "start"), "started"),
    Deed("ticket_miss", on(brought(), "miss"), "missed"),
    Deed("ticket_requeue", on(brought("miss"), "requeue"), "requeued"),
    Deed("ticket_take_up", papers, "taken_up"),
    Deed("ticket_hold", on(brought("start"), "hold"), "held"),
    Deed("ticket_resume", on(brought("start", "hold"), "resume"), "resumed"),
    Deed("ticket_forward", on(brought("start"), "forward", service="insurance"), "forwarded"),
    Deed("ticket_add", on(brought("start"), "add", service="insurance"), "stop_added"),
    Deed("ticket_finish", on(brought("start"), "finish"), "finished"),
    Deed("ticket_undo", on(brought(), "undo"), "undone"),
    Deed("cancel", on(waiting, "cancel"), "cancelled"),
    Deed("cancel", held_by("cancel"), "cancelled", by_holder=True),
    Deed("postpone", held_by("postpone"), "postponed", by_holder=True),
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


def test_every_change_of_tickets_and_counters_is_in_this_table() -> None:
    declared = {each.name for each in ENDPOINTS if each.method == "POST" and each.tag in ("tickets", "counters")}
    assert declared - {deed.endpoint for deed in DEEDS} <= {"close_counter", "notify", "ticket_skip"}


def presser(world: World, deed: Deed, path: str, body: dict[str, Any]) -> Callable[[], tuple[int, str]]:
    """The same request each time, with the same key, from a client of its own."""
    token = None if deed.by_holder else world.token(Role.KIOSK if deed.endpoint == "issue" else Role.CLERK)
    headers = {"Idempotency-Key": "k", **({"Authorization": f"Bearer {token}"} if token else {})}

    def press() -> tuple[int, str]:
        answer = world.app.test_client().post(f"/api/v1{path}", json=body, headers=headers)
        return answer.status_code, answer.get_data(as_text=True)

    return press


def events(world: World, name: str) -> int:
    return sum(1 for row in rows_of(world)["event"] if name in row)
