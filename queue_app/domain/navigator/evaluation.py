"""Answers and rules in, the whole visit out: what to do, where, in which order, what to bring, how long it takes.

Decides by the evaluation rules alone, so two people with the same answers get the same result. Queueing time is not
in the minutes: `estimate` knows that. Deadlines as dates are in `deadlines`.

Source: rules 3 to 11 of the evaluation rules in offices/aoba-navigator.yaml.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from queue_app.domain.navigator.answers import complete
from queue_app.domain.navigator.conditions import Answer, Known
from queue_app.domain.navigator.model import Document, Kind, Level, Procedure, Rules, Stop, Warning
from queue_app.domain.navigator.route import counters_passed, in_visiting_order, walking_minutes


@dataclass(frozen=True, slots=True)
class Result:
    """`visits` are in visiting order; everything else is in file order, `documents` in order of first need.

    `route` holds counter ids and may come back to one; `minutes` counts by procedure id. `answers` are the completed
    ones and `ignored` the ids that belong to no question.
    """

    visits: tuple[Procedure, ...]
    route: tuple[str, ...]
    minutes: Mapping[str, int]
    walk_minutes: int
    total_minutes: int
    documents: tuple[Document, ...]
    warnings: tuple[Warning, ...]
    online: tuple[Procedure, ...]
    info: tuple[Procedure, ...]
    external: tuple[Procedure, ...]
    booking_services: tuple[str, ...]
    first_counter_procedures: tuple[Procedure, ...]
    stops: tuple[Stop, ...]
    answers: Mapping[str, Answer]
    ignored: tuple[str, ...]

    @property
    def blocked(self) -> bool:
        """Whether a visit planned like this would fail, so that no slot is offered for it."""
        return any(warning.level is Level.BLOCK for warning in self.warnings)


def evaluate(rules: Rules, answers: Mapping[str, object]) -> Result:
    """The result for these answers; missing ones take their defaults. Raises `Invalid` for unusable ones."""
    completed = complete(rules, answers)
    known = completed.values
    applying = _applying(rules, known)
    visits = in_visiting_order(rules, applying[Kind.VISIT])
    route = counters_passed(visits)
    minutes = {visit.id: minutes_for(visit, known) for visit in visits}
    walking = walking_minutes(rules, route)
    first = tuple(visit for visit in visits if visit.counter == route[0])
    return Result(
        visits=visits,
        route=route,
        minutes=minutes,
        walk_minutes=walking,
        total_minutes=sum(minutes.values()) + walking,
        documents=tuple(rules.documents[id] for id in _documents(visits, known)),
        warnings=tuple(warning for warning in rules.warnings if warning.when.verdict(known)),
        online=tuple(applying[Kind.ONLINE]),
        info=tuple(applying[Kind.INFO]),
        external=tuple(applying[Kind.EXTERNAL]),
        booking_services=_without_repeats(visit.service for visit in first),
        first_counter_procedures=first,
        stops=tuple(rules.counters[stop] for stop in route),
        answers=known,
        ignored=completed.ignored,
    )


def minutes_for(procedure: Procedure, known: Known) -> int:
    people = max(1, int(known[procedure.count])) if procedure.count else 1
    return procedure.minutes.first + procedure.minutes.each_extra * (people - 1)


def _applying(rules: Rules, known: Known) -> dict[Kind, list[Procedure]]:
    by_kind: dict[Kind, list[Procedure]] = {kind: [] for kind in Kind}
    for procedure in rules.procedures:
        if procedure.when.verdict(known):
            by_kind[_kind(procedure, known)].append(procedure)
    return by_kind


def _kind(procedure: Procedure, known: Known) -> Kind:
    if procedure.online_if is not None and procedure.online_if.verdict(known):
        return Kind.ONLINE
    return procedure.kind


def _documents(visits: Iterable[Procedure], known: Known) -> tuple[str, ...]:
    needed: list[str] = []
    for visit in visits:
        needed.extend(visit.documents)
        for extra in visit.documents_if:
            if extra.when.verdict(known):
                needed.extend(extra.add)
    return _without_repeats(needed)


def _without_repeats(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))
