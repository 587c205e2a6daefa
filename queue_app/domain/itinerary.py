"""The stage graph of a visit: what must be done before what, and what is ready now.

Decides the stages of a ticket and which of them become ready when one is finished. Leaves the order between people to
`discipline`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from queue_app.domain.discipline import StageRole
from queue_app.domain.office import Service
from queue_app.domain.ticket import StageKind


@dataclass(frozen=True, slots=True)
class PlannedStage:
    """One stop: a service, what is done there, and the positions (from 0) of the stages that come before it."""

    service: str
    kind: StageKind
    after: tuple[int, ...] = ()


def stages_of(service: Service, *, offset: int = 0, after: Sequence[int] = ()) -> list[PlannedStage]:
    """The stages of one service, one behind the other; the first waits for `after`."""
    planned = []
    for step, kind in enumerate(service.stages):
        before = tuple(after) if step == 0 else (offset + step - 1,)
        planned.append(PlannedStage(service.code, kind, before))
    return planned


def visit(services: Sequence[Service], after: Mapping[str, Collection[str]]) -> list[PlannedStage]:
    """The stages of a visit to several services, in the order given.

    `after` maps a service to those that must be over first, papers handed over included: the next counter reads what
    the one before has written. Services that it does not tie together are open at the same time.
    """
    planned: list[PlannedStage] = []
    last: dict[str, int] = {}
    for service in services:
        before = sorted(last[code] for code in after.get(service.code, ()) if code in last)
        planned += stages_of(service, offset=len(planned), after=before)
        last[service.code] = len(planned) - 1
    return planned


def with_papers_done(stages: Sequence[PlannedStage], done: Collection[int]) -> list[PlannedStage]:
    """The visit when some back-office stages are over before it begins.

    What waited for one of them waits for what came before it instead: papers that are ready early let nobody collect
    them before the reception.
    """
    before: list[tuple[int, ...]] = []
    for stage in stages:
        kept = [each for position in stage.after for each in (before[position] if position in done else (position,))]
        before.append(tuple(sorted(set(kept))))
    return [replace(stage, after=after) for stage, after in zip(stages, before, strict=True)]


def ready(stages: Iterable[PlannedStage], over: Collection[int], begun: Collection[int]) -> list[int]:
    """Positions of the stages that can begin: everything before them is over and they have not begun."""
    return [
        position
        for position, stage in enumerate(stages)
        if position not in over and position not in begun and all(before in over for before in stage.after)
    ]


def role_of(stage: PlannedStage) -> StageRole:
    """What the discipline calls this stage: the first of the visit, a delivery, or a follow-on counter."""
    if not stage.after:
        return StageRole.FIRST
    return StageRole.DELIVERY if stage.kind is StageKind.HANDOVER else StageRole.FOLLOW_ON
