"""One reservation from being held to arriving: states, codes, second factor, hold time and arrival window.

Decides what may happen to a reservation and when it is early or late. Leaves places to `slots` and the store, and
whether a code is already in use to whoever draws it. A late person keeps the right to a number, not the head start:
that is `discipline`'s.

Source: interface version 1, section 2 (holds, reservations, check-ins); WCAG 2.2, success criterion 2.2.1 (a time
limit can be extended at least ten times).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

from queue_app.domain.errors import Conflict, Invalid, NotAllowed
from queue_app.domain.typed_digits import digits_only

HOLD_EXTENSION = timedelta(minutes=5)
HOLD_EXTENSIONS = 10
"""How often a hold may be lengthened. Enough for slow typing, not enough to keep a place all morning."""

CODE_DIGITS = 8
PIN_DIGITS = 4

RandomBelow = Callable[[int], int]
"""An unpredictable whole number from 0 up to, not including, the argument."""


class State(StrEnum):
    """Where a reservation stands. `expired` is how a hold ends that nobody confirmed."""

    HELD = "held"
    BOOKED = "booked"
    ARRIVED = "arrived"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    EXPIRED = "expired"


class Action(StrEnum):
    """What happens to a reservation."""

    EXTEND = "extend"
    CONFIRM = "confirm"
    EXPIRE = "expire"
    RESCHEDULE = "reschedule"
    CHECK_IN = "check_in"
    MISS = "miss"
    CANCEL = "cancel"


class Arrival(StrEnum):
    """How a person's coming lies to the appointed time."""

    EARLY = "early"
    ON_TIME = "on_time"
    LATE = "late"


TRANSITIONS: dict[tuple[State, Action], State] = {
    (State.HELD, Action.EXTEND): State.HELD,
    (State.HELD, Action.CONFIRM): State.BOOKED,
    (State.HELD, Action.EXPIRE): State.EXPIRED,
    (State.HELD, Action.CANCEL): State.CANCELLED,
    (State.BOOKED, Action.RESCHEDULE): State.BOOKED,
    (State.BOOKED, Action.CHECK_IN): State.ARRIVED,
    (State.BOOKED, Action.MISS): State.NO_SHOW,
    (State.BOOKED, Action.CANCEL): State.CANCELLED,
    (State.NO_SHOW, Action.CHECK_IN): State.ARRIVED,
}
"""The whole table. Who is marked as not come and comes after all still gets a number."""

_NAMED_REFUSALS = {
    (State.ARRIVED, Action.CHECK_IN): "already_checked_in",
    (State.CANCELLED, Action.CHECK_IN): "cancelled",
    (State.EXPIRED, Action.CONFIRM): "hold_expired",
    (State.EXPIRED, Action.EXTEND): "hold_expired",
}


def next_state(state: State, action: Action) -> State:
    """The state after the action. Refuses with the public code where there is one, else with `NotAllowed`."""
    after = TRANSITIONS.get((state, action))
    if after is not None:
        return after
    if (state, action) in _NAMED_REFUSALS:
        raise Conflict(_NAMED_REFUSALS[state, action], state=state, action=action)
    raise NotAllowed(state, action)


def takes_place(state: State) -> bool:
    """Whether places in slots stay taken: until somebody gives them back, not until the person has come."""
    return state not in (State.CANCELLED, State.EXPIRED)


def hold_until(now: datetime, hold_min: int) -> datetime:
    return now + timedelta(minutes=hold_min)


def expired(expires_at: datetime, now: datetime) -> bool:
    """A hold counts strictly before its expiry; in the very instant its place is free again."""
    return now >= expires_at


def require_live_hold(expires_at: datetime, now: datetime) -> None:
    """Refuses a hold that is over, whether or not anybody has cleared it away yet."""
    if expired(expires_at, now):
        raise Conflict("hold_expired")


def extended_hold(expires_at: datetime, now: datetime, *, extensions: int) -> datetime:
    """The expiry after one more extension; `extensions` is how many there were before."""
    require_live_hold(expires_at, now)
    if extensions >= HOLD_EXTENSIONS:
        raise Conflict("hold_not_extendable", extensions=extensions)
    return expires_at + HOLD_EXTENSION


def check_arrival(start: datetime, now: datetime, early_min: int, late_min: int) -> Arrival:
    """Both ends of the window count as on time: with `late_min` 10, ten minutes past is not yet late."""
    if now < start - timedelta(minutes=early_min):
        return Arrival.EARLY
    return Arrival.LATE if now > start + timedelta(minutes=late_min) else Arrival.ON_TIME


def admit(start: datetime, now: datetime, early_min: int, late_min: int) -> Arrival:
    """On time or late; refuses `too_early`, with the instant from which checking in works."""
    arrival = check_arrival(start, now, early_min, late_min)
    if arrival is Arrival.EARLY:
        raise Conflict("too_early", opens_at=start - timedelta(minutes=early_min), start=start)
    return arrival


def new_code(random_below: RandomBelow) -> str:
    """Eight digits, the first no zero because people drop it. The caller draws again on a collision."""
    lowest = 10 ** (CODE_DIGITS - 1)
    return str(lowest + random_below(9 * lowest))


def format_code(code: str) -> str:
    return f"{code[:4]}-{code[4:]}"


def parse_code(text: str) -> str:
    """Eight plain digits from whatever way of writing them. Refuses anything else; knows no reservation."""
    code = digits_only(text, CODE_DIGITS)
    if code is None:
        raise Invalid.field("code", "not_a_code")
    return code


def new_pin(random_below: RandomBelow) -> str:
    """The second factor of whoever leaves no phone number."""
    return f"{random_below(10**PIN_DIGITS):0{PIN_DIGITS}}"


def second_factor(phone: str | None, pin: str) -> str:
    """What must be known besides the code: the end of the phone number if there is one, else the PIN."""
    return phone[-PIN_DIGITS:] if phone else pin


def second_factor_matches(typed: str, expected: str) -> bool:
    """Takes as long for a near miss as for a wild guess."""
    given = digits_only(typed, PIN_DIGITS)
    # Compared even when nothing usable was typed, so that the time says nothing about it.
    equal = hmac.compare_digest((given or "----").encode(), expected.encode())
    return equal and given is not None
