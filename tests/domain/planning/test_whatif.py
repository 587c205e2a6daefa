"""Own days run again."""

from __future__ import annotations

import pytest

from queue_app.domain.errors import Refusal
from queue_app.domain.planning.experiment import Lunch, Scenario, report, run, with_share
from queue_app.domain.planning.policies import FCFS, FULL, policy_named
from queue_app.domain.planning.rota import Duty
from queue_app.domain.planning.statistics import mean_of_days, share_within, summarise
from queue_app.domain.planning.whatif import RecordedStage, RecordedVisit, mean_services, one_more_clerk, own_days
from queue_app.domain.planning.workload import SW1_PEAK

BUSY_DAY = [RecordedVisit("movers", 5.0 * n, (RecordedStage("M", 9.0),)) for n in range(60)]
QUIET_DAY = [RecordedVisit("movers", 20.0 * n, (RecordedStage("M", 9.0),)) for n in range(20)]


def test_a_second_clerk_would_have_saved_the_wait_of_a_recorded_day() -> None:
    today = own_days([BUSY_DAY], [Duty("M")], day_min=525, days=5, policy=FCFS)
    with_two = own_days([BUSY_DAY], [Duty("M")] * 2, day_min=525, days=5, policy=FCFS)
    assert sum(today.person_hours) > 10
    assert sum(with_two.person_hours) == 0


def test_days_are_drawn_again_so_that_the_figures_have_an_interval() -> None:
    figures = own_days([BUSY_DAY, QUIET_DAY], [Duty("M")], day_min=525, days=30)
    both = figures.summary("walk_in_movers")
    assert both is not None
    assert both[0].ci95 > 1


def test_a_booked_visit_keeps_its_appointment_and_its_punctuality() -> None:
    visits = [RecordedVisit("movers", 33.0, (RecordedStage("M", 9.0),), appointed_min=30.0)]
    figures = own_days([visits], [Duty("M")], day_min=525, days=1)
    assert figures.idle["booked"] == [[0.0]]


def test_a_service_never_closed_is_cut() -> None:
    visits = [RecordedVisit("movers", 0.0, (RecordedStage("M", 480.0),)), *BUSY_DAY[1:2]]
    figures = own_days([visits], [Duty("M")], day_min=525, days=1, policy=FCFS)
    assert figures.busy_min["M"] == 99.0


@pytest.mark.parametrize("history", [[], [[]]])
def test_an_empty_history_is_refused(history: list[list[RecordedVisit]]) -> None:
    with pytest.raises(Refusal) as refused:
        own_days(history, [Duty("M")], day_min=525)
    assert refused.value.code == "history_empty"


def test_everybody_absent_is_refused_and_named() -> None:
    scenario = Scenario(with_share(SW1_PEAK, 0.5), absent=("K1", "K2", "K3"))
    with pytest.raises(Refusal) as refused:
        run(scenario, range(1))
    assert refused.value.facts == {"pools": ["K"]}


def test_no_days_are_refused() -> None:
    with pytest.raises(Refusal):
        run(Scenario(), range(0))
    with pytest.raises(Refusal):
        mean_of_days([])


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_beyond_everybody_is_refused(share: float) -> None:
    with pytest.raises(Refusal):
        with_share(SW1_PEAK, share)


def test_an_unknown_policy_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Refusal) as refused:
        policy_named("lottery")
    assert refused.value.facts["known"] == ["fcfs", "full", "naive", "planned"]


def test_a_class_without_people_is_null_and_not_zero() -> None:
    told = report(run(Scenario(with_share(SW1_PEAK, 0.0), FULL), range(1000, 1002)))
    assert told["booked"] is None
    assert told["from_wish_min"] is None
    assert summarise([]) is None
    assert summarise([[], []]) is None
    assert share_within([[]], 1.0) is None


def test_lunch_by_load_spares_certificates_the_midday_queue() -> None:
    workload = with_share(SW1_PEAK, 0.7)
    standard, by_load = (run(Scenario(workload, FCFS, lunch=lunch), range(1000, 1010)) for lunch in Lunch)
    ours, theirs = by_load.summary("certificates"), standard.summary("certificates")
    assert ours is not None
    assert theirs is not None
    assert ours[1].mean < theirs[1].mean


def test_one_more_clerk_in_the_back_office_saves_movers_time() -> None:
    saved = one_more_clerk(Scenario(with_share(SW1_PEAK, 0.0), FCFS), range(1000, 1006))
    assert saved["B"].saved_min > saved["C"].saved_min
    assert saved["C"].saved_min == pytest.approx(0, abs=0.01)


def test_mean_services_weigh_every_stage_by_how_often_it_happens() -> None:
    assert mean_services(SW1_PEAK) == pytest.approx({"C": 5, "M": 9.5, "B": 12, "H": 12, "K": 15})


def test_the_interval_of_one_day_knows_that_it_knows_nothing() -> None:
    assert mean_of_days([3.0]) == (3.0, 0.0)


def test_intervals_are_drawn_over_days_not_over_people() -> None:
    alike = summarise([[0.0, 10.0]] * 50)
    apart = summarise([[0.0, 0.0], [10.0, 10.0]] * 25)
    assert alike is not None
    assert apart is not None
    assert alike.mean == apart.mean == 5
    assert alike.ci95 == 0
    assert apart.ci95 > 1
