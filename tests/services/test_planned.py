"""Places of a service whose capacity is planned: from the rota, the forecast and the bookings as rows."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from queue_app.domain.access import Role
from queue_app.domain.history import Visit
from queue_app.domain.planning.forecast import Season, Source
from queue_app.services import history, office_file, offices, planned
from queue_app.store.database import reading, writing
from queue_app.store.reservation_tables import Reservation
from queue_app.web.context import KEY
from tests.bookings import at, body, free, reserve
from tests.races.arena import together
from tests.world import OFFICE, World

PLANNED = (
    OFFICE.replace(
        "label: {ja: 住民異動, en: Moving}, minutes: 14}",
        "label: {ja: 住民異動, en: Moving}, minutes: 14, slots: {length_min: 30, capacity: planned}}",
    )
    + "{more}"
)
IN_TWO_WEEKS = "2026-12-15"


@pytest.fixture
def planning(world: World) -> World:
    world.open_office(PLANNED.replace("{more}", ""))
    return world


def with_rota(world: World, *entries: str) -> World:
    world.open_office(PLANNED.replace("{more}", "rota:\n" + "".join(f"  - {entry}\n" for entry in entries)))
    return world


def offered(world: World, day: str = IN_TWO_WEEKS) -> list[dict[str, Any]]:
    asked = {"service": "moving", "from": day, "to": day}
    answer = world.as_(None).get("/offices/aoba/slots", query_string=asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.get_json()["slots"]
    return found


def test_quiet_times_are_free_and_three_are_recommended(planning: World) -> None:
    slots = offered(planning)
    assert len(slots) > 8
    assert sum(bool(each["recommended"]) for each in slots) == 3
    assert {each["level"] for each in slots} <= {"free", "few"}
    assert not any("cost" in key for each in slots for key in each)


def test_bookings_of_one_time_make_it_and_its_neighbours_fuller(planning: World) -> None:
    before = free(planning, day=IN_TWO_WEEKS)
    chosen = next(iter(before))
    for _ in range(before[chosen]):
        reserve(planning, chosen)
    after = free(planning, day=IN_TWO_WEEKS)
    assert chosen not in after
    assert sum(after.values()) < sum(before.values())
    refused = planning.as_(None).post("/offices/aoba/reservations", body(chosen))
    assert refused.get_json()["code"] == "slot_full"


def test_a_cancelled_booking_gives_its_room_back(planning: World) -> None:
    before = free(planning, day=IN_TWO_WEEKS)
    made = reserve(planning, next(iter(before)))
    assert free(planning, day=IN_TWO_WEEKS) != before
    planning.as_(None).post(f"/reservations/{made['token']}/cancel")
    assert free(planning, day=IN_TWO_WEEKS) == before


def test_fewer_clerks_on_duty_bear_fewer_bookings(planning: World) -> None:
    everybody = sum(free(planning, day=IN_TWO_WEEKS).values())
    with_rota(planning, '{group: "1", clerks: 1}')
    alone = sum(free(planning, day=IN_TWO_WEEKS).values())
    assert 0 <= alone < everybody


def test_a_day_without_anybody_on_duty_is_closed_and_not_full(planning: World) -> None:
    with_rota(planning, '{group: "1", clerks: 2}', '{group: "1", clerks: 0, date: "2026-12-15"}')
    answer = planning.as_(None).get(
        "/offices/aoba/slots", query_string={"service": "moving", "from": IN_TWO_WEEKS, "to": IN_TWO_WEEKS}
    )
    assert answer.get_json()["slots"] == []
    assert answer.get_json()["days"][0]["reason"] == "closed"
    assert answer.get_json()["next_free"] is not None


def test_a_forecast_of_nobody_leaves_more_places_and_never_none(planning: World) -> None:
    usual = sum(free(planning, day=IN_TWO_WEEKS).values())
    nobody = PLANNED.replace("{more}", "")
    for minutes in ("minutes: 14,", "minutes: 5,"):
        nobody = nobody.replace(minutes, f"{minutes} walk_ins_per_day: 0,")
    planning.open_office(nobody)
    quiet = free(planning, day=IN_TWO_WEEKS)
    assert sum(quiet.values()) >= usual
    assert min(quiet.values()) > 0


def test_lunch_takes_places_away_around_it(planning: World) -> None:
    with_rota(planning, '{group: "1", clerks: 2, lunch: ["12:00", "12:00"]}')
    starts = {each["start"][11:16] for each in offered(planning)}
    assert "12:00" not in starts
    assert starts & {"09:00", "09:30", "10:00", "15:00"}


def test_a_time_at_which_nobody_is_on_duty_cannot_be_booked(planning: World) -> None:
    slots = {each["start"][11:16]: each["id"] for each in offered(planning)}
    with_rota(planning, '{group: "1", clerks: 2, from: "10:00", to: "15:00", lunch: ["12:00", "12:00"]}')
    refused = planning.as_(None).post("/offices/aoba/reservations", body(slots["09:00"]))
    assert refused.get_json()["code"] == "slot_full"
    assert {each["start"][11:13] for each in refused.get_json()["alternatives"]} <= {"10", "11", "13", "14"}


def test_places_come_out_in_three_steps(planning: World) -> None:
    """Four weeks, two days, and the opening of the day; a step never takes a place back."""
    day = date(2026, 12, 15)
    seen: list[dict[str, int]] = []
    for now in (at("09:00", "2026-12-01"), at("09:00", "2026-12-13"), at("08:00", "2026-12-15")):
        planning.clock.now = now
        seen.append(free(planning, day=day.isoformat()))
    planning.clock.now = at("08:30", "2026-12-15")
    on_the_day = free(planning, day=day.isoformat())
    assert all(count <= seen[1].get(each, 0) for each, count in seen[0].items())
    assert seen[1] == seen[2]
    assert all(count <= on_the_day.get(each, 0) for each, count in seen[2].items() if each in on_the_day)
    assert sum(seen[0].values()) < sum(seen[1].values()) < sum(on_the_day.values()) + 12


def test_nothing_is_offered_before_the_first_release(planning: World) -> None:
    far = (date(2026, 12, 1) + timedelta(days=29)).isoformat()
    answer = planning.as_(None).get("/offices/aoba/slots", query_string={"service": "moving", "from": far, "to": far})
    assert answer.get_json()["slots"] == []


def test_a_long_visit_may_begin_late_although_its_last_slot_is_taken_by_others(planning: World) -> None:
    """A planned place is a matter of load: the start answers for the whole visit, not each slot for itself."""
    first, second = list(free(planning, day=IN_TWO_WEEKS, people=3))[:2]
    before = free(planning, day=IN_TWO_WEEKS)
    reserve(planning, first, people=3)
    after = free(planning, day=IN_TWO_WEEKS)
    assert second in before
    assert sum(after.values()) < sum(before.values())
    assert after


def test_moving_a_booking_does_not_stand_in_its_own_way(planning: World) -> None:
    before = free(planning, day=IN_TWO_WEEKS)
    first, second = list(before)[:2]
    made = reserve(planning, first)
    moved = planning.as_(None).post(f"/reservations/{made['token']}/reschedule", {"slot": second})
    assert moved.status_code == 200
    assert free(planning, day=IN_TWO_WEEKS)[first] == before[first] or first in free(planning, day=IN_TWO_WEEKS)


def recorded_days(world: World, days: int, per_day: int) -> None:
    """Walk-ins of past open days, as the history keeps them."""

    def write(session: Any) -> None:
        office = offices.office_by_code(session, "aoba")
        numbers = itertools.count(1)
        for back in range(1, days * 2):
            day = date(2026, 12, 1) - timedelta(days=back)
            if day.weekday() >= 5:
                continue
            visits = [
                Visit(-next(numbers), "moving", "walk_in", arrived_at=came, counts_from=came)
                for came in (at(f"{9 + place % 3:02d}:00", day.isoformat()) for place in range(per_day))
            ]
            history.write(session, office.id, [(day, visit) for visit in visits])

    with world.app.app_context():
        writing(write)


def facts_of(world: World, day: date) -> planned.DayFacts:
    with world.app.app_context(), reading() as session:
        office = offices.office_by_code(session, "aoba")
        holidays = world.app.extensions[KEY].ports.holidays
        facts = planned.planner_of(session, office, holidays, office.today(world.clock())).facts(day)
        assert facts is not None
        return facts


def test_the_forecast_is_customary_until_enough_days_are_recorded(planning: World) -> None:
    recorded_days(planning, 5, 10)
    facts = facts_of(planning, date(2026, 12, 15))
    assert facts.expected.source is Source.CUSTOMARY
    assert facts.expected.per_service["moving"] > 0


def test_the_forecast_follows_the_recorded_days(planning: World) -> None:
    recorded_days(planning, 24, 12)
    facts = facts_of(planning, date(2026, 12, 15))
    assert (facts.expected.source, facts.expected.season) == (Source.RECORDED, Season.NORMAL)
    assert facts.expected.per_service["moving"] == pytest.approx(13.2)
    morning, evening = facts.load[0, 6:40].sum(), facts.load[0, 70:100].sum()
    assert morning > 5 * evening


def test_the_offices_own_number_holds_until_then(planning: World) -> None:
    quiet = sum(free(planning, day=IN_TWO_WEEKS).values())
    planning.open_office(PLANNED.replace("{more}", "").replace("minutes: 14,", "minutes: 14, walk_ins_per_day: 55,"))
    assert facts_of(planning, date(2026, 12, 15)).expected.source is Source.DECLARED
    assert sum(free(planning, day=IN_TWO_WEEKS).values()) < quiet


def race_for(world: World, chosen: str, clients: int) -> list[int]:
    works = [lambda: world.as_(None).post("/offices/aoba/reservations", body(chosen)) for _ in range(clients)]
    answers = together(works)
    assert [answer for answer in answers if isinstance(answer, BaseException)] == []
    return [answer.status_code for answer in answers]


def sold(world: World) -> int:
    with world.app.app_context(), reading() as session:
        return session.scalar(select(func.count()).select_from(Reservation)) or 0


def test_a_rush_on_a_planned_time_sells_exactly_what_it_bears(planning: World) -> None:
    before = free(planning, day=IN_TWO_WEEKS)
    chosen = next(each for each, count in before.items() if count >= 1)
    statuses = race_for(planning, chosen, before[chosen] + 12)
    assert statuses.count(201) == before[chosen] == sold(planning)
    assert set(statuses) == {201, 409}


def test_a_rush_on_neighbouring_times_sells_no_more_than_one_after_the_other_would(planning: World) -> None:
    """The load of one time is felt at the next: what the last winner saw is what the rows say."""
    chosen = list(free(planning, day=IN_TWO_WEEKS))[:4]
    works = [
        lambda each=each: planning.as_(None).post("/offices/aoba/reservations", body(each))  # type: ignore[misc]
        for each in chosen * 5
    ]
    together(works)
    left = free(planning, day=IN_TWO_WEEKS)
    for each in chosen:
        answer = planning.as_(None).post("/offices/aoba/reservations", body(each))
        assert (answer.status_code == 201) is (each in left)
        left = free(planning, day=IN_TWO_WEEKS)


def test_the_rush_would_notice_a_load_that_is_older_than_the_lock(
    planning: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broken twin: everybody reckons with the bookings of before."""
    before = free(planning, day=IN_TWO_WEEKS)
    chosen = next(each for each, count in before.items() if count >= 1)
    monkeypatch.setattr(planned, "bookings_of", lambda *_args: [])
    statuses = race_for(planning, chosen, before[chosen] + 12)
    assert statuses.count(201) > before[chosen]


