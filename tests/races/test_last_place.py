"""The last place in a slot, wanted by many at once, on every path that can sell it. Each race has a broken twin."""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from queue_app.domain.access import RESIDENT, Right, Role
from queue_app.domain.errors import Refusal
from queue_app.domain.events import Event
from queue_app.services import booking, holding, places
from queue_app.services.deed import Deed, run
from queue_app.services.errands import Said
from queue_app.services.tokens import reservation_token
from queue_app.store.database import reading
from queue_app.store.queue_tables import EventRow
from queue_app.store.reservation_tables import Reservation, SlotPlace
from queue_app.web.context import KEY
from tests.bookings import body, slot
from tests.races.arena import together
from tests.storm.town import say
from tests.world import World

CLIENTS = 200
SALES = int(os.environ.get("SALES", "50"))
HOLDS, AT_A_TIME = int(os.environ.get("HOLDS", "10000")), 500
OFFICE = """
code: aoba
name: {{ja: あおば市役所, en: Aoba City Hall}}
zone: Asia/Tokyo
hours: always
services:
  - {{code: moving, series: B, label: {{ja: 住民異動, en: Moving}}, minutes: 10, slots: {{length_min: 15, capacity: {capacity}}}}}
counters:
  - {{code: "1", label: {{ja: 1番窓口, en: Window 1}}, services: [moving], stages: [reception]}}
booking: {{ahead_days: 60, cutoff_min: 0, hold_min: 10, early_min: 10, late_min: 10}}
"""
LAST = slot("10:00")

Path = Callable[[World, int], list[Callable[[], Any]]]


def open_with(world: World, capacity: int) -> None:
    world.open_office(OFFICE.format(capacity=capacity))


def in_office(world: World, act: Callable[[Deed], Any], right: Right = Right.RESERVE) -> Any:
    with world.app.app_context():
        return run("aoba", right, RESIDENT, world.app.extensions[KEY].ports, act)


def quiet_slots(count: int) -> list[str]:
    """Slots of other days, one for each."""
    return [slot(f"{n % 24:02d}:{n // 24 % 4 * 15:02d}", day=f"2026-12-{5 + n // 96:02d}") for n in range(count)]


def booked_elsewhere(world: World, count: int) -> list[str]:
    """Tokens of bookings in other slots."""

    def book(deed: Deed) -> list[int]:
        said = Said(service="moving")
        return [booking.book(deed, booking.Request(said, "アオバ ソラ", slot=each)).id for each in quiet_slots(count)]

    ids = in_office(world, book)
    with world.app.app_context(), reading() as session:
        secret = world.app.extensions[KEY].ports.secret
        rows = session.scalars(select(Reservation).where(Reservation.id.in_(ids)))
        return [reservation_token(secret, row.nonce) for row in rows]


def direct(world: World, count: int) -> list[Callable[[], Any]]:
    return [lambda: world.as_(None).post("/offices/aoba/reservations", body(LAST)) for _ in range(count)]


def by_hold(world: World, count: int) -> list[Callable[[], Any]]:
    return [lambda: world.as_(None).post("/offices/aoba/holds", {"slot": LAST}) for _ in range(count)]


def by_moving(world: World, count: int) -> list[Callable[[], Any]]:
    tokens = booked_elsewhere(world, count)
    return [
        lambda token=token: world.as_(None).post(f"/reservations/{token}/reschedule", {"slot": LAST})  # type: ignore[misc]
        for token in tokens
    ]


def by_staff(world: World, count: int) -> list[Callable[[], Any]]:
    callers = [world.as_(Role.CLERK) for _ in range(4)]
    callers = [callers[n % 4] for n in range(count)]

    def ask(caller: Any) -> Any:
        mine = type(caller)(world.app.test_client(), caller.token)
        return mine.post("/offices/aoba/reservations", body(LAST))

    return [lambda caller=caller: ask(caller) for caller in callers]  # type: ignore[misc]


def all_mixed(world: World, count: int) -> list[Callable[[], Any]]:
    quarter = count // 4
    return [work for path in (direct, by_hold, by_moving, by_staff) for work in path(world, quarter)]


