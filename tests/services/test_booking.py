"""Booking below the pages: never above capacity, whatever people do in whichever order; zones, plans and forgetting."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from queue_app.domain.access import RESIDENT, Right
from queue_app.domain.errors import Refusal
from queue_app.services import booking, demo_bookings, forgetting, holding, offices, places
from queue_app.services.deed import Deed, run
from queue_app.services.errands import Said
from queue_app.store.database import reading, writing
from queue_app.store.reservation_tables import Reservation, SlotPlace
from queue_app.web.context import KEY
from tests.bookings import BOOKABLE, TOMORROW, body, free, reserve, slot
from tests.world import OPENING, World

CAPACITY = 2
CLOCKS = ("10:00", "10:30", "11:00", "11:30")

pytestmark = pytest.mark.office(BOOKABLE)


def in_office(world: World, act: Any) -> Any:
    with world.app.app_context():
        return run("aoba", Right.RESERVE, RESIDENT, world.app.extensions[KEY].ports, act)


DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["book", "hold", "confirm", "extend", "release", "move", "cancel", "wait"]),
        st.integers(0, len(CLOCKS) - 1),
        st.integers(0, 5),
        st.integers(1, 7),
    ),
    min_size=5,
    max_size=30,
)


def cells(clock: int, people: int) -> list[str]:
    """14 minutes for the first person and 7 for each further one, in slots of 30."""
    need = 14 + 7 * (people - 1)
    return [slot(f"{10 + (clock + n) // 2}:{(clock + n) % 2 * 30:02d}") for n in range(-(-need // 30))]


class Model:
    """The same rules in ten lines: who has places where, and until when."""

    def __init__(self, world: World) -> None:
        self.world, self.held, self.booked = world, {}, {}  # type: ignore[var-annotated]

    def taken(self) -> Counter[str]:
        now = self.world.clock.now
        live = [where for where, until in self.held.values() if until > now]
        return Counter(cell for where in [*live, *self.booked.values()] for cell in where)

    def fits(self, where: list[str], *, instead_of: list[str] = []) -> bool:  # noqa: B006 - never changed
        taken = self.taken() - Counter(instead_of)
        return all(taken[cell] < CAPACITY for cell in where)


def attempt(world: World, act: Any) -> Any:
    try:
        return in_office(world, act)
    except Refusal as refusal:
        return refusal


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=DEEDS)
def test_no_slot_is_ever_sold_above_its_capacity_and_none_is_refused_below_it(world: World, deeds: Any) -> None:
    _wipe(world)
    model = Model(world)
    for what, clock, which, people in deeds:
        _step(world, model, what, clock=clock, which=which, people=people)
        assert max(model.taken().values(), default=0) <= CAPACITY
        offered = free(world)
        taken = model.taken()
        for cell in cells(0, 7) + cells(2, 7):
            assert offered.get(cell, 0) == CAPACITY - taken[cell]


def _step(world: World, model: Model, what: str, *, clock: int, which: int, people: int) -> None:
    where, start, said = cells(clock, people), slot(CLOCKS[clock]), Said(service="moving", people=people)
    if what in ("book", "hold"):
        act = _booked(start, said) if what == "book" else _held(start, said)
        could = model.fits(where)
        done = attempt(world, act)
        assert isinstance(done, Refusal) is not could, done
        if could and what == "book":
            model.booked[done] = where
        elif could:
            model.held[done] = (where, world.clock.now + timedelta(minutes=10))
    elif what == "wait":
        world.clock.pass_(minutes=4)
    elif what in ("confirm", "extend", "release") and model.held:
        hold_id = list(model.held)[which % len(model.held)]
        _with_hold(world, model, what, hold_id)
    elif what in ("move", "cancel") and model.booked:
        id = list(model.booked)[which % len(model.booked)]
        _with_booking(world, model, what, id=id, clock=clock)


def _booked(start: str, said: Said) -> Any:
    return lambda deed: booking.book(deed, booking.Request(said, "アオバ ソラ", slot=start)).id


def _held(start: str, said: Said) -> Any:
    return lambda deed: holding.hold(deed, start, said)[1]


def _with_hold(world: World, model: Model, what: str, hold_id: str) -> None:
    where, until = model.held[hold_id]
    is_live = until > world.clock.now
    if what == "release":
        attempt(world, lambda deed: holding.release(deed, hold_id))
        del model.held[hold_id]
    elif what == "extend":
        done = attempt(world, lambda deed: holding.extend(deed, hold_id).id)
        if not isinstance(done, Refusal):
            model.held[hold_id] = (where, until + timedelta(minutes=5))
        assert is_live or isinstance(done, Refusal)
    else:
        request = booking.Request(Said(service="moving"), "アオバ ソラ", hold=hold_id)
        done = attempt(world, lambda deed: booking.book(deed, request).id)
        assert isinstance(done, Refusal) is not is_live, done
        if is_live:
            del model.held[hold_id]
            model.booked[done] = where


def _with_booking(world: World, model: Model, what: str, *, id: int, clock: int) -> None:
    where = model.booked[id]
    if what == "cancel":
        in_office(world, lambda deed: booking.cancel(deed, deed.session.get_one(Reservation, id)).id)
        del model.booked[id]
        return
    people = in_office(world, lambda deed: deed.session.get_one(Reservation, id).people)
    moved = cells(clock, people)
    could = moved == where or model.fits(moved, instead_of=where)
    done = attempt(
        world, lambda deed: booking.reschedule(deed, deed.session.get_one(Reservation, id), slot(CLOCKS[clock])).id
    )
    if isinstance(done, Refusal) and done.code == "moved_enough":
        return
    assert isinstance(done, Refusal) is not could, done
    if could:
        model.booked[id] = moved


def _wipe(world: World) -> None:
    def wipe(deed: Deed) -> None:
        deed.session.execute(delete(SlotPlace))
        deed.session.execute(delete(Reservation))

    world.clock.now = OPENING
    in_office(world, wipe)


def test_the_property_would_notice_places_that_a_move_leaves_behind(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broken twin: the old places are not given back."""
    monkeypatch.setattr(places, "give_back", lambda _deed, _row: None)
    model = Model(world)
    _step(world, model, "book", clock=0, which=0, people=1)
    _step(world, model, "move", clock=2, which=0, people=1)
    assert free(world)[slot("10:00")] != CAPACITY - model.taken()[slot("10:00")]


