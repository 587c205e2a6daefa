"""What past tickets teach."""

from __future__ import annotations

from dataclasses import asdict, replace
from random import Random

import pytest

from queue_app.domain.errors import Refusal
from queue_app.domain.estimate import ONE_PASS, UNCALIBRATED, Spread, calibrated
from queue_app.domain.planning.calibration import Lesson, calibrate
from queue_app.domain.planning.prediction import (
    CASES,
    Case,
    lessons,
    many_passes,
    one_pass,
    place_in_line,
    queue_times_mean,
    score,
)
from queue_app.domain.planning.remote import Absence, leave_now, when_absent


def believed_too_long(factor: float, count: int = 1000) -> list[Lesson]:
    rng = Random(3)
    learnt = []
    for _ in range(count):
        wait = rng.uniform(2, 40)
        seen = wait * rng.lognormvariate(0, 0.2) * factor
        learnt.append(Lesson(Spread(0.7 * seen, seen, 1.4 * seen), wait))
    return learnt


@pytest.mark.parametrize("factor", [0.85, 1.0, 1.15])
def test_the_factor_undoes_a_wrong_belief(factor: float) -> None:
    assert calibrate(believed_too_long(factor)).scale == pytest.approx(1 / factor, rel=0.06)


def test_four_of_five_past_tickets_lie_inside_the_corrected_range() -> None:
    learnt = believed_too_long(1.15)
    calibration = calibrate(learnt)
    inside = sum(
        calibrated(lesson.spread, calibration).p10 <= lesson.wait_min <= calibrated(lesson.spread, calibration).p90
        for lesson in learnt
    )
    assert inside / len(learnt) == pytest.approx(0.8, abs=0.01)


def test_a_handful_of_tickets_teaches_nothing() -> None:
    assert calibrate(believed_too_long(1.15, count=199)) == UNCALIBRATED
    assert calibrate([]) == UNCALIBRATED


def test_tickets_that_were_all_called_at_once_do_not_break_the_lesson() -> None:
    nothing = [Lesson(Spread(0, 0, 0), 0.0)] * 300
    assert calibrate(nothing).scale == 1.0


def test_the_estimator_beats_the_customary_rule_and_the_range_holds_after_calibration() -> None:
    case = CASES[0]
    learnt, tested = (lessons(case, one_pass, days) for days in (range(1000, 1008), range(1008, 1014)))
    customary = score(lessons(case, queue_times_mean(), range(1008, 1014)))
    ours = score(tested, calibrate(learnt))
    assert ours.mae_busy < customary.mae_busy
    assert 0.7 <= ours.coverage80 <= 0.9
    assert 0.65 <= score(tested, ONE_PASS).coverage80 <= 0.9


def test_many_passes_are_better_than_one() -> None:
    case = Case("few", CASES[0].policy, 0.0, "M", every=4)
    days = range(1003, 1006)
    assert score(lessons(case, many_passes, days)).mae_busy < score(lessons(case, one_pass, days)).mae_busy


def test_a_score_of_nothing_is_refused() -> None:
    with pytest.raises(Refusal):
        score([])


def test_a_score_names_what_the_command_prints() -> None:
    assert {"mae_busy", "bias", "coverage80", "width"} <= set(asdict(score(believed_too_long(1.0))))


def test_leaving_home_waits_until_the_queue_is_as_short_as_the_way() -> None:
    assert [leave_now(wait, 20.0) for wait in (30.0, 22.1, 22.0, 0.0)] == [False, False, True, True]
    assert leave_now(6.9, 0.0)


def test_a_place_called_too_early_is_kept_then_moved_back_once_then_expires() -> None:
    assert [when_absent(minutes, moved) for minutes, moved in ((-5, 0), (15, 0), (16, 0), (16, 1))] == [
        Absence.KEEP_PLACE,
        Absence.KEEP_PLACE,
        Absence.TO_THE_END,
        Absence.EXPIRE,
    ]


def test_looking_the_wait_up_in_the_line_is_as_good_as_asking_for_it_alone() -> None:
    """The live system asks once for everybody; on simulated days it errs no more and covers as much."""
    case = replace(CASES[0], every=4)
    alone, in_line = (score(lessons(case, each, range(3040, 3043))) for each in (many_passes, place_in_line))
    assert alone.tickets == in_line.tickets > 60
    assert in_line.mae_busy == pytest.approx(alone.mae_busy, abs=0.3)
    assert in_line.coverage80 == pytest.approx(alone.coverage80, abs=0.12)
    assert in_line.bias == pytest.approx(alone.bias, abs=0.4)
