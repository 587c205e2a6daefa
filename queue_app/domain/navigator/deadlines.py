"""Deadlines as real dates, and the first day on which something can be filed.

Decides by the rule data and the dates that people gave. Leaves to the caller which days the office is open.

Source: Civil Code articles 140 (the first day is not counted) and 142 (a period that ends on a closed day ends on the
next open one). The second is applied only where the rule says `if_closed: next_open_day`. Child allowance runs from the
planned move-out date, which nobody asks for; the moving day stands in for it, and the result says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from queue_app.domain.navigator.model import CountsFrom, Deadline, Procedure

IsOpen = Callable[[date], bool]

SEARCH_DAYS = 366
"""An office that is closed for longer than this does not move a deadline."""


@dataclass(frozen=True, slots=True)
class Dates:
    """What people said; the day of the visit is the day of filing. `changed_on` is for a change of household."""

    visit_on: date
    moved_on: date | None = None
    changed_on: date | None = None
    planned_moveout_on: date | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """One deadline. `due_on` is None where only the note of the rule says when, or where its date was not given.

    `counted_on` is the day before it moved to an open one. `may_differ` marks a date that rests on another date than
    the law names: write "may".
    """

    procedure: Procedure
    due_on: date | None = None
    counted_on: date | None = None
    may_differ: bool = False

    @property
    def moved_to_open_day(self) -> bool:
        return self.due_on != self.counted_on

    def is_past(self, day: date) -> bool:
        return self.due_on is not None and day > self.due_on


def due_dates(procedures: Iterable[Procedure], dates: Dates, is_open: IsOpen) -> tuple[Due, ...]:
    """The deadlines of those procedures that have one, in the order given."""
    return tuple(due_date(procedure, dates, is_open) for procedure in procedures if _says_something(procedure))


def due_date(procedure: Procedure, dates: Dates, is_open: IsOpen) -> Due:
    deadline = procedure.deadline
    if deadline is None or deadline.days is None:
        return Due(procedure)
    start, may_differ = _start(deadline.counts_from, dates)
    if start is None:
        return Due(procedure)
    counted_on = _last_day(start, deadline)
    due_on = _next_open(counted_on, is_open) if deadline.rolls_to_open_day else counted_on
    return Due(procedure, due_on=due_on, counted_on=counted_on, may_differ=may_differ)


def earliest_on(procedure: Procedure, dates: Dates) -> date | None:
    """The first day on which the procedure can be filed; None when there is no such limit."""
    if procedure.earliest_days is None or dates.moved_on is None:
        return None
    return dates.moved_on - timedelta(days=procedure.earliest_days)


def _says_something(procedure: Procedure) -> bool:
    return procedure.deadline is not None and (procedure.deadline.days is not None or bool(procedure.deadline.note))


def _start(counts_from: CountsFrom, dates: Dates) -> tuple[date | None, bool]:
    """The day from which a deadline runs, and whether it only stands in for the right one."""
    match counts_from:
        case CountsFrom.MOVE_DATE:
            return dates.moved_on, False
        case CountsFrom.CHANGE_DATE:
            return dates.changed_on, False
        case CountsFrom.FILING_DATE:
            return dates.visit_on, False
        case CountsFrom.PLANNED_MOVEOUT_DATE if dates.planned_moveout_on is not None:
            return dates.planned_moveout_on, False
        case CountsFrom.PLANNED_MOVEOUT_DATE:
            return dates.moved_on, dates.moved_on is not None


def _last_day(start: date, deadline: Deadline) -> date:
    assert deadline.days is not None
    days = deadline.days - 1 if deadline.first_day_counted and deadline.days > 0 else deadline.days
    return start + timedelta(days=days)


def _next_open(day: date, is_open: IsOpen) -> date:
    later = (day + timedelta(days=days) for days in range(SEARCH_DAYS))
    return next((candidate for candidate in later if is_open(candidate)), day)