PATHS: Sequence[Path] = (direct, by_hold, by_moving, by_staff, all_mixed)


def sold(world: World) -> int:
    with world.app.app_context(), reading() as session:
        return session.scalar(select(func.count()).where(SlotPlace.slot == LAST)) or 0


def race(world: World, path: Path, clients: int = CLIENTS) -> list[Any]:
    answers = together(path(world, clients))
    broken = [answer for answer in answers if isinstance(answer, BaseException)]
    assert broken == []
    return answers


@pytest.mark.parametrize(
    ("path", "capacity", "clients"),
    [
        (direct, 1, 40),
        (by_hold, 1, 40),
        (by_moving, 1, 40),
        (by_staff, 1, 40),
        (all_mixed, 1, CLIENTS),
        (all_mixed, 3, 40),
        *(
            pytest.param(path, capacity, CLIENTS, marks=pytest.mark.storm)
            for path in (direct, by_hold, by_moving, by_staff)
            for capacity in (1, 3, 20)
        ),
    ],
)
def test_exactly_as_many_win_as_there_are_places(world: World, path: Path, capacity: int, clients: int) -> None:
    """The storm: two hundred by each path alone. Round after round of all mixed is below."""
    open_with(world, capacity)
    answers = race(world, path, clients)
    statuses = Counter(answer.status_code // 100 for answer in answers)
    losers = [answer for answer in answers if answer.status_code == 409]
    assert statuses[2] == capacity == sold(world)
    assert statuses[2] + len(losers) == len(answers)
    assert {loser.get_json()["code"] for loser in losers} == {"slot_full"}
    assert all(loser.get_json()["alternatives"] for loser in losers)


@pytest.mark.parametrize("path", PATHS)
def test_the_race_would_notice_a_count_that_is_older_than_the_lock(
    world: World, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broken twin: everybody counts before anybody has taken a place."""
    open_with(world, 1)
    works = path(world, 20)
    numbers = itertools.count()
    monkeypatch.setattr(
        places, "_used_places", lambda _deed, _service, cells, _besides: {cell.id: set() for cell in cells}
    )
    monkeypatch.setattr(places, "_lowest_free", lambda _used: next(numbers))
    together(works)
    assert sold(world) > 1


def test_the_database_refuses_a_second_owner_even_if_the_count_is_wrong(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_with(world, 1)
    works = direct(world, 10)
    monkeypatch.setattr(
        places, "_used_places", lambda _deed, _service, cells, _besides: {cell.id: set() for cell in cells}
    )
    answers = together(works)
    assert [answer.status_code for answer in answers].count(201) == 1 == sold(world)


@pytest.mark.parametrize("clients", [60, pytest.param(CLIENTS, marks=pytest.mark.storm)])
def test_a_capacity_cut_while_selling_counts_from_that_moment_on(world: World, clients: int) -> None:
    """Cut by loading the office's file again, the only thing that is imported while places are sold."""
    open_with(world, 20)
    sellers = direct(world, clients)
    together([*sellers[: clients // 2], lambda: open_with(world, 5), *sellers[clients // 2 :]])
    with world.app.app_context(), reading() as session:
        rows = session.execute(select(EventRow.version, EventRow.name).order_by(EventRow.version)).all()
    last_change = max(version for version, name in rows if name == Event.SETUP_CHANGED)
    before = sum(1 for version, name in rows if name == Event.RESERVED and version < last_change)
    after = sum(1 for version, name in rows if name == Event.RESERVED and version > last_change)
    assert before <= 20
    assert after == max(0, min(5 - before, clients - before))
    assert sold(world) == before + after


@pytest.mark.storm
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("capacity", [1, 3, 20])
def test_round_after_round_of_two_hundred_clients_on_every_path(
    world: World, capacity: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """In every second round the capacity is halved while they press; whoever has a place by then keeps it."""
    won = 0
    for round_ in range(SALES):
        open_with(world, capacity)
        works = all_mixed(world, CLIENTS)
        is_cut = round_ % 2 == 1 and capacity > 1
        cut: list[Callable[[], Any]] = [lambda: open_with(world, capacity // 2)] if is_cut else []
        answers = [answer for answer in together([*works[:100], *cut, *works[100:]]) if hasattr(answer, "status_code")]
        winners = sum(answer.status_code < 300 for answer in answers)
        losers = [answer for answer in answers if answer.status_code == 409]
        assert winners + len(losers) == CLIENTS
        assert winners == sold(world)
        assert (capacity // 2 if is_cut else capacity) <= winners <= capacity
        assert all(loser.get_json()["alternatives"] for loser in losers)
        won += winners
        _start_over(world)
        world.clock.pass_(minutes=30)
    say(capsys, f"{SALES} rounds of {CLIENTS} clients on {capacity} places: {won} sold, never one too many")


OFFSETS = tuple(timedelta(milliseconds=ms) for ms in (-50, -10, -1, 0, 1, 10, 50))


def holds_around_their_expiry(world: World, count: int) -> list[tuple[timedelta, str, str]]:
    """For each hold: when it was confirmed, measured from its expiry, and how holder and rival fared."""
    open_with(world, 1)
    made = in_office(
        world, lambda deed: [holding.hold(deed, each, Said(service="moving")) for each in quiet_slots(count)]
    )
    expiry = world.clock.now + timedelta(minutes=10)
    outcomes = []
    for place, offset in enumerate(OFFSETS):
        world.clock.now = expiry + offset
        mine = list(zip(quiet_slots(count), made, strict=True))[place :: len(OFFSETS)]
        works = []
        for slot_id, (_row, hold_id) in mine:
            works.append(lambda hold_id=hold_id: _book(world, hold=hold_id))
            works.append(lambda slot_id=slot_id: _book(world, slot=slot_id))
        for some in range(0, len(works), 40):
            ended = [str(each) for each in together(works[some : some + 40])]
            outcomes += [(offset, ended[n], ended[n + 1]) for n in range(0, len(ended), 2)]
    return outcomes


def _book(world: World, **where: str) -> str:
    said = Said(service="moving")
    try:
        in_office(world, lambda deed: booking.book(deed, booking.Request(said, "アオバ ソラ", **where)).id)
    except Refusal as refusal:
        return refusal.code
    return "booked"


def judge(world: World, outcomes: list[tuple[timedelta, str, str]]) -> None:
    for offset, holder, rival in outcomes:
        expected = ("booked", "slot_full") if offset < timedelta(0) else ("hold_expired", "booked")
        assert (holder, rival) == expected, offset
    world.clock.pass_(minutes=20)
    with world.app.app_context(), reading() as session:
        taken = session.scalar(select(func.count()).select_from(SlotPlace))
        per_slot = session.execute(select(SlotPlace.slot, func.count()).group_by(SlotPlace.slot)).all()
    assert taken == len(outcomes)
    assert max(count for _slot, count in per_slot) == 1


def test_a_hold_confirms_before_its_expiry_and_never_after(world: World) -> None:
    judge(world, holds_around_their_expiry(world, 300))


@pytest.mark.storm
@pytest.mark.timeout(3600)
def test_ten_thousand_holds_around_their_expiry(world: World) -> None:
    for _ in range(max(1, HOLDS // AT_A_TIME)):
        judge(world, holds_around_their_expiry(world, AT_A_TIME))
        _start_over(world)


def _start_over(world: World) -> None:
    def wipe(deed: Deed) -> None:
        deed.session.query(SlotPlace).delete()
        deed.session.query(Reservation).delete()

    in_office(world, wipe)
    world.clock.now -= timedelta(minutes=30)


def test_the_expiry_race_would_notice_a_hold_that_confirms_late(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The broken twin: a confirmation believes the row's state and not the clock, and clearing away comes later."""
    monkeypatch.setattr(places, "clear_passed", lambda _deed: None)
    monkeypatch.setattr(holding, "_state_now", lambda _deed, row: holding.State(row.state))
    outcomes = holds_around_their_expiry(world, 70)
    with pytest.raises(AssertionError):
        judge(world, outcomes)
