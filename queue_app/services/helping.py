"""One counter steps in for another: it takes over services while it stays open, and who was meant for the other alone.

What is taken over here ends when the counter closes; the set-up is not touched. Leaves opening and closing to
`counters` and who may ask to `web`.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from queue_app.domain.errors import Conflict
from queue_app.domain.events import Event
from queue_app.domain.office import Counter
from queue_app.domain.ticket import StageKind, State
from queue_app.services import counters, offices
from queue_app.services.deed import Deed
from queue_app.services.hall import Hall
from queue_app.store.queue_tables import Stage


def help_with(deed: Deed, counter_code: str, services: Iterable[str]) -> None:
    """The counter also serves these until it closes. Refuses `counter_closed`; what it serves already stays."""
    counter = deed.counter(counter_code)
    wanted = [deed.service(code).code for code in services]
    new = [code for code in wanted if code not in counter.services]
    if new:
        _write(deed, counter, [*counter.helps, *new])


def end_help(deed: Deed, counter_code: str, service: str) -> None:
    """Back to the set-up for this service."""
    counter = deed.counter(counter_code)
    if service in counter.helps:
        _write(deed, counter, [code for code in counter.helps if code != service])


def take_over(deed: Deed, here: str, there: str) -> None:
    """`there` serves from now on what `here` serves, and calls the people who were meant for `here` alone."""
    counter = deed.counter(here)
    if there == here:
        raise Conflict("same_counter", counter=there)
    help_with(deed, there, counter.services)
    meant = select(Stage).where(
        Stage.office_id == deed.office.id, Stage.only_counter == here, Stage.state == State.WAITING
    )
    for stage in deed.session.scalars(meant):
        stage.only_counter = there


def who_can_help(hall: Hall, service: str) -> list[Counter]:
    """Open counters at a reception that do not serve this yet, those with the fewest people before them first."""
    able = [
        hall.office.counters[code]
        for code in hall.clerks
        if StageKind.RECEPTION in hall.office.counters[code].stages
        and not hall.office.counters[code].may_serve(service, StageKind.RECEPTION)
    ]
    return sorted(able, key=lambda counter: len(hall.callable_by(counter)))


def who_can_take_over(hall: Hall, counter_code: str) -> list[Counter]:
    """Other open counters at a reception, those that serve most of the same first, then the idlest."""
    mine = set(hall.office.counters[counter_code].services)
    able = [
        hall.office.counters[code]
        for code in hall.clerks
        if code != counter_code and StageKind.RECEPTION in hall.office.counters[code].stages
    ]
    return sorted(able, key=lambda other: (-len(mine & set(other.services)), len(hall.callable_by(other))))


def _write(deed: Deed, counter: Counter, helps: list[str]) -> None:
    state = counters.state_of(deed, counter.code)
    if state.state == counters.CLOSED:
        raise Conflict("counter_closed", counter=counter.code, state=state.state)
    state.helps = helps
    offices.setup_changed(deed.session, deed.office.id)
    deed.record(Event.SETUP_CHANGED, counter=counter.code, part="counter", code=counter.code, helps=helps)