BERLIN = BOOKABLE.replace("zone: Asia/Tokyo", "zone: Europe/Berlin").replace(
    'fri: ["08:30-17:15"]', 'fri: ["08:30-17:15"], sun: ["00:00-06:00"]'
)


def test_slots_follow_the_wall_clock_of_the_office_through_both_clock_changes(world: World) -> None:
    world.open_office(BERLIN.replace("code: aoba", "code: berlin"))
    for now, day, hours in (("2027-03-20", "2027-03-28", 5), ("2027-10-20", "2027-10-31", 7)):
        world.clock.now = datetime.fromisoformat(f"{now}T08:00:00+00:00")
        asked = {"service": "moving", "from": day, "to": day}
        slots = world.as_(None).get("/offices/berlin/slots", query_string=asked).get_json()["slots"]
        starts = [datetime.fromisoformat(each["start"]).astimezone(UTC) for each in slots]
        assert len(starts) == len(set(starts)) == hours * 2
        assert all(later - earlier == timedelta(minutes=30) for earlier, later in pairwise(starts))


def test_a_service_kept_out_of_weekends_has_no_slots_on_an_extra_sunday(world: World) -> None:
    extra = BOOKABLE.replace("closed: [holidays", 'dates: {"2026-12-13": ["09:00-12:00"]}, closed: [holidays')
    world.open_office(extra.replace("capacity: 1}", "capacity: 1, weekend_ok: false}"))
    assert len(free(world, "moving", "2026-12-13")) == 6
    assert free(world, "insurance", "2026-12-13") == {}


def test_walk_ins_keep_their_share_and_lead_time_closes_early_slots(world: World) -> None:
    kept = BOOKABLE.replace("capacity: 2}", "capacity: 10, walk_in_share: 0.7}").replace(
        "cutoff_min: 0", "cutoff_min: 120"
    )
    world.open_office(kept)
    today = free(world, day="2026-12-01")
    assert set(today.values()) == {3}
    assert min(today) == slot("11:00", day="2026-12-01")


def test_a_planned_capacity_comes_through_the_same_door(world: World) -> None:
    world.open_office(BOOKABLE.replace("capacity: 2}", "capacity: planned}"))
    assert set(free(world).values()) <= {1, 2, 3}  # what bears how much is the planner's: test_planned.py


