"""The one press that calls the next person, as consoles and call buttons share it.

Whoever is served here is finished first. Somebody who was only called is never finished unasked, unless the call is so
old that nobody but a person at the counter explains why the clerk went on (`SURELY_CAME`). Leaves calling to `calling`.
"""

from __future__ import annotations

from datetime import timedelta

from queue_app.domain.ticket import State
from queue_app.services import calling
from queue_app.services.deed import Deed
from queue_app.store.queue_tables import Stage

SURELY_CAME = timedelta(seconds=120)
"""Twice the time after which the console urges the clerk to say that somebody is absent."""


def make_room(deed: Deed, counter_code: str, became: str = "") -> bool:
    """Free the counter for the next person; False if only the clerk knows what became of the one who was called.

    `became` is the clerk's word: `came`, `missed` or nothing.
    """
    present = calling.somebody_at(deed, counter_code)
    if present is None:
        return True
    if present.state == State.CALLED and became == "missed":
        calling.miss(deed, present.ticket)
    elif became == "came" or has_surely_come(deed, present):
        calling.finish_at(deed, counter_code)
    else:
        return False
    deed.session.flush()
    return True


def has_surely_come(deed: Deed, present: Stage) -> bool:
    """Served, or called so long ago that the clerk would have said otherwise."""
    if present.state == State.SERVING:
        return True
    return present.since is not None and deed.now - present.since >= SURELY_CAME