def test_staff_see_the_same_places_as_the_public(planning: World) -> None:
    asked = {"service": "moving", "from": IN_TWO_WEEKS, "to": IN_TWO_WEEKS}
    mine = planning.as_(Role.CLERK).get("/offices/aoba/slots", query_string=asked).get_json()["slots"]
    assert mine == offered(planning)


def test_the_rota_goes_out_and_in_with_the_office_file(planning: World) -> None:
    with_rota(planning, '{group: "1", clerks: 2, from: "09:00", lunch: ["11:30"], days: [mon, tue]}')
    with planning.app.app_context():
        first = writing(lambda session: office_file.export_office(session, "aoba"))
        writing(lambda session: office_file.load_office(session, first, "again.yaml", planning.clock()))
        assert writing(lambda session: office_file.export_office(session, "aoba")) == first
    assert "- group: '1'\n  clerks: 2\n  from: 09:00\n  lunch: ['11:30']\n  days: [mon, tue]\n" in first


@pytest.mark.parametrize(
    ("entry", "word"),
    [('{group: "77", clerks: 1}', "77"), ('{group: "1", clerks: 9}', "more than"), ("{clerks: 1}", "group")],
)
def test_a_rota_that_does_not_fit_the_office_is_refused_with_its_line(planning: World, entry: str, word: str) -> None:
    with pytest.raises(office_file.OfficeFileRefused) as refused:
        with_rota(planning, entry)
    assert any(word in str(finding) and finding.line > 1 for finding in refused.value.findings)
