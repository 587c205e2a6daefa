"""The incremental line against the discipline's plain sort."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from queue_app.domain.discipline import Waiting, in_order
from queue_app.domain.planning.lines import Line, Place

OPEN = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
PEOPLE = st.lists(st.tuples(st.integers(0, 90), st.sampled_from([0, 10, 20, 30]), st.booleans()), max_size=25)


@given(PEOPLE, st.integers(0, 150))
def test_the_first_of_the_line_is_the_first_in_the_disciplines_order(
    people: list[tuple[int, int, bool]], now_min: int
) -> None:
    line: Line[int] = Line()
    now = OPEN + timedelta(minutes=now_min)
    places: list[Place[int]] = []
    for number, (reference_min, lead_min, _) in enumerate(people):
        reference = OPEN + timedelta(minutes=reference_min)
        places.append(line.join(Waiting(reference - timedelta(minutes=lead_min), reference, number), number))
    for place, (_, _, leaves) in zip(places, people, strict=True):
        if leaves:
            line.leave(place)
            line.leave(place)
    left = [place.waiting for place in places if not place.left]
    assert line.size == len(left)
    while left:
        expected = in_order(left, now)[0]
        found = line.first(now)
        assert found is not None
        assert found.waiting == expected
        line.leave(found)
        left.remove(expected)
    assert line.first(now) is None
