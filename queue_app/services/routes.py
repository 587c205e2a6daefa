"""Who hears of an event how soon: the one list, asked by every deed and by the relay.

Decides nothing else: which rooms there are and what they show is `services.relay`.
"""

from __future__ import annotations

from queue_app.domain.events import Event

AT_ONCE, GATHERED = "at_once", "gathered"
ROUTES: dict[Event, str] = {
    Event.ISSUED: GATHERED,
    Event.CALLED: AT_ONCE,
    Event.RECALLED: AT_ONCE,
    Event.STARTED: GATHERED,
    Event.TAKEN_UP: GATHERED,
    Event.MISSED: GATHERED,
    Event.REQUEUED: GATHERED,
    Event.HELD: GATHERED,
    Event.RESUMED: GATHERED,
    Event.FORWARDED: GATHERED,
    Event.FINISHED: GATHERED,
    Event.CANCELLED: GATHERED,
    Event.POSTPONED: GATHERED,
    Event.UNDONE: AT_ONCE,
    Event.NOTED: GATHERED,
    Event.NOTIFY_ASKED: GATHERED,
    Event.REPRINTED: GATHERED,
    Event.PRINT_FAILED: AT_ONCE,
    Event.HOLD_MADE: GATHERED,
    Event.HOLD_EXTENDED: GATHERED,
    Event.HOLD_RELEASED: GATHERED,
    Event.RESERVED: GATHERED,
    Event.RESCHEDULED: GATHERED,
    Event.RESERVATION_CANCELLED: GATHERED,
    Event.CHECKED_IN: GATHERED,
    Event.STOP_SKIPPED: GATHERED,
    Event.STOP_ADDED: GATHERED,
    Event.STOP_BROUGHT_FORWARD: GATHERED,
    Event.LEAVE_ADVISED: AT_ONCE,
    Event.HERE_SAID: GATHERED,
    Event.MOVED_BACK: GATHERED,
    Event.EARLY_TAKEN: GATHERED,
    Event.EARLY_DONE: GATHERED,
    Event.EARLY_BACK: GATHERED,
    Event.COUNTER_OPENED: GATHERED,
    Event.COUNTER_PAUSED: GATHERED,
    Event.COUNTER_CLOSED: GATHERED,
    Event.HELP_ASKED: AT_ONCE,
    Event.HELP_GIVEN: AT_ONCE,
    Event.DEVICE_REPORTED: AT_ONCE,
    Event.NOTICE_POSTED: AT_ONCE,
    Event.NOTICE_ENDED: AT_ONCE,
    Event.SERVICE_PAUSED: GATHERED,
    Event.SERVICE_RESUMED: GATHERED,
    Event.SETUP_CHANGED: GATHERED,
    Event.DAY_CLOSED: GATHERED,
}
"""How soon the rooms of the office hear of each event. Every event is here; a guard test says so."""

URGENT = frozenset(event for event, soon in ROUTES.items() if soon == AT_ONCE)
