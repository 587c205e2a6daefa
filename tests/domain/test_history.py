"""A visit's record from its events: what counts as waiting, what an undoing takes away, how a visit ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from queue_app.domain.events import Event
from queue_app.domain.history import End, Happened, Visit, visit_of
from tests.world import OPENING


class Story:
    """The events of one visit, written down minute by minute."""

    def __init__(self, **told: Any) -> None:
        self.events: list[Happened] = []
        self.at = OPENING
        self.happens(Event.ISSUED, ready=[self.ready(1)], **told)

    def ready(self, stage: int, kind: str = "reception") -> dict[str, Any]:
        reference = self.at.isoformat()
        return {"stage": stage, "service": "moving", "kind": kind, "reference": reference, "lead_min": 0.0}

    def after(self, minutes: float) -> Story:
        self.at += timedelta(minutes=minutes)
        return self

    def happens(self, name: Event, stage: int = 1, **data: Any) -> Story:
        more = {key: data.pop(key) for key in ("undoes", "reason") if key in data}
        number = len(self.events) + 1
        self.events.append(Happened(number, self.at, name, 7, stage, "moving", "1", data=data, **more))
        return self

    @property
    def visit(self) -> Visit:
        found = visit_of(self.events)
        assert found is not None
        return found


def minutes(later: datetime | None) -> float:
    assert later is not None
    return (later - OPENING).total_seconds() / 60


def served(story: Story, after: float, takes: float, stage: int = 1, **end: Any) -> Story:
    story.after(after).happens(Event.CALLED, stage).happens(Event.STARTED, stage)
    return story.after(takes).happens(Event.FINISHED, stage, **end)


def test_a_visit_is_idle_whenever_no_clerk_has_it_in_hand() -> None:
    story = Story()
    papers, delivery = story.ready(2, "back_office"), story.ready(3, "handover")
    served(story, 6, 10, ready=[papers])
    story.after(1).happens(Event.TAKEN_UP, 2).after(9).happens(Event.FINISHED, 2, ready=[delivery])
    served(story, 4, 2, stage=3, ends_visit=True)
    visit = story.visit
    assert (visit.end, minutes(visit.first_called_at), minutes(visit.ended_at)) == (End.DONE, 6, 32)
    assert (visit.with_clerk_s, visit.idle_s) == (12 * 60, 20 * 60)
    assert [stop.served_s for stop in visit.stops.values()] == [600, 540, 120]


def test_time_on_hold_is_not_service() -> None:
    story = Story().after(5).happens(Event.CALLED).happens(Event.STARTED).after(3).happens(Event.HELD)
    story.after(20).happens(Event.RESUMED).after(4).happens(Event.FINISHED, ends_visit=True)
    assert story.visit.stops[1].served_s == 7 * 60
    assert story.visit.idle_s == 25 * 60


def test_a_person_taken_as_served_by_one_press_was_served_since_the_call() -> None:
    """Start and finish of one instant; else the visit would have idled at the counter and the service taken no time."""
    story = Story().after(5).happens(Event.CALLED).after(1).happens(Event.MISSED)
    story.after(4).happens(Event.CALLED).after(12).happens(Event.STARTED).happens(Event.FINISHED, ends_visit=True)
    assert story.visit.stops[1].served_s == 12 * 60
    assert story.visit.idle_s == 10 * 60
    assert minutes(story.visit.first_called_at) == 5


def test_a_start_that_was_pressed_is_believed() -> None:
    story = Story().after(5).happens(Event.CALLED).after(2).happens(Event.STARTED)
    assert story.after(7).happens(Event.FINISHED, ends_visit=True).visit.stops[1].served_s == 7 * 60


def test_an_early_booking_waits_from_its_appointed_time() -> None:
    story = Story(visit_class="booked", appointed=(OPENING + timedelta(minutes=8)).isoformat())
    served(story, 9, 5, ends_visit=True)
    assert minutes(story.visit.counts_from) == 8
    assert minutes(story.visit.stops[1].counts_from) == 8
    assert story.visit.idle_s == 60


def test_what_was_undone_never_happened() -> None:
    plain = served(Story(), 10, 5, ends_visit=True)
    wrong = Story().after(3).happens(Event.CALLED).happens(Event.MISSED)
    wrong.happens(Event.UNDONE, undoes=3).happens(Event.UNDONE, undoes=2)
    wrong.after(-3)
    served(wrong, 10, 5, ends_visit=True)
    assert wrong.visit.stops == plain.visit.stops
    assert (wrong.visit.first_called_at, wrong.visit.end) == (plain.visit.first_called_at, plain.visit.end)


def test_an_undone_end_leaves_the_visit_open() -> None:
    story = served(Story(), 2, 3, ends_visit=True)
    story.happens(Event.UNDONE, undoes=4)
    assert (story.visit.end, story.visit.ended_at, story.visit.idle_s) == (End.OPEN, None, None)


@pytest.mark.parametrize(
    ("before", "reason", "end", "stop"),
    [
        ([], None, End.LEFT, End.LEFT),
        ([], "by_holder", End.LEFT, End.LEFT),
        ([], "day_closed", End.CLOSED, End.CLOSED),
        ([Event.CALLED, Event.MISSED], None, End.MISSED, End.MISSED),
        ([Event.CALLED, Event.MISSED], "day_closed", End.MISSED, End.MISSED),
        ([Event.CALLED, Event.STARTED, Event.HELD], None, End.BROKEN_OFF, End.BROKEN_OFF),
    ],
)
def test_how_a_visit_ended_without_being_done(before: list[Event], reason: str | None, end: End, stop: End) -> None:
    story = Story()
    for name in before:
        story.after(5).happens(name)
    story.after(30).happens(Event.CANCELLED, reason=reason)
    assert (story.visit.end, story.visit.stops[1].end) == (end, stop)


def test_a_visit_that_the_closing_of_the_day_ended_has_no_idle_time_to_tell() -> None:
    assert Story().after(600).happens(Event.CANCELLED, reason="day_closed").visit.idle_s is None


def test_a_stop_taken_out_ends_without_a_wait_of_its_own() -> None:
    story = Story()
    story.after(4).happens(Event.STOP_SKIPPED, skipped=[1], ends_visit=True)
    assert (story.visit.end, story.visit.stops[1].end, story.visit.stops[1].called_at) == (End.DONE, End.SKIPPED, None)