def test_a_cut_capacity_sells_nothing_more_and_takes_nothing_back(world: World) -> None:
    made = [reserve(world) for _ in range(2)]
    world.open_office(BOOKABLE.replace("capacity: 2}", "capacity: 1}"))
    assert slot() not in free(world)
    assert all(world.as_(None).get(f"/reservations/{each['token']}").get_json()["status"] == "booked" for each in made)


@pytest.mark.parametrize(
    ("change", "full", "still_free"),
    [
        (("length_min: 30", "length_min: 15"), ("10:00", "10:15"), "10:30"),  # 29 minutes touch both halves
        (("length_min: 30", "length_min: 60"), ("09:30",), "11:30"),  # 9:30 to 10:30
        (('wed: ["08:30-17:15"]', 'wed: ["08:45-17:15"]'), ("09:45", "10:15"), "10:45"),  # every slot begins later
    ],
)
def test_what_was_sold_counts_in_every_slot_of_a_changed_grid_that_it_touches(
    world: World, change: tuple[str, str], full: tuple[str, ...], still_free: str
) -> None:
    one_place = BOOKABLE.replace(
        "minutes: 14, slots: {length_min: 30, capacity: 2}", "minutes: 29, slots: {length_min: 30, capacity: 1}"
    )
    world.open_office(one_place)
    reserve(world)
    world.open_office(one_place.replace(*change))
    outcomes = [world.as_(None).post("/offices/aoba/reservations", body(slot(each))).status_code for each in full]
    assert outcomes == [409] * len(full)
    reserve(world, slot(still_free))
    assert not {slot(each) for each in full} & set(free(world)), "whoever looks sees it too"


def test_hours_changed_after_the_page_was_opened_are_what_counts(world: World) -> None:
    world.open_office(BOOKABLE.replace('wed: ["08:30-17:15"]', 'wed: ["13:00-17:00"]'))
    done = attempt(world, _booked(slot("10:00"), Said(service="moving")))
    assert isinstance(done, Refusal) and done.code == "invalid"


def test_thirty_days_after_the_visit_nothing_tells_who_it_was(world: World) -> None:
    reserve(world, name_kana="マーカー ハナコ")
    world.clock.pass_(days=33)
    with world.app.app_context():
        writing(lambda session: forgetting.forget_due(session, world.clock()))
        with reading() as session:
            row = session.scalars(select(Reservation)).one()
            assert (row.state, row.name_kana, row.name_hash, row.answers, row.code) == (
                "no_show",
                None,
                None,
                None,
                None,
            )
            assert row.needs == []


def test_lapsed_holds_leave_nothing_behind(world: World) -> None:
    in_office(world, _held(slot(), Said(service="moving")))
    world.clock.pass_(days=2)
    in_office(world, places.clear_passed)
    with world.app.app_context():
        writing(lambda session: forgetting.forget_due(session, world.clock()))
        with reading() as session:
            assert session.scalar(select(func.count()).select_from(Reservation)) == 0
            assert session.scalar(select(func.count()).select_from(SlotPlace)) == 0


def test_the_demo_city_has_the_same_guests_each_time_and_no_full_calendar(world: World) -> None:
    def seed(deed: Deed) -> int:
        return demo_bookings.seed_bookings(deed.session, deed.office, deed.ports)

    count = in_office(world, seed)
    with world.app.app_context(), reading() as session:
        office = offices.office_by_code(session, "aoba")
        names = [row.name_kana for row in session.scalars(select(Reservation).order_by(Reservation.id).limit(5))]
        overfull = session.execute(select(SlotPlace.slot).group_by(SlotPlace.slot).having(func.count() > 2)).all()
    assert count > 50
    assert overfull == []
    with world.app.app_context(), reading() as session:
        states = set(session.scalars(select(Reservation.state)))
    assert states == {"booked", "arrived", "no_show", "cancelled"}
    assert slot("10:00", day="2026-12-07") not in free(world, day="2026-12-07")
    assert office.code == "aoba"
    _wipe(world)
    assert in_office(world, seed) == count
    with world.app.app_context(), reading() as session:
        again = [row.name_kana for row in session.scalars(select(Reservation).order_by(Reservation.id).limit(5))]
    assert again == names
    assert free(world, day=TOMORROW)
