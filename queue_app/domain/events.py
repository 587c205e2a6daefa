"""What happened, past tense. One row of history each; statistics, screens and messages are made from these.

A name here without a row in `services.routes.ROUTES` fails a guard test: nobody can forget to say who hears of it.
"""

from __future__ import annotations

from enum import StrEnum


class Event(StrEnum):
    """Everything the history can tell. Deeds on a ticket that can be undone are in `UNDOABLE`."""

    ISSUED = "issued"
    CALLED = "called"
    RECALLED = "recalled"
    STARTED = "started"
    TAKEN_UP = "taken_up"
    MISSED = "missed"
    REQUEUED = "requeued"
    HELD = "held"
    RESUMED = "resumed"
    FORWARDED = "forwarded"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    POSTPONED = "postponed"
    UNDONE = "undone"
    NOTED = "noted"
    NOTIFY_ASKED = "notify_asked"
    REPRINTED = "reprinted"
    PRINT_FAILED = "print_failed"
    HOLD_MADE = "hold_made"
    HOLD_EXTENDED = "hold_extended"
    HOLD_RELEASED = "hold_released"
    RESERVED = "reserved"
    RESCHEDULED = "rescheduled"
    RESERVATION_CANCELLED = "booking_cancelled"
    CHECKED_IN = "checked_in"
    STOP_SKIPPED = "stop_skipped"
    STOP_ADDED = "stop_added"
    STOP_BROUGHT_FORWARD = "stop_brought_forward"
    LEAVE_ADVISED = "leave_advised"
    HERE_SAID = "here_said"
    MOVED_BACK = "moved_back"
    EARLY_TAKEN = "early_taken"
    EARLY_DONE = "early_done"
    EARLY_BACK = "early_back"
    COUNTER_OPENED = "counter_opened"
    COUNTER_PAUSED = "counter_paused"
    COUNTER_CLOSED = "counter_closed"
    HELP_ASKED = "help_asked"
    HELP_GIVEN = "help_given"
    DEVICE_REPORTED = "device_reported"
    NOTICE_POSTED = "notice_posted"
    NOTICE_ENDED = "notice_ended"
    SERVICE_PAUSED = "service_paused"
    SERVICE_RESUMED = "service_resumed"
    SETUP_CHANGED = "setup_changed"
    DAY_CLOSED = "day_closed"


UNDOABLE = frozenset(
    {
        Event.CALLED,
        Event.RECALLED,
        Event.STARTED,
        Event.TAKEN_UP,
        Event.MISSED,
        Event.REQUEUED,
        Event.HELD,
        Event.RESUMED,
        Event.FORWARDED,
        Event.FINISHED,
        Event.CANCELLED,
        Event.POSTPONED,
        Event.STOP_SKIPPED,
        Event.STOP_ADDED,
        Event.STOP_BROUGHT_FORWARD,
    }
)
