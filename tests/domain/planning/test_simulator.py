"""One simulated day, held against arithmetic, Erlang, another simulator and the study's table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import ciw
import numpy as np
import pytest

from queue_app.domain.discipline import HeadStarts, StageRole
from queue_app.domain.errors import Refusal
from queue_app.domain.planning.congestion import erlang_c, mean_queue
from queue_app.domain.planning.experiment import Scenario, class_of, run, with_share
from queue_app.domain.planning.lognormal import Duration
from queue_app.domain.planning.people import Desk, Guest, Outcome
from queue_app.domain.planning.policies import FCFS, FULL, NAIVE, Policy, Route, Safety
from queue_app.domain.planning.rota import Duty, standard_rota
from queue_app.domain.planning.simulator import Day, simulate_day
from queue_app.domain.planning.workload import SW1_PEAK, Stage, Visitor, draw_day, without_papers

HEAD_STARTS = replace(FCFS, head_starts=HeadStarts(), safety=Safety.SIXTY_MINUTES, route=Route.EVERY_COUNTER)


def visitor(number: int, at: float, *stages: Stage, patience: float = 1e6, lateness: float = 0.0) -> Visitor:
    return Visitor(number, "movers", at, stages, patience, lateness_min=lateness)


def service(minutes: float, pool: str = "M") -> Stage:
    return Stage(pool, minutes, StageRole.FIRST, (), mean_min=minutes)


def day(
    visitors: Sequence[Visitor], rota: Sequence[Duty], policy: Policy = FCFS, booked: dict[int, float] | None = None
) -> dict[int, Guest]:
    outcome = simulate_day(visitors, booked or {}, rota, policy, day_min=525)
    return {guest.visitor.number: guest for guest in outcome.guests}


def waits(guests: dict[int, Guest]) -> list[float | None]:
    return [guests[number].first_call for number in sorted(guests)]


def test_people_are_called_in_turn_by_one_clerk() -> None:
    assert waits(day([visitor(n, n, service(10)) for n in range(3)], [Duty("M")])) == [0, 9, 18]


def test_a_clerk_finishes_before_lunch_and_takes_the_full_hour() -> None:
    guests = day([visitor(0, 175, service(10)), visitor(1, 176, service(10))], [Duty("M", ((180.0, 240.0),))])
    assert waits(guests) == [0, 245 - 176]


def test_an_idle_helper_serves_another_pool_only_when_the_own_line_is_empty() -> None:
    rota = [Duty("M", helps=("B",)), Duty("B")]
    people = [visitor(0, 0, service(10, "B")), visitor(1, 1, service(10, "B")), visitor(2, 2, service(10, "M"))]
    assert waits(day(people, rota)) == [0, 0, 9]
    busy = [visitor(0, 0, service(10, "M")), visitor(1, 0, service(10, "B")), visitor(2, 1, service(10, "B"))]
    assert waits(day(busy, rota)) == [0, 0, 9]


def test_who_gives_up_has_waited_that_long_and_is_not_called() -> None:
    guests = day([visitor(0, 0, service(30)), visitor(1, 0, service(5), patience=12)], [Duty("M")])
    assert (guests[1].first_call, guests[1].idle, guests[1].done) == (12, 12, set())


def test_a_booking_passes_who_came_less_than_thirty_minutes_before_its_time() -> None:
    people = [visitor(0, 0, service(60)), visitor(1, 15, service(5)), visitor(2, 40, service(5), lateness=0)]
    guests = day(people, [Duty("M")], HEAD_STARTS, {2: 40.0})
    assert waits(guests) == [0, 50, 20]
    guests = day(people, [Duty("M")], HEAD_STARTS, {2: 46.0})
    assert guests[1].first_call == 45


def test_waiting_is_counted_from_the_appointment_when_the_person_comes_early() -> None:
    guests = day([visitor(0, 40, service(10), lateness=-10)], [Duty("M")], HEAD_STARTS, {0: 40.0})
    assert (guests[0].first_call, guests[0].idle) == (0, 0)


def test_who_does_not_come_takes_no_time() -> None:
    absent = visitor(0, 40, service(10))
    absent.shows = False
    assert day([absent], [Duty("M")], HEAD_STARTS, {0: 40.0}) == {}


def moving(number: int, at: float) -> Visitor:
    follow = StageRole.FOLLOW_ON
    return visitor(
        number,
        at,
        service(10),
        Stage("B", 30, follow, (0,), resident=False, mean_min=30),
        Stage("H", 12, follow, (0,), mean_min=12),
        Stage("M", 5, StageRole.DELIVERY, (0, 1, 2), mean_min=5),
    )


def test_papers_are_worked_on_while_the_resident_is_at_another_counter() -> None:
    rota = [Duty("M"), Duty("B"), Duty("H")]
    assert day([moving(0, 0)], rota, HEAD_STARTS)[0].idle == 30 - 12
    assert day([moving(0, 0)], rota, FCFS)[0].idle == 30


def test_papers_done_beforehand_leave_no_gap() -> None:
    assert day([without_papers(moving(0, 0))], [Duty("M"), Duty("H")], HEAD_STARTS)[0].idle == 0


def test_a_pool_where_nobody_ever_works_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        day([moving(0, 0)], [Duty("M"), Duty("B")])
    assert (refused.value.code, refused.value.facts) == ("rota_nobody", {"pools": ["H"]})


def test_a_day_without_visitors_is_quiet_and_no_error() -> None:
    assert simulate_day([], {}, [Duty("M")], FULL, day_min=525) == Outcome(busy_min={"M": 0.0}, duty_min={"M": 525.0})


class _Twice(Day):
    """Looks after every call whether anybody sits at two counters, and whether a clerk is idle beside a line."""

    seen = 0

    def _call_next(self, desk: Desk) -> None:
        super()._call_next(desk)
        at_counters = [
            each.serving[0].visitor.number
            for each in self.desks
            if each.serving and each.serving[0].visitor.stages[each.serving[1]].resident
        ]
        assert len(at_counters) == len(set(at_counters))
        self.seen += 1


@pytest.mark.parametrize("policy", [FCFS, NAIVE, FULL])
def test_nobody_sits_at_two_counters_and_everybody_leaves(policy: Policy) -> None:
    from queue_app.domain.planning.appointments import appointments

    workload = with_share(SW1_PEAK, 0.7)
    rota = standard_rota(workload.clerks)
    visitors = draw_day(workload, 1001)
    booked = appointments(visitors, workload, rota, policy)
    watched = _Twice(visitors, booked, rota, policy, day_min=workload.day_min)
    outcome = watched.run()
    assert watched.seen > 1000
    assert all(guest.left and guest.idle is not None for guest in outcome.guests)
    finished = sum(guest.visitor.stages[p].minutes for guest in outcome.guests for p in guest.done)
    assert sum(outcome.busy_min.values()) == pytest.approx(finished)
    assert len(outcome.guests) + sum(not v.shows for v in visitors if v.number in booked) == len(visitors)


def test_the_same_seed_gives_the_same_people_whatever_the_policy() -> None:
    without, with_bookings = draw_day(SW1_PEAK, 5), draw_day(with_share(SW1_PEAK, 0.7), 5)
    assert [(v.wish_min, v.stages) for v in without] == [(v.wish_min, v.stages) for v in with_bookings]
    assert not any(visitor.books for visitor in without)


def exponential_days(days: int, clerks: int, load: float) -> list[float]:
    """First-call waits in long steady days with exponential gaps and services of ten minutes."""
    found: list[float] = []
    for seed in range(days):
        rng = np.random.default_rng(seed)
        arrivals = np.cumsum(rng.exponential(10.0 / load, 3_000))
        people = [visitor(n, float(at), service(float(rng.exponential(10.0)))) for n, at in enumerate(arrivals)]
        found += [wait or 0.0 for wait in waits(day(people, [Duty("M")] * clerks))[300:]]
    return found


@pytest.mark.parametrize(("clerks", "load"), [(1, 0.6), (3, 2.1), (8, 6.0)])
def test_random_services_wait_as_long_as_erlang_says(clerks: int, load: float) -> None:
    found = exponential_days(10, clerks, load)
    assert np.mean(np.array(found) > 1e-9) == pytest.approx(erlang_c(clerks, load), abs=0.035)
    assert np.mean(found) == pytest.approx(mean_queue(clerks, load) * 10 / load, rel=0.15)


def test_two_stations_in_a_row_wait_as_long_as_in_another_simulator() -> None:
    """Ciw, with the same laws: three clerks, then two, lognormal services, exponential gaps."""
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(1 / 7.0), None],
        service_distributions=[ciw.dists.Lognormal(*_logarithm(14, 0.5)), ciw.dists.Lognormal(*_logarithm(9, 0.5))],
        routing=[[0.0, 1.0], [0.0, 0.0]],
        number_of_servers=[3, 2],
    )
    theirs: dict[int, list[float]] = {1: [], 2: []}
    for seed in range(10):
        ciw.seed(seed)
        other = ciw.Simulation(network)
        other.simulate_until_max_time(20_000)
        for record in other.get_all_records():
            if record.arrival_date > 1_000:
                theirs[record.node].append(record.waiting_time)
    ours: dict[int, list[float]] = {1: [], 2: []}
    for seed in range(10):
        for guest in _two_stations(seed).values():
            if guest.visitor.wish_min > 1_000:
                ours[1].append(guest.first_call or 0.0)
                ours[2].append((guest.idle or 0.0) - (guest.first_call or 0.0))
    assert np.mean(ours[1]) == pytest.approx(np.mean(theirs[1]), rel=0.12)
    assert np.mean(ours[2]) == pytest.approx(np.mean(theirs[2]), rel=0.12)
    assert np.quantile(ours[1], 0.9) == pytest.approx(np.quantile(theirs[1], 0.9), rel=0.12)


def _two_stations(seed: int) -> dict[int, Guest]:
    rng = np.random.default_rng(seed)
    arrivals = np.cumsum(rng.exponential(7.0, 2_900))
    first, second = (rng.lognormal(*_logarithm(mean, 0.5), len(arrivals)) for mean in (14, 9))
    people = [
        visitor(n, float(at), service(float(first[n])), Stage("H", float(second[n]), StageRole.FOLLOW_ON, (0,)))
        for n, at in enumerate(arrivals)
    ]
    return day(people, [Duty("M")] * 3 + [Duty("H")] * 2)


def _logarithm(mean: float, cv: float) -> tuple[float, float]:
    from queue_app.domain.planning.lognormal import parameters

    return parameters(Duration(mean, cv))


STUDY = {
    ("fcfs", "walk_in_movers", "first_call"): ((8.3, 1.1), (27.5, 3.7), (38.0, 4.5)),
    ("fcfs", "walk_in_movers", "idle"): ((43.2, 3.1), (95.9, 7.3), (117.5, 10.3)),
    ("fcfs", "direct", "idle"): ((6.7, 0.6), (22.2, 2.2), (30.8, 2.3)),
    ("naive", "booked", "first_call"): ((0.4, 0.1), (1.3, 0.2), (2.9, 0.3)),
    ("naive", "booked", "idle"): ((34.2, 2.1), (77.1, 5.4), (93.9, 5.9)),
    ("naive", "walk_in_movers", "idle"): ((41.0, 2.8), (96.0, 7.0), (120.4, 11.1)),
    ("naive", "direct", "idle"): ((6.1, 0.5), (19.7, 1.4), (27.3, 2.1)),
}
"""Mean, 90 % and 95 % point with their half widths, 200 peak days, from the queueing study's own prototype."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("policy", [FCFS, NAIVE])
@pytest.mark.parametrize("days", [40, pytest.param(200, marks=pytest.mark.storm)])
def test_the_studys_table_is_met_within_the_intervals_of_both(policy: Policy, days: int) -> None:
    figures = run(Scenario(with_share(SW1_PEAK, 0.7), policy), range(days))
    for (name, group, wait), expected in STUDY.items():
        if name != policy.name:
            continue
        both = figures.summary(group)
        assert both is not None
        found = both[0] if wait == "first_call" else both[1]
        ours = ((found.mean, found.ci95), (found.p90, found.ci95_p90), (found.p95, found.ci95_p95))
        for (value, half), (theirs, their_half) in zip(ours, expected, strict=True):
            assert abs(value - theirs) <= (half**2 + their_half**2) ** 0.5 + 0.05, (name, group, wait)


def test_planning_beats_first_come_first_served_for_everybody_on_the_same_days() -> None:
    fcfs = run(Scenario(with_share(SW1_PEAK, 0.7), FCFS), range(1000, 1008))
    full = run(Scenario(with_share(SW1_PEAK, 0.7), FULL), range(1000, 1008))
    before, booked, walk_in = (
        f.summary(n) for f, n in ((fcfs, "walk_in_movers"), (full, "booked"), (full, "walk_in_movers"))
    )
    assert before is not None
    assert booked is not None
    assert walk_in is not None
    assert booked[1].mean < before[1].mean / 3
    assert walk_in[1].mean < before[1].mean / 2
    assert np.mean(full.person_hours) < np.mean(fcfs.person_hours)


def test_classes_are_named_as_they_are_reported() -> None:
    guests = day([moving(0, 0), moving(1, 0)], [Duty("M"), Duty("B"), Duty("H")], FCFS, {1: 5.0})
    assert [class_of(guests[n]) for n in (0, 1)] == ["walk_in_movers", "booked"]
