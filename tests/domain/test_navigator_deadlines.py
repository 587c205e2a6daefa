"""Deadlines as dates: the first day is not counted, a closed day moves the end, and what is only near is marked."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queue_app.domain.navigator import Dates, deadlines_in_language, due_date, due_dates, earliest_on
from queue_app.domain.navigator.conditions import ALWAYS
from queue_app.domain.navigator.model import CountsFrom, Deadline, Kind, Procedure
from queue_app.services.navigator_file import load_navigator
from tests import navigator_oracle as oracle

RULES = load_navigator(oracle.RULES_TEXT)
VISIT = date(2026, 4, 6)


def weekdays(day: date) -> bool:
    return day.weekday() < 5


def always(_day: date) -> bool:
    return True


def rule(id: str) -> Procedure:
    return RULES.procedures[RULES.position[id]]


def with_deadline(deadline: Deadline | None) -> Procedure:
    return Procedure("p", {"ja": "p"}, Kind.VISIT, ALWAYS, deadline=deadline)


def test_fourteen_days_are_counted_from_the_day_after_the_move() -> None:
    due = due_date(rule("tennyu_domestic"), Dates(VISIT, moved_on=date(2026, 4, 1)), weekdays)
    assert due.due_on == date(2026, 4, 15)
    assert not due.moved_to_open_day


def test_a_deadline_on_a_closed_day_moves_to_the_next_open_one() -> None:
    due = due_date(rule("tennyu_domestic"), Dates(VISIT, moved_on=date(2026, 4, 4)), weekdays)
    assert (due.counted_on, due.due_on) == (date(2026, 4, 18), date(2026, 4, 20))
    assert due.moved_to_open_day


def test_a_deadline_moves_over_the_whole_new_year_closure() -> None:
    def open_days(day: date) -> bool:
        return weekdays(day) and not date(2026, 12, 29) <= day <= date(2027, 1, 3)

    due = due_date(rule("tenkyo"), Dates(VISIT, moved_on=date(2026, 12, 15)), open_days)
    assert due.due_on == date(2027, 1, 4)


def test_a_deadline_before_the_move_does_not_move_to_a_later_day() -> None:
    saturday = date(2026, 4, 4)
    due = due_date(rule("tenshutsu_domestic"), Dates(VISIT, moved_on=saturday), weekdays)
    assert due.due_on == saturday
    assert due.procedure.deadline is not None
    assert due.procedure.deadline.note["ja"].startswith("引っ越す前")


def test_child_allowance_rests_on_the_moving_day_until_the_planned_date_is_known() -> None:
    near = due_date(rule("jido_teate_new"), Dates(VISIT, moved_on=date(2026, 4, 1)), always)
    assert (near.due_on, near.may_differ) == (date(2026, 4, 16), True)
    known = Dates(VISIT, moved_on=date(2026, 4, 1), planned_moveout_on=date(2026, 3, 31))
    sure = due_date(rule("jido_teate_new"), known, always)
    assert (sure.due_on, sure.may_differ) == (date(2026, 4, 15), False)


def test_cards_run_from_the_day_of_filing() -> None:
    due = due_date(rule("mnc_continue"), Dates(VISIT, moved_on=date(2026, 4, 1)), weekdays)
    assert due.due_on == VISIT + timedelta(days=90)


def test_a_change_of_household_runs_from_its_own_date() -> None:
    assert due_date(rule("setai_henko"), Dates(VISIT, moved_on=VISIT), always).due_on is None
    assert due_date(rule("setai_henko"), Dates(VISIT, changed_on=VISIT), always).due_on == date(2026, 4, 20)


def test_a_note_without_days_gives_no_date_and_is_still_listed() -> None:
    listed = due_dates([rule("ninpu_in"), rule("yobo_in"), rule("ext_water")], Dates(VISIT, moved_on=VISIT), always)
    assert [(due.procedure.id, due.due_on) for due in listed] == [("ninpu_in", None)]


def test_counting_the_first_day_ends_one_day_earlier() -> None:
    procedure = with_deadline(Deadline(14, first_day_counted=True))
    assert due_date(procedure, Dates(VISIT, moved_on=date(2026, 4, 1)), always).due_on == date(2026, 4, 14)


def test_an_office_that_never_opens_leaves_the_deadline_where_it_is() -> None:
    due = due_date(rule("tenkyo"), Dates(VISIT, moved_on=date(2026, 4, 1)), lambda _day: False)
    assert due.due_on == date(2026, 4, 15)


@pytest.mark.parametrize(("day", "is_past"), [(date(2026, 4, 15), False), (date(2026, 4, 16), True)])
def test_the_last_day_is_still_in_time(day: date, is_past: bool) -> None:
    assert due_date(rule("tenkyo"), Dates(VISIT, moved_on=date(2026, 4, 1)), always).is_past(day) is is_past


@settings(deadline=None)
@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.sets(st.integers(0, 6), min_size=1))
def test_a_moved_deadline_is_the_first_open_day_from_the_counted_one(moved_on: date, open_on: set[int]) -> None:
    due = due_date(rule("tennyu_domestic"), Dates(VISIT, moved_on=moved_on), lambda day: day.weekday() in open_on)
    assert due.counted_on == moved_on + timedelta(days=14)
    assert due.due_on is not None
    assert due.due_on.weekday() in open_on
    passed = (due.due_on - due.counted_on).days
    assert not any((due.counted_on + timedelta(days=n)).weekday() in open_on for n in range(passed))


def test_a_deadline_for_the_screen_says_what_moved_it_and_what_is_only_near() -> None:
    ends_saturday = Dates(VISIT, moved_on=date(2026, 4, 3))
    shown = deadlines_in_language(due_dates([rule("jido_teate_new")], ends_saturday, weekdays), "en")[0]
    assert shown["due_on"] == "2026-04-20"
    assert shown["counted_on"] == "2026-04-18"
    assert shown["may_differ"] is True
    assert shown["law"] == "Child Allowance Act, art. 8"


def test_the_earliest_day_is_the_move_itself_or_some_days_before() -> None:
    dates = Dates(VISIT, moved_on=date(2026, 5, 1))
    assert earliest_on(rule("tennyu_domestic"), dates) == date(2026, 5, 1)
    assert earliest_on(rule("tenshutsu_domestic"), dates) == date(2026, 4, 1)
    assert earliest_on(rule("nhi_join"), dates) is None
    assert earliest_on(rule("tennyu_domestic"), Dates(VISIT)) is None


def test_every_deadline_of_the_rules_runs_from_a_date_that_people_can_give() -> None:
    dates = Dates(VISIT, moved_on=VISIT, changed_on=VISIT)
    for due in due_dates(RULES.procedures, dates, always):
        assert due.procedure.deadline is not None
        assert (due.due_on is None) is (due.procedure.deadline.days is None)
        assert due.may_differ is (due.procedure.deadline.counts_from is CountsFrom.PLANNED_MOVEOUT_DATE)
