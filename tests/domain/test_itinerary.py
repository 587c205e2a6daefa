"""The stage graph: what is ready, and that everything gets ready in the end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from queue_app.domain.discipline import StageRole
from queue_app.domain.itinerary import PlannedStage, ready, role_of, stages_of, visit
from queue_app.domain.office import Service
from queue_app.domain.ticket import StageKind

RECEPTION, BACK_OFFICE, HANDOVER = StageKind.RECEPTION, StageKind.BACK_OFFICE, StageKind.HANDOVER


def service(code: str, *stages: StageKind) -> Service:
    return Service(code=code, series="A", label={"ja": code}, stages=stages or (RECEPTION,))


MOVING = service("moving", RECEPTION, BACK_OFFICE, HANDOVER)
INSURANCE, CHILD = service("insurance"), service("child")


def test_the_stages_of_one_service_follow_one_another() -> None:
    assert [stage.after for stage in stages_of(MOVING)] == [(), (0,), (1,)]


def test_only_what_waits_for_nothing_is_ready_at_first() -> None:
    assert ready(visit([MOVING, INSURANCE], {"insurance": ["moving"]}), over=(), begun=()) == [0]


def test_independent_counters_are_ready_together() -> None:
    assert ready(visit([INSURANCE, CHILD], {}), over=(), begun=()) == [0, 1]


def test_roles_decide_the_head_start() -> None:
    first, back, handover = stages_of(MOVING)
    assert [role_of(stage) for stage in (first, back, handover)] == [
        StageRole.FIRST,
        StageRole.FOLLOW_ON,
        StageRole.DELIVERY,
    ]


@st.composite
def visits(draw: st.DrawFn) -> list[PlannedStage]:
    kinds = st.lists(st.sampled_from(StageKind), min_size=1, max_size=3)
    services = [service(f"s{n}", *draw(kinds)) for n in range(draw(st.integers(1, 6)))]
    codes = [each.code for each in services]
    after = {code: draw(st.lists(st.sampled_from(codes[:n]), max_size=2)) for n, code in enumerate(codes) if n}
    return visit(services, after)


@given(visits(), st.randoms(use_true_random=False))
def test_every_stage_gets_ready_exactly_once_whatever_is_finished_first(planned: list[PlannedStage], rng) -> None:  # type: ignore[no-untyped-def]
    over: set[int] = set()
    begun: set[int] = set()
    order: list[int] = []
    while len(over) < len(planned):
        fresh = ready(planned, over, begun)
        begun |= set(fresh)
        order += fresh
        open_now = sorted(begun - over)
        assert open_now, "the visit is stuck"
        over.add(rng.choice(open_now))
    assert sorted(order) == list(range(len(planned)))


@given(visits())
def test_nothing_is_ready_before_what_must_come_first(planned: list[PlannedStage]) -> None:
    over: set[int] = set()
    while len(over) < len(planned):
        position = ready(planned, over, begun=())[0]
        assert set(planned[position].after) <= over
        over.add(position)
