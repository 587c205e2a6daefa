"""The counters that a person goes through on one number, in words: what is done where, and how far they are.

Decides which stages of a visit are stops on foot and how a place is named: the windows of the service where the set-up
tells them, else the counters that serve it. Leaves the graph to `domain.itinerary`.
"""

from __future__ import annotations

from dataclasses import dataclass

from queue_app.domain.announcement import counter_name
from queue_app.domain.office import Office, label_in
from queue_app.domain.ticket import StageKind, State
from queue_app.services.visits import has_begun
from queue_app.store.queue_tables import Stage, Ticket

MOST_NAMED = 4
"""Up to so many counters are named one by one where the place is not told in the reader's language."""

LATER = "later"
"""The state of a stop that waits for another one."""


@dataclass(frozen=True, slots=True)
class StopShown:
    """One stop: `what` 国民健康保険, `where` 1階 12番窓口, `state` of the stage or `later`."""

    service: str
    kind: StageKind
    what: str
    where: str
    state: str

    @property
    def is_done(self) -> bool:
        return self.state == State.DONE


def stops_of(office: Office, ticket: Ticket, language: str) -> list[StopShown]:
    """Everything of the visit that the person must go to, in its order."""
    shown = [stage for stage in ticket.stages if stage.state != State.CANCELLED and stage.service in office.services]
    return [_stop(office, stage, language) for stage in shown if stage.kind != StageKind.BACK_OFFICE]


def route_of(office: Office, ticket: Ticket, language: str) -> list[StopShown]:
    """The same for a visit to more than one service; nothing for the others, whose one counter is said elsewhere."""
    stops = stops_of(office, ticket, language)
    return stops if len({stop.service for stop in stops}) > 1 else []


def where_is(office: Office, service: str, kind: StageKind, language: str) -> str:
    """Floor and windows of a service, or nothing where no counter does it."""
    area = office.services[service].area
    able = [counter for counter in office.counters.values() if counter.may_serve(service, kind)]
    if area and kind is StageKind.RECEPTION and (area.get(language) or len(able) > MOST_NAMED):
        return label_in(area, language)
    labels = [counter_name(counter, language) for counter in able]
    floor = _floor(able[0].floor, language) if able and len({counter.floor for counter in able}) == 1 else ""
    return f"{floor}{' ' if floor else ''}{_joined(labels, language)}"


def place_of_counter(office: Office, code: str | None, language: str) -> str:
    """Floor and name of one counter; nothing for none."""
    if code is None or code not in office.counters:
        return ""
    counter = office.counters[code]
    return f"{_floor(counter.floor, language)} {counter_name(counter, language)}".strip()


def _stop(office: Office, stage: Stage, language: str) -> StopShown:
    kind = StageKind(stage.kind)
    waits = stage.state == State.WAITING and not has_begun(stage)
    return StopShown(
        service=stage.service,
        kind=kind,
        what=label_in(office.services[stage.service].label, language),
        where=place_of_counter(office, stage.counter or stage.only_counter, language)
        or where_is(office, stage.service, kind, language),
        state=LATER if waits else stage.state,
    )


def _floor(floor: str, language: str) -> str:
    if not floor:
        return ""
    if language == "ja-x-easy":
        return f"{floor}かい"
    return f"{floor}階" if language == "ja" else f"{floor}F"


def _joined(labels: list[str], language: str) -> str:
    return ("・" if language.startswith("ja") else ", ").join(labels)
